using System.Globalization;
using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>
/// Writes commands in the language of the scenario files, so that a history that failed can be kept as one.
/// </summary>
internal static partial class ScenarioWriter
{
    public static string Write(History history)
    {
        var lines = new List<string> { $"# seed {history.Seed}", Tenant(history.Create, history.Start) };
        lines.AddRange(Plan(history.Create.Terms));
        lines.Add("");
        var now = history.Start;
        foreach (var step in history.Steps)
        {
            if (step.Now != now) lines.Add($"at {Time(step.Now)}");
            now = step.Now;
            lines.Add(step.Ask is { } question ? "check " + Words(About(question)) : Line(step));
        }
        return string.Join('\n', lines);
    }

    private static string Tenant(Command.Create create, Instant start) =>
        "tenant " + Words([$"start={Time(start)}", $"zone={create.Zone}", $"anchor={create.AnchorDay}",
            create.TestClock is null ? null : create.TestClock.FollowEvents ? "clock=follow" : "clock=test"]);

    private static IEnumerable<string?> Cap(Cap cap) =>
        [cap.Id, Level(cap.Limit), .. At(cap.AtLimit), cap.Period == CapPeriod.Day ? "per=day" : null,
            .. Scope(cap.Scope)];

    private static IEnumerable<string?> At(AtLimit at) =>
        [at.Action.ToString().ToLowerInvariant(), at.To is null ? null : $"to={at.To}"];

    private static IEnumerable<string?> Scope(Scope scope) =>
    [
        scope.OutcomeType is null ? null : $"type={scope.OutcomeType}", scope.Activity is null ? null
            : $"activity={scope.Activity}",
        .. Where(new Dimensions(scope.Agent, scope.Channel, scope.Workflow)),
    ];

    private static IEnumerable<string?> Where(Dimensions where) =>
        [where.Agent is null ? null : $"agent={where.Agent}", where.Channel is null ? null
            : $"channel={where.Channel}", where.Workflow is null ? null : $"workflow={where.Workflow}"];

    private static string Line(Step step) => step.Command switch
    {
        Command.ReportOutcome report => "report " + Words(Report(report)),
        Command.ReportFact fact =>
            $"{Name(fact.Kind)} "
            + Words([fact.OutcomeId, .. Event(fact), .. Verified(fact.Verification),
                fact.Csat is { } csat ? $"csat={csat}"
            : null]),
        Command.ReportActivity activity =>
            "activity " + Words([activity.Activity, .. Event(activity), Quantity(activity.Quantity)]),
        Command.Reserve reserve =>
            $"reserve {step.Label} "
            + Words([.. About(reserve.Question), $"ttl={Span(reserve.Ttl)}", reserve.AllowPartial ? "partial" : null]),
        Command.ExtendReservation extend => $"extend {extend.Reservation} {Span(extend.Ttl)}",
        Command.ReleaseReservation release => $"release {release.Reservation}",
        Command.RecordCheck check => "record " + Words(About(check.Question)),
        Command.SetCap set =>
            "cap " + Words([.. Cap(set.Cap),
            set.WhenBelowExposure switch { null => null, Effective.Now => "below=now", _ => "below=next_period" }]),
        Command.RemoveCap remove => $"uncap {remove.Cap}",
        Command.Pause pause => "pause " + Words(At(pause.Action)),
        Command.Resume => "resume",
        Command.AdvanceClock advance => $"clock {Time(advance.To)}",
        Command.Close => "close",
        Command.Tick => "tick",
        Command.AuthorizeOverage allowed =>
            "authorise " + Words([allowed.Standing ? "standing" : "period", Maybe("limit", allowed.Limit)]),
        Command.WithdrawAuthorization => "withdraw",
        Command.OpenDispute open => $"dispute {open.OutcomeId}",
        Command.ResolveDispute resolve => $"{(resolve.Credited ? "credit" : "uphold")} {resolve.Dispute}",
        Command.SetThreshold set => "threshold " + Of(set.Threshold),
        Command.RemoveThreshold remove => $"unthreshold {remove.Threshold}",
        Command.IssueGrant grant => Issue(grant, step.Label),
        Command.BuyPack buy => Buy(buy, step.Label),
        Command.VoidGrant @void => $"void {@void.Grant}",
        Command.Withdraw withdraw => $"unschedule {withdraw.Id}",
        Command.SetTerms set => string.Concat(set.Plans.Select(plan =>
            $"terms versions={plan.Ref.Version}"
            + string.Concat(Plan(plan.Terms).Select(line => "\n" + line)) + "\n")),
        Command.Change change =>
            "change " + Words([change.Effective == Effective.Now ? "now" : "next_period", change.Zone is null ? null
            : $"zone={change.Zone}", change.AnchorDay is null ? null : $"anchor={change.AnchorDay}",
            change.Plan is null ? null : $"version={change.Plan.Version}"])
            + string.Concat((change.Terms is null ? [] : Plan(change.Terms)).Select(line => "\n" + line)),
        var other => other?.ToString() ?? "",
    };

    private static IEnumerable<string?> Report(Command.ReportOutcome report) =>
    [
        report.OutcomeId, report.OutcomeType, .. Event(report), Quantity(report.Quantity),
        report.Result == Result.Success ? null
            : $"result={report.Result}",
        report.CriteriaMet.Length > 0 ? $"criteria={string.Join('+', report.CriteriaMet)}" : null, report.HandedOff
            ? "handed_off" : null, report.Sandbox ? "sandbox" : null,
        .. Verified(report.Verification), report.Reservation is null ? null : $"reservation={report.Reservation}",
    ];

    private static IEnumerable<string?> Event(Command.Event happened) =>
    [
        $"id={happened.Id.Id}", happened.Id.Source == "/a" ? null
            : $"source={happened.Id.Source}", happened.Time is { } time
            ? $"time={Time(time)}" : null,
        happened.Session is null ? null : $"session={happened.Session}", .. Where(happened.Dimensions),
    ];

    private static IEnumerable<string?> About(Question question) =>
        [(question.Subject.IsActivity ? "activity:" : "")
            + question.Subject.What, Quantity((int)question.Quantity), .. Where(question.Subject.Dimensions)];

    private static string? Quantity(int quantity) => quantity == 1 ? null : $"quantity={quantity}";

    private static IEnumerable<string?> Verified(Verification? verification) => verification is null ? []
        : [$"verified={(verification.Passed ? "yes" : "no")}"
            + (verification.Confidence is { } confidence ? $",{new Amount(confidence)}" : ""),
            verification.Method == "llm" ? null : $"method={verification.Method}"];

    public static string Name(FactKind kind) => kind switch
    {
        FactKind.VerdictAccepted => "verdict_accepted",
        FactKind.VerdictRejected => "verdict_rejected",
        _ => kind.ToString().ToLowerInvariant(),
    };

    public static string Time(Instant time) =>
        time.ToDateTimeOffset()
        .ToString(time.UnixMilliseconds % 60_000 == 0 ? "yyyy-MM-dd'T'HH:mm"
        : "yyyy-MM-dd'T'HH:mm:ss.FFF", CultureInfo.InvariantCulture);

    public static string Span(TimeSpan span) =>
        span.TotalMilliseconds % 3_600_000 == 0 ? $"{span.TotalHours}h" : span.TotalMilliseconds % 60_000 == 0
            ? $"{span.TotalMinutes}m" : $"{span.TotalSeconds}s";

    private static string Words(IEnumerable<string?> words) => string.Join(' ', words.Where(word => word is not null));
}
