namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>Plans, limits and credits, as <see cref="PlanLines"/> reads them.</summary>
internal static partial class ScenarioWriter
{
    public static IEnumerable<string> Plan(Terms terms)
    {
        if (terms.Currency != "USD") yield return $"  currency {terms.Currency}";
        yield return $"  lateness {Span(terms.MaxLateness)}";
        foreach (var type in terms.OutcomeTypes)
        {
            yield return "  type " + Words(Type(type));
            foreach (var tier in type.Tiers)
                yield return "  tier " + Words([type.Id, $"{tier.Price}", tier.UpTo is { } to ? $"to={to}" : null]);
            foreach (var price in type.Prices)
                yield return "  class " + Words([type.Id, $"{price.Price}", Maybe("workflow", price.Workflow),
                    Maybe("verification", price.Verification)]);
            if (type.Overage is { } own) yield return "  overage " + Words([.. Rule(own), $"type={type.Id}"]);
        }
        foreach (var activity in terms.Activities)
            yield return "  activity " + Words([activity.Id, Maybe("price", activity.Price)]);
        if (terms.PlatformFee is { } platform) yield return $"  fee platform {platform}";
        if (terms.ImplementationFee is { } once) yield return $"  fee implementation {once}";
        foreach (var commitment in terms.Commitments) yield return "  commitment " + Words(Committed(commitment));
        if (terms.CreditValue is not null || terms.PeriodGrant > Amount.Zero || terms.Rollover is not null)
            yield return "  credits " + Words([Maybe("worth", terms.CreditValue), $"grant={terms.PeriodGrant}",
                Maybe("rollover", terms.Rollover?.Max), Maybe("periods", terms.Rollover?.Periods)]);
        if (terms.Overage is { } rule) yield return "  overage " + Words(Rule(rule));
        foreach (var pack in terms.TopUps)
            yield return "  pack " + Words([pack.Id, $"{pack.Credits}", $"price={pack.Price}",
                pack.ExpiresAfter is { } lasts ? $"lasts={Span(lasts)}" : null]);
        if (terms.TopUpLimit is { } most) yield return $"  packs most={most}";
        foreach (var cap in terms.Caps) yield return "  cap " + Words(Cap(cap));
        foreach (var threshold in terms.Thresholds) yield return "  threshold " + Of(threshold);
        if (terms.Training is { } training)
            yield return "  training " + Words([Maybe("days", training.Days),
                training.Until is { } until ? $"until={Time(until)}" : null, Maybe("max", training.MaxOutcomes)]);
    }

    private static IEnumerable<string?> Type(OutcomeType type) =>
    [
        type.Id, Maybe("price", type.Price), Maybe("credits", type.Credits), $"window={Span(type.MeasurementWindow)}",
        type.IncludedUnits > 0 ? $"included={type.IncludedUnits}" : null,
        type.WindowRestartsOnActivity ? "restarts" : null, type.OncePerSession ? null
            : "every", Maybe("group", type.ExclusiveGroup),
        type.Continuation ? null : "reopen=new", type.SettlesOnConfirmation ? "settles=confirmation" : null,
        type.VerificationRequired ? "verified" : null,
        type.MinConfidence is { } least ? $"confidence={new Amount(least)}" : null, type.RequiredCriteria.Length > 0
            ? $"criteria={string.Join('+', type.RequiredCriteria)}" : null,
        type.HandoffBillable ? "handoff_billable" : null, type.CreditAfterWindow ? "after=credit"
            : null, type.PendingCounts
            ? null : "pending=none",
    ];

    private static IEnumerable<string?> Rule(OverageRule rule) =>
    [
        rule.Bills switch { null => null, true => "bill", false => "block" }, Maybe("price", rule.Price),
        Maybe("limit", rule.Limit),
        rule.RequiresAuthorization ? "authorised" : null, rule.AtLimit.Action == LimitAction.Pause ? null
            : $"at={rule.AtLimit.Action.ToString().ToLowerInvariant()}", Maybe("to", rule.AtLimit.To),
    ];

    private static IEnumerable<string?> Committed(Commitment commitment) =>
    [
        commitment.OutcomeType, Maybe("units", commitment.Units), Maybe("price", commitment.Price),
        Maybe("amount", commitment.Amount),
        commitment.PerYear ? "per=year" : null,
    ];

    private static string Of(Threshold threshold) =>
        $"{threshold.Id} {threshold.Of.ToString().ToLowerInvariant()}{(threshold.Target is { } target ? $":{target}" : "")} "
        + (threshold.Percent is { } percent ? $"{percent}%" : Level(threshold.At!.Value));

    private static string Issue(Command.IssueGrant grant, string? label) =>
        (grant.Kind == GrantKind.TopUp ? "topup " : "promotion ")
        + Words([label ?? "grant", $"{grant.Amount}",
            grant.ExpiresAt is { } expires ? $"expires={Time(expires)}" : null,
            Maybe("priority", grant.Priority), Maybe("price", grant.Price), Maybe("note", grant.Note),
            Maybe("key", grant.Key)]);

    private static string Buy(Command.BuyPack buy, string? label) => "buy " + Words([label ?? "grant", buy.Pack,
        Quantity(buy.Quantity), Maybe("note", buy.Note), Maybe("key", buy.Key)]);

    private static string Level(Limit limit) => limit.IsMoney ? $"${limit.Amount}" : $"{limit.Value}";

    private static string? Maybe(string name, Limit? limit) => limit is { } some ? $"{name}={Level(some)}" : null;
    private static string? Maybe<T>(string name, T? value) where T : struct =>
        value is { } some ? $"{name}={some}" : null;
    private static string? Maybe(string name, string? value) => value is null ? null : $"{name}={value}";
}
