using System.Diagnostics;

namespace MeteringGateway.Engine;

/// <summary>
/// Which span wrote an entry, for whoever tells others of it later: signals, webhooks, topics. In this process' memory
/// alone, and of the newest entries: of what was forgotten, or written by another process or before a restart, is told
/// all the same, outside of any trace.
/// </summary>
public sealed class Trails
{
    /// <summary>Entries that are remembered, of all tenants.</summary>
    public const int Most = 16_384;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Tenant, long Sequence), ActivityContext> _spans = [];
    private readonly Queue<(string Tenant, long Sequence)> _order = new();

    /// <summary>What wrote an entry; null: it is not known.</summary>
    public ActivityContext? Of(string tenant, long sequence)
    {
        lock (_lock) return _spans.TryGetValue((tenant, sequence), out var span) ? span : null;
    }

    /// <param name="first">Sequence of the first entry.</param>
    internal void Add(string tenant, long first, int count, in ActivityContext span)
    {
        lock (_lock)
            for (var sequence = first + Math.Max(0, count - Most); sequence < first + count; sequence++)
            {
                _spans[(tenant, sequence)] = span;
                _order.Enqueue((tenant, sequence));
                if (_order.Count > Most) _spans.Remove(_order.Dequeue());
            }
    }

    /// <summary>They were not written: others will have their places.</summary>
    internal void Remove(string tenant, long first, int count)
    {
        lock (_lock)
            for (var sequence = first; sequence < first + count; sequence++) _spans.Remove((tenant, sequence));
    }
}
