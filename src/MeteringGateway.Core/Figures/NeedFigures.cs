namespace MeteringGateway.Core;

/// <summary>What a tenant is in need of: the most severe of its keys (S1).</summary>
/// <param name="Key">As of signals: <c>tenant</c>, <c>cap:</c> and a cap's id, or <c>funding:</c> and a type's.</param>
/// <param name="Limit">Which limit, and what stands against it with reservations, as a check would say; null: none, of
/// the tenant as a whole.</param>
public sealed record Need(LimitState State, string Key, DecisionReason Reason, Binding? Limit, string Currency);

public sealed partial class TenantState
{
    /// <summary>
    /// The most severe state of the tenant, of any of its caps, and of any type's funding: what an operator looks for.
    /// Nobody looks for a tenant that is closed.
    /// </summary>
    public LimitState Severity => Worst().State;

    /// <summary>Of which the severity is, and what limits it; null: the tenant needs nobody.</summary>
    public Need? Need(Instant realTime)
    {
        var (state, cap, type) = Worst();
        if (state == LimitState.Active) return null;
        var now = TimeAt(realTime);
        if (cap is not null)
            return new Need(state, Signal.KeyOf(cap.Cap.Id, cap.Cap.Scope), cap.Told?.Reason ?? DecisionReason.Ok,
                BindingOf(cap, now), Terms.Currency);
        if (type is null)
            return new Need(state, Signal.KeyOf(null, null), DecisionReason.TenantPaused, null, Terms.Currency);
        var told = FundingTold(type);
        return new Need(state, Signal.KeyOf(null, new Scope(type)), told?.Reason ?? DecisionReason.Ok,
            Allowance().FundingOf(type, told?.Refused is [var stop, ..] ? stop.Workflow : null, now), Terms.Currency);
    }

    /// <summary>Of several that are as severe: the tenant itself, then its caps, then its types, by id.</summary>
    private (LimitState State, CapBook? Cap, string? Type) Worst()
    {
        if (ClosedAt is not null) return default;
        (LimitState State, CapBook? Cap, string? Type) worst = Paused is null ? default
            : (StateOf(Paused.Action), null, null);
        foreach (var cap in Open.Caps) if (cap.State > worst.State) worst = (cap.State, cap, null);
        if (Open.Funding is { } funding)
            foreach (var (type, state) in funding) if (state > worst.State) worst = (state, null, type);
        return worst;
    }

    private Binding BindingOf(CapBook book, Instant now)
    {
        var (cap, day) = (book.Cap, CurrentDay(now));
        return new Binding(cap.Id, "cap", cap.Limit, cap.Limit.With(ExposureOf(Open, book, day, now).All),
            cap.Period == CapPeriod.Day ? Open.Period.DayEnd(day) : Open.Period.End, cap.Period);
    }
}
