namespace MeteringGateway.Core;

public sealed partial class Turn
{
    private const int MostCaps = 100;

    /// <summary>C6, C8: a limit below what stands needs a choice.</summary>
    private Answer SetCap(Command.SetCap c)
    {
        var before = _state.Open.Cap(c.Cap.Id);
        if (before is null && _state.OwnCaps + _state.MostOfTerms(terms => terms.Caps.Length) >= MostCaps)
            return TooManyCaps();
        var exposure = _state.ExposureUnder(c.Cap, _state.CurrentDay(_now), _now).All;
        var raised = before is not null && c.Cap.Limit.Value >= before.Cap.Limit.Value && c.Cap.IsSameAs(before.Cap);
        var below = c.Cap.Limit.Value < exposure && !raised && c.Cap.AtLimit.Action != LimitAction.Notify;
        if (below && c.WhenBelowExposure is null)
            return new Answer.Refused(Refusal.CapBelowExposure,
                $"{c.Cap.Limit.With(exposure)} stand against a limit of {c.Cap.Limit}", c.Cap.Limit.With(exposure));
        var effective = below ? c.WhenBelowExposure!.Value : Effective.Now;
        if (before is { Next: null } && before.Cap == c.Cap) return new Answer.Done();
        return Add(new Entry.CapSet(c.Cap, effective, before?.Cap) { At = _now, Actor = _actor });
    }

    private Answer RemoveCap(Command.RemoveCap c) =>
        (_state.Open.Cap(c.Cap)?.Cap ?? _state.Open.Coming?.Find(cap => cap.Id == c.Cap)) is { } cap
        ? Add(new Entry.CapRemoved(cap) { At = _now, Actor = _actor })
        : Refuse(Refusal.UnknownCap, $"there is no cap '{c.Cap}'");

    private Answer Change(Command.Change c)
    {
        if (c.Terms is not null && c.Terms.Currency != _state.Terms.Currency)
            return Refuse(Refusal.CurrencyFixed, $"the tenant's currency is {_state.Terms.Currency}, for good");
        var from = c.Effective == Effective.Now ? _now : _state.Open.Period.End;
        if (c.Terms is not null && (Overflow(c.Terms, from) ?? TooManyUnder(c.Terms)) is { } tooMuch) return tooMuch;
        var (name, zone, anchor) = (c.Name ?? _state.Name, c.Zone ?? _state.Zone, c.AnchorDay ?? _state.AnchorDay);
        if (name != _state.Name || zone != _state.Zone || anchor != _state.AnchorDay)
            Add(new Entry.TenantChanged(name, zone, anchor) { At = _now, Actor = _actor });
        if (c.Terms is not null && c.Plan is not null)
            Add(new Entry.TermsSet(c.Plan, c.Terms, from) { At = _now, Actor = _actor });
        return new Answer.Done();
    }
}
