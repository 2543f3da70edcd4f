namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>Statements, credits, limits and alerts.</summary>
internal static partial class ScenarioText
{
    public static string Of(Limit limit, bool credits = false) =>
        !limit.IsMoney ? $"{limit.Value}" : credits ? $"{limit.Amount}cr"
        : (limit.Value < 0 ? "-$" : "$") + new Amount(Math.Abs(limit.Value)).ToString(2);

    /// <summary>The statement as it is printed: its lines, rounded, and their total (N3).</summary>
    public static IEnumerable<string> Of(Statement? statement)
    {
        if (statement is null) return ["no such period"];
        var total = $"total {statement.Total.ToString(2)} {statement.Currency}";
        if (statement.UnroundedTotal != statement.Total) total += $", unrounded {statement.UnroundedTotal.ToString(2)}";
        if (statement.CreditsUsed > Amount.Zero)
            total += $", credits used {statement.CreditsUsed}"
                + (statement.CreditsValue is { } worth ? $" worth {worth.ToString(2)}" : "");
        return
        [
            $"statement {statement.Period.Id:yyyy-MM-dd}, {(statement.Status == PeriodStatus.Closed ? "final" : Word(statement.Status))}",
            .. statement.Lines.Select(line => Of(line.Line)
                + (line.Description.Contains("(dispute", StringComparison.Ordinal) ? $" \"{line.Description}\"" : "")
                + (line.Amount == line.Line.Amount ? "" : $", rounded {line.Amount.ToString(2)}")),
            total,
        ];
    }

    private static string Of(IEnumerable<Line> lines) => string.Join("; ", lines.Select(Of).DefaultIfEmpty("nothing"));

    private static string Of(Line line)
    {
        var what = string.Join(' ', new[]
        {
            Word(line.Kind), line.What, line.Of is { } period ? $"{period:yyyy-MM-dd}" : null,
            line.Source is { } source ? Word(source) : null,
        }.OfType<string>());
        var sum = line.UnitPrice is { } price ? $"{line.Quantity} x {price.ToString(2)} = " : line.Quantity > 1
            ? $"{line.Quantity}, " : "";
        var credits = line.Credits > Amount.Zero ? $" ({line.Credits} credits)" : "";
        return $"{what}: {sum}{line.Amount.ToString(2)}{credits}";
    }

    private static string Of(CommitmentUsage usage) =>
        $"{usage.Commitment.OutcomeType ?? "all types"} committed {Of(usage.Used)} of "
        + Of(usage.Commitment.Units is { } units ? units : Limit.Of(usage.Commitment.Amount!.Value))
        + (usage.Commitment.PerYear ? " a year" : "");

    private static string Of(OverageUsage usage) =>
        $"overage {usage.Units}, amount {usage.Amount.ToString(2)}{(usage.Authorized ? "" : ", not authorised")}";

    private static string Of(Correction correction, GrantNames grants) => string.Join(", ",
        correction.Returned.Select(draw => $"{draw.Credits} credits to {grants.Of(draw.Grant)}")
            .Prepend(correction.Amount.ToString(2)));

    public static IEnumerable<string> Of(CreditsUsage credits, GrantNames grants) =>
    [
        $"balance {credits.Balance} credits{(credits.Value is { } worth ? $" worth {worth.ToString(2)}" : "")}",
        .. credits.Grants.Select(grant => Of(grant, grants)),
    ];

    private static string Of(GrantFigure grant, GrantNames grants) =>
        $"{grants.Of(grant.Id)}: {Word(grant.Kind)}, {grant.Remaining} of {grant.Amount} left, priority {grant.Priority}, "
        + (grant.ExpiresAt is { } expires ? $"until {ScenarioWriter.Time(expires)}" : "no end")
        + (grant.From is { } from ? $", from {grants.Of(from)}" : "")
        + (grant.Pack is { } pack ? $", {grant.Quantity} x {pack}" : "")
        + (grant.Price is { } price ? $", bought for {price.ToString(2)}" : "")
        + (grant.VoidedAt is null ? "" : ", voided");

    public static IEnumerable<string> Of(Forecast? forecast) => forecast is null ? ["none"] :
    [
        $"{forecast.Units} units, {forecast.Amount.ToString(2)} at the period's end",
        $"{forecast.Uncapped.Units} units, {forecast.Uncapped.Amount.ToString(2)} without caps",
        .. forecast.Caps.Select(cap =>
            $"cap {cap.Cap} {(cap.ReachedAt is { } reached ? $"reached {ScenarioWriter.Time(reached)}" : "not reached")}"),
    ];

    // What is told, and what happens to credits.
    private static string? Finance(Entry entry, GrantNames grants) => entry switch
    {
        Entry.GrantIssued { Kind: GrantKind.TopUp or GrantKind.Promotional } => null, // it is in the answer
        Entry.GrantIssued issued => $"{grants.Of(issued.Grant)} issued: {issued.Amount} credits, "
            + (issued.ExpiresAt is { } expires ? $"until {ScenarioWriter.Time(expires)}" : "no end")
            + (issued.From is { } from ? $", from {grants.Of(from)}" : ""),
        Entry.GrantEnded ended =>
            $"{grants.Of(ended.Grant)} {(ended.Voided ? "voided" : "ended")}: {ended.Taken} credits taken",
        Entry.GrantExpiring expiring =>
            $"alert grant.expiring {grants.Of(expiring.Grant)}: {expiring.Left} credits left until {ScenarioWriter.Time(expiring.ExpiresAt)}",
        Entry.CreditsExhausted => "alert credits.exhausted",
        Entry.OverageStarted started => $"alert overage.started {started.OutcomeType ?? "plan"}",
        Entry.ThresholdCrossed { Threshold: var threshold } crossed =>
            $"alert threshold.crossed {threshold.Id}: {Of(crossed.Level, threshold.Of == Measure.Credits)}"
            + (crossed.InForce is { } limit ? $" of {Of(limit, threshold.Of == Measure.Credits)}" : ""),
        Entry.ThresholdRearmed armed => $"threshold {armed.Threshold} armed again",
        _ => null,
    };

    /// <summary>The thirteen things that the report of every system lists for an outcome (D1).</summary>
    public static IEnumerable<string> Inspected(OutcomeFigure? outcome, string account) =>
        outcome is null ? ["unknown"] :
    [
        $"outcome {outcome.Id}, account {account}, {ScenarioWriter.Time(outcome.Time)}",
        $"channel {outcome.Dimensions.Channel ?? "none"}, workflow {outcome.Dimensions.Workflow ?? "none"}",
        $"criteria met {(outcome.CriteriaMet.IsEmpty ? "none" : string.Join('+', outcome.CriteriaMet))}, handed off {(outcome.HandedOff ? "yes" : "no")}",
        $"window {Word(outcome.Window)}, verification {outcome.Verification?.Method ?? "none"}",
        $"{Standing(outcome.Status, outcome.Reason)}, charged {outcome.Amount.ToString(2)}"
            + (outcome.Credits > Amount.Zero ? $" and {outcome.Credits} credits" : ""),
        $"link to the source {(outcome.HasDetail ? "kept apart" : "none")}",
    ];
}
