using System.Buffers.Binary;
using System.Text;

namespace MeteringGateway.Engine;

/// <summary>Up to where a tenant's entries are sealed.</summary>
/// <param name="Hash">The chain's, after the last entry.</param>
/// <param name="Segment">Of the last segment; zeros: there is none.</param>
internal sealed record SegmentEnd(long Sequence, byte[] Hash, byte[] Segment)
{
    public static SegmentEnd Beginning(string tenant) =>
        new(0, Chain.Genesis(tenant), new byte[Chain.HashLength]);
}

/// <summary>
/// A run of a tenant's entries in a file of its own, and what is stored apart of them. It has two parts: the entries,
/// which are never written again and whose hash the next segment names, and the details, which are written anew without
/// those of somebody who is erased; behind them, once there are any, the <see cref="SegmentOutcomes"/> that they
/// reported. Opened on the file as it is now; one that replaces it is not seen.
/// </summary>
internal sealed class Segment : IDisposable
{
    /// <summary>Bytes of a page from which the next begins, before they are compressed.</summary>
    private const int PageSize = 256 << 10;
    private static ReadOnlySpan<byte> EntriesMark => "MTRSEG01"u8;
    private static ReadOnlySpan<byte> DetailsMark => "MTRDET01"u8;

    private readonly FileStream _file;
    private readonly SegmentPart _entries;
    private readonly SegmentPart _details;

    private Segment(FileStream file, string tenant)
    {
        _file = file;
        _entries = SegmentPart.Read(file, 0, EntriesMark);
        _details = SegmentPart.Read(file, _entries.End, DetailsMark);
        var fields = _entries.Fields;
        var hashes = fields.Length - 3 * Chain.HashLength;
        if (hashes < 16 || Encoding.UTF8.GetString(fields.AsSpan(16, hashes - 16)) != tenant)
            throw new FormatException("it is another tenant's");
        if (!_details.Fields.AsSpan().SequenceEqual(_entries.Hash))
            throw new FormatException("its details are another's");
        if (_details.End != file.Length) Outcomes = new SegmentOutcomes(file, _details.End, _entries.Hash);
        if ((Outcomes?.End ?? _details.End) != file.Length) throw new FormatException("it has bytes left over");
        (First, Last) = (BinaryPrimitives.ReadInt64LittleEndian(fields),
            BinaryPrimitives.ReadInt64LittleEndian(fields.AsSpan(8)));
        Previous = fields[hashes..(hashes + Chain.HashLength)];
        Before = fields[(hashes + Chain.HashLength)..(hashes + 2 * Chain.HashLength)];
        After = fields[(hashes + 2 * Chain.HashLength)..];
    }

    public long First { get; }
    public long Last { get; }

    /// <summary>Hash of the segment before; zeros: this is the first.</summary>
    public byte[] Previous { get; }
    /// <summary>The chain's hash before the first entry.</summary>
    public byte[] Before { get; }
    /// <summary>The chain's hash after the last entry.</summary>
    public byte[] After { get; }
    public SegmentEnd End => new(Last, After, _entries.Hash);

    /// <summary>Null: none has left the hot store.</summary>
    public SegmentOutcomes? Outcomes { get; }

    /// <exception cref="FormatException">It is not a segment of this tenant, or not as it was written.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Segment Open(string path, string tenant)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            return new Segment(file, tenant);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The pages from the one that holds the entry after <paramref name="after"/>, with about
    /// <paramref name="limit"/> entries.</summary>
    /// <exception cref="FormatException">They are not what was written.</exception>
    public List<EntryBlock> Read(long after, int limit)
    {
        var blocks = new List<EntryBlock>();
        for (var i = 0; i < _entries.Pages.Count; i++)
        {
            var page = _entries.Pages[i];
            if (page.First + page.Count - 1 <= after) continue;
            if (page.First - 1 - after >= limit) break;
            blocks.Add(new EntryBlock(page.First, page.Count, _entries.Page(_file, i), page.Before));
        }
        return blocks;
    }

    /// <summary>What is stored apart of some entries.</summary>
    /// <param name="of">Null: of all.</param>
    /// <exception cref="FormatException">It is not what was written.</exception>
    public IEnumerable<DetailRow> Details(IReadOnlySet<long>? of = null)
    {
        for (var i = 0; i < _details.Pages.Count; i++)
        {
            var first = _details.Pages[i].First;
            var next = i + 1 < _details.Pages.Count ? _details.Pages[i + 1].First : Last + 1;
            if (of?.Any(sequence => sequence >= first && sequence < next) == false) continue;
            foreach (var row in SegmentDetails.Read(_details.Page(_file, i), _details.Pages[i].Count))
                if (of?.Contains(row.Sequence) != false)
                    yield return row;
        }
    }

