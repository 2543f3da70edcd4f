namespace MeteringGateway.Core.Tests.Histories;

/// <summary>
/// F10: whatever changes what is owed is a line. At every moment the unrounded lines of all statements together are
/// what the entries say was charged, told without a line: outcome by outcome, activity by activity, purchase by
/// purchase.
/// </summary>
internal sealed partial class Duel
{
    private readonly Dictionary<(DateOnly In, DateOnly Of, string Type), (long Units, Amount Amount)> _takenBack = [];
    private Amount _paidForCredits;

    /// <summary>What the entries of the last command charge, or take back, in the period that was open then.</summary>
    private void Charge()
    {
        foreach (var entry in _real.Taken)
        {
            if (entry is Entry.GrantIssued { Price: { } price }) _paidForCredits += price;
            if (entry is not Entry.OutcomeChanged { Correction: { } correction }) continue;
            var of = (PeriodAt(entry.At), correction.Period, correction.OutcomeType);
            var (units, amount) = _takenBack.GetValueOrDefault(of);
            _takenBack[of] = (units + correction.Quantity, amount + correction.Amount);
        }
    }

    private DateOnly PeriodAt(Instant time) => _oracle.Periods.Last(period => period.Start <= time).Id;

    private string? Ledger()
    {
        var outcomes = _oracle.Reports.Where(report => report.View.AliasOf is null)
            .Select(report => _real.Outcome(report.Id)!.Amount);
        var owed = outcomes.Concat(_takenBack.Values.Select(one => one.Amount))
            .Aggregate(_paidForCredits + _oracle.OwedForActivities + _oracle.OwedInAnyCase, (sum, one) => sum + one);
        var statements = _real.State.Statements();
        var lines = statements.Aggregate(Amount.Zero, (sum, one) => sum + one.UnroundedTotal);
        if (lines != owed) return $"F10: {owed} were charged, the statements say {lines}";
        foreach (var statement in statements)
        {
            var corrections = statement.Lines.Select(line => line.Line).Where(line => line.Kind == LineKind.Correction)
                .Select(line => $"{line.Of:O} {line.What} {line.Quantity} {line.Amount}");
            var named = _takenBack.Where(one => one.Key.In == statement.Period.Id)
                .Select(one => $"{one.Key.Of:O} {one.Key.Type} {one.Value.Units} {one.Value.Amount}");
            if (Same("taken back", named.Order(StringComparer.Ordinal), corrections.Order(StringComparer.Ordinal))
                is { } parted) return parted;
        }
        return null;
    }
}
