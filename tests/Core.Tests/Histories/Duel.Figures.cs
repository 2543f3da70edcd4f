using MeteringGateway.Core.Tests.Oracles;

namespace MeteringGateway.Core.Tests.Histories;

internal sealed partial class Duel
{
    private Dictionary<string, (Limit Exposure, Limit Limit)> _lastExposures = [];

    private string? Look() => Outcomes(_oracle, _real, Charges) ?? Periods() ?? Caps() ?? Tenant() ?? Finance()
        ?? Ledger();

    /// <param name="charges">What an outcome is charged is compared as well, if it is said how.</param>
    internal static string? Outcomes(Oracle oracle, RealTenant real,
        Func<Report, OutcomeFigure, string?>? charges = null)
    {
        foreach (var report in oracle.Reports)
        {
            var view = (report.View.AliasOf ?? report).View;
            var figure = real.Outcome(report.Id);
            if (figure is null) return $"outcome: {report.Id} is not there";
            if (figure.Status != view.Status || figure.Reason != view.Reason)
                return $"outcome {view.Reason} {figure.Reason}: {report.Id} expected {view.Status} {view.Reason}, was {figure.Status} {figure.Reason}";
            if (view.Status == OutcomeStatus.Pending && figure.ClosesAt != view.ClosesAt)
                return $"closes at: {report.Id} expected {view.ClosesAt}, was {figure.ClosesAt}";
            if (view.Disputed != figure.Dispute is not null)
                return $"dispute: {report.Id} expected {view.Disputed}, was {figure.Dispute}";
            if ((report.View.AliasOf ?? report).Dispute != figure.Dispute?.Status)
                return $"dispute stands: {report.Id} expected {(report.View.AliasOf ?? report).Dispute}, was {figure.Dispute}";
            if (figure.Credit is not null && figure.Status != OutcomeStatus.Credited)
                return $"credit: {report.Id} is {figure.Status} with {figure.Credit}";
            if (figure.NoSession != ((report.View.AliasOf ?? report) is { Session: null, Type.OncePerSession: true }))
                return $"no session: {report.Id} in '{report.Session}' was {figure.NoSession}";
            if (report.View.AliasOf is { } first && figure.Id != first.Id)
                return $"alias: {report.Id} expected to be {first.Id}, was {figure.Id}";
            if (report.View.AliasOf is null && charges?.Invoke(report, figure) is { } difference) return difference;
        }
        return null;
    }

    private string? Periods()
    {
        foreach (var period in _oracle.Periods)
        {
            var status = _oracle.StatusOf(period);
            if (_real.State.Usage(period.Id, _oracle.Now) is not { } usage)
            {
                if (status == PeriodStatus.Closed) continue;
                return $"usage: none for {period.Id:yyyy-MM-dd}, {status}";
            }
            if (usage.Status != status || usage.Period != period)
                return $"period: expected {period} {status}, was {usage.Period} {usage.Status}";
            if (Usage(period, usage, status) is { } difference)
                return $"{difference} in {period.Id:yyyy-MM-dd} ({status})";
        }
        return null;
    }

    private string? Usage(Period period, Usage usage, PeriodStatus status)
    {
        foreach (var type in _oracle.TypesIn(period).Union(usage.OutcomeTypes.Select(type => type.Id)))
        {
            var should = _oracle.TypeIn(period, type);
            var was = usage.OutcomeTypes.FirstOrDefault(one => one.Id == type)
                ?? new TypeUsage(type, 0, 0, 0, 0, 0,
                    System.Collections.Immutable.ImmutableSortedDictionary<Reason, long>.Empty,
                Amount.Zero);
            var included = usage.Included.FirstOrDefault(one => one.OutcomeType == type)?.Used ?? 0;
            if (should.Amount != was.Amount || should.Included != included)
                return $"rating: {type} expected {should.Amount} included {should.Included}, was {was.Amount} included {included}";
            // What a figure of a closed period shows of a later credit is not said; what it is rated at never changes.
            if (status == PeriodStatus.Closed) continue;
            if (Units(should) != Units(was)) return $"units: {type} expected {Units(should)}, was {Units(was)}";
        }
        foreach (var activity in usage.Activities)
            if (_oracle.ActivityIn(period, activity.Id) is var should && should != (activity.Reported, activity.Amount))
                return $"activity: {activity.Id} expected {should}, was {activity}";
        if (usage.Spend != _oracle.SpendIn(period))
            return $"spend: expected {_oracle.SpendIn(period)}, was {usage.Spend}";
        if (usage.Corrections != _oracle.TakenBackIn(period))
            return $"corrections: expected {_oracle.TakenBackIn(period)}, was {usage.Corrections}";
        return Statement(period, status, usage);
    }

