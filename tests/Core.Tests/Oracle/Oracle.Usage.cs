namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>A period's figures, and what they come to (F1, F4, T3).</summary>
internal sealed partial class Oracle
{
    private readonly Dictionary<DateOnly, Amount> _corrections = [];
    private readonly Dictionary<DateOnly, Dictionary<string, (long Included, Amount Amount)>> _fixed = [];

    public ExpectedType TypeIn(Period period, string type)
    {
        var outcomes = _reports.Where(report =>
            report.View.AliasOf is null && report.Period.Id == period.Id && report.Type.Id == type).ToList();
        long Units(Func<Report, bool> which) => outcomes.Where(which).Sum(report => (long)report.Command.Quantity);

        var (included, amount) = Rated(period, type);
        return new ExpectedType(
            Units(_ => true), Units(report => report.View.Status == OutcomeStatus.Pending),
                Units(report => report.View.Status == OutcomeStatus.Billable),
            _held.Where(held => held.Period.Id == period.Id && held.Subject.What == type).Sum(held => held.Remaining),
            Units(report => report.View.Status == OutcomeStatus.Credited),
            outcomes.Where(report => report.View.Status == OutcomeStatus.NonBillable).GroupBy(report => report.View.Reason)
                .ToDictionary(group => group.Key, group => group.Sum(report => (long)report.Command.Quantity)),
            included, amount);
    }

    public (long Reported, Amount Amount) ActivityIn(Period period, string activity)
    {
        var those = _activities.Where(one => one.Period.Id == period.Id && one.Command.Activity == activity).ToList();
        return (those.Sum(one => (long)one.Command.Quantity),
            those.Aggregate(Amount.Zero, (sum, one) =>
                sum + (TermsAt(one.Time).Activity(activity)?.Price ?? Amount.Zero) * one.Command.Quantity));
    }

    /// <summary>What the period's statement would total for outcomes and activities now; what a credit takes from a closed period
    /// is a line of the open one (T3, O5).</summary>
    public Amount SpendIn(Period period) =>
        _corrections.GetValueOrDefault(period.Id) + TypesIn(period).Select(type => Rated(period, type).Amount)
            .Concat(_activities.Where(one => one.Period.Id == period.Id).Select(one => one.Command.Activity).Distinct()
                .Select(activity => ActivityIn(period, activity).Amount))
            .Aggregate(Amount.Zero, (sum, amount) => sum + amount);

    public IEnumerable<string> TypesIn(Period period) =>
        _reports.Where(report => report.Period.Id == period.Id).Select(report => report.Type.Id).Distinct();

    // A closed period is what it was when it closed.
    private (long Included, Amount Amount) Rated(Period period, string type)
    {
        if (_fixed.TryGetValue(period.Id, out var rated)) return rated.GetValueOrDefault(type);
        return Rate(period, type);
    }

    private Amount AmountNow(DateOnly id)
    {
        var period = _periods.First(period => period.Id == id);
        return TypesIn(period).Select(type => Rate(period, type).Amount).Aggregate(Amount.Zero, (sum, amount) => sum + amount);
    }

    // What the closed period's rating would have differed by.
    private void Correct(Dictionary<DateOnly, Amount> before)
    {
        foreach (var (id, amount) in before)
            _corrections[Open.Id] = _corrections.GetValueOrDefault(Open.Id) + AmountNow(id) - amount;
    }

    private Dictionary<string, (long Included, Amount Amount)> RateAll(Period period) =>
        TypesIn(period).ToDictionary(type => type, type => Rate(period, type));

    // F4: sorted by (time, source, id); the period's included units first, then each at its price.
    private (long Included, Amount Amount) Rate(Period period, string type)
    {
        var left = TermsAt(period.Start).Type(type)?.IncludedUnits ?? 0;
        var (included, amount) = (0L, Amount.Zero);
        foreach (var report in _reports.Where(report =>
            report.Period.Id == period.Id && report.Type.Id == type
                && report.View is { AliasOf: null, Status: OutcomeStatus.Pending or OutcomeStatus.Billable })
                    .OrderBy(report => report.Key))
        {
            var free = Math.Min(left - included, report.Command.Quantity);
            included += free;
            amount += (report.Type.Price ?? Amount.Zero) * (report.Command.Quantity - free);
        }
        return (included, amount);
    }
}
