namespace MeteringGateway.Core;

/// <summary>Settings that are to change, and what will hold when they have (T2, C6, F7).</summary>
public sealed partial class TenantState
{
    /// <summary>In order of their dates, those of one date as they were set; of each setting one at most.</summary>
    private List<Scheduled>? _scheduled;

    private static readonly List<Scheduled> NoChanges = [];

    internal IReadOnlyList<Scheduled> Schedule =>
        [.. SetAhead().Concat(_scheduled ?? []).OrderBy(change => change.EffectiveAt)];

    /// <summary>What is to come of a setting (<see cref="Setting.Of"/>).</summary>
    internal Scheduled? ToCome(string of) => Schedule.FirstOrDefault(change => change.Setting.Of == of);

    internal Scheduled[] ToComeBy(Instant time) => [.. Schedule.Where(change => change.EffectiveAt <= time)];

    /// <summary>The terms for what is timed then, with what is to come by then.</summary>
    internal Terms TermsExpectedAt(Instant time)
    {
        foreach (var change in _scheduled ?? NoChanges)
            if (change.EffectiveAt <= time && change.Setting is Setting.Plan plan) return plan.Terms;
        return TermsAt(time);
    }

    /// <summary>Plan and terms in force.</summary>
    internal Setting.Plan PlanAt(Instant time)
    {
        var then = _terms[TermsIndexAt(time)];
        return new Setting.Plan(then.Plan, then.Terms);
    }

    /// <summary>
    /// What <see cref="Entry.TermsSet"/> and <see cref="Entry.CapSet"/> set for a time to come, before there were
    /// entries for that.
    /// </summary>
    private IEnumerable<Scheduled> SetAhead()
    {
        if (ClosedAt is not null) yield break;
        if (_terms[^1] is var terms && terms.From > Now)
            yield return new Scheduled("plan", terms.From, new Setting.Plan(terms.Plan, terms.Terms));
        foreach (var cap in Open.Caps.Select(book => book.Next).OfType<Cap>().Concat(Open.Coming ?? []))
            yield return new Scheduled(Setting.OfCap(cap.Id), cap.Period == CapPeriod.Day
                ? Open.Period.DayEnd(CurrentDay(Now)) : Open.Period.End, new Setting.Capped(cap));
    }

    private void Apply(Entry.ChangeScheduled e)
    {
        if (e.Before is { } before) Unschedule(before);
        _scheduled ??= new List<Scheduled>(1);
        var at = _scheduled.FindIndex(change => change.EffectiveAt > e.EffectiveAt);
        _scheduled.Insert(at < 0 ? _scheduled.Count : at, new Scheduled(e.Change, e.EffectiveAt, e.Setting));
        ForgetBounds();
    }

    private void Unschedule(Scheduled change)
    {
        Unschedule(one => one.Id == change.Id);
        if (change.Id != change.Setting.Of) return;
        // It was set ahead. Terms for a time to come are the last, so that no outcome's place among the terms moves.
        if (change.Setting is Setting.Plan) while (_terms[^1].From > Now) _terms.RemoveAt(_terms.Count - 1);
        if (change.Setting is not Setting.Capped { Cap.Id: var cap }) return;
        if (Open.Cap(cap) is { } book) book.Next = null;
        Open.Coming?.RemoveAll(one => one.Id == cap);
    }

    private void Unschedule(Predicate<Scheduled> which)
    {
        if (_scheduled?.RemoveAll(which) > 0 && _scheduled.Count == 0) _scheduled = null;
        ForgetBounds();
    }
}
