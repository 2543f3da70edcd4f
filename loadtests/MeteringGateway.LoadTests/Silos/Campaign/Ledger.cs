using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace MeteringGateway.LoadTests.Silos.Campaign;

internal sealed record SentEvent(string Tenant, string Id, int Units, string Json);

/// <summary>What was sent in a round, what was answered, and where two answers do not agree.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<string, SentEvent> _events = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _taken = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _sequences = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Held> _held = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _contradictions = [];

    /// <param name="Id">Null: not known yet, or it was refused.</param>
    private sealed record Held(string Tenant, string? Id, bool Known, bool Released);

    public long Sent => _events.Count;
    public long Acknowledged => _answers.Count;
    public long InFlight => _events.Keys.Count(id => !_answers.ContainsKey(id));
    public IReadOnlyCollection<string> Contradictions => _contradictions;

    public IEnumerable<SentEvent> Of(string tenant) => _events.Values.Where(e => e.Tenant == tenant);
    public IEnumerable<SentEvent> All => _events.Values;
    public bool IsKnown(string id) => _answers.ContainsKey(id);

    /// <summary>Ids of the reservations that were made, each by one idempotency key.</summary>
    public IReadOnlyList<string> Reservations(string tenant) =>
        [.. _held.Values.Where(held => held.Tenant == tenant && held.Id is not null).Select(held => held.Id!)];

    /// <summary>Keys whose answer is not known, or whose reservation is not released.</summary>
    public IReadOnlyList<(string Key, string Tenant, string? Reservation)> Unsettled =>
        [.. _held.Where(one => !one.Value.Known || one.Value is { Id: not null, Released: false })
            .Select(one => (one.Key, one.Value.Tenant, one.Value.Id))];

    /// <summary>Called before the events are sent; which of them had been acknowledged by then.</summary>
    public HashSet<string> Send(IEnumerable<SentEvent> events)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var e in events)
        {
            _events.TryAdd(e.Id, e);
            if (_answers.ContainsKey(e.Id)) known.Add(e.Id);
        }
        return known;
    }

    /// <param name="stream">It may end early, with the process: what has no result is not known.</param>
    /// <returns>False: not all is known.</returns>
    public bool Record(IReadOnlyCollection<SentEvent> sent, HashSet<string> known, Reply reply, bool stream)
    {
        if (reply.Status is not (200 or 201))
        {
            Contradict($"{reply.Status} for events: {reply.Body}");
            return true;
        }
        var answer = JsonNode.Parse(reply.Body)!;
        var results = answer["results"]?.AsArray().Select(one => one!).ToArray() ?? [answer];
        var isCut = stream && results.Length < sent.Count;
        if (results.Length != sent.Count && !isCut) Contradict($"{results.Length} results for {sent.Count} events");
        foreach (var result in results) Record(result, known);
        return !isCut;
    }

    private void Record(JsonNode result, HashSet<string> known)
    {
        var (id, status) = ((string)result["id"]!, (string)result["status"]!);
        if (status == "rejected")
        {
            Contradict($"{id} was refused: {result["problem"]}");
            return;
        }
        if (status == "accepted" && known.Contains(id)) Contradict($"{id} had been acknowledged and was taken as new");
        if (status == "accepted" && !_taken.TryAdd(id, true)) Contradict($"{id} was taken as new twice");
        var outcome = $"{result["outcome"]?["status"]}/{result["outcome"]?["reason"]}";
        var first = _answers.GetOrAdd(id, outcome);
        if (first != outcome) Contradict($"{id} was first answered {first} and then {outcome}");
    }

    /// <summary>
    /// The newest sequence that a check of the tenant has told anybody: one that is asked now may not tell of an older
    /// state (A1).
    /// </summary>
    public long Told(string tenant) => _sequences.GetValueOrDefault(tenant);

    public void Tell(string tenant, long sequence, long before, int silo)
    {
        if (sequence < before)
            Contradict(
                $"a check of {tenant} through silo {silo} was answered as of {sequence}, after another had been answered as of {before}");
        _sequences.AddOrUpdate(tenant, sequence, (_, last) => Math.Max(last, sequence));
    }

    public void Reserve(string key, string tenant) =>
        _held.TryAdd(key, new Held(tenant, null, Known: false, Released: false));

    public void Reserved(string key, string? reservation)
    {
        var held = _held.AddOrUpdate(key, _ => throw new InvalidOperationException(key),
            (_, held) => held.Known ? held : held with { Id = reservation, Known = true });
        if (held.Id != reservation)
            Contradict(
                $"idempotency key {key} was answered with the reservation {held.Id ?? "none"} and with {reservation ?? "none"}");
    }

    public void Released(string key) =>
        _held.AddOrUpdate(key, _ => throw new InvalidOperationException(key),
            (_, held) => held with { Released = true });

    public void Contradict(string what)
    {
        if (_contradictions.Count < 50) _contradictions.Enqueue(what);
    }
}
