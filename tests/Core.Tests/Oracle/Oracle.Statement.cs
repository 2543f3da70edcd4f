namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>A period's lines, unrounded (F8; 0004, 27 and 29).</summary>
internal sealed partial class Oracle
{
    /// <summary>As it closed, or as it would be now.</summary>
    public IReadOnlyList<Line> LinesOf(Period period) =>
        _closures.TryGetValue(period.Id, out var closed) ? closed.Lines : LinesOf(period, Standing());

    private List<Line> LinesOf(Period period, FundingWalk walk)
    {
        var terms = TermsAt(period.Start);
        var lines = new List<Line>();
        if (terms.PlatformFee is { } fee) lines.Add(Fee(LineKind.PlatformFee, fee));
        if (period.Id == _periods[0].Id && terms.ImplementationFee is { } once)
            lines.Add(Fee(LineKind.ImplementationFee, once));
        lines.AddRange(_purchases.Where(one => one.In == period.Id).GroupBy(one => (one.Pack, one.Each))
            .OrderBy(line => line.Key.Pack, StringComparer.Ordinal).ThenBy(line => line.Key.Each)
            .Select(line => new Line(LineKind.TopUp, line.Key.Pack, null, null, line.Sum(one => one.Quantity),
                line.Key.Each, Sum(line.Select(one => one.Price)), Amount.Zero)));
        lines.AddRange(walk.Units.Where(unit => unit.Item.Period.Id == period.Id)
            .GroupBy(unit =>
                (unit.IsOverage ? LineKind.Overage : LineKind.Outcomes, unit.Item.Type.Id, unit.Source, unit.Price,
                    unit.Credits))
            .OrderBy(line => line.Key.Item1).ThenBy(line => line.Key.Id, StringComparer.Ordinal)
            .ThenBy(line => line.Key.Source)
            .ThenBy(line => line.Key.Price).ThenBy(line => line.Key.Credits)
            .Select(line => new Line(line.Key.Item1, line.Key.Id, line.Key.Source, null, line.Count(), line.Key.Price,
                line.Key.Price * line.Count(), Sum(line.Select(unit => unit.Credits)))));
        lines.AddRange(_activities.Where(one => one.Period.Id == period.Id && !one.Beyond && one.Price is not null)
            .GroupBy(one => (one.Command.Activity, Price: one.Price!.Value))
            .OrderBy(line => line.Key.Activity, StringComparer.Ordinal).ThenBy(line => line.Key.Price)
            .Select(line => new Line(LineKind.Activities, line.Key.Activity, null, null,
                line.Sum(one => (long)one.Command.Quantity),
                line.Key.Price, Sum(line.Select(one => one.Fee)), Amount.Zero)));
        lines.AddRange(Pledge.Of(terms).Select(pledge => Shortfall(period, pledge, walk)).OfType<Line>());
        lines.AddRange(_corrections.Where(one => one.In == period.Id).GroupBy(one => (one.Of, one.Report.Type.Id))
            .OrderBy(line => line.Key.Of).ThenBy(line => line.Key.Id, StringComparer.Ordinal)
            .Select(line => new Line(LineKind.Correction, line.Key.Id, null, line.Key.Of,
                line.Sum(one => (long)one.Report.Command.Quantity),
                null, Sum(line.Select(one => one.Amount)),
                Sum(line.SelectMany(one => one.Returned).Select(one => one.Credits)))));
        return lines;
    }

    private static Line Fee(LineKind kind, Amount fee) => new(kind, null, null, null, 1, fee, fee, Amount.Zero);

    // 7: what is owed whether it was used or not.
    private Line? Shortfall(Period period, Pledge pledge, FundingWalk walk)
    {
        var commitment = pledge.Commitment;
        var last = _periods.FindIndex(one => one.Id == period.Id) % 12 == 11 || (_closed && period.Id == Open.Id);
        if (commitment.PerYear && !last) return null;
        var those = commitment.PerYear
            ? _periods.Where(one => Year(one) == Year(period) && one.Start <= period.Start).ToList() : [period];
        var (missing, amount) = Missing(pledge, [.. those.SelectMany(one => UnitsIn(one, walk))]);
        return amount <= Amount.Zero && missing <= 0 ? null
            : new Line(LineKind.CommitmentShortfall, commitment.OutcomeType, null, null,
            missing, commitment.Price ?? amount, amount, Amount.Zero);
    }

    // Units × price, or the amount less everything that the outcomes in its scope were charged.
    private static (long Units, Amount Amount) Missing(Pledge pledge, List<Unit> units)
    {
        var commitment = pledge.Commitment;
        if (commitment.Units is { } owed)
        {
            var missing = Math.Max(0, owed - units.Count(unit => unit.Commitment == pledge.Name));
            return (missing, commitment.Price!.Value * missing);
        }
        var charged =
            Charged(units.Where(unit => commitment.OutcomeType is null || commitment.OutcomeType == unit.Item.Type.Id));
        var amount = new Amount(Math.Max(0, commitment.Amount!.Value.Micros - charged));
        return (amount > Amount.Zero ? 1 : 0, amount);
    }

    private long CommittedIn(Period period, string pledge, FundingWalk walk) =>
        WalkOf(period, walk).CommittedUsed(period, pledge);

    private IEnumerable<Unit> UnitsIn(Period period, FundingWalk walk) =>
        WalkOf(period, walk).Units.Where(unit => unit.Item.Period.Id == period.Id);

    private FundingWalk WalkOf(Period period, FundingWalk walk) =>
        _closures.TryGetValue(period.Id, out var closed) ? closed.Walk : walk;

    private static Amount Sum(IEnumerable<Amount> amounts) =>
        amounts.Aggregate(Amount.Zero, (sum, amount) => sum + amount);
}
