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

    /// <summary>Those that a change in a book, or in the books of some outcomes, can reach.</summary>
    internal PeriodBook[] UnclosedFrom(PeriodBook book, IReadOnlyList<Outcome> outcomes)
    {
        var first = outcomes.Select(outcome => Book(outcome.Period)!.Period.Start).Append(book.Period.Start).Min();
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
    /// One more unit of some outcome type in the cap's scope, or of its activity, would fit under it, reservations
    /// apart.
    /// </summary>
    /// <param name="used">Millionths that stand.</param>
    internal bool FitsOne(Cap cap, long used, Instant now)
    {
        var left = cap.Limit.Value - used;
        var terms = TermsAt(now);
        if (cap.Scope.Activity is { } activity)
            return (terms.Activity(activity)?.Price ?? Amount.Zero) is var fee
                && (fee.Micros == 0 || fee.Micros <= left);
        var rating = RatingOf(Open);
        var any = false;
        foreach (var type in terms.OutcomeTypes)
        {
            if (cap.Scope.OutcomeType is { } only && only != type.Id) continue;
            any = true;
            var first = Rater.Next(
                rating.Tail, rating.Rater.RatesOf(TermsIndexAt(now), type.Id),
                Pricing.ClassOf(type, cap.Scope.Workflow, null), now, rating.Rater.Grants);
            if (first.Price.Micros == 0 || first.Price.Micros <= left) return true;
        }
        return !any;
    }

    /// <summary>
    /// Whether funding would refuse one more unit of a type, and why (F3); <see cref="DecisionReason.Ok"/>: it would
    /// not.
    /// </summary>
    internal DecisionReason FundsOne(OutcomeType type, Instant now)
    {
        var outlook = Ahead(Open, RatingOf(Open).Tail, type, null, now);
        return outlook.Fundable > 0 ? DecisionReason.Ok : outlook.Reason;
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
