namespace MeteringGateway.Core;

/// <summary>
/// What a tenant's agents and buyer were told (S1, S6, S7). Made when there is something: most tenants that do nothing
/// were told nothing.
/// </summary>
internal sealed class ToldBook
{
    private int _stops;

    /// <summary>What may be replayed, in order.</summary>
    public Queue<Signal> Signals { get; set; } = [];

    /// <summary>Of the last signal that is no longer kept.</summary>
    public long Gone { get; set; }

    /// <summary>What limits the tenant as a whole, as last told; null: nothing does.</summary>
    public Signal? Tenant { get; set; }

    /// <summary>The same of the funding of types.</summary>
    public SortedDictionary<string, Signal> Funding { get; } = new(StringComparer.Ordinal);

    /// <summary>Of the signals that may be replayed, as <see cref="TenantState.Bytes"/> counts.</summary>
    public long Bytes { get; private set; }

    /// <summary>By period.</summary>
    public SortedDictionary<DateOnly, Queue<RaisedAlert>> Alerts { get; } = [];

    /// <summary>How many were raised, those included that are not kept any more.</summary>
    public long Raised { get; set; }

    public void Keep(Signal signal)
    {
        Signals.Enqueue(signal);
        _stops += signal.Stops?.Length ?? 0;
        Bytes += TenantState.BytesOf(signal);
        while (Signals.Count > TenantState.SignalsKept || (_stops > TenantState.StopsKept && Signals.Count > 1))
        {
            var gone = Signals.Dequeue();
            if (signal.Stops is not null) Gone = gone.Sequence;
            _stops -= gone.Stops?.Length ?? 0;
            Bytes -= TenantState.BytesOf(gone);
        }
    }

    public void Keep(RaisedAlert alert, DateOnly period)
    {
        if (!Alerts.TryGetValue(period, out var kept)) Alerts[period] = kept = [];
        kept.Enqueue(alert);
        if (kept.Count > TenantState.AlertsKept) kept.Dequeue();
        Raised = alert.Number;
    }

    /// <summary>As they were read: the newest, with what they stop.</summary>
    public void Restore(IEnumerable<Signal> signals)
    {
        Signals = new Queue<Signal>(signals);
        _stops = Signals.Sum(signal => signal.Stops?.Length ?? 0);
        Bytes = Signals.Sum(TenantState.BytesOf);
    }
}
