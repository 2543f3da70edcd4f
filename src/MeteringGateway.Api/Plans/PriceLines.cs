namespace MeteringGateway.Api.Plans;

/// <summary>
/// What a unit of a type costs, in the order in which sources fund it (F1): what can be charged, and nothing that never
/// is. A type's own price is not, where a rule of overage has another for all that goes on demand (F2, F7).
/// </summary>
internal static class PriceLines
{
    public static IEnumerable<string> Of(OutcomeType type, Terms terms)
    {
        if (type.IncludedUnits > 0)
            yield return $"{PricePage.Count(type.IncludedUnits)} included in each billing period";
        var (before, prepaid) = (type.IncludedUnits, type.IncludedUnits > 0);
        var amounts = false;
        foreach (var commitment in terms.Commitments)
        {
            if (!Pricing.Covers(commitment, type.Id)) continue;
            amounts |= commitment.Units is null && type.Credits is null;
            if (commitment.Units is not { } units) continue;
            prepaid = true;
            if (!commitment.PerYear) before += units;
            yield return $"{PricePage.Count(units)} committed for each "
                + $"{(commitment.PerYear ? "year" : "billing period")}"
                + $" at {PricePage.Money(commitment.Price ?? Amount.Zero, terms)} each";
        }
        if (type.Credits is { } credits)
        {
            prepaid = true;
            var worth = terms.Worth(credits) is { } value ? $" (worth {PricePage.Money(value, terms)})" : ""; // N2
            yield return $"{credits} credits each{worth}, while there are credits";
        }
        foreach (var line in OnDemand(type, terms, before, prepaid ? " beyond that" : "", amounts)) yield return line;
    }

    private static IEnumerable<string> OnDemand(OutcomeType type, Terms terms, long before, string beyond, bool amounts)
    {
        var rule = Pricing.IsGoverned(type, terms) ? Pricing.RuleOf(type, terms) : null;
        var others = rule is not null && (Pricing.Blocks(rule, type) || rule.Price is not null);
        if (others && amounts)
            foreach (var line in Own(type, terms, before))
                yield return $"{line}{beyond}, as long as an amount that is committed lasts";
        var authorised = rule?.RequiresAuthorization == true ? ", once you have authorised it" : "";
        if (rule is not null && Pricing.Blocks(rule, type)) yield return $"nothing{beyond}: no more is done";
        else if (rule?.Price is { } price)
            yield return $"{PricePage.Money(price, terms)} "
                + $"each{(beyond.Length > 0 || !amounts ? beyond : " beyond that")}"
                + authorised;
        else foreach (var line in Own(type, terms, before)) yield return line + beyond + authorised;
    }

    /// <param name="before">Units of a period that are funded before any goes on demand: tiers count them too.</param>
    private static IEnumerable<string> Own(OutcomeType type, Terms terms, long before)
    {
        var from = 1L;
        foreach (var tier in type.Tiers)
        {
            var first = Math.Max(from, before + 1);
            from = (tier.UpTo ?? 0) + 1;
            if (tier.UpTo < first) continue;
            yield return $"{PricePage.Money(tier.Price, terms)} each " + (tier.UpTo is { } last
                ? $"for {PricePage.Count(first)} to {PricePage.Count(last)} in a billing period"
                : $"from {PricePage.Count(first)} on");
        }
        foreach (var one in type.Prices)
            yield return $"{PricePage.Money(one.Price, terms)} each {string.Join(" and ", When(one))}";
        if (type.Price is { } price)
            yield return $"{PricePage.Money(price, terms)} each{(type.Prices.IsEmpty ? "" : " otherwise")}";
        else if (!type.Prices.IsEmpty) yield return "free otherwise";
        else if (!Pricing.HasPrice(type)) yield return "free";
    }

    private static IEnumerable<string> When(PriceClass one)
    {
        if (one.Workflow is { } workflow) yield return $"in the workflow {workflow}";
        if (one.Verification is { } method) yield return $"verified by {method}";
    }
}
