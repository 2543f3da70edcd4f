namespace MeteringGateway.Core;

/// <summary>Where counters may have stood for units to have come from the same source at the same price.</summary>
internal sealed partial class Rater
{
    /// <summary>
    /// Goes the way of <see cref="Next"/>, and of what <see cref="Consume"/> draws: of each counter that was asked
    /// there, how far it could be elsewhere with the same answer for all units of the run that are taken.
    /// </summary>
    private void Narrow(Bounds bounds, Tally tally, TypeRates rate, in Run run, long count, in Units units)
    {
        if (rate.Included > 0)
        {
            var included = rate.Included - tally[rate.IncludedLine];
            if (run.Source == Funding.Included)
            {
                bounds.AtMost(rate.IncludedLine, included - count);
                return;
            }
            bounds.AtLeast(rate.IncludedLine, included);
        }
        var own = Pricing.OwnPrice(rate.Type, units.Class, tally[rate.Units]).Price.Micros;
        foreach (var commitment in rate.Commitments)
        {
            var room = commitment.Left - tally[commitment.Slot];
            var funds = run.Source == Funding.Committed && run.Commitment == commitment.Index;
            if (commitment.Price is null) InTier(bounds, tally, rate, count);
            if (funds) bounds.AtMost(commitment.Slot, room - (commitment.Price is null ? own * count : count));
            else bounds.AtLeast(commitment.Slot, commitment.Price is null ? room - own + 1 : room);
            if (funds) return;
        }
        if (rate.Type.Credits is { Micros: > 0 } credits)
        {
            if (run.Source == Funding.Credits)
            {
                Drawn(bounds, tally, credits.Micros * count, units.Time);
                return;
            }
            foreach (var grant in Grants)
                if (grant.From <= units.Time && units.Time < grant.Until)
                    bounds.AtLeast(grant.Slot, Math.Min(0, grant.Available - tally[grant.Slot]));
        }
        if (!rate.Blocked && rate.Rule?.Price is null) InTier(bounds, tally, rate, count);
    }

    private static void InTier(Bounds bounds, Tally tally, TypeRates rate, long count)
    {
        if (rate.Type.Tiers.IsEmpty) return;
        var (before, first) = (tally[rate.Units], 0L);
        foreach (var tier in rate.Type.Tiers)
        {
            if (tier.UpTo is not { } last) break;
            if (before < last)
            {
                bounds.AtMost(rate.Units, last - before - count);
                break;
            }
            first = last;
        }
        bounds.AtLeast(rate.Units, first - before);
    }

    /// <summary>Credits from the same grants, so much from each.</summary>
    private void Drawn(Bounds bounds, Tally tally, long credits, Instant time)
    {
        foreach (var grant in Grants)
        {
            if (credits == 0) return;
            if (grant.From > time || time >= grant.Until) continue;
            var room = grant.Available - tally[grant.Slot];
            if (room <= 0)
            {
                bounds.AtLeast(grant.Slot, room);
                continue;
            }
            bounds.AtMost(grant.Slot, Math.Max(0, room - credits));
            if (room < credits) bounds.AtLeast(grant.Slot, 0);
            credits -= Math.Min(room, credits);
        }
    }
}
