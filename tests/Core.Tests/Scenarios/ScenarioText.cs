using System.Globalization;
using System.Text.RegularExpressions;

namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>Answers, figures and signals as a finance person would read them.</summary>
internal static partial class ScenarioText
{
    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex WordStart();

    public static string Word<T>(T value) where T : struct, Enum =>
        WordStart().Replace(value.ToString(), "_").ToLower(CultureInfo.InvariantCulture);

    public static string Of(Answer answer, GrantNames grants) => answer switch
    {
        Answer.Refused refused =>
            $"refused: {Word(refused.Code)}{(refused.Exposure is { } exposure ? $" (exposure {Of(exposure)})" : "")}",
        Answer.Granted granted => granted.Bought ? Of(granted.Grant, grants)
            : $"bought before: {Of(granted.Grant, grants)}",
        Answer.Disputed { Dispute: var dispute } => $"dispute of {dispute.OutcomeId}: {Word(dispute.Status)}",
        Answer.Accepted accepted =>
            $"{(accepted.Duplicate ? "duplicate" : "accepted")}{(accepted.Outcome is { } outcome ? $": {outcome.Id} {Standing(outcome.Status, outcome.Reason)}" : "")}"
            + (accepted.Remaining is { } remaining ? $", {remaining} remaining" : ""),
        Answer.Decided decided => Of(decided.Decision),
        Answer.Reserved { Reservation: { } held } =>
            $"reserved {held.Quantity}, {held.Remaining} left, until {ScenarioWriter.Time(held.ExpiresAt)}",
        Answer.Reserved reserved => $"not reserved: {Of(reserved.Decision)}",
        var other => other.GetType().Name,
    };

    public static string Of(Decision decision)
    {
        var words = new List<string> { $"{Word(decision.Kind)}: {Word(decision.Reason)}" };
        if (decision.Remaining is { } remaining) words.Add($"{remaining} remaining");
        if (decision.Limit is { } limit)
            words.Add(
                $"{(limit.Kind == limit.Id ? limit.Kind : $"{limit.Kind} {limit.Id}")} {Of(limit.Used, limit.Kind == "credits")} of {Of(limit.Limit, limit.Kind == "credits")} until {ScenarioWriter.Time(limit.ResetsAt)}");
        if (decision.Handoff?.To is { } to) words.Add($"to {to}");
        if (decision.Funding is { } funding)
            words.Add($"{Word(funding)} at {decision.UnitPrice?.ToString(2) ?? "no price"}");
        if (decision.Reason is > DecisionReason.CapReached and not DecisionReason.TenantClosed)
            words.Add(decision.RetryAt is { } retry ? $"again {ScenarioWriter.Time(retry)}" : "until it is funded");
        return string.Join(", ", words);
    }

    /// <summary>What a command changed beside its answer: outcomes, periods, reservations, states.</summary>
    public static IEnumerable<string> Of(IEnumerable<Entry> entries, GrantNames grants) =>
        entries.Select(entry => entry switch
    {
        Entry.OutcomeChanged { ContinuationOf: { } first } changed => $"{changed.OutcomeId} continues {first}",
        Entry.OutcomeChanged changed => $"{changed.OutcomeId} {Standing(changed.Status, changed.Reason)}"
            + (changed is { Status: OutcomeStatus.Pending, ClosesAt: { } closes }
                ? $", window closes {ScenarioWriter.Time(closes)}" : "")
            + (changed.Correction is { } correction ? $", correction {Of(correction, grants)}" : ""),
        Entry.OutcomeReported { ContinuationOf: { } first } reported => $"{reported.OutcomeId} continues {first}",
        Entry.ChangeScheduled scheduled =>
            $"scheduled {Of(new Scheduled(scheduled.Change, scheduled.EffectiveAt, scheduled.Setting))}"
            + (scheduled.Before is { } before ? $", instead of {Of(before)}" : ""),
        Entry.ChangeWithdrawn withdrawn => $"taken back: {Of(withdrawn.Before)}",
        Entry.PeriodStarted started => $"period {started.Period.Id:yyyy-MM-dd} started",
        Entry.PeriodClosed closed => $"period {closed.Period:yyyy-MM-dd} closed: {Of(closed.Lines)}",
        Entry.ReservationExpired expired => $"reservation {expired.Reservation} expired",
        Entry.ActivityReported { BeyondCap: true } => "beyond the cap",
        Entry.DisputeResolved dispute => $"dispute of {dispute.Before.OutcomeId} {Word(dispute.Status)}: {dispute.Note}"
            + (dispute.Credit is { } credit ? $", {credit.Amount.ToString(2)} on {credit.Period:yyyy-MM-dd}" : ""),
        Entry.DisputeOpened dispute => $"dispute of {dispute.OutcomeId} opened: {dispute.Reason}",
        Entry.StateChanged changed => $"signal {Word(changed.Action)} {Where(changed.Cap, changed.Scope)}",
        _ => Finance(entry, grants),
    }).OfType<string>();

    public static string Of(Scheduled change) => $"{Of(change.Setting)} at {ScenarioWriter.Time(change.EffectiveAt)}";

    private static string Of(Setting setting) => setting switch
    {
        Setting.Plan plan => $"plan version {plan.Ref.Version}",
        Setting.Zone zone => $"zone {zone.Id}",
        Setting.AnchorDay anchor => $"anchor {anchor.Day}",
        Setting.Capped { Cap: var cap } => $"cap {cap.Id} {Of(cap.Limit)}",
        var other => throw new InvalidOperationException($"{other}"),
    };

