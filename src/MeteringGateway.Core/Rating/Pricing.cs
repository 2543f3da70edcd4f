namespace MeteringGateway.Core;

/// <summary>What terms say of prices and of overage (F2, F7).</summary>
public static class Pricing
{
    /// <summary>A type without a price class, or one whose classes do not match.</summary>
    public const int NoClass = -1;

    /// <summary>The first of the type's price classes that matches, or <see cref="NoClass"/> (F7).</summary>
    /// <param name="verification">Method of the verification.</param>
    public static int ClassOf(OutcomeType type, string? workflow, string? verification)
    {
        for (var i = 0; i < type.Prices.Length; i++)
        {
            var when = type.Prices[i];
            if ((when.Workflow is null || when.Workflow == workflow)
                && (when.Verification is null || when.Verification == verification)) return i;
        }
        return NoClass;
    }

    /// <summary>The type's own price for a unit, and for how many units from there on it holds.</summary>
    /// <param name="before">Rated units of the type in the period before it.</param>
    public static (Amount Price, long Units) OwnPrice(OutcomeType type, int priceClass, long before)
    {
        foreach (var tier in type.Tiers)
        {
            if (tier.UpTo is not { } last) return (tier.Price, long.MaxValue);
            if (before < last) return (tier.Price, last - before);
        }
        if (!type.Tiers.IsEmpty) return (type.Tiers[^1].Price, long.MaxValue);
        return (priceClass == NoClass ? type.Price ?? Amount.Zero : type.Prices[priceClass].Price, long.MaxValue);
    }

    /// <summary>The highest price that a unit can have (N1).</summary>
    /// <param name="atStart">The terms at the period's start: commitments are theirs.</param>
    public static Amount MostOf(OutcomeType type, Terms terms, Terms atStart)
    {
        var most = type.Price ?? Amount.Zero;
        foreach (var tier in type.Tiers) if (tier.Price > most) most = tier.Price;
        foreach (var one in type.Prices) if (one.Price > most) most = one.Price;
        if (RuleOf(type, terms).Price is { } overage && overage > most) most = overage;
        foreach (var commitment in atStart.Commitments)
            if (commitment.Price > most && Covers(commitment, type.Id)) most = commitment.Price.Value;
        return most;
    }

    public static bool HasPrice(OutcomeType type) =>
        type.Price is not null || !type.Tiers.IsEmpty || !type.Prices.IsEmpty;

    /// <summary>Units of it can be prepaid, so that a rule governs what goes on demand (F2).</summary>
    /// <param name="atStart">The terms at the period's start: included units and commitments are theirs.</param>
    public static bool IsGoverned(OutcomeType type, Terms atStart)
    {
        if (type.Credits is not null || atStart.Type(type.Id) is { IncludedUnits: > 0 }) return true;
        foreach (var commitment in atStart.Commitments) if (Covers(commitment, type.Id)) return true;
        return false;
    }

    public static bool Covers(Commitment commitment, string type) =>
        commitment.OutcomeType is null || commitment.OutcomeType == type;

    public static OverageRule RuleOf(OutcomeType type, Terms terms) =>
        type.Overage ?? terms.Overage ?? OverageRule.Default;

    /// <summary>Nothing of the type goes on demand under the rule: it says so, or the type has no price.</summary>
    public static bool Blocks(OverageRule rule, OutcomeType type) => !(rule.Bills ?? HasPrice(type));

    /// <summary>The rule can refuse units of the type.</summary>
    public static bool Restricts(OverageRule rule, OutcomeType type) =>
        Blocks(rule, type) || rule.RequiresAuthorization || rule.Limit is not null;
}
