using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// A tenant's journal folded entry by entry, each of which is held against every cap (C2). What was durable once stays
/// as it was, so it goes on where it stood, whatever lives the store has had since.
/// </summary>
internal sealed class Replay
{
    private readonly List<Entry> _entries = [];
    private byte[]? _hash;
    private DateOnly? _period;
    private Dictionary<string, long> _exposures = [];

    public TenantState State { get; } = new();

    public IReadOnlyList<Entry> Entries => _entries;

    /// <param name="stored">All blocks, of a chain that is whole.</param>
    public void Follow(StoredTenant stored)
    {
        foreach (var block in stored.Tail)
        {
            if (block.FirstSequence <= _entries.Count) continue;
            Assert.Equal(_entries.Count + 1, block.FirstSequence);
            // The chain covers what is before it: none of that is another than it was.
            if (_hash is not null) Assert.Equal(_hash, block.PreviousHash);
            _hash = null;
            var reader = new BlockReader(block.Entries);
            while (reader.TryRead(out var bytes))
            {
                var entry = EntryCodec.Read(bytes);
                State.Apply(entry);
                _entries.Add(entry);
                HoldsTheCaps(entry);
            }
            State.TakeDeparted();
        }
        Assert.Equal(stored.Sequence, _entries.Count);
        if (_hash is not null) Assert.Equal(_hash, stored.Hash);
        _hash = stored.Hash;
    }

    /// <summary>No entry adds exposure above a limit; it stands above one only after the limit was lowered.</summary>
    private void HoldsTheCaps(Entry entry)
    {
        var (book, now) = (State.Open, State.TimeAt(entry.At));
        var day = State.CurrentDay(now);
        var before = _period == book.Period.Id ? _exposures : [];
        (_period, _exposures) = (book.Period.Id, []);
        foreach (var cap in book.Caps)
        {
            var exposure = _exposures[cap.Cap.Id] = State.ExposureOf(book, cap, day, now).All;
            if (exposure <= cap.Cap.Limit.Value) continue;
            long? was = before.TryGetValue(cap.Cap.Id, out var stood) ? stood : null;
            Assert.True(exposure <= was, $"entry {_entries.Count}, {entry}, took cap '{cap.Cap.Id}' from {was} to {
                cap.Cap.Limit.With(exposure)} of {cap.Cap.Limit}");
        }
    }
}
