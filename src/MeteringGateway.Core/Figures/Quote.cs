using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>So many units of a type, as a period that began with nothing would charge them (F1, F7).</summary>
/// <param name="Charges">In the order in which sources fund them.</param>
/// <param name="Refused">Units that the plan's rule of overage has no room for (F2).</param>
public sealed record QuotedType(string Id, long Units, ImmutableArray<Charge> Charges, Amount Amount, Amount Credits,
    long Refused);

/// <summary>
/// What a period under a plan would come to, by the rating that periods have; whatever needs an authorisation is taken
/// for authorised, caps are not looked at, and of commitments for a year nothing is due.
/// </summary>
/// <param name="Shortfall">What is committed for the period, and would not be used (F8).</param>
/// <param name="Total">With the platform's fee, unrounded.</param>
public sealed record Quote(ImmutableArray<QuotedType> Types, Amount PlatformFee, Amount Shortfall, Amount Total)
{
    /// <summary>Units of a type that may be asked for.</summary>
    public const long MostUnits = 1_000_000_000;

    /// <param name="units">0 to <see cref="MostUnits"/> of each type that the terms have. They are rated in the order
    /// of the plan's types.</param>
    /// <exception cref="OverflowException">It comes to more than an amount can be (N1).</exception>
    public static Quote Of(Terms terms, IReadOnlyDictionary<string, long> units)
    {
        var at = default(Instant);
        var rater = new Rater(terms, _ => terms, [.. terms.Commitments.Select(_ => 0L)]);
        rater.Grants = [new GrantRoom("plan", rater.Slot(new Counter(Counts.Grant, "plan")), terms.PeriodGrant.Micros,
            0, at, Instant.Parse("9999-12-31T00:00:00Z"))];
        var (tally, types) = (new Tally(), ImmutableArray.CreateBuilder<QuotedType>());
        foreach (var type in terms.OutcomeTypes)
            types.Add(Of(rater, tally, type, units.GetValueOrDefault(type.Id), at));
        var shortfall = Amount.Zero;
        for (var i = 0; i < terms.Commitments.Length; i++)
            if (!terms.Commitments[i].PerYear)
                shortfall += Shortfalls.Of(terms.Commitments[i], i, rater, tally, before: 0).Amount;
        var fee = terms.PlatformFee ?? Amount.Zero;
        return new Quote(types.ToImmutable(), fee, shortfall,
            types.Aggregate(fee + shortfall, (sum, type) => sum + type.Amount));
    }

    private static QuotedType Of(Rater rater, Tally tally, OutcomeType type, long units, Instant at)
    {
        var charges = ImmutableArray.CreateBuilder<Charge>();
        var rate = rater.RatesOf(0, type.Id);
        var left = units;
        while (left > 0)
        {
            var run = Rater.Next(tally, rate, Pricing.NoClass, at, rater.Grants);
            var count = Math.Min(Math.Min(left, run.Units), Room(tally, rate, run));
            if (count == 0) break;
            rater.Step(tally, new Units(0, type.Id, Pricing.NoClass, count, at), charges);
            left -= count;
        }
        return new QuotedType(type.Id, units, charges.ToImmutable(),
            charges.Aggregate(Amount.Zero, (sum, charge) => sum + charge.Amount),
            charges.Aggregate(Amount.Zero, (sum, charge) => sum + charge.Credits), left);
    }

    /// <summary>How many of these the rule of overage lets through.</summary>
    private static long Room(Tally tally, TypeRates rate, in Run run)
    {
        if (run.Source != Funding.OnDemand || rate.Rule is not { } rule) return long.MaxValue;
        if (rate.Blocked) return 0;
        if (rule.Limit is not { } limit) return long.MaxValue;
        if (limit.Amount is not { } amount) return Math.Max(0, limit.Value - tally[rate.RuleUnits]);
        return run.Price.Micros == 0 ? long.MaxValue
            : Math.Max(0, amount.Micros - tally[rate.RuleAmount]) / run.Price.Micros;
    }
}
