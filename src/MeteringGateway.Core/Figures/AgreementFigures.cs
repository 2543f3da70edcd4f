namespace MeteringGateway.Core;

/// <summary>
/// How often the buyer agrees that a success was one (O8): of the outcomes of a type in a period that the vendor
/// reported as successes and that its own report did not rule out, those with a verdict of the buyer. The last verdict
/// on each counts, whenever it came; but what is in an open dispute is rejected until that is decided.
/// </summary>
/// <param name="Agreed">Accepted.</param>
/// <param name="Total">Accepted or rejected.</param>
public sealed record Agreement(string OutcomeType, long Agreed, long Total)
{
    /// <summary>Fewer verdicts say nothing.</summary>
    public const int Least = 20;

    /// <summary>Fewer than 95 of 100, of enough verdicts.</summary>
    public bool IsLow => Total >= Least && Agreed * (Int128)100 < Total * (Int128)95;
}

public static class AgreementFigures
{
    /// <summary>By type, in order of their ids; a type without a verdict is absent. Null: no such period.</summary>
    /// <param name="period">Null: the open one.</param>
    public static IReadOnlyList<Agreement>? Agreements(this TenantState state, DateOnly? period) =>
        state.BookOf(period) is { } book
            ? [.. (book.Agreement ?? []).Select(one => state.AgreementOf(book, one.Key))]
            : null;

    /// <summary>Of one type; zeros without a verdict. Null: no such period.</summary>
    public static Agreement? Agreement(this TenantState state, DateOnly? period, string outcomeType) =>
        state.BookOf(period) is { } book ? state.AgreementOf(book, outcomeType) : null;

    internal static Agreement AgreementOf(this TenantState state, PeriodBook book, string outcomeType) =>
        book.Agreement?.GetValueOrDefault(outcomeType) is { } count
            ? new Agreement(outcomeType, count.Agreed - state.AcceptedInDispute(book.Period.Id, outcomeType),
                count.Total)
            : new Agreement(outcomeType, 0, 0);
}
