using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// Which source funds each admitted unit of a type in a period, and at what price (F1, F4): a pure function of the outcomes in
/// order of (time, source, id). Included units first, what follows on demand at the price of the terms that the outcome was taken under.
/// </summary>
public sealed class Rating
{
    public static readonly Rating None = new();

    private readonly Dictionary<string, ImmutableArray<Charge>> charges = [];

    public long Units { get; private set; }
    public long Included { get; private set; }
    public Amount Amount { get; private set; }

    public ImmutableArray<Charge> Of(string outcomeId) => charges.GetValueOrDefault(outcomeId, []);

    /// <param name="outcomes">The rated outcomes of one type and period, in any order.</param>
    /// <param name="included">Units that cost nothing.</param>
    /// <param name="price">Price of a unit of an outcome.</param>
    public static Rating Rate(IEnumerable<Outcome> outcomes, long included, Func<Outcome, Amount> price)
    {
        var rating = new Rating();
        var sorted = outcomes.ToArray();
        Array.Sort(sorted, Outcome.Order);
        foreach (var outcome in sorted) rating.Add(outcome, included, price(outcome));
        return rating;
    }

    private void Add(Outcome outcome, long included, Amount price)
    {
        var free = Math.Min(outcome.Quantity, included - Included);
        var paid = outcome.Quantity - free;
        var amount = price * paid;
        Units += outcome.Quantity;
        Included += free;
        Amount += amount;
        var parts = ImmutableArray.CreateBuilder<Charge>(2);
        if (free > 0) parts.Add(new Charge(Funding.Included, free, Amount.Zero, Amount.Zero));
        if (paid > 0) parts.Add(new Charge(Funding.OnDemand, paid, price, amount));
        charges[outcome.Id] = parts.ToImmutable();
    }
}
