namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>The open period's end at the present pace (Q2; 0004, 30).</summary>
internal sealed partial class Oracle
{
    private const long Countable = 3_000;

    /// <summary>Null: more units than anybody would count one by one.</summary>
    public (long Units, Amount Amount)? Forecast()
    {
        var standing = Standing();
        var rated = RatedIn(Open);
        if (AtTheEnd(rated.Count) > Countable) return null;
        var walk = standing.Copy();
        foreach (var type in rated.GroupBy(unit => unit.Item.Type.Id).OrderBy(type => type.Key, StringComparer.Ordinal))
            walk.With([Asked(new Subject(type.Key, false, Dimensions.None), AtTheEnd(type.Count()) - type.Count())]);
        var units = walk.Units.Where(unit => unit.Item.Period.Id == Open.Id).ToList();
        var fees = _activities.Where(one => one.Period.Id == Open.Id).GroupBy(one => one.Command.Activity)
            .Sum(activity => AtTheEnd(activity.Sum(one => one.Fee.Micros)));
        var corrections = _corrections.Where(one => one.In == Open.Id).Sum(one => one.Amount.Micros);
        return (units.Count, new Amount(Charged(units) + fees + corrections));
    }

    /// <summary>When its exposure, growing in proportion, is at its limit; null: not in its period or day.</summary>
    public Instant? ReachedAt(Cap cap)
    {
        var exposure = Exposure(cap, Open, Today).Value;
        if (exposure >= cap.Limit.Value) return Now;
        if (exposure == 0) return null;
        var daily = cap.Period == CapPeriod.Day;
        var from = Instant.Max(daily && Today > 0 ? Days.EndOf(Open, Today - 1) : Open.Start, _started);
        var passed = Math.Max((Now - from).Ticks, daily ? TimeSpan.TicksPerHour : TimeSpan.TicksPerDay);
        var more = (Int128)passed * (cap.Limit.Value - exposure) / exposure;
        return more < (Resets(cap) - Now).Ticks ? Now + TimeSpan.FromTicks((long)more) : null;
    }

    // The pace is that since the period began, or the tenant, over one day at least. Fractions are rounded down.
    private long AtTheEnd(long present)
    {
        var passed = Math.Max((Now - Instant.Max(Open.Start, _started)).Ticks, TimeSpan.TicksPerDay);
        return Now >= Open.End ? present : present + (long)((Int128)present * (Open.End - Now).Ticks / passed);
    }
}
