namespace MeteringGateway.Core;

/// <summary>Whether more would fit, and how much (A2, S1).</summary>
public sealed partial class TenantState
{
    /// <summary>Periods that are not closed, in order.</summary>
    internal IEnumerable<PeriodBook> Unclosed
    {
        get
        {
            for (var i = _firstUnclosed; i < _books.Count; i++)
                if (_books[i].Status != PeriodStatus.Closed) yield return _books[i];
        }
    }

    /// <summary>
    /// Those that a change in a book, or in the books of some outcomes, can reach: later ones, and earlier ones in
    /// which something is held, which comes after all outcomes.
    /// </summary>
    internal PeriodBook[] UnclosedFrom(PeriodBook book, IReadOnlyList<Outcome> outcomes)
    {
        var first = outcomes.Select(outcome => Book(outcome.Period)!.Period.Start).Append(book.Period.Start)
            .Append((HeldBefore ?? book).Period.Start).Min();
        return [.. Unclosed.Where(unclosed => unclosed.Period.Start >= first)];
    }

    private Outlook Ahead(PeriodBook book, Tally tally, OutcomeType type, string? workflow, Instant time)
    {
        var rater = RatingOf(book).Rater;
        var index = TermsIndexAt(time);
        return Outlook.From(
            tally, rater.RatesOf(index, type.Id), Pricing.ClassOf(type, workflow, null), time, rater.Grants,
            Overage.Of(rater, index, AuthorizedIn(book)));
    }

    /// <summary>
    /// Whole units of a subject that fit after these counters, under caps on money and by the funding; null: any
    /// number.
    /// </summary>
    internal long? LeftAfter(PeriodBook book, Tally tally, in Subject subject, int day, Instant time)
    {
        if (TermsAt(time).Type(subject.What) is not { } type) return null;
        var rating = RatingOf(book);
        var outlook = Ahead(book, tally, type, subject.Dimensions.Workflow, time);
        var left = outlook.Fundable;
        foreach (var cap in book.Caps)
        {
            if (!cap.Cap.Limit.IsMoney || cap.Cap.AtLimit.Action == LimitAction.Notify || !cap.Cap.Counts(subject))
                continue;
            var room = cap.Cap.Limit.Value - cap.On(day).Counted - rating.Charged(tally, cap.Cap, day);
            left = Math.Min(left, Outlook.UnitsFor(outlook.Runs, room));
        }
        return left == long.MaxValue ? null : left;
    }
}
