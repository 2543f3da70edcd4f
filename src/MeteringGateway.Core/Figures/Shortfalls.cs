namespace MeteringGateway.Core;

/// <summary>What of a period's commitments was not used, and is owed all the same (F8).</summary>
internal static class Shortfalls
{
    public static IEnumerable<Line> Of(TenantState state, PeriodBook book, PeriodRating rating)
    {
        var commitments = state.TermsAt(book.Period.Start).Commitments;
        for (var i = 0; i < commitments.Length; i++)
        {
            var commitment = commitments[i];
            if (commitment.PerYear && !state.EndsYear(book)) continue;
            var before = commitment.PerYear && commitment.Units is null
                ? state.EarlierInYear(book)
                    .Aggregate(Int128.Zero, (sum, earlier) => sum + ChargedIn(state, earlier, commitment).Micros)
                : 0;
            var (units, amount) = Of(commitment, i, rating.Rater, rating.Tail, before);
            if (amount.Micros > 0)
                yield return new Line(LineKind.CommitmentShortfall, commitment.OutcomeType, null, null, units,
                    commitment.Price, amount, Amount.Zero);
        }
    }

    /// <param name="index">Of the commitment in the plan's order.</param>
    /// <param name="before">Millionths that earlier periods of the year were charged in its scope; twelve of them may
    /// come to more than an amount can be.</param>
    public static (long Units, Amount Amount) Of(Commitment commitment, int index, Rater rater, Tally tally,
        Int128 before)
    {
        if (commitment.Units is { } units)
        {
            var left = units - rater.CommittedBefore[index]
                - tally[rater.Slot(new Counter(Counts.Commitment, "", index))];
            return (Math.Max(0, left), (commitment.Price ?? Amount.Zero) * Math.Max(0, left));
        }
        var charged = before;
        foreach (var (line, slot) in rater.Lines)
            if (Pricing.Covers(commitment, line.Type)) charged += (line.UnitPrice * tally[slot]).Micros;
        return (1, new Amount((long)Int128.Max(0, commitment.Amount!.Value.Micros - charged)));
    }

    private static Amount ChargedIn(TenantState state, PeriodBook book, Commitment commitment) =>
        Lines.OfOutcomes(state, book).Where(line => Pricing.Covers(commitment, line.What!)).Sum();
}
