namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>
/// Caps, admission, and what each cap has used: sums over everything, each time (C1 to C6, C8, C9, T6).
/// </summary>
internal sealed partial class Oracle
{
    private readonly Dictionary<string, Cap> _caps = [];

    public IReadOnlyDictionary<string, Cap> Caps => _caps;

    /// <summary>C2: settled + pending + reserved; C7 in money.</summary>
    public Limit Exposure(Cap cap, Period period, int day) =>
        cap.Limit.With(cap.Limit.IsMoney ? Money(cap, period, day, Exposed()) : Units(cap, period, day));

    private long Units(Cap cap, Period period, int day) => Units(cap, period, day, report => report.View, true);

    private long Units(Cap cap, Period period, int day, Func<Report, View?> viewOf, bool reserved)
    {
        bool Counted(Subject subject, Period its, int itsDay) =>
            Matches(cap, subject) && its.Id == period.Id && (cap.Period == CapPeriod.BillingPeriod || itsDay == day);

        var outcomes = _reports.Where(report =>
            viewOf(report) is { } view && Counts(report, view) && Counted(report.Subject, report.Period, report.Day))
            .Sum(report => (long)report.Command.Quantity);
        var activities = _activities.Where(activity =>
            !activity.Beyond
            && Counted(new Subject(activity.Command.Activity, true, activity.Command.Dimensions), activity.Period,
            activity.Day))
            .Sum(activity => (long)activity.Command.Quantity);
        var held = _held.Where(held => Counted(held.Subject, held.Period, held.Day)).Sum(held => held.Remaining);
        return outcomes + activities + (reserved ? held : 0);
    }

    // C3, and in full under a reservation that one of its reports drew from.
    private static bool Counts(Report first, View view) =>
        view.AliasOf is null
        && (view.Status == OutcomeStatus.Billable || (view.Status == OutcomeStatus.Pending
            && (first.Type.PendingCounts || view.Chain!.Any(report => Drawn(first, report) is not null))));

    // 0001, 25: a continued outcome is timed where its first report is.
    private static Held? Drawn(Report first, Report report) =>
        report.Drawn is { } held && held.Period.Id == first.Period.Id ? held : null;

    // The outcome that a report brings: its own, or the one that it continues.
    private static Report CarrierOf(Walk walk, Report report) => walk.Views[report].AliasOf ?? report;

    // C1, C9; 0004, 15: a cap on money without a type or an activity is on the activities' fees as well.
    private static bool Matches(Cap cap, Subject subject)
    {
        var scope = cap.Scope;
        var what = subject.IsActivity
            ? scope.Activity == subject.What
            || (cap.Limit.IsMoney && scope.Activity is null && scope.OutcomeType is null)
            : scope.Activity is null && (scope.OutcomeType is null || scope.OutcomeType == subject.What);
        return what && (scope.Agent is null || scope.Agent == subject.Dimensions.Agent)
            && (scope.Channel is null || scope.Channel == subject.Dimensions.Channel)
            && (scope.Workflow is null || scope.Workflow == subject.Dimensions.Workflow);
    }

    // T6: a settling period keeps the caps of its end.
    private IEnumerable<Cap> CapsFor(Period period) =>
        _capsAtEnd.TryGetValue(period.Id, out var atEnd) ? atEnd : _caps.Values;

    // In the order in which they hold, each that begins to count now needs room beside all the others (C2, C4; 0001, 17
    // and 26).
    private (Report Report, Reason Why)? FirstRefused(List<Report> group, Walk walk, Report? arriving)
    {
        var views = group.ToDictionary(report => report, report => walk.Views[report]);
        var fresh = group.Where(report => Counts(report, views[report])
            && !(report.View is { } before && Counts(report, before)))
            .OrderBy(report => walk.Holds.FindLastIndex(hold => hold.Chain[0] == report)).ToList();
        foreach (var report in fresh)
        {
            var waiting = fresh.SkipWhile(other => other != report).ToHashSet();
            View? Before(Report other) =>
                waiting.Contains(other) ? null : group.Contains(other) ? views[other] : other.View;
            var held = arriving is not null && CarrierOf(walk, arriving) == report ? Drawn(report, arriving) : null;
            if (CapsFor(report.Period).Any(cap => !HasRoom(cap, report, held, Before))) return (report, Reason.OverCap);
            if (NotFunded(report, held, Before) is { } why) return (report, why);
        }
        return null;
    }

    private bool HasRoom(Cap cap, Report report, Held? held, Func<Report, View?> before)
    {
        if (cap.AtLimit.Action == LimitAction.Notify || cap.Limit.IsMoney || !Matches(cap, report.Subject)) return true;
        var relieves = held is not null && Matches(cap, held.Subject)
            && (cap.Period == CapPeriod.BillingPeriod || held.Day == report.Day);
        var drawn = relieves ? Math.Min(held!.Remaining, report.Command.Quantity) : 0;
        var added = report.Command.Quantity - drawn;
        return added == 0 || Units(cap, report.Period, report.Day, before, true) + added <= cap.Limit.Value;
    }

    // A4: what it names, if that still holds something; whether for this period is asked when it is drawn from (A5;
    // 0001, 25).
    private Held? Drawable(Report report) =>
        _held.FirstOrDefault(held => held.Id == report.Command.Reservation && held.Remaining > 0);

    // C6, C8
    private Expected SetCap(Command.SetCap set)
    {
        var cap = set.Cap;
        var before = _caps.GetValueOrDefault(cap.Id);
        if (before is null && _caps.Count >= 100) return new Expected.Refused(Refusal.TooManyCaps);
        var exposure = Exposure(cap, Open, Days.Of(Open, Now));
        var lowers = cap.AtLimit.Action != LimitAction.Notify
            && (before is null || cap.Limit.Value < before.Limit.Value)
            && cap.Limit.Value < exposure.Value;
        if (lowers && set.WhenBelowExposure is null) return new Expected.Refused(Refusal.CapBelowExposure, exposure);
        _toCome.Remove($"cap:{cap.Id}");
        if (lowers && set.WhenBelowExposure == Effective.NextPeriod) Lower(cap);
        else _caps[cap.Id] = cap;
        return new Expected.Done();
    }

    private Expected RemoveCap(string id)
    {
        var (had, awaited) = (_caps.Remove(id), _toCome.Remove($"cap:{id}"));
        return had || awaited ? new Expected.Done() : new Expected.Refused(Refusal.UnknownCap);
    }
}
