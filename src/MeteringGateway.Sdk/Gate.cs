using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Sdk;

/// <summary>Whether what was asked is stopped, by what was heard.</summary>
public enum GateState
{
    /// <summary>Nothing of the tenant was heard yet.</summary>
    Unknown,

    /// <summary>
    /// No key stops it: a check for one unit answers <c>allow</c>, as far as reservations leave room (S6).
    /// </summary>
    Open,

    /// <summary>A key stops it.</summary>
    Paused,

    /// <summary>A key stops it, and people take over.</summary>
    HandedOff,
}

/// <summary>What a gate says to a question.</summary>
/// <param name="State">Whether it is stopped.</param>
/// <param name="Signal">The key that stops it, the first of them by rule A1; null: none does.</param>
public readonly record struct GateAnswer(GateState State, Signal? Signal)
{
    /// <summary>Known, and not stopped.</summary>
    public bool MayAct => State == GateState.Open;
}

/// <summary>
/// Keeps the last signal of each key of each tenant, which is all that a runtime needs to know whether it may act (S6).
/// Asked by any number of threads while one listens; asking waits for nobody.
/// </summary>
public sealed class Gate
{
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<string, Signal>> _beginning = new(StringComparer.Ordinal);
    private volatile FrozenDictionary<string, Known> _tenants = FrozenDictionary<string, Known>.Empty;
    private long _lostAt;
    private volatile bool _isLive;

    /// <param name="clock">Null: the system's.</param>
    /// <param name="log">Null: none.</param>
    public Gate(TimeProvider? clock = null, ILogger<Gate>? log = null)
    {
        (_clock, _log) = (clock ?? TimeProvider.System, (ILogger?)log ?? NullLogger.Instance);
        _lostAt = _clock.GetTimestamp();
    }

    /// <summary>The stream is open. While it is not, what is known may be out of date.</summary>
    public bool IsLive => _isLive;

    /// <summary>How long nothing could be heard; none while the stream is open.</summary>
    public TimeSpan DeafFor => _isLive ? TimeSpan.Zero : _clock.GetElapsedTime(Volatile.Read(ref _lostAt));

    /// <summary>
    /// Something is known otherwise. Told on the listener's thread, which waits for it. What a handler throws is
    /// logged, and the others are told all the same: an allowance closes whatever somebody else does.
    /// </summary>
    public event Action<SignalEvent>? Changed;

    /// <summary>Whether what is asked is stopped, for one unit.</summary>
    public GateAnswer Ask(string tenant, Question question)
    {
        if (!_tenants.TryGetValue(tenant, out var known)) return default;
        Signal? first = null;
        foreach (var signal in known.Stopping)
            if (signal.Refuses(question) && (first is null || Compare(signal, first) < 0)) first = signal;
        return first is null ? new GateAnswer(GateState.Open, null)
            : new GateAnswer(Hands(first) ? GateState.HandedOff : GateState.Paused, first);
    }

    /// <summary>Listens for as long as it is let.</summary>
    /// <param name="client">To the gateway.</param>
    /// <param name="tenants">1 to 100.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="MeteringException">The key may not listen.</exception>
    public async Task ListenAsync(MeteringClient client, IReadOnlyCollection<string> tenants,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        try
        {
            await foreach (var heard in client.SignalsAsync(tenants, null, cancellation)) Hear(heard);
        }
        finally
        {
            if (_isLive) Hear(new SignalEvent(SignalKind.Lost));
        }
    }

    /// <summary>Takes in what was heard; one at a time, in its order.</summary>
    public void Hear(SignalEvent heard)
    {
        ArgumentNullException.ThrowIfNull(heard);
        lock (_lock) Take(heard);
        foreach (var told in Delegate.EnumerateInvocationList(Changed))
            try
            {
                told(heard);
            }
            catch (Exception e)
            {
                _log.LogError(e, "Whoever was told of a signal failed");
            }
    }

    private void Take(SignalEvent heard)
    {
        switch (heard.Kind)
        {
            case SignalKind.Connected:
                _isLive = true;
                break;
            case SignalKind.Lost:
                Volatile.Write(ref _lostAt, _clock.GetTimestamp());
                _isLive = false;
                // What began and did not end begins anew.
                _beginning.Clear();
                break;
            case SignalKind.Reset:
                _beginning[heard.Tenant!] = new(StringComparer.Ordinal);
                break;
            case SignalKind.Ready:
                if (_beginning.Remove(heard.Tenant!, out var told))
                    Put(heard.Tenant!, told.Values,
                        told.Values.Select(signal => signal.Sequence).DefaultIfEmpty().Max());
                break;
            default:
                Take(heard.Signal!);
                break;
        }
    }

    private void Take(Signal signal)
    {
        if (_beginning.TryGetValue(signal.Tenant, out var beginning))
        {
            beginning[signal.Key] = signal;
            return;
        }
        // A tenant's signals come in their order: what is not newer was told before.
        if (!_tenants.TryGetValue(signal.Tenant, out var known) || signal.Sequence <= known.Heard) return;
        _log.LogInformation("{Tenant}: {Action} for {Key}, {Reason}", signal.Tenant, signal.Action, signal.Key,
            signal.Reason);
        Put(signal.Tenant, known.Stopping.Where(each => each.Key != signal.Key).Append(signal), signal.Sequence);
    }

    // Rare beside what is asked: all of it is made anew, so that nobody who asks waits. A key that stops nothing need
    // not be kept.
    private void Put(string tenant, IEnumerable<Signal> keys, long heard) =>
        _tenants = new Dictionary<string, Known>(_tenants, StringComparer.Ordinal)
        {
            [tenant] = new Known(heard, [.. keys.Where(signal => signal.Stops.Count > 0)]),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <param name="Heard">The highest sequence that was told.</param>
    /// <param name="Stopping">The keys that stop anything.</param>
    private sealed record Known(long Heard, Signal[] Stopping);

    // A1: the tenant, then caps, `pause` before `handoff`, then funding; then the key.
    private static int Compare(Signal a, Signal b)
    {
        var rank = Rank(a).CompareTo(Rank(b));
        if (rank == 0) rank = Hands(a).CompareTo(Hands(b));
        return rank != 0 ? rank : string.CompareOrdinal(a.Key, b.Key);
    }

    private static int Rank(Signal signal) => signal.Key == "tenant" ? 0 : signal.Cap is not null ? 1 : 2;

    private static bool Hands(Signal signal) => signal.Action == "handoff";
}
