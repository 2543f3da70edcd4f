namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>What is set for now and for a time to come (T2, C6, F7): of each setting, the last word counts.</summary>
internal sealed partial class Oracle
{
    private readonly Dictionary<string, Coming> _toCome = [];
    private PlanRef _plan = new("", 0);

    private sealed record Coming(Instant At, string Text, Action Begin);

    /// <summary>What is to come.</summary>
    public IEnumerable<string> Scheduled => _toCome.Select(one => $"{one.Key} {one.Value.Text} at {one.Value.At}");

    public string Set => $"{_plan.Id} {_plan.Version} {_zone} {_anchor}";

    private Expected Change(Command.Change change)
    {
        if (change.Terms is { } other && other.Currency != _terms[0].Terms.Currency)
            return new Expected.Refused(Refusal.CurrencyFixed);
        if (change.Zone is { } zone) Next("time_zone", zone, zone == _zone, () => _zone = zone);
        if (change.AnchorDay is { } day) Next("anchor_day", $"{day}", day == _anchor, () => _anchor = day);
        if (change is not { Plan: { } plan, Terms: { } terms }) return new Expected.Done();
        if (change.Effective == Effective.NextPeriod) Next(plan, terms);
        else
        {
            _toCome.Remove("plan");
            SetNow(plan, terms);
        }
        return new Expected.Done();
    }

    // The tenant's own terms, under the plan in force and under the one to come.
    private Expected SetTerms(Command.SetTerms set)
    {
        if (set.Plans.FirstOrDefault(one => one.Ref == _plan) is not { } now)
            return new Expected.Refused(Refusal.ChangedMeanwhile);
        if (_toCome.TryGetValue("plan", out var coming))
        {
            if (set.Plans.FirstOrDefault(one => $"{one.Ref}" == coming.Text) is not { } next)
                return new Expected.Refused(Refusal.ChangedMeanwhile);
            _toCome["plan"] = coming with { Begin = () => SetNow(next.Ref, next.Terms) };
        }
        SetNow(now.Ref, now.Terms);
        return new Expected.Done();
    }

    private Expected Withdraw(string what) =>
        _toCome.Remove(what) ? new Expected.Done() : new Expected.Refused(Refusal.UnknownScheduled);

    private void Next(PlanRef plan, Terms terms) =>
        Next("plan", $"{plan}", plan == _plan && terms.IsSameAs(TermsAt(Now)), () => SetNow(plan, terms));

    private void Next(string what, string text, bool holds, Action begin)
    {
        _toCome.Remove(what);
        if (!holds) _toCome[what] = new Coming(Open.End, text, begin);
    }

    // What both have and the tenant removed stays removed.
    private void SetNow(PlanRef plan, Terms terms)
    {
        var before = TermsAt(Now);
        _plan = plan;
        _terms.Add((Now, terms));
        foreach (var cap in before.Caps.Except(terms.Caps))
            if (_caps.GetValueOrDefault(cap.Id) == cap) _caps.Remove(cap.Id);
        foreach (var cap in terms.Caps.Except(before.Caps)) _caps.TryAdd(cap.Id, cap);
        foreach (var threshold in before.Thresholds.Except(terms.Thresholds))
            if (_thresholds.GetValueOrDefault(threshold.Id) == threshold) _thresholds.Remove(threshold.Id);
        foreach (var threshold in terms.Thresholds.Except(before.Thresholds))
            _thresholds.TryAdd(threshold.Id, threshold);
    }

    // C6: what was lowered for the time after this period, or day.
    private void Lower(Cap cap) => _toCome[$"cap:{cap.Id}"] = new Coming(
        cap.Period == CapPeriod.Day ? Days.EndOf(Open, Today) : Open.End, $"{cap}", () => _caps[cap.Id] = cap);

    private void Begin(Func<string, bool> what)
    {
        foreach (var (key, coming) in _toCome.Where(one => one.Value.At <= Now && what(one.Key)).ToList())
        {
            _toCome.Remove(key);
            coming.Begin();
        }
    }
}
