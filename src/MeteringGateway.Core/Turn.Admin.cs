namespace MeteringGateway.Core;

public sealed partial class Turn
{
    private const int MostCaps = 100;

    /// <summary>C6, C8: a limit below what stands needs a choice.</summary>
    private Answer SetCap(Command.SetCap c)
    {
        var before = state.Open.Cap(c.Cap.Id);
        if (before is null && state.Open.Caps.Count + (state.Open.Coming?.Count ?? 0) >= MostCaps) return Refuse(Refusal.TooManyCaps, $"a tenant has at most {MostCaps} caps");
        var exposure = state.ExposureUnder(c.Cap, state.CurrentDay(now), now).All;
        var raised = before is not null && c.Cap.Limit.Value >= before.Cap.Limit.Value && c.Cap.IsSameAs(before.Cap);
        var below = c.Cap.Limit.Value < exposure && !raised && c.Cap.AtLimit.Action != LimitAction.Notify;
        if (below && c.WhenBelowExposure is null)
            return new Answer.Refused(Refusal.CapBelowExposure, $"{c.Cap.Limit.With(exposure)} stand against a limit of {c.Cap.Limit}", c.Cap.Limit.With(exposure));
        var effective = below ? c.WhenBelowExposure!.Value : Effective.Now;
        if (before is { Next: null } && before.Cap == c.Cap) return new Answer.Done();
        return Add(new Entry.CapSet(c.Cap, effective, before?.Cap) { At = now, Actor = actor });
    }

    private Answer RemoveCap(Command.RemoveCap c) => (state.Open.Cap(c.Cap)?.Cap ?? state.Open.Coming?.Find(cap => cap.Id == c.Cap)) is { } cap
        ? Add(new Entry.CapRemoved(cap) { At = now, Actor = actor })
        : Refuse(Refusal.UnknownCap, $"there is no cap '{c.Cap}'");

    private Answer Change(Command.Change c)
    {
        if (c.Terms is not null && c.Terms.Currency != state.Terms.Currency)
            return Refuse(Refusal.CurrencyFixed, $"the tenant's currency is {state.Terms.Currency}, for good");
        var (name, zone, anchor) = (c.Name ?? state.Name, c.Zone ?? state.Zone, c.AnchorDay ?? state.AnchorDay);
        if (name != state.Name || zone != state.Zone || anchor != state.AnchorDay)
            Add(new Entry.TenantChanged(name, zone, anchor) { At = now, Actor = actor });
        if (c.Terms is not null && c.Plan is not null)
            Add(new Entry.TermsSet(c.Plan, c.Terms, c.Effective == Effective.Now ? now : state.Open.Period.End) { At = now, Actor = actor });
        return new Answer.Done();
    }
}
