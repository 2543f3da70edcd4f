using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Plans;

/// <summary>Reads what pays for units, and what is owed beside them (section F).</summary>
internal static class FundingReader
{
    private static readonly TimeSpan LongestPack = TimeSpan.FromDays(3650);

    public static Commitment Commitment(string at, CommitmentWire commitment, Findings findings)
    {
        var units = findings.Whole($"{at}/units", commitment.Units, 1, Limits.MostUnits);
        var price = findings.Amount($"{at}/price", commitment.Price);
        if (commitment.Units is null == commitment.Amount is null)
            findings.Add(at, "must have exactly one of units and amount");
        else if (commitment.Units is not null)
        {
            if (commitment.Price is null) findings.Add($"{at}/price", "is required with units");
            if (commitment.OutcomeType is null) findings.Add($"{at}/outcome_type", "is required with units");
        }
        else if (commitment.Price is not null)
            findings.Add($"{at}/price", "goes with units; an amount is used up at the types' own prices");
        if (commitment.Per is not (null or "period" or "year")) findings.Add($"{at}/per", "must be period or year");
        return new Commitment(
            findings.OptionalName($"{at}/outcome_type", commitment.OutcomeType), units, price,
            findings.Positive($"{at}/amount", commitment.Amount), commitment.Per == "year");
    }

    public static Rollover? Rollover(PlanCreditsWire? credits, Findings findings)
    {
        if (credits?.Rollover is not { } rollover) return null;
        if (credits.PeriodGrant is null)
            findings.Add("/credits/rollover", "needs a period_grant, which is what rolls over");
        if (rollover.Max is null) findings.Add("/credits/rollover/max", "is required");
        return new Rollover(
            findings.Amount("/credits/rollover/max", rollover.Max) ?? Amount.Zero,
            (int?)findings.Whole("/credits/rollover/periods", rollover.Periods, 1, 36));
    }

    public static Pack Pack(string at, PackWire pack, Findings findings)
    {
        if (pack.Credits is null) findings.Add($"{at}/credits", "is required");
        if (pack.Price is null) findings.Add($"{at}/price", "is required");
        return new Pack(
            findings.Id($"{at}/id", pack.Id), findings.Positive($"{at}/credits", pack.Credits) ?? Amount.Zero,
            findings.Positive($"{at}/price", pack.Price) ?? Amount.Zero,
            findings.Duration($"{at}/expires_after", pack.ExpiresAfter, TimeSpan.FromSeconds(1), LongestPack));
    }

    public static OverageRule Overage(string at, OverageRuleWire rule, Findings findings)
    {
        if (rule.Mode is not (null or "bill" or "block")) findings.Add($"{at}/mode", "must be bill or block");
        if (rule.Mode == "block" && rule.Price is not null)
            findings.Add($"{at}/price", "does not go with the mode block, under which nothing is charged");
        if (rule.Mode == "block" && rule.Limit is not null)
            findings.Add($"{at}/limit", "does not go with the mode block, under which nothing goes on demand");
        return new OverageRule(
            rule.Mode is null ? null : rule.Mode == "bill",
            findings.Amount($"{at}/price", rule.Price),
            rule.Limit is { } limit ? Limits.Read($"{at}/limit", limit, findings) : null,
            rule.RequiresAuthorization ?? false,
            // Nothing but a stop can follow when nothing pays: notify would say that the agent goes on.
            rule.AtLimit is { } then ? CapReader.AtLimit($"{at}/at_limit", then, findings, LimitAction.Notify)
                : AtLimit.Pause);
    }

    public static OverageRuleWire Write(OverageRule rule, string currency) => new()
    {
        Mode = rule.Bills switch { true => "bill", false => "block", null => null },
        Price = Text.Money(rule.Price, currency),
        Limit = rule.Limit?.Wire(currency),
        RequiresAuthorization = rule.RequiresAuthorization,
        AtLimit = CapReader.Write(rule.AtLimit),
    };
}
