using System.Buffers.Binary;
using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>An archived outcome, and the bytes that it was read from.</summary>
internal sealed record SealedOutcome(Outcome Outcome, byte[] Bytes)
{
    public long First => Outcome.ReportedBy;
    public long Last => Outcome.LastSequence;

    /// <exception cref="FormatException">It is not one.</exception>
    public static SealedOutcome Read(byte[] bytes)
    {
        try
        {
            return new SealedOutcome(EntryCodec.ReadOutcome(bytes), bytes);
        }
        catch (Exception e) when (e is not FormatException)
        {
            throw new FormatException($"an archived outcome cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Of the hot store.</summary>
    /// <exception cref="StoreException">It is not one.</exception>
    public static SealedOutcome Read(string tenant, byte[] bytes)
    {
        try
        {
            return Read(bytes);
        }
        catch (FormatException e)
        {
            throw new StoreException($"tenant '{tenant}': {e.Message}");
        }
    }

    public bool Passes(OutcomeFilter filter) =>
        (filter.Period is null || Outcome.Period == filter.Period)
        && (filter.Status is null || Outcome.Status == filter.Status)
        && (filter.OutcomeType is null || Outcome.Type == filter.OutcomeType)
        && (filter.Reason is null || Outcome.Reason == filter.Reason)
        && (filter.Session is null || Outcome.Session == filter.Session);
}

/// <summary>
/// The archived outcomes that a segment's entries reported, in its last three parts: themselves, in order of their
/// first sequence, by which they are known here; that by their last sequence; and that by a hash of their id.
/// </summary>
internal sealed class SegmentOutcomes
{
    /// <summary>Bytes of a page from which the next begins, not compressed: one is read for one of them.</summary>
    private const int PageSize = 128 << 10;
    private const int IndexRows = 1_024;
    /// <summary>Outcomes' pages that are looked at before others have their turn.</summary>
    private const int PagesAtOnce = 16;
    private static ReadOnlySpan<byte> OutcomesMark => "MTROUT01"u8;
    private static ReadOnlySpan<byte> ChangesMark => "MTRCHG01"u8;
    private static ReadOnlySpan<byte> IdsMark => "MTRIDS01"u8;
    private static readonly byte[] NoHash = new byte[Chain.HashLength];

    private readonly Stream _file;
    private readonly SegmentPart _outcomes;
    private readonly SegmentPart _changes;
    private readonly SegmentPart _ids;
    private readonly (int From, int To) _periods;

    /// <param name="segment">The segment's hash.</param>
    /// <exception cref="FormatException">They are not this segment's, or not as they were written.</exception>
    public SegmentOutcomes(Stream file, long at, byte[] segment)
    {
        _file = file;
        _outcomes = SegmentPart.Read(file, at, OutcomesMark);
        _changes = SegmentPart.Read(file, _outcomes.End, ChangesMark);
        _ids = SegmentPart.Read(file, _changes.End, IdsMark);
        var fields = _outcomes.Fields;
        if (fields.Length != Chain.HashLength + 8 || !fields.AsSpan(0, Chain.HashLength).SequenceEqual(segment)
            || !_changes.Fields.AsSpan().SequenceEqual(_outcomes.Hash)
            || !_ids.Fields.AsSpan().SequenceEqual(_outcomes.Hash))
            throw new FormatException("its outcomes are another's");
        _periods = (BinaryPrimitives.ReadInt32LittleEndian(fields.AsSpan(Chain.HashLength)),
            BinaryPrimitives.ReadInt32LittleEndian(fields.AsSpan(Chain.HashLength + 4)));
    }

    /// <summary>Offset in the file of what follows them.</summary>
    public long End => _ids.End;

    /// <param name="outcomes">In order of their first sequence; at least one.</param>
    public static byte[] Make(byte[] segment, IReadOnlyList<SealedOutcome> outcomes)
    {
        var fields = new byte[Chain.HashLength + 8];
        segment.CopyTo(fields, 0);
        BinaryPrimitives.WriteInt32LittleEndian(fields.AsSpan(Chain.HashLength),
            outcomes.Min(one => one.Outcome.Period.DayNumber));
        BinaryPrimitives.WriteInt32LittleEndian(fields.AsSpan(Chain.HashLength + 4),
            outcomes.Max(one => one.Outcome.Period.DayNumber));
        var pages = SegmentPart.Make(OutcomesMark, fields, [.. Pages(outcomes)]);
        var hash = SegmentPart.HashOf(pages);
        return [.. pages, .. SegmentPart.Make(ChangesMark, hash, [.. Index(Changes(outcomes))]),
            .. SegmentPart.Make(IdsMark, hash, [.. Index(Ids(outcomes))])];
    }

    /// <summary>All, in order of their first sequence.</summary>
    public IEnumerable<SealedOutcome> All() => Enumerable.Range(0, _outcomes.Pages.Count).SelectMany(Page);

    /// <summary>Those of these ids that are here.</summary>
    public Dictionary<string, byte[]> Find(IReadOnlyCollection<string> ids)
    {
        var firsts = new HashSet<long>();
        var pages = new Dictionary<int, List<(long Key, long First)>>();
        foreach (var hash in ids.Select(HashOf))
            for (var page = LastFrom(_ids, hash); page >= 0; page--)
            {
                if (!pages.TryGetValue(page, out var rows)) pages[page] = rows = IndexPage(_ids, page);
                foreach (var (key, first) in rows)
                    if (key == hash) firsts.Add(first);
                if (_ids.Pages[page].First < hash) break;
            }
        return firsts.Count == 0 ? [] : At(firsts).Where(one => ids.Contains(one.Outcome.Id))
            .ToDictionary(one => one.Outcome.Id, one => one.Bytes, StringComparer.Ordinal);
    }

    /// <summary>
    /// Those that pass a filter with a first sequence below <paramref name="before"/> and above
    /// <paramref name="end"/>, highest first, of so many that are looked at.
    /// </summary>
    /// <param name="next">What to go on before; null: there are no more here.</param>
    public List<SealedOutcome> Below(long before, long end, OutcomeFilter filter, int limit, out long? next)
    {
        var found = new List<SealedOutcome>();
        next = null;
        if (filter.Period is { } period && (period.DayNumber < _periods.From || period.DayNumber > _periods.To))
            return found;
        var most = PagesAtOnce;
        for (var page = LastFrom(_outcomes, before - 1); page >= 0; page--)
        {
            foreach (var one in Page(page).Reverse())
                if (one.First <= end || found.Count >= limit) return found;
                else if (one.First < before && one.Passes(filter)) found.Add(one);
            if (--most > 0) continue;
            next = _outcomes.Pages[page].First;
            break;
        }
        return found;
    }

    /// <summary>The lowest last sequences between these two, each with the outcome's first.</summary>
    public List<(long Last, long First)> Changes(long after, long before, int limit)
    {
        var found = new List<(long, long)>();
        for (var page = Math.Max(0, LastFrom(_changes, after)); page < _changes.Pages.Count; page++)
            foreach (var (last, first) in IndexPage(_changes, page))
            {
                if (last >= before || found.Count >= limit) return found;
                if (last > after) found.Add((last, first));
            }
        return found;
    }

    /// <summary>Those with these first sequences that are here.</summary>
    public List<SealedOutcome> At(IEnumerable<long> firsts)
    {
        var found = new List<SealedOutcome>();
        foreach (var some in firsts.GroupBy(first => LastFrom(_outcomes, first)))
        {
            if (some.Key < 0) continue;
            var asked = some.ToHashSet();
            found.AddRange(Page(some.Key).Where(one => asked.Contains(one.First)));
        }
        return found;
    }

    /// <exception cref="FormatException">They are not what was written, or not of these entries.</exception>
    public void Verify(long first, long last)
    {
        var (before, all) = (first - 1, new List<SealedOutcome>());
        for (var page = 0; page < _outcomes.Pages.Count; page++)
        {
            all.AddRange(Page(page));
            if (_outcomes.Pages[page].First != all[^_outcomes.Pages[page].Count].First)
                throw new FormatException("a page of outcomes does not begin where it says");
        }
        foreach (var one in all)
            before = one.First > before && one.First <= last ? one.First
                : throw new FormatException($"its outcome '{one.Outcome.Id}' is not in order");
        if (!Rows(_changes).SequenceEqual(Changes(all)) || !Rows(_ids).SequenceEqual(Ids(all)))
            throw new FormatException("its outcomes are not listed as they are");
        if (all.Exists(one => one.Outcome.Period.DayNumber < _periods.From
            || one.Outcome.Period.DayNumber > _periods.To))
            throw new FormatException("its outcomes are of other periods than it says");
    }

    private static IEnumerable<(long Key, long First)> Changes(IEnumerable<SealedOutcome> outcomes) =>
        outcomes.Select(one => (one.Last, one.First)).Order();

    private static IEnumerable<(long Key, long First)> Ids(IEnumerable<SealedOutcome> outcomes) =>
        outcomes.Select(one => (HashOf(one.Outcome.Id), one.First)).Order();

    private IEnumerable<(long Key, long First)> Rows(SegmentPart index) =>
        Enumerable.Range(0, index.Pages.Count).SelectMany(page => IndexPage(index, page));

    private static long HashOf(string id)
    {
        Span<byte> hash = stackalloc byte[Sha256.Length];
        Sha256.Hash(Encoding.UTF8.GetBytes(id), hash);
        return BinaryPrimitives.ReadUInt32LittleEndian(hash);
    }

    /// <summary>The last page that begins with a key or before it; -1: there is none.</summary>
    private static int LastFrom(SegmentPart part, long key)
    {
        var (from, to) = (0, part.Pages.Count);
        while (from < to)
        {
            var middle = (from + to) / 2;
            if (part.Pages[middle].First <= key) from = middle + 1;
            else to = middle;
        }
        return from - 1;
    }

    private static IEnumerable<(SegmentPage, byte[])> Pages(IEnumerable<SealedOutcome> outcomes)
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes);
        var (first, count) = (0L, 0);
        foreach (var one in outcomes)
        {
            if (count++ == 0) first = one.First;
            to.Write7BitEncodedInt(one.Bytes.Length);
            to.Write(one.Bytes);
            if (bytes.Length < PageSize) continue;
            yield return SegmentPart.Pack(first, count, bytes.ToArray(), NoHash);
            count = 0;
            bytes.SetLength(0);
        }
        if (count > 0) yield return SegmentPart.Pack(first, count, bytes.ToArray(), NoHash);
    }

    private IEnumerable<SealedOutcome> Page(int number) =>
        SegmentIndex.Texts(_outcomes.Page(_file, number), _outcomes.Pages[number].Count).Select(SealedOutcome.Read);

    private static IEnumerable<(SegmentPage, byte[])> Index(IEnumerable<(long Key, long First)> rows) =>
        rows.Chunk(IndexRows).Select(some =>
            SegmentPart.Pack(some[0].Key, some.Length, SegmentIndex.Write(some), NoHash));

    private List<(long Key, long First)> IndexPage(SegmentPart part, int number) =>
        SegmentIndex.Read(part.Page(_file, number), part.Pages[number].Count);
}
