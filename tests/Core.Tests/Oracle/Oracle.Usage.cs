namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>A period's figures, and what they come to (F1, F4, T3).</summary>
internal sealed partial class Oracle
{
    public ExpectedType TypeIn(Period period, string type)
    {
        var outcomes = _reports.Where(report =>
            report.View.AliasOf is null && report.Period.Id == period.Id && report.Type.Id == type).ToList();
        long Units(Func<Report, bool> which) => outcomes.Where(which).Sum(report => (long)report.Command.Quantity);

        var those = RatedIn(period).Where(unit => unit.Item.Type.Id == type).ToList();
        return new ExpectedType(
            Units(_ => true), Units(report => report.View.Status == OutcomeStatus.Pending),
                Units(report => report.View.Status == OutcomeStatus.Billable),
            _held.Where(held => held.Period.Id == period.Id && held.Subject.What == type).Sum(held => held.Remaining),
            Units(report => report.View.Status == OutcomeStatus.Credited),
            outcomes.Where(report => report.View.Status == OutcomeStatus.NonBillable)
                .GroupBy(report => report.View.Reason)
                .ToDictionary(group => group.Key, group => group.Sum(report => (long)report.Command.Quantity)),
            those.Count(unit => unit.Source == Funding.Included), Sum(those.Select(unit => unit.Price)));
    }

    /// <summary>What beyond a cap was reported is reported all the same (C9).</summary>
    public (long Reported, Amount Amount) ActivityIn(Period period, string activity)
    {
        var those = _activities.Where(one => one.Period.Id == period.Id && one.Command.Activity == activity).ToList();
        return (those.Sum(one => (long)one.Command.Quantity), Sum(those.Select(one => one.Fee)));
    }

    /// <summary>
    /// What the period's statement would total for outcomes and activities now, and for nothing else.
    /// </summary>
    public Amount SpendIn(Period period) => SpendIn(period, Standing());

    private Amount SpendIn(Period period, FundingWalk walk) => Sum(UnitsIn(period, walk).Select(unit => unit.Price)
        .Concat(_activities.Where(one => one.Period.Id == period.Id).Select(one => one.Fee)));

    /// <summary>What a credit takes from a closed period is a line of the open one (T3, O5).</summary>
    public Amount TakenBackIn(Period period) =>
        Sum(_corrections.Where(one => one.In == period.Id).Select(one => one.Amount));

    /// <summary>Of all periods.</summary>
    public Amount OwedForActivities => Sum(_activities.Select(one => one.Fee));

    /// <summary>Fees and shortfalls of all periods: what is owed whether anything was used or not (F8).</summary>
    public Amount OwedInAnyCase => Sum(_periods.SelectMany(LinesOf)
        .Where(line => line.Kind is LineKind.PlatformFee or LineKind.ImplementationFee or LineKind.CommitmentShortfall)
        .Select(line => line.Amount));

    public IEnumerable<string> TypesIn(Period period) =>
        _reports.Where(report => report.Period.Id == period.Id).Select(report => report.Type.Id).Distinct();

    /// <summary>What an outcome is charged, part by part; a closed period's is what it was when it closed.</summary>
    public IReadOnlyList<Charge> ChargesOf(Report report) =>
        [.. RatedIn(report.Period).Where(unit => unit.Item.Name == report.Id).GroupBy(unit => (unit.Source, unit.Price))
            .OrderBy(part => part.Key.Source).ThenBy(part => part.Key.Price)
            .Select(part => new Charge(part.Key.Source, part.Count(), part.Key.Price, part.Key.Price * part.Count(),
                Sum(part.Select(unit => unit.Credits))))];

    /// <summary>
    /// What is used of each commitment of the period's terms; per year, of all its periods up to this one.
    /// </summary>
    public IEnumerable<(Commitment Commitment, long Used)> CommitmentsIn(Period period)
    {
        var walk = Standing();
        return Pledge.Of(TermsAt(period.Start)).Select(pledge => (pledge.Commitment, (pledge.Commitment.PerYear
            ? _periods.Where(one => Year(one) == Year(period) && one.Start <= period.Start) : [period])
            .Sum(one => CommittedIn(one, pledge.Name, walk))));
    }

    /// <summary>Of every type that the period's terms give units to.</summary>
    public IEnumerable<string> IncludedIn(Period period)
    {
        var standing = Standing();
        return TermsAt(period.Start).OutcomeTypes.Where(type => type.IncludedUnits > 0)
            .Select(type => $"{type.Id} {standing.IncludedUsed(period, type.Id)} of {type.IncludedUnits}");
    }

    /// <summary>On demand under a rule (F2; 0004, 9).</summary>
    public (long Units, Amount Amount) OverageIn(Period period)
    {
        var those = RatedIn(period).Where(unit => unit.IsOverage).ToList();
        return (those.Count, Sum(those.Select(unit => unit.Price)));
    }

    public Amount CreditsUsed(Period period) => Sum(RatedIn(period).Select(unit => unit.Credits));

    private static Amount CreditsUsed(Period period, FundingWalk standing) =>
        Sum(standing.Units.Where(unit => unit.Item.Period.Id == period.Id).Select(unit => unit.Credits));

    public Amount LeftOf(Lot lot) => lot.Left - Standing().Drawn(lot);

    /// <summary>It has not ended, and has something left or is drawn on by a period that is not closed.</summary>
    public bool IsListed(Lot lot) => !lot.Ended && lot.Left > Amount.Zero;

    private List<Unit> RatedIn(Period period) => [.. UnitsIn(period, Standing())];

    /// <summary>Nothing that is governed waits for an authorisation.</summary>
    public bool NothingWaits => AuthorizationFor(Open) is not null
        || !TermsAt(Now).OutcomeTypes.Any(type => RuleNow(type.Id) is { RequiresAuthorization: true });
}
