using System.Collections.Concurrent;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>What callers were told, to be compared with what is durable.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<(string Tenant, EventId Id), bool> _acknowledged = new();
    private readonly ConcurrentDictionary<string, long> _answered = new();
    private readonly Dictionary<string, SignalReader> _readers = [];
    private readonly List<(string Tenant, long From, List<Signal> Seen)> _seen = [];
    private int _accepted;
    private int _unknown;
    private int _duplicates;

    /// <summary>Events that must be in the tenant's journal.</summary>
    /// <summary>An id among those of verdicts, which are apart from the others (I1).</summary>
    public static EventId Apart(EventId id) => new("verdict of " + id.Source, id.Id);

    public IEnumerable<EventId> Acknowledged(string tenant) =>
        _acknowledged.Keys.Where(key => key.Tenant == tenant).Select(key => key.Id);

    /// <summary>The highest sequence that any answer was based on.</summary>
    public long Answered(string tenant) => _answered.GetValueOrDefault(tenant);

    public void Answered(string tenant, Command command, Answer answer)
    {
        _answered.AddOrUpdate(tenant, answer.Sequence, (_, before) => Math.Max(before, answer.Sequence));
        if (answer is not Answer.Accepted accepted || command is not Command.Event @event) return;
        _acknowledged[(tenant, @event is Command.ReportFact { IsVerdict: true } ? Apart(@event.Id) : @event.Id)] = true;
        Interlocked.Increment(ref accepted.Duplicate ? ref _duplicates : ref _accepted);
    }

    public void NotKnown(string tenant, List<Command> commands)
    {
        _ = tenant;
        Interlocked.Add(ref _unknown, commands.Count);
    }

    public async Task Watch(LocalTenants tenants, string tenant)
    {
        if (await tenants.Signals(tenant, null) is not { } reader) return;
        _readers[tenant] = reader;
        _seen.Add((tenant, reader.Start.Sequence, []));
    }

    public void Unwatch(string tenant)
    {
        if (!_readers.Remove(tenant, out var reader)) return;
        var seen = _seen.FindLast(watch => watch.Tenant == tenant).Seen;
        while (reader.Signals.TryRead(out var told)) seen.Add(told.Signal);
        reader.Dispose();
    }

    /// <summary>How many signals were seen in this life.</summary>
    public int EndOfLife()
    {
        foreach (var tenant in _readers.Keys.ToList()) Unwatch(tenant);
        return _seen.Sum(watch => watch.Seen.Count);
    }

    /// <summary>Every reader saw the signals from where it began on: in order, none twice, none left out.</summary>
    public void CompareSignals(string tenant, IReadOnlyList<long> journalled)
    {
        foreach (var (_, from, seen) in _seen.Where(watch => watch.Tenant == tenant))
        {
            var expected = journalled.Where(sequence => sequence > from).Take(seen.Count);
            Assert.Equal(expected, seen.Select(signal => signal.Sequence));
        }
        _seen.RemoveAll(watch => watch.Tenant == tenant);
    }

    public int TakeAcknowledged() => Interlocked.Exchange(ref _accepted, 0);
    public int TakeUnknown() => Interlocked.Exchange(ref _unknown, 0);
    public int TakeDuplicates() => Interlocked.Exchange(ref _duplicates, 0);
}
