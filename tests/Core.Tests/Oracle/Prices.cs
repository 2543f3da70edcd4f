namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>What a unit on demand costs, and which rule it is under (F2, F7; 0004, 4 to 8).</summary>
internal static class Prices
{
    /// <summary>
    /// The type's own: the tier of its position, else the first class that matches, else the price, else 0.
    /// </summary>
    public static Amount Own(Item item, long position)
    {
        foreach (var tier in item.Type.Tiers)
            if (tier.UpTo is null || position <= tier.UpTo) return tier.Price;
        foreach (var one in item.Type.Prices)
            if ((one.Workflow is null || one.Workflow == item.Dimensions.Workflow)
                && (one.Verification is null || one.Verification == item.Method)) return one.Price;
        return item.Type.Price ?? Amount.Zero;
    }

    /// <param name="rule">Null: not governed.</param>
    public static Amount OnDemand(Item item, Amount own, OverageRule? rule) =>
        rule is null ? own : Bills(rule, item.Type) ? rule.Price ?? own : Amount.Zero;

    public static bool Covers(Commitment commitment, OutcomeType type) => commitment.Units is not null
        ? commitment.OutcomeType == type.Id
        : type.Credits is null && (commitment.OutcomeType is null || commitment.OutcomeType == type.Id);

    /// <summary>Null: not governed, its units cannot be prepaid in the period.</summary>
    /// <param name="period">The terms at the period's first instant: of included units and commitments.</param>
    public static OverageRule? RuleOf(Terms period, Terms terms, OutcomeType type)
    {
        var prepaid = period.Type(type.Id)?.IncludedUnits > 0 || type.Credits is not null
            || period.Commitments.Any(one => Covers(one, type));
        return prepaid ? type.Overage ?? terms.Overage ?? OverageRule.Default : null;
    }

    /// <summary>Whose overage counts together: the type's own rule for itself, the plan's or else the default one, as
    /// "", for all of
    /// the others.</summary>
    public static string OwnerOf(OutcomeType type) => type.Overage is null ? "" : type.Id;

    public static bool Bills(OverageRule rule, OutcomeType type) => rule.Bills ?? HasPrice(type);

    public static bool HasPrice(OutcomeType type) =>
        type.Price is not null || type.Tiers.Length > 0 || type.Prices.Length > 0;
}
