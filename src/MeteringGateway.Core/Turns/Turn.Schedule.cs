namespace MeteringGateway.Core;

/// <summary>What is set for now, and what is set for a time to come (T2, C6, F7).</summary>
public ref partial struct Turn
{
    private Instant NextPeriod => _state.Open.Period.End;

    private Answer Change(Command.Change c)
    {
        if (c.Terms is not null && c.Terms.Currency != _state.Terms.Currency) return OtherCurrency();
        var from = c.Effective == Effective.Now ? _now : NextPeriod;
        if (c.Terms is not null && TooMuchUnder(c.Terms, from) is { } tooMuch) return tooMuch;
        if (c is { Plan: { } to, Terms: { } under, Effective: Effective.Now }
            && OneChangeTooMany(new Setting.Plan(to, under)) is { } often) return often;
        if (c.Name is { } name && name != _state.Name)
            Add(new Entry.TenantChanged(name, _state.Zone, _state.AnchorDay, NameBefore: _state.Name)
            {
                At = _now, Actor = _actor,
            });
        if (c.Zone is { } zone) SetFor(NextPeriod, new Setting.Zone(zone), new Setting.Zone(_state.Zone));
        if (c.AnchorDay is { } day)
            SetFor(NextPeriod, new Setting.AnchorDay(day), new Setting.AnchorDay(_state.AnchorDay));
        if (c.Plan is null || c.Terms is null) return new Answer.Done();
        var plan = new Setting.Plan(c.Plan, c.Terms);
        if (c.Effective == Effective.NextPeriod) SetFor(NextPeriod, plan, _state.PlanAt(_now));
        else
        {
            TakeBack(plan.Of);
            SetNow(plan);
        }
        return new Answer.Done();
    }

    /// <summary>F7: the tenant's own terms, under the plan that it has and the one that it is to have.</summary>
    private Answer SetTerms(Command.SetTerms c)
    {
        var state = _state;
        if (c.Plans.Any(plan => plan.Terms.Currency != state.Terms.Currency)) return OtherCurrency();
        var (now, coming) = (_state.PlanAt(_now), _state.ToCome("plan"));
        var next = coming?.Setting as Setting.Plan;
        if (Anew(now) is not { } set || (next is not null && Anew(next) is null))
            return Refuse(Refusal.ChangedMeanwhile, "the tenant's plan has changed at the same time");
        if ((TooMuchUnder(set.Terms, _now) ?? (next is null ? null : TooMuchUnder(Anew(next)!.Terms, NextPeriod)))
            is { } tooMuch) return tooMuch;
        if (set == now && (next is null || Anew(next) == next)) return new Answer.Done();
        if (OneChangeTooMany(set) is { } often) return often;
        if (coming is not null)
            Add(new Entry.ChangeScheduled(coming.Id, coming.EffectiveAt, Anew(next!)!, coming)
            {
                At = _now, Actor = _actor,
            });
        SetNow(set);
        return new Answer.Done();

        Setting.Plan? Anew(Setting.Plan plan) => c.Plans.FirstOrDefault(one => one.Ref == plan.Ref);
    }

    /// <summary>N1, C8: what terms would bring with them, beside what is there.</summary>
    private Answer? TooMuchUnder(Terms terms, Instant from) => Overflow(terms, from) ?? TooManyUnder(terms);

    private Answer Withdraw(Command.Withdraw c) => _state.Schedule.FirstOrDefault(change => change.Id == c.Id) is
        { } change
        ? Add(new Entry.ChangeWithdrawn(change) { At = _now, Actor = _actor })
        : Refuse(Refusal.UnknownScheduled, $"no change '{c.Id}' is to come");

    private void SetNow(Setting.Plan plan)
    {
        if (plan != _state.PlanAt(_now)) TakeTerms(plan, _now, _actor);
    }

    /// <summary>
    /// The new terms' caps and thresholds take the place of the old ones'. What both have and the tenant has removed
    /// stays removed.
    /// </summary>
    private void TakeTerms(Setting.Plan plan, Instant from, Actor? actor)
    {
        var (state, before) = (_state, _state.PlanAt(_now).Terms);
        var caps = before.Caps.Where(cap => state.Open.Cap(cap.Id) is null).ToArray();
        var thresholds = before.Thresholds.Where(threshold => state.Threshold(threshold.Id) is null).ToArray();
        Add(new Entry.TermsSet(plan.Ref, plan.Terms, from, _state.PlanAt(_now).Ref) { At = _now, Actor = actor });
        foreach (var cap in caps)
            if (_state.Open.Cap(cap.Id)?.Cap == cap) Add(new Entry.CapRemoved(cap) { At = _now });
        foreach (var threshold in thresholds)
            if (_state.Threshold(threshold.Id) == threshold) Add(new Entry.ThresholdRemoved(threshold) { At = _now });
    }

    /// <summary>
    /// From then on it holds, whatever was to come instead; where it would hold anyway, that is only taken back.
    /// </summary>
    private void SetFor(Instant time, Setting setting, Setting? otherwise)
    {
        var before = _state.ToCome(setting.Of);
        if (setting == otherwise) TakeBack(setting.Of);
        else if (before is null || before.Setting != setting || before.EffectiveAt != time)
            Add(new Entry.ChangeScheduled($"s{_state.Sequence + 1}", time, setting, before)
            {
                At = _now, Actor = _actor,
            });
    }

    private void TakeBack(string of)
    {
        if (_state.ToCome(of) is { } change) Add(new Entry.ChangeWithdrawn(change) { At = _now, Actor = _actor });
    }

    /// <summary>Zone and anchor of the period that begins.</summary>
    private void BeginZone(Scheduled[] coming)
    {
        var (zone, anchor) = (_state.Zone, _state.AnchorDay);
        foreach (var change in coming)
            (zone, anchor) = change.Setting switch
            {
                Setting.Zone to => (to.Id, anchor),
                Setting.AnchorDay to => (zone, to.Day),
                _ => (zone, anchor),
            };
        if ((zone, anchor) != (_state.Zone, _state.AnchorDay))
            Add(new Entry.TenantChanged(_state.Name, zone, anchor, zone == _state.Zone ? null : _state.Zone,
                AnchorDayBefore: anchor == _state.AnchorDay ? null : _state.AnchorDay) { At = _now });
    }

    private void BeginCaps(Scheduled[] coming)
    {
        foreach (var change in coming)
            if (change.Setting is Setting.Capped { Cap: var cap })
                Add(new Entry.CapSet(cap, Effective.Now, _state.Open.Cap(cap.Id)?.Cap) { At = _now });
    }

    private void BeginTerms(Scheduled[] coming)
    {
        foreach (var change in coming)
            if (change.Setting is Setting.Plan plan) TakeTerms(plan, _state.Open.Period.Start, null);
    }

    private Answer.Refused OtherCurrency() =>
        new(Refusal.CurrencyFixed, $"the tenant's currency is {_state.Terms.Currency}, for good");
}
