namespace MeteringGateway.Core;

/// <summary>What would fund further units of a type, and how many (A2, F1, F3).</summary>
/// <param name="Runs">In order; the last has no end.</param>
/// <param name="Fundable">Units that are funded; <see cref="long.MaxValue"/> without end.</param>
/// <param name="Reason">Why no more than these, if so.</param>
/// <param name="Binds">The limit on what goes on demand that decides, with what stands against it; null where none
/// does.</param>
internal sealed record Outlook(Run[] Runs, long Fundable, DecisionReason Reason, (Limit Limit, Limit Used)? Binds)
{
    /// <summary>Looks ahead from where the counters stand, which are left as they are.</summary>
    public static Outlook From(Tally tally, TypeRates rates, int priceClass, Instant time, GrantRoom[] grants,
        Overage overage)
    {
        var ahead = tally.Copy();
        var runs = new List<Run>();
        var fundable = 0L;
        var (reason, binds) = (DecisionReason.Ok, ((Limit, Limit)?)null);
        var cost = Int128.Zero;
        while (true)
        {
            var run = Rater.Next(ahead, rates, priceClass, time, grants);
            cost += (Int128)run.Units * Math.Max(run.Price.Micros, run.Credits.Micros);
            // What costs more than a period may come to has, for all that anyone can do with it, no end.
            if (cost >= TenantState.Most) run = run with { Units = long.MaxValue };
            runs.Add(run);
            if (reason == DecisionReason.Ok)
            {
                (var funded, reason, binds) = overage.Allows(rates, ahead, run);
                fundable = funded > long.MaxValue - fundable ? long.MaxValue : fundable + funded;
            }
            if (run.Units == long.MaxValue) break;
            Rater.Consume(ahead, rates, run, run.Units, time, grants);
        }
        return new Outlook([.. runs], fundable, reason, binds);
    }

    /// <summary>
    /// Whole units that fit into an amount, one after the other; <see cref="long.MaxValue"/> without end.
    /// </summary>
    public static long UnitsFor(ReadOnlySpan<Run> runs, long left)
    {
        var units = 0L;
        foreach (var run in runs)
        {
            var price = run.Price.Micros;
            var fit = price == 0 ? run.Units : Math.Min(run.Units, Math.Max(0, left) / price);
            units = fit > long.MaxValue - units ? long.MaxValue : units + fit;
            if (fit < run.Units) break;
            if (price > 0) left -= price * fit;
        }
        return units;
    }
}

/// <summary>
/// What the rules of overage let go on demand (F2): those of the terms in force, with the tenant's authorisation.
/// </summary>
/// <param name="Authorized">Counters of each rule that waits for an authorisation: units and amount.</param>
internal sealed record Overage(Authorization? Authorization, (int Units, int Amount)[] Authorized)
{
    /// <param name="terms">Index of the terms in force.</param>
    public static Overage Of(Rater rater, int terms, Authorization? authorization) => new(authorization,
        authorization?.Limit is null ? [] :
        [.. rater.Rates.Where(rates => rates.Terms == terms && rates.Rule?.RequiresAuthorization == true)
            .Select(rates => (rates.RuleUnits, rates.RuleAmount)).Distinct()]);

    /// <summary>How many units of a run the type's rule lets through, and why no more.</summary>
    public (long Units, DecisionReason Reason, (Limit, Limit)? Binds) Allows(TypeRates rates, Tally tally, in Run run)
    {
        if (run.Source != Funding.OnDemand || rates.Rule is null) return (run.Units, DecisionReason.Ok, null);
        if (Forbids(rates) is var forbidden and not DecisionReason.Ok) return (0, forbidden, null);
        var (units, binds) = (run.Units, ((Limit, Limit)?)null);
        foreach (var (limit, used) in Limits(rates, tally))
        {
            var left = Math.Max(0, limit.Value - used);
            var fit = !limit.IsMoney ? left : run.Price.Micros == 0 ? long.MaxValue : left / run.Price.Micros;
            if (fit < units) (units, binds) = (fit, (limit, limit.With(used)));
        }
        return (units, binds is null ? DecisionReason.Ok : DecisionReason.OverageLimitReached, binds);
    }

    /// <summary>Why more units of a type must not have gone on demand between two counters (F3).</summary>
    public DecisionReason Forbids(TypeRates rates, Tally before, Tally after) =>
        rates.Rule is not null && after[rates.RuleUnits] > before[rates.RuleUnits]
            && after[rates.Overage] > before[rates.Overage] ? Forbids(rates) : DecisionReason.Ok;

    /// <summary>
    /// The limit to above which what went on demand under the type's rule grew between two counters, with what stood
    /// against it; null: there is none.
    /// </summary>
    public (Limit Limit, Limit Used)? Exceeded(TypeRates rates, Tally before, Tally after)
    {
        if (rates.Rule is null) return null;
        foreach (var ((limit, used), (_, had)) in Limits(rates, after).Zip(Limits(rates, before)))
            if (used > had && used > limit.Value) return (limit, limit.With(had));
        return null;
    }

    private DecisionReason Forbids(TypeRates rates) =>
        rates.Blocked ? rates.Type.Credits is not null && !Pricing.HasPrice(rates.Type)
            ? DecisionReason.CreditsExhausted : DecisionReason.OverageBlocked
        : rates.Rule!.RequiresAuthorization && Authorization is null ? DecisionReason.OverageNotAuthorized
        : DecisionReason.Ok;

    private IEnumerable<(Limit Limit, long Used)> Limits(TypeRates rates, Tally tally)
    {
        if (rates.Rule!.Limit is { } own) yield return (own, tally[own.IsMoney ? rates.RuleAmount : rates.RuleUnits]);
        if (!rates.Rule.RequiresAuthorization || Authorization?.Limit is not { } authorized) yield break;
        var used = 0L;
        foreach (var (units, amount) in Authorized) used += tally[authorized.IsMoney ? amount : units];
        yield return (authorized, used);
    }
}
