namespace MeteringGateway.Core;

/// <summary>Credits that were paid for (F9, F10): owed in the period in which they were bought, used or not.</summary>
internal static class Purchases
{
    /// <summary>A line for each pack at each price, and for what the vendor gave at a price.</summary>
    public static IEnumerable<Line> Of(TenantState state, PeriodBook book) =>
        In(state, book).GroupBy(grant => (grant.Pack, Price: UnitPrice(grant)))
            .Select(group => (group.Key.Pack, group.Key.Price, Quantity: group.Sum(Count)))
            .Select(sum => new Line(LineKind.TopUp, sum.Pack, null, null, sum.Quantity, sum.Price,
                sum.Price * sum.Quantity, Amount.Zero));

    /// <summary>What packs came to; a voided one too, since voiding refunds nothing.</summary>
    public static Amount OfPacks(TenantState state, PeriodBook book) =>
        In(state, book).Where(grant => grant.Pack is not null)
            .Aggregate(Amount.Zero, (sum, grant) => sum + grant.Price!.Value);

    private static IEnumerable<Grant> In(TenantState state, PeriodBook book) =>
        state.Grants.Where(grant => grant.Price is { Micros: > 0 } && book.Period.Contains(grant.CreatedAt));

    private static long Count(Grant grant) => Math.Max(1, grant.Quantity);

    private static Amount UnitPrice(Grant grant) => new(grant.Price!.Value.Micros / Count(grant));
}
