namespace MeteringGateway.Core;

public ref partial struct Turn
{
    private const int MostCaps = 100;

    /// <summary>C6, C8: a limit below what stands needs a choice.</summary>
    private Answer SetCap(Command.SetCap c)
    {
        var (before, coming) = (_state.Open.Cap(c.Cap.Id), _state.ToCome(Setting.OfCap(c.Cap.Id)));
        if (before is null && coming is null
            && _state.OwnCaps + _state.MostOfTerms(terms => terms.Caps.Length) >= MostCaps) return TooManyCaps();
        var exposure = _state.ExposureUnder(c.Cap, _state.CurrentDay(_now), _now).All;
        var raised = before is not null && c.Cap.Limit.Value >= before.Cap.Limit.Value && c.Cap.IsSameAs(before.Cap);
        var below = c.Cap.Limit.Value < exposure && !raised && c.Cap.AtLimit.Action != LimitAction.Notify;
        if (below && c.WhenBelowExposure is null)
            return new Answer.Refused(Refusal.CapBelowExposure,
                $"{c.Cap.Limit.With(exposure).ToString(_state.Terms.Currency)} stand against a limit of "
                + c.Cap.Limit.ToString(_state.Terms.Currency), c.Cap.Limit.With(exposure));
        if (below && c.WhenBelowExposure == Effective.NextPeriod)
        {
            var period = _state.Open.Period;
            SetFor(c.Cap.Period == CapPeriod.Day ? period.DayEnd(_state.CurrentDay(_now)) : period.End,
                new Setting.Capped(c.Cap), null);
            return new Answer.Done();
        }
        TakeBack(Setting.OfCap(c.Cap.Id));
        if (before?.Cap == c.Cap) return new Answer.Done();
        return Add(new Entry.CapSet(c.Cap, Effective.Now, before?.Cap) { At = _now, Actor = _actor });
    }

    /// <summary>With what is to come of it.</summary>
    private Answer RemoveCap(Command.RemoveCap c)
    {
        var cap = _state.Open.Cap(c.Cap)?.Cap;
        if (cap is null && _state.ToCome(Setting.OfCap(c.Cap)) is null)
            return Refuse(Refusal.UnknownCap, $"there is no cap '{c.Cap}'");
        TakeBack(Setting.OfCap(c.Cap));
        return cap is null ? new Answer.Done() : Add(new Entry.CapRemoved(cap) { At = _now, Actor = _actor });
    }
}
