using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What agents were told last of each key, and what they may have missed (S1, S6).</summary>
public sealed partial class TenantState
{
    /// <summary>Signals that can be replayed (S1).</summary>
    public const int SignalsKept = 10_000;

    /// <summary>Fewer are kept where they name more stops than these together.</summary>
    public const int StopsKept = 100_000;

    private ToldBook? _told;

    /// <summary>What limits the tenant as a whole, as last told; null: nothing does.</summary>
    internal Signal? Told => _told?.Tenant;


    internal CapBook? Lifted => Loosened?[0];

    internal Signal? FundingTold(string type) => _told?.Funding.GetValueOrDefault(type);

    internal bool IsKept(long signal) => ToldAt(signal) is not null;

    /// <summary>When a signal was made that is still kept; null: it is not.</summary>
    public Instant? ToldAt(long signal) => _told?.Signals.FirstOrDefault(kept => kept.Sequence == signal)?.At;

    /// <summary>Signals still kept with a sequence above <paramref name="after"/>, in order.</summary>
    public IReadOnlyList<Signal> SignalsAfter(long after) =>
        _told is null ? [] : _told.Signals.SkipWhile(signal => signal.Sequence <= after).ToArray();

    /// <summary>Where a reader begins that has seen everything up to a sequence.</summary>
    /// <param name="after">Null: nothing. So is one from which signals are missing, or that is ahead of the
    /// journal.</param>
    public SignalStart StartOfSignals(long? after) =>
        new(Sequence, after >= LastGone && after <= Sequence ? null : [.. ToldNow()], Terms.Currency);

    // A journal of before this was noted may have lost signals, too.
    private long LastGone => _told is null ? 0
        : _told is { Gone: 0, Signals: { Count: SignalsKept } kept } ? kept.Peek().Sequence - 1 : _told.Gone;

    /// <summary>The last signal of each key that stops or warns: of a tenant that is closed, of itself alone.</summary>
    private IEnumerable<Signal> ToldNow()
    {
        if (Told is not null) yield return Told;
        if (ClosedAt is not null) yield break;
        foreach (var cap in Open.Caps) if (cap.Told is { } told) yield return told;
        foreach (var told in _told?.Funding.Values ?? Enumerable.Empty<Signal>()) yield return told;
    }

    private void Apply(Entry.StateChanged e)
    {
        var book = _told ??= new ToldBook();
        var signal = e.ToSignal(Sequence);
        var stands = e is { Stops: not null, State: not LimitState.Active } ? signal : null;
        if (e is { Cap: null, Scope.OutcomeType: { } type }) SetFunding(type, e.State, stands);
        else if (e.Cap is null) book.Tenant = stands;
        else if (Loosened?.RemoveAll(cap => cap.Cap.Id == e.Cap) > 0) Loosened = Loosened.Count == 0 ? null : Loosened;
        else if (Open.Cap(e.Cap) is { } cap) (cap.State, cap.Told) = (e.State, stands);
        book.Keep(signal);
        Raise(e.Alert, e, Alerts.CapReached, null, signal.Key, e.Used, e.Limit, Open.Period.Id);
    }

    private void SetFunding(string type, LimitState reached, Signal? stands)
    {
        if (reached == LimitState.Active) Open.Funding?.Remove(type);
        else (Open.Funding ??= new(StringComparer.Ordinal))[type] = reached;
        if (stands is not null) _told!.Funding[type] = stands;
        else _told!.Funding.Remove(type);
    }

    private void Lift(CapBook gone)
    {
        if (gone.State != LimitState.Active) (Loosened ??= []).Add(gone);
    }
}