    private static string Units(ExpectedType type) =>
        $"{type.Reported}/{type.Pending}/{type.Settled}/{type.Reserved}/{type.Credited} {Units(type.NonBillable)}";

    private static string Units(TypeUsage type) =>
        $"{type.Reported}/{type.Pending}/{type.Settled}/{type.Reserved}/{type.Credited} {Units(type.NonBillable)}";

    private static string Units(IEnumerable<KeyValuePair<Reason, long>> units) =>
        string.Join(' ', units.Where(unit => unit.Value != 0).OrderBy(unit => unit.Key)
            .Select(unit => $"{unit.Key}={unit.Value}"));

    private string? Caps()
    {
        var usage = OpenUsage!;
        foreach (var (id, cap) in _oracle.Caps)
        {
            if (usage.Caps.FirstOrDefault(one => one.Cap.Id == id) is not { } was) return $"cap: {id} is not listed";
            var exposure = _oracle.Exposure(cap, _oracle.Open, _oracle.Today);
            var remaining = cap.Limit.With(Math.Max(0, cap.Limit.Value - exposure.Value));
            var resets = cap.Period == CapPeriod.Day ? Days.EndOf(_oracle.Open, _oracle.Today) : _oracle.Open.End;
            if (was.Cap != cap || was.Exposure != exposure || was.Remaining != remaining
                || was.State != _oracle.StateOf(cap)
                || was.ResetsAt != resets)
                return $"cap{(cap.Limit.IsMoney ? " on money" : "")}: expected {cap} exposure {exposure} {_oracle.StateOf(cap)} until {resets}, was {was}";
        }
        return usage.Caps.Length == _oracle.Caps.Count ? null
            : $"caps: expected {_oracle.Caps.Count}, was {usage.Caps.Length}";
    }

    private string? Tenant()
    {
        var figure = _real.State.Figure(_oracle.Now);
        if (figure.Now != _oracle.Now) return $"now: expected {_oracle.Now}, was {figure.Now}";
        if (_real.State.NextDue <= _oracle.Now != _oracle.AnythingDue)
            return $"next due: {_real.State.NextDue} at {_oracle.Now}, expected something due: {_oracle.AnythingDue}";
        var set = $"{figure.Plan.Id} {figure.Plan.Version} {figure.Zone} {figure.AnchorDay}";
        if (set != _oracle.Set) return $"set: expected {_oracle.Set}, was {set}";
        if (!figure.Scheduled.SequenceEqual(figure.Scheduled.OrderBy(change => change.EffectiveAt)))
            return $"scheduled out of order: {string.Join("; ", figure.Scheduled)}";
        var scheduled = figure.Scheduled
            .Select(change => $"{change.Setting.Of} {Text(change.Setting)} at {change.EffectiveAt}");
        if (Same("scheduled", _oracle.Scheduled, scheduled) is { } difference) return difference;
        if (figure.State != _oracle.State) return $"state: expected {_oracle.State}, was {figure.State}";
        var (need, was) = (_oracle.Need, _real.State.Need(_oracle.Now));
        return _real.State.Severity == (need?.State ?? LimitState.Active)
            && (need?.State, need?.Key, need?.Reason) == (was?.State, was?.Key, was?.Reason)
            && Same(need?.Limit, was?.Limit) ? null : $"need: expected {need}, was {was}";
    }

