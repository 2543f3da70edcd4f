using System.Buffers;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>What certificates and heads are made of: found by sequence, never by going through the journal.</summary>
public sealed partial class LocalTenants
{
    private const long Day = 86_400_000;

    public async ValueTask<EntryProof?> ProveOutcome(string tenant, string outcomeId,
        CancellationToken cancellation = default)
    {
        for (Outcome? recalled = null; ;)
        {
            var seen = await Ask(tenant, state => Standing.Of(state, outcomeId, recalled), cancellation);
            if (seen is null) return null;
            if (!seen.InMemory)
            {
                // It may have left memory, or changed there, since it was read.
                var again = await Recall(tenant, outcomeId, cancellation);
                if (again is null) return null;
                if (again.LastSequence != recalled?.LastSequence)
                {
                    recalled = again;
                    continue;
                }
            }
            foreach (var sequence in (seen.Sequences ?? []).OrderDescending())
                if (await Entry(tenant, sequence, cancellation) is { } entry && Decides(entry.Entry, seen.Outcome!.Id))
                    return await Prove(tenant, entry, seen, cancellation);
            return null;
        }
    }

    public async ValueTask<EntryProof?> ProveEntry(string tenant, long sequence,
        CancellationToken cancellation = default)
    {
        if (sequence < 1 || await Ask(tenant, state => state, cancellation) is null) return null;
        if (await Entry(tenant, sequence, cancellation) is not { } entry) return null;
        var time = entry.Entry switch
        {
            Core.Entry.OutcomeReported e => e.Time,
            Core.Entry.ActivityReported e => e.Time,
            var other => other.At,
        };
        var seen = await Ask(tenant, state => Standing.Of(state, time), cancellation);
        return seen is null ? null : await Prove(tenant, entry, seen, cancellation);
    }

    public async ValueTask<Page<DayHead>?> Heads(string tenant, DateOnly? before, int limit,
        CancellationToken cancellation = default)
    {
        // What is due by now belongs to its day, and is in the journal after this.
        await Execute(tenant, new Command.Tick(), cancellation);
        var seen = await Ask(tenant, state => new Reach(state.Sequence,
            Instant.Min(state.Figure(Now).Now, state.NextDue ?? Instant.MaxValue)), cancellation);
        if (seen is null) return null;
        var until = DayOf(seen.Settled);
        if (before is { } day && day < until) until = day;
        var heads = new List<DayHead>();
        for (var last = seen.Sequence; heads.Count <= limit; until = heads[^1].Day)
        {
            last = await LastBefore(tenant, until, last, cancellation);
            if (last == 0 || await Entry(tenant, last, cancellation) is not { } entry) break;
            heads.Add(new DayHead(DayOf(entry.Entry.At), last, entry.Entry.At, entry.Hash));
        }
        var more = heads.Count > limit;
        if (more) heads.RemoveAt(limit);
        return new Page<DayHead>(heads, more ? heads[^1].Day.DayNumber : null);
    }

    /// <summary>
    /// Sequence of the last entry before a day, among those up to <paramref name="last"/>; 0: there is none. Time does
    /// not run back in a journal (T1), so a search by halves finds it.
    /// </summary>
    private async ValueTask<long> LastBefore(string tenant, DateOnly day, long last, CancellationToken cancellation)
    {
        var (low, high, step) = (0L, last + 1, 1L); // low is before the day, high is not
        while (high - low > 1)
        {
            // From the end in growing steps first: the day before is near.
            var middle = low == 0 && step < high ? high - step : low + (high - low) / 2;
            if (await Entry(tenant, middle, cancellation) is { } entry && DayOf(entry.Entry.At) < day) low = middle;
            else (high, step) = (middle, Math.Min(step * 2, middle));
        }
        return low;
    }

    private async ValueTask<EntryProof> Prove(string tenant, JournalEntry entry, Standing seen,
        CancellationToken cancellation)
    {
        var bytes = new ArrayBufferWriter<byte>();
        EntryCodec.Write(bytes, entry.Entry);
        var hash = new byte[Chain.HashLength];
        Chain.Next(entry.PreviousHash, bytes.WrittenSpan, hash);
        if (!hash.AsSpan().SequenceEqual(entry.Hash))
            throw new JournalCorruptException(tenant, entry.Sequence, "the entry is not written as it was read");
        var head = entry.Sequence == seen.Sequence ? entry
            : await Entry(tenant, seen.Sequence, cancellation)
                ?? throw new JournalCorruptException(tenant, seen.Sequence, "the entry is missing");
        return new EntryProof(entry, bytes.WrittenSpan.ToArray(), seen.Outcome, seen.RulesAt, seen.Rules,
            seen.Currency, head.Sequence, head.Hash);
    }

    private async ValueTask<JournalEntry?> Entry(string tenant, long sequence, CancellationToken cancellation)
    {
        foreach (var entry in await ReadEntries(tenant, sequence - 1, 1, cancellation))
            if (entry.Sequence == sequence) return entry;
        return null;
    }

    private static bool Decides(Entry entry, string outcomeId) => entry switch
    {
        Core.Entry.OutcomeReported e => e.OutcomeId == outcomeId,
        Core.Entry.OutcomeChanged e => e.OutcomeId == outcomeId,
        _ => false,
    };

    private static DateOnly DayOf(Instant time) =>
        DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeMilliseconds(time.UnixMilliseconds / Day * Day).UtcDateTime);

    /// <param name="Settled">Nothing that is timed before can come any more.</param>
    private sealed record Reach(long Sequence, Instant Settled);

    /// <summary>An outcome and its rule set, as of one entry.</summary>
    private sealed record Standing(bool InMemory, OutcomeFigure? Outcome, IReadOnlyList<long>? Sequences,
        Instant RulesAt, byte[] Rules, string Currency, long Sequence)
    {
        public static Standing Of(TenantState state, string outcomeId, Outcome? recalled)
        {
            var here = state.Outcome(outcomeId);
            var outcome = here ?? (recalled is null ? null : state.Archived(recalled));
            var at = outcome?.Time ?? state.Now;
            return new Standing(here is not null, outcome,
                here is not null ? state.History(outcomeId) : recalled?.Sequences.ToArray(), at, state.RulesAt(at),
                state.Figure(at).Terms.Currency, state.Sequence);
        }

        public static Standing Of(TenantState state, Instant at) =>
            new(true, null, null, at, state.RulesAt(at), state.Figure(at).Terms.Currency, state.Sequence);
    }
}
