namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>A period as it was when it closed, and what was credited of it afterwards.</summary>
/// <param name="Ground">What its walk began with.</param>
internal sealed record Closure(
    Period Period, Instant At, Ground Ground, IReadOnlyList<Report> Rated, FundingWalk Walk, IReadOnlyList<Line> Lines)
{
    public HashSet<Report> Credited { get; } = [];
}

/// <summary>What closing a period fixes, and what a credit gives back of it (F4, T3, O5; 0004, 14 and 28).</summary>
internal sealed partial class Oracle
{
    private static readonly TimeSpan Exactly = TimeSpan.FromDays(60);
    private readonly Dictionary<DateOnly, Closure> _closures = [];
    private readonly List<ExpectedCorrection> _corrections = [];

    public IReadOnlyList<ExpectedCorrection> Corrections => _corrections;
    public IReadOnlyDictionary<DateOnly, Closure> Closures => _closures;

    private void ClosePeriod(Period period)
    {
        var whole = Standing();
        var rated = _reports.Where(report => report.Period.Id == period.Id && Counts(report, report.View))
            .OrderBy(report => report.Key)
            .ToList();
        var ground = GroundOf(period, whole);
        var walk = new FundingWalk(ground).With(rated.Select(ItemOf));
        _closures[period.Id] = new Closure(period, Now, ground, rated, walk, LinesOf(period, whole));
        foreach (var (lot, credits) in walk.Units.SelectMany(unit => unit.Draws)) lot.Used += credits;
        _closedPeriods[period.Id] = _arrivals;
    }

    /// <summary>What a closed period's outcomes used of each of its commitments, in the plan's order.</summary>
    public IEnumerable<string> CommittedIn(DateOnly period) => Pledge.Of(TermsAt(_closures[period].Period.Start))
        .Select(pledge => $"{_closures[period].Walk.CommittedUsed(_closures[period].Period, pledge.Name)}");

    // What the periods before it that are not closed yet leave to it.
    private Ground GroundOf(Period period, FundingWalk whole)
    {
        var ground = Ground();
        var earlier = whole.Units.Where(unit => unit.Item.Period.Start < period.Start).ToList();
        var left = ground.Left.Select(one => (one.Lot, one.Left - Drawn(earlier, one.Lot))).ToList();
        var used = Pledge.Of(TermsAt(period.Start)).ToDictionary(pledge => pledge.Name, pledge =>
            ground.UsedBefore(period, pledge.Name)
                + _periods.Where(one => one.Start < period.Start && Year(one) == Year(period))
                .Sum(one => whole.CommittedUsed(one, pledge.Name)));
        return ground with { Left = left, UsedBefore = (_, pledge) => used.GetValueOrDefault(pledge) };
    }

    private static Amount Drawn(IEnumerable<Unit> units, Lot lot) => units.SelectMany(unit => unit.Draws)
        .Where(draw => draw.Lot == lot).Aggregate(Amount.Zero, (sum, draw) => sum + draw.Credits);

    // 28: what the closed period's rating would have differed by, without it and those before it.
    private void Correct(Report report)
    {
        if (!_closures.TryGetValue(report.Period.Id, out var closed) || !closed.Rated.Contains(report)) return;
        if (Counts(report, report.View) || closed.Credited.Contains(report)) return;
        if (Now >= closed.At + Exactly)
        {
            CorrectLate(report, closed);
            return;
        }
        var (before, after) = (Rewalk(closed), Rewalk(closed, report));
        closed.Credited.Add(report);
        var amount = new Amount(Math.Min(0, Owed(closed.Period, after) - Owed(closed.Period, before)));
        var returned = _lots.Select(lot => (Lot: (Lot?)lot, Credits: Drawn(before, lot) - Drawn(after, lot)))
            .Where(one => one.Credits > Amount.Zero).ToList();
        _corrections.Add(new ExpectedCorrection(Open.Id, closed.Period.Id, report, amount, returned));
        foreach (var (lot, credits) in returned) GiveBack(lot!, credits);
    }

    // What it was charged itself; its credits come back as a grant, whichever they were drawn from.
    private void CorrectLate(Report report, Closure closed)
    {
        closed.Credited.Add(report);
        var units = closed.Walk.Units.Where(unit => unit.Item.Name == report.Id).ToList();
        var credits = Sum(units.Select(unit => unit.Credits));
        _corrections.Add(new ExpectedCorrection(
            Open.Id, closed.Period.Id, report, new Amount(-Charged(units)), credits > Amount.Zero ? [(null, credits)]
                : []));
        if (credits > Amount.Zero && Now < Open.End) Issue(GrantKind.Correction, credits, 10, Now, Open.End);
    }

    private static List<Unit> Rewalk(Closure closed, Report? without = null) =>
        [.. new FundingWalk(closed.Ground)
            .With(closed.Rated.Where(report => report != without && !closed.Credited.Contains(report))
            .Select(ItemOf)).Units];

    // With what the commitments of the period itself would have come short.
    private long Owed(Period period, List<Unit> units) => Charged(units) + Pledge.Of(TermsAt(period.Start))
        .Where(pledge => !pledge.Commitment.PerYear).Sum(pledge => Missing(pledge, units).Amount.Micros);

    private static long Charged(IEnumerable<Unit> units) => units.Sum(unit => unit.Price.Micros);
}