    private static string Text(Setting setting) => setting switch
    {
        Setting.Plan plan => $"{plan.Ref}",
        Setting.Zone zone => zone.Id,
        Setting.AnchorDay anchor => $"{anchor.Day}",
        Setting.Capped capped => $"{capped.Cap}",
        var other => throw new InvalidOperationException($"{other}"),
    };

    // C2, at every position: exposure above a limit stands there only because the limit was lowered, and then it does
    // not grow. A rating may move by itself (0004, 18), but not in a turn that only admits.
    private string? Limits()
    {
        if (!_real.State.Exists || OpenUsage is not { } usage) return null;
        var exposures = new Dictionary<string, (Limit Exposure, Limit Limit)>();
        foreach (var cap in usage.Caps.Where(cap =>
            cap.Cap.AtLimit.Action != LimitAction.Notify && cap.Cap.Scope.Activity is null))
        {
            var key = $"{cap.Cap.Id} {usage.Period.Id} {cap.ResetsAt}";
            var known = _lastExposures.TryGetValue(key, out var last);
            if (known && cap.Exposure.Value > cap.Cap.Limit.Value && cap.Exposure.Value > last.Exposure.Value
                && cap.Cap.Limit == last.Limit && (!cap.Cap.Limit.IsMoney || OnlyAdmits()))
                return $"C2: {cap} after {last}";
            exposures[key] = (cap.Exposure, cap.Cap.Limit);
        }
        _lastExposures = exposures;
        return null;
    }

    private bool OnlyAdmits() => _real.Taken.TrueForAll(entry =>
        entry is Entry.OutcomeReported or Entry.ReservationMade or Entry.ActivityReported or Entry.StateChanged);

    // Lists have each outcome once and in order, wherever the pages end.
    private static string? Lists(TenantState state)
    {
        var all = state.Books.SelectMany(state.OutcomesOf).Where(outcome => !outcome.IsAlias).ToList();
        var newest = Pages(new OutcomeFilter(), figure => figure.FirstSequence);
        if (!all.OrderByDescending(outcome => outcome.ReportedBy).Select(outcome => outcome.Id).SequenceEqual(newest))
            return "list: not every outcome, newest first";
        var changed = Pages(new OutcomeFilter(ChangedAfter: 0), figure => figure.Sequence);
        return all.OrderBy(outcome => outcome.LastSequence).Select(outcome => outcome.Id).SequenceEqual(changed) ? null
            : "list: not every outcome in the order of its changes";

        List<string> Pages(OutcomeFilter filter, Func<OutcomeFigure, long> at)
        {
            var ids = new List<string>();
            for (long? cursor = null, next = 0; next is not null; cursor = next)
            {
                var step = state.Outcomes(filter, cursor, 3);
                ids.AddRange(step.Outcomes.Select(figure => figure.Id));
                next = step.Next;
                if (next is not null && step.Outcomes.Count > 0 && at(step.Outcomes[^1]) != next) return ["?"];
            }
            return ids;
        }
    }

    // The state is the fold of the entries, and a snapshot changes cost, never meaning.
    private string? Folds(int index)
    {
        var digest = RealTenant.Hex(_real.State.Digest());
        if (RealTenant.Hex(RealTenant.Fold(_real.Journal).Digest()) != digest)
            return "fold: the journal folds to another state";
        if (Lists(_real.State) is { } wrong) return wrong;
        if (_snapshot is not null)
        {
            var recovered = RealTenant.Fold(_real.Journal.Skip(_snapshotAt), TenantState.Restore(_snapshot));
            if (RealTenant.Hex(recovered.Digest()) != digest) return "recovery: snapshot and tail give another state";
        }
        if (index % (6 * LookEvery) == 0) (_snapshot, _snapshotAt) = (_real.State.Snapshot(), _real.Journal.Count);
        if (index % (10 * LookEvery) == 0) _real.Reload();
        return null;
    }
}
