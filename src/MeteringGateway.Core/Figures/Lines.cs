using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// A period's lines, unrounded: as it closed, or as it would now (F8). Together they are all that the tenant owes for
/// it.
/// </summary>
internal static class Lines
{
    public static ImmutableArray<Line> Of(TenantState state, PeriodBook book) =>
        book.Final?.Lines ?? Of(state, book, state.RatingOf(book));

    public static ImmutableArray<Line> Of(TenantState state, PeriodBook book, PeriodRating rating)
    {
        var agreed = state.TermsAt(book.Period.Start);
        var lines = new List<Line>();
        if (agreed.PlatformFee is { } platform) lines.Add(Fee(LineKind.PlatformFee, platform));
        if (agreed.ImplementationFee is { } implementation && book == state.Books[0])
            lines.Add(Fee(LineKind.ImplementationFee, implementation));
        lines.AddRange(Purchases.Of(state, book));
        lines.AddRange(OfOutcomes(rating));
        lines.AddRange(OfActivities(book));
        lines.AddRange(Shortfalls.Of(state, book, rating));
        foreach (var ((period, type), sum) in book.Corrections ?? [])
            lines.Add(new Line(LineKind.Correction, type, null, period, sum.Quantity, null, sum.Amount, Amount.Zero));
        lines.Sort(Order);
        return [.. lines];
    }

    /// <summary>Those that units of outcomes are counted on: of one type, or of all.</summary>
    public static IEnumerable<Line> OfOutcomes(TenantState state, PeriodBook book, string? type = null) =>
        (book.Final is { } final ? final.Lines.Where(IsOfOutcomes) : OfOutcomes(state.RatingOf(book)))
        .Where(line => type is null || line.What == type);

    public static bool IsOfOutcomes(Line line) => line.Kind is LineKind.Outcomes or LineKind.Overage;

    internal static IEnumerable<Line> OfOutcomes(PeriodRating rating) =>
        rating.Lines.Where(line => rating.Tail[line.Value] != 0).Select(line => rating.LineOf(line.Key, line.Value));

    private static IEnumerable<Line> OfActivities(PeriodBook book) =>
        (book.Activities ?? []).Where(counted => counted.Key.Fee.Micros != 0)
        .GroupBy(counted => (counted.Key.Activity, counted.Key.Fee))
        .Select(group => (group.Key.Activity, group.Key.Fee, Quantity: group.Sum(counted => counted.Value)))
        .Select(sum => new Line(LineKind.Activities, sum.Activity, null, null, sum.Quantity, sum.Fee,
            sum.Fee * sum.Quantity, Amount.Zero));

    private static Line Fee(LineKind kind, Amount amount) =>
        new(kind, null, null, null, 1, amount, amount, Amount.Zero);

    public static Amount Sum(this IEnumerable<Line> lines) =>
        lines.Aggregate(Amount.Zero, (sum, line) => sum + line.Amount);

    public static Amount SumOfCredits(this IEnumerable<Line> lines) =>
        lines.Aggregate(Amount.Zero, (sum, line) => sum + line.Credits);

    /// <summary>By kind, period corrected, type, source, price.</summary>
    private static int Order(Line a, Line b)
    {
        var order = Place(a.Kind).CompareTo(Place(b.Kind));
        if (order == 0) order = Nullable.Compare(a.Of, b.Of);
        if (order == 0) order = string.CompareOrdinal(a.What, b.What);
        if (order == 0) order = Nullable.Compare(a.Source, b.Source);
        if (order == 0) order = Nullable.Compare(a.UnitPrice, b.UnitPrice);
        return order != 0 ? order : a.Credits.CompareTo(b.Credits);
    }

    /// <summary>The numbers of the kinds are stored, so one that came later has its place here.</summary>
    private static int Place(LineKind kind) => kind switch
    {
        LineKind.PlatformFee => 0,
        LineKind.ImplementationFee => 1,
        LineKind.TopUp => 2,
        _ => (int)kind + 1,
    };
}