    public static string Of(OutcomeFigure figure)
    {
        var words = new List<string> { $"{figure.Id} {Standing(figure.Status, figure.Reason)}",
            $"period {figure.Period:yyyy-MM-dd}" };
        if (figure.Window == WindowStatus.Open)
            words.Add($"window closes {ScenarioWriter.Time(figure.ClosesAt!.Value)}");
        if (figure.Status is OutcomeStatus.Pending or OutcomeStatus.Billable)
            words.Add($"amount {figure.Amount.ToString(2)}");
        if (figure.Charges.Length > 1)
            words.Add(string.Join(" + ", figure.Charges.Select(Of)));
        else if (figure.Credits > Amount.Zero) words.Add($"{figure.Credits} credits");
        if (figure.Dispute is { } dispute) words.Add($"disputed ({Word(dispute.Status)})");
        if (figure.Credit is { } credit)
            words.Add($"taken back {credit.Amount.ToString(2)} ({Word(credit.Reason)}) on {credit.Period:yyyy-MM-dd}");
        if (figure.EndedAt is { } ended) words.Add($"window ended {ScenarioWriter.Time(ended)}");
        return string.Join(", ", words);
    }

    private static string Of(Charge charge) => $"{charge.Units} {Word(charge.Source)} at "
        + (charge.Source == Funding.Credits ? $"{charge.Credits} credits" : charge.UnitPrice.ToString(2));

    public static IEnumerable<string> Of(Usage? usage)
    {
        if (usage is null) return ["no such period"];
        var lines = new List<string> {
            $"period {usage.Period.Id:yyyy-MM-dd} {Word(usage.Status)}, spend {usage.Spend.ToString(2)}" };
        lines.AddRange(usage.OutcomeTypes.Where(type => type.Reported + type.Reserved > 0).Select(Of));
        lines.AddRange(usage.Included.Where(included => included.Units > 0)
            .Select(included => $"{included.OutcomeType} included {included.Used} of {included.Units}"));
        lines.AddRange(usage.Commitments.Select(Of));
        if (usage.Overage.Units > 0) lines.Add(Of(usage.Overage));
        lines.AddRange(usage.Activities.Where(activity => activity.Reported > 0)
            .Select(activity => $"{activity.Id} {activity.Reported}, amount {activity.Amount.ToString(2)}"));
        return lines;
    }

    private static string Of(TypeUsage type)
    {
        (string Name, long Units)[] parts = [("pending", type.Pending), ("settled", type.Settled),
            ("reserved", type.Reserved),
            ("credited", type.Credited)];
        var free = type.NonBillable.Where(reason => reason.Value > 0)
            .Select(reason => $"{reason.Value} {Word(reason.Key)}");
        return $"{type.Id} reported {type.Reported}: {string.Join(", ", parts.Where(part => part.Units > 0).Select(part => $"{part.Units} {part.Name}").Concat(free).Append($"amount {type.Amount.ToString(2)}"))}";
    }

    public static string Of(CapUsage cap) =>
        $"{cap.Cap.Id} {Of(cap.Exposure)} of {Of(cap.Cap.Limit)}, {Of(cap.Remaining)} remaining, {Word(cap.State)}, until {ScenarioWriter.Time(cap.ResetsAt)}";

    public static string Of(Signal signal) =>
        $"{ScenarioWriter.Time(signal.At)} {Word(signal.Action)} {OfKey(signal)}";

    /// <summary>A key's complete state (S6).</summary>
    public static string OfKey(Signal signal) =>
        $"{signal.Key}: {Word(signal.State)}{(signal.Handoff?.To is { } to ? $", to {to}" : "")}"
        + (signal.State < LimitState.Paused ? ""
            : $", {Word(signal.Reason)}, stops {string.Join("; ", signal.Refused.Select(Of))}");

    private static string Of(Stop stop)
    {
        var words = new List<string>
        {
            stop.OutcomeType ?? stop.Activity ?? (stop.On == StopOn.Any ? "all" : "outcomes"),
        };
        if (stop.Agent is { } agent) words.Add($"agent={agent}");
        if (stop.Channel is { } channel) words.Add($"channel={channel}");
        if (stop.Workflow is { } workflow) words.Add($"workflow={workflow}");
        if (!stop.WorkflowNot.IsEmpty) words.Add($"workflow not {string.Join(" or ", stop.WorkflowNot)}");
        return string.Join(' ', words);
    }

    public static string Of(RaisedAlert alert)
    {
        var of = alert.Of ?? $"{alert.Threshold!.Id}";
        var level = alert.Level is { } reached ? $" at {Of(reached)}" : "";
        return $"{alert.Number}. {ScenarioWriter.Time(alert.At)} {alert.Type} {of}{level}"
            + (alert.Limit is { } limit ? $" of {Of(limit)}" : "");
    }

    // A cap, the funding of an outcome type, or the tenant by hand.
    private static string Where(string? cap, Scope? scope) => cap ?? scope?.OutcomeType ?? "tenant";

    private static string Standing(OutcomeStatus status, Reason reason) =>
        reason == Reason.None ? Word(status) : $"{Word(status)} ({Word(reason)})";
}
