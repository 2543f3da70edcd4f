using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What a period comes to when it closes, and what is corrected afterwards (F4, T3, O5).</summary>
public sealed partial class TenantState
{
    /// <summary>How long after its close an outcome of a period can be disputed (D3).</summary>
    public static readonly TimeSpan Disputable = TimeSpan.FromDays(60);

    /// <summary>How long after its close a period can be rated again without an outcome.</summary>
    private static readonly TimeSpan CorrectionsExact = TimeSpan.FromDays(60);

    /// <summary>What the rating has come to, as it will be journalled.</summary>
    internal Entry.PeriodClosed Closing(PeriodBook book, Instant at)
    {
        var rating = RatingOf(book);
        var draws = Grants.Select(grant => new Draw(grant.Id, new Amount(rating.Drawn(grant.Id))))
            .Where(draw => draw.Credits.Micros != 0);
        return new Entry.PeriodClosed(book.Period.Id, Lines.Of(this, book, rating),
            [.. draws.OrderBy(draw => draw.Grant, Ids.InOrder)], CommittedIn(book, rating)) { At = at };
    }

    internal ImmutableArray<Limit> CommittedIn(PeriodBook book, PeriodRating rating) =>
        [.. TermsAt(book.Period.Start).Commitments.Select((commitment, i) =>
            new Limit(rating.Committed(i), commitment.Units is null))];

    private static bool IsSameRow(in Units a, in Units b, GrantRoom[] grants)
    {
        if (a.Type != b.Type || a.Terms != b.Terms || a.Class != b.Class) return false;
        foreach (var grant in grants)
            if (a.Time < grant.From != b.Time < grant.From || a.Time < grant.Until != b.Time < grant.Until)
                return false;
        return true;
    }

    /// <summary>
    /// What the closed period's rating would have differed by without the outcome and those corrected before it.
    /// </summary>
    internal Correction CorrectionOf(Outcome outcome, Instant now)
    {
        var book = Book(outcome.Period)!;
        var charges = outcome.Charges ?? [];
        if (book.Final is { Walk: { } walk } final && now < final.ClosedAt + CorrectionsExact)
        {
            var (with, without) = (Walked(book, walk), Walked(book, walk.Without(outcome.Place, outcome.Quantity)));
            var returned = walk.Grants
                .Select(grant => new Draw(grant.Id,
                    new Amount(with.Tally[Slot(with.Rater, grant)] - without.Tally[Slot(without.Rater, grant)])))
                .Where(draw => draw.Credits.Micros > 0);
            return Made(new Amount(Math.Min(0, (without.Charged - with.Charged).Micros)), [.. returned]);
        }
        var (amount, credits) = (Amount.Zero, Amount.Zero);
        foreach (var charge in charges) (amount, credits) = (amount - charge.Amount, credits + charge.Credits);
        return Made(amount, credits.Micros == 0 ? [] : [new Draw("", credits)]);

        Correction Made(Amount amount, ImmutableArray<Draw> returned) =>
            new(outcome.Period, outcome.Type, outcome.Quantity, outcome.Place, amount, returned);

        static int Slot(Rater rater, GrantRoom grant) => rater.Slot(new Counter(Counts.Grant, grant.Id));
    }

    private (Rater Rater, Tally Tally, Amount Charged) Walked(PeriodBook book, ClosedWalk walk)
    {
        var rater = new Rater(TermsAt(book.Period.Start), index => _terms[index].Terms, walk.CommittedBefore);
        rater.Grants = [.. walk.Grants.Select(grant =>
            grant with { Slot = rater.Slot(new Counter(Counts.Grant, grant.Id)) })];
        var tally = walk.Rate(rater);
        var charged = Amount.Zero;
        foreach (var (line, slot) in rater.Lines) charged += line.UnitPrice * tally[slot];
        // A unit less of what is committed is a unit more of shortfall.
        foreach (var (commitment, i) in TermsAt(book.Period.Start).Commitments.Select((commitment, i) =>
            (commitment, i)))
            if (!commitment.PerYear) charged += Shortfalls.Of(commitment, i, rater, tally, before: 0).Amount;
        return (rater, tally, charged);
    }

    private void Apply(Correction correction)
    {
        var closed = Book(correction.Period)!;
        if (closed.Final is { Walk: { } walk } final)
            closed.Final = final with { Walk = walk.Without(correction.Place, correction.Quantity) };
        foreach (var draw in correction.Returned)
            if (Grant(draw.Grant) is { Ended: false } grant) grant.Spent -= draw.Credits.Micros;
        GrantsChanged();
        var sums = Open.Corrections ??= [];
        var sum = sums.GetValueOrDefault((correction.Period, correction.OutcomeType));
        sums[(correction.Period, correction.OutcomeType)] = new CorrectionSum(sum.Quantity + correction.Quantity,
            sum.Amount + correction.Amount);
    }
}
