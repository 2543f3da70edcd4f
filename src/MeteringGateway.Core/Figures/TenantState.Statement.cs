using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What a period costs, line by line (F8, N3).</summary>
public sealed partial class TenantState
{
    /// <summary>Null: no such period.</summary>
    /// <param name="period">Null: the open one.</param>
    public Statement? Statement(DateOnly? period)
    {
        if ((period is { } id ? Book(id) : Open) is not { } book) return null;
        var lines = book.Final?.Lines ?? LinesOf(book, RatingOf(book));
        var rounded = lines.Select(line =>
            new StatementLine(line, Describe(line), Currencies.Round(line.Amount, Terms.Currency))).ToImmutableArray();
        var credits = lines.Aggregate(Amount.Zero, (sum, line) => sum + line.Credits);
        return new Statement(
            book.Period, book.Status, Terms.Currency, rounded,
            rounded.Aggregate(Amount.Zero, (sum, line) => sum + line.Amount),
            lines.Aggregate(Amount.Zero, (sum, line) => sum + line.Amount), credits,
            Worth(credits, TermsAt(book.Period.Start)), Sequence, book.Final?.Sequence);
    }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<Statement> Statements() =>
        _books.AsEnumerable().Reverse().Select(book => Statement(book.Period.Id)!).ToArray();

    /// <summary>
    /// Credits in money, rounded down to millionths; null where the plan does not say what one is worth.
    /// </summary>
    internal static Amount? Worth(Amount credits, Terms terms) =>
        terms.CreditValue is { } value ? new Amount(checked((long)((Int128)credits.Micros * value.Micros / 1_000_000)))
            : null;

    private ImmutableArray<Line> LinesOf(PeriodBook book, PeriodRating rating)
    {
        var agreed = TermsAt(book.Period.Start);
        var lines = new List<Line>();
        if (agreed.PlatformFee is { } platform) lines.Add(Fee(LineKind.PlatformFee, platform));
        if (agreed.ImplementationFee is { } implementation && book == _books[0])
            lines.Add(Fee(LineKind.ImplementationFee, implementation));
        foreach (var (line, slot) in rating.Lines)
        {
            if (rating.Tail[slot] != 0) lines.Add(rating.LineOf(line, slot));
        }
        foreach (var group in (book.Activities ?? []).Where(counted => counted.Key.Fee.Micros != 0)
            .GroupBy(counted => (counted.Key.Activity, counted.Key.Fee)))
        {
            var quantity = group.Sum(counted => counted.Value);
            lines.Add(new Line(LineKind.Activities, group.Key.Activity, null, null, quantity, group.Key.Fee,
                group.Key.Fee * quantity, Amount.Zero));
        }
        lines.AddRange(Shortfalls(book, rating));
        foreach (var ((period, type), sum) in book.Corrections ?? [])
            lines.Add(new Line(LineKind.Correction, type, null, period, sum.Quantity, null, sum.Amount, Amount.Zero));
        lines.Sort(Order);
        return [.. lines];
    }

    private static Line Fee(LineKind kind, Amount amount) => new(kind, null, null, null, 1, amount, amount,
        Amount.Zero);

    /// <summary>By kind, period corrected, type, source, price.</summary>
    private static int Order(Line a, Line b)
    {
        var order = a.Kind.CompareTo(b.Kind);
        if (order == 0) order = Nullable.Compare(a.Of, b.Of);
        if (order == 0) order = string.CompareOrdinal(a.What, b.What);
        if (order == 0) order = Nullable.Compare(a.Source, b.Source);
        if (order == 0) order = Nullable.Compare(a.UnitPrice, b.UnitPrice);
        return order != 0 ? order : a.Credits.CompareTo(b.Credits);
    }

    private IEnumerable<Line> Shortfalls(PeriodBook book, PeriodRating rating)
    {
        var commitments = TermsAt(book.Period.Start).Commitments;
        for (var i = 0; i < commitments.Length; i++)
        {
            var commitment = commitments[i];
            if (commitment.PerYear && !EndsYear(book)) continue;
            var before = commitment.PerYear && commitment.Units is null
                ? EarlierInYear(book).Aggregate(Int128.Zero,
                    (sum, earlier) => sum + ChargedIn(earlier, commitment).Micros)
                : 0;
            var (units, amount) = ShortfallOf(commitment, i, rating.Rater, rating.Tail, before);
            if (amount.Micros > 0)
                yield return new Line(LineKind.CommitmentShortfall, commitment.OutcomeType, null, null, units,
                    commitment.Price, amount, Amount.Zero);
        }
    }

    /// <summary>The last of twelve periods, or the last of a tenant that is closed.</summary>
    private bool EndsYear(PeriodBook book) => _books.IndexOf(book) is var at
        && (at % PeriodsAYear == PeriodsAYear - 1 || (ClosedAt is not null && book == Open));

    private Amount ChargedIn(PeriodBook book, Commitment commitment) =>
        (book.Final?.Lines ?? LinesOf(book, RatingOf(book)))
        .Where(line => line.Kind is LineKind.Outcomes or LineKind.Overage && Pricing.Covers(commitment, line.What!))
        .Aggregate(Amount.Zero, (sum, line) => sum + line.Amount);

    /// <param name="before">Millionths that earlier periods of the year were charged in its scope; twelve of them may
    /// come to more than an amount can be.</param>
    private static (long Units, Amount Amount) ShortfallOf(Commitment commitment, int index, Rater rater, Tally tally,
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

    private static string Describe(Line line) => line.Kind switch
    {
        LineKind.PlatformFee => "Platform fee",
        LineKind.ImplementationFee => "Implementation fee",
        LineKind.Activities => line.What!,
        LineKind.CommitmentShortfall => line.What is null ? "Commitment not used" : $"{line.What}, commitment not used",
        LineKind.Correction => $"{line.What}, taken back from {line.Of:O}",
        _ => line.Source switch
        {
            Core.Funding.Included => $"{line.What}, included",
            Core.Funding.Committed => $"{line.What}, committed",
            Core.Funding.Credits => $"{line.What}, {line.Credits} credits",
            _ => line.Kind == LineKind.Overage ? $"{line.What}, overage" : line.What!,
        },
    };
}
