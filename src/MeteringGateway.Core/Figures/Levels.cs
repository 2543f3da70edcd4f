namespace MeteringGateway.Core;

/// <summary>Sums that thresholds watch and figures show (S4).</summary>
internal static class Levels
{
    /// <summary>What the period's outcomes and activities come to, and nothing else.</summary>
    public static Amount SpendOf(this TenantState state, PeriodBook book)
    {
        var spend = Lines.OfOutcomes(state, book).Sum();
        foreach (var (activity, quantity) in book.Activities ?? []) spend += activity.Fee * quantity;
        return spend;
    }

    /// <summary>What was taken back from closed periods, and is a line of this one.</summary>
    public static Amount TakenBack(PeriodBook book) =>
        (book.Corrections?.Values ?? Enumerable.Empty<CorrectionSum>())
        .Aggregate(Amount.Zero, (sum, one) => sum + one.Amount);

    public static Amount CreditsUsed(this TenantState state, PeriodBook book) =>
        Lines.OfOutcomes(state, book).SumOfCredits();

    /// <summary>As agreed when the period began (F7).</summary>
    public static long IncludedUnits(this TenantState state, PeriodBook book, string type) =>
        state.TermsAt(book.Period.Start).Type(type)?.IncludedUnits ?? 0;

    public static long IncludedUsed(this TenantState state, PeriodBook book, string type) =>
        Lines.OfOutcomes(state, book, type).Where(line => line.Source == Funding.Included).Sum(line => line.Quantity);
}
