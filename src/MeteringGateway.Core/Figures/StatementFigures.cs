using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What a period costs, line by line (F8, N3).</summary>
public static class StatementFigures
{
    /// <summary>Null: no such period.</summary>
    /// <param name="period">Null: the open one.</param>
    public static Statement? Statement(this TenantState state, DateOnly? period) =>
        state.BookOf(period) is { } book ? Of(state, book) : null;

    /// <summary>Newest first.</summary>
    public static IReadOnlyList<Statement> Statements(this TenantState state) =>
        state.Books.Reverse().Select(book => Of(state, book)).ToArray();

    internal static Statement Of(TenantState state, PeriodBook book)
    {
        var (lines, currency) = (Lines.Of(state, book), state.Terms.Currency);
        var rounded = lines.Select(line =>
            new StatementLine(line, Describe(line, book), Currencies.Round(line.Amount, currency))).ToImmutableArray();
        var credits = lines.SumOfCredits();
        return new Statement(
            book.Period, book.Status, currency, rounded,
            rounded.Aggregate(Amount.Zero, (sum, line) => sum + line.Amount), lines.Sum(), credits,
            state.TermsAt(book.Period.Start).Worth(credits), state.Sequence, book.Final?.Sequence, state.ZoneOf(book),
            book.Final?.ClosedAt);
    }

    private static string Describe(Line line, PeriodBook book) => line.Kind switch
    {
        LineKind.PlatformFee => "Platform fee",
        LineKind.ImplementationFee => "Implementation fee",
        LineKind.TopUp => line.What is null ? "Credits" : $"Top-up {line.What}",
        LineKind.Activities => line.What!,
        LineKind.CommitmentShortfall => line.What is null ? "Commitment not used" : $"{line.What}, commitment not used",
        LineKind.Correction => $"{line.What}, taken back from {line.Of:O}{Named(line, book)}",
        _ => line.Source switch
        {
            Funding.Included => $"{line.What}, included",
            Funding.Committed => $"{line.What}, committed",
            Funding.Credits => $"{line.What}, {line.Credits} credits",
            _ => line.Kind == LineKind.Overage ? $"{line.What}, overage" : line.What!,
        },
    };

    /// <summary>
    /// F10, D3: what is taken back, by name and why; of many, the first. Outcomes that were paid in credits come to no
    /// money: what was taken back is said in credits.
    /// </summary>
    private static string Named(Line line, PeriodBook book)
    {
        if (book.Named?.GetValueOrDefault((line.Of!.Value, line.What!)) is not { } named) return "";
        var names = string.Join(", ", named.First.Select(one => char.IsAsciiDigit(one.Why[^1])
            ? $"{one.OutcomeId} (dispute {one.Why})" : $"{one.OutcomeId} ({one.Why})"));
        var more = named.Count - named.First.Length;
        return $": {names}" + (more > 0 ? $" and {more} more" : "")
            + (named.Credits == Amount.Zero ? "" : $"; {named.Credits} credits taken back");
    }
}