    /// <summary>Reads all of it.</summary>
    /// <exception cref="FormatException">It is not what was written.</exception>
    public void Verify()
    {
        var (sequence, hash) = (First - 1, Before.ToArray());
        for (var i = 0; i < _entries.Pages.Count; i++)
        {
            var page = _entries.Pages[i];
            if (page.First != sequence + 1 || !page.Before.AsSpan().SequenceEqual(hash))
                throw new FormatException($"its page from {page.First} does not follow the one before");
            if (Chain.Over(hash, _entries.Page(_file, i), hash) != page.Count)
                throw new FormatException($"its page from {page.First} has not {page.Count} entries");
            sequence += page.Count;
        }
        if (sequence != Last || !hash.AsSpan().SequenceEqual(After))
            throw new FormatException("its chain does not end where it says");
        foreach (var row in Details())
            if (row.Sequence < First || row.Sequence > Last)
                throw new FormatException($"it has a detail of entry {row.Sequence}");
        Outcomes?.Verify(First, Last);
    }

    /// <summary>The file as it would be with these details alone: its entries and outcomes as they are, byte by
    /// byte.</summary>
    public byte[] With(IEnumerable<DetailRow> details) =>
        [.. Raw(0, _entries.End), .. DetailsPart(_entries.Hash, details), .. Raw(_details.End, _file.Length)];

    /// <summary>The file as it would be with these outcomes alone, in order of their first sequence: its entries and
    /// details as they are.</summary>
    public byte[] With(IReadOnlyList<SealedOutcome> outcomes) =>
        [.. Raw(0, _details.End), .. SegmentOutcomes.Make(_entries.Hash, outcomes)];

    private byte[] Raw(long from, long to)
    {
        var bytes = new byte[to - from];
        _file.Position = from;
        _file.ReadExactly(bytes);
        return bytes;
    }

    public void Dispose() => _file.Dispose();

    private static byte[] DetailsPart(byte[] segment, IEnumerable<DetailRow> details)
    {
        var pages = new List<(SegmentPage, byte[])>();
        foreach (var (first, count, bytes) in SegmentDetails.Pages(details, PageSize))
            pages.Add(SegmentPart.Pack(first, count, bytes, new byte[Chain.HashLength]));
        return SegmentPart.Make(DetailsMark, segment, pages);
    }

    /// <summary>Gathers entries for a segment that is to be written.</summary>
    internal sealed class Draft(string tenant, SegmentEnd follows) : IDisposable
    {
        private readonly BlockWriter _page = new();
        private readonly List<(SegmentPage, byte[])> _pages = [];
        private readonly List<DetailRow> _details = [];
        private readonly byte[] _hash = [.. follows.Hash];
        private byte[] _before = [.. follows.Hash];
        private int _count;

        public long Last { get; private set; } = follows.Sequence;

        /// <summary>The chain's, after <see cref="Last"/>.</summary>
        public ReadOnlySpan<byte> Hash => _hash;
        public IReadOnlyList<DetailRow> Details => _details;

        /// <summary>Of entries and details, not compressed.</summary>
        public long Bytes { get; private set; }

        public void Add(ReadOnlySpan<byte> entry)
        {
            _page.Add(entry);
            Chain.Next(_hash, entry, _hash);
            (_count, Last, Bytes) = (_count + 1, Last + 1, Bytes + entry.Length);
            if (_page.Length >= PageSize) EndPage();
        }

        public void Add(DetailRow row)
        {
            _details.Add(row);
            Bytes += row.Json.Length;
        }

        /// <summary>The file's bytes.</summary>
        public byte[] Finish()
        {
            if (_count > 0) EndPage();
            var name = Encoding.UTF8.GetBytes(tenant);
            var fields = new byte[16 + name.Length];
            BinaryPrimitives.WriteInt64LittleEndian(fields, follows.Sequence + 1);
            BinaryPrimitives.WriteInt64LittleEndian(fields.AsSpan(8), Last);
            name.CopyTo(fields, 16);
            var entries = SegmentPart.Make(EntriesMark, [.. fields, .. follows.Segment, .. follows.Hash, .. _hash],
                _pages);
            return [.. entries, .. DetailsPart(SegmentPart.HashOf(entries), _details)];
        }

        public void Dispose() => _page.Dispose();

        private void EndPage()
        {
            _pages.Add(SegmentPart.Pack(Last - _count + 1, _count, _page.Written.Span, _before));
            (_before, _count) = ([.. _hash], 0);
            _page.CutBack(0);
        }
    }
}
