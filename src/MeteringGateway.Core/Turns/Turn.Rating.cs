namespace MeteringGateway.Core;

/// <summary>
/// Admission where what an outcome costs, or whether anything funds it, depends on what stands already (C7, F3).
/// </summary>
public ref partial struct Turn
{
    /// <summary>A period's counters without an outcome, and with it in its place.</summary>
    private readonly record struct Counters(PeriodBook Book, Tally Before, Tally After);

    /// <param name="Reason">Why not; <see cref="Reason.None"/>: it fits.</param>
    /// <param name="Counters">With it; none where money restricts nothing.</param>
    private readonly record struct Fit(Reason Reason, Counters[] Counters);

    /// <summary>
    /// From the period on, as an earlier outcome may take from a later period's what both could have; and from where
    /// something is held on, as what is held comes after it.
    /// </summary>
    private bool IsRestricted(PeriodBook book, Instant time) =>
        _state.Restricts(book, _state.TermsAt(time)) || _state.Restricts(book, _state.TermsAt(_now))
        || (book != _state.Open && _state.Restricts(_state.Open, _state.Terms))
        || (_state.HeldBefore is { } held && held != book && _state.Restricts(held, _state.TermsAt(_now)));

    /// <summary>
    /// With the outcome in the walk, and what the group gives back out of it, no cap on money that denies grows to
    /// above its limit, and nothing more goes on demand under a rule that does not allow it. What it draws from a
    /// reservation is no longer held.
    /// </summary>
    private Fit Funds(in Place place, Outcome outcome, IReadOnlyList<Judged> judged, Command.ReportOutcome? report)
    {
        var drawn = report is null ? 0 : Drawable(place, report);
        var rating = _state.RatingOf(place.Book);
        var gives = judged.Where(item => GivesBack(item) && item.Outcome.IsRated).Select(item => item.Outcome)
            .ToArray();
        // What is held in another period takes of what both have after the outcome, which must be in the rating then.
        if (place.Book == _state.Open && gives.Length == 0 && rating.ComesLast(outcome) && _state.HeldBefore is null)
        {
            var after = rating.Tail.Copy();
            rating.Step(after, RatedOutcome.Of(outcome), null);
            return Judge(
                [new(place.Book, _state.Held(place.Book, _now),
                    _state.Hold(after, rating, place.Book, _now, report?.Reservation, drawn))], outcome);
        }
        var books = _state.UnclosedFrom(place.Book, gives);
        foreach (var given in gives) _state.RatingOf(_state.Book(given.Period)!).Remove(given);
        var (state, now) = (_state, _now);
        var before = books.Select(book => state.Held(book, now).Copy()).ToArray();
        _state.RatingOf(place.Book).Add(outcome);
        var fit = Judge(
            [.. books.Select((book, i) => new Counters(book, before[i],
                state.Held(book, now, report?.Reservation, drawn).Copy()))], outcome);
        _state.RatingOf(place.Book).Remove(outcome);
        foreach (var given in gives) _state.RatingOf(_state.Book(given.Period)!).Add(given);
        return fit;
    }

    private Fit Judge(Counters[] counters, Outcome outcome)
    {
        foreach (var (book, before, after) in counters)
            if (Exceeds(book, before, after)) return new(Reason.OverCap, []);
        foreach (var (book, before, after) in counters)
            if (Refuses(book, before, after, book.Period.Id == outcome.Period ? outcome.Time : _now) is var reason
                and not Reason.None) return new(reason, []);
        return new(Reason.None, counters);
    }

    private bool Exceeds(PeriodBook book, Tally before, Tally after)
    {
        var rating = _state.RatingOf(book);
        foreach (var cap in book.Caps)
        {
            if (!cap.Cap.Limit.IsMoney || cap.Cap.AtLimit.Action == LimitAction.Notify) continue;
            var days = cap.Cap.Period == CapPeriod.Day ? book.Period.Days.Length : 1;
            for (var day = 0; day < days; day++)
            {
                var charged = rating.Charged(after, cap.Cap, day);
                if (charged > rating.Charged(before, cap.Cap, day)
                    && charged + cap.On(day).Counted > cap.Cap.Limit.Value) return true;
            }
        }
        return false;
    }

    /// <summary>F3: the first type, in order of the ids, whose rule forbids it; then the limits.</summary>
    private Reason Refuses(PeriodBook book, Tally before, Tally after, Instant time)
    {
        var rater = _state.RatingOf(book).Rater;
        var index = _state.TermsIndexAt(time);
        var overage = Overage.Of(rater, index, _state.AuthorizedIn(book));
        var rates = _state.TermsAt(time).OutcomeTypes.OrderBy(type => type.Id, StringComparer.Ordinal)
            .Select(type => rater.RatesOf(index, type.Id)).ToArray();
        foreach (var rate in rates)
            if (overage.Forbids(rate, before, after) is var reason and not DecisionReason.Ok) return ReasonOf(reason);
        return Array.Exists(rates, rate => overage.Exceeded(rate, before, after) is not null)
            ? Reason.OverageLimitReached : Reason.None;
    }

    private static Reason ReasonOf(DecisionReason reason) => reason switch
    {
        DecisionReason.CreditsExhausted => Reason.CreditsExhausted,
        DecisionReason.OverageBlocked => Reason.OverageBlocked,
        DecisionReason.OverageNotAuthorized => Reason.OverageNotAuthorized,
        _ => Reason.OverageLimitReached,
    };

    /// <summary>
    /// Units left under caps on money and by the funding, for more of the same; null where they bind nothing.
    /// </summary>
    /// <param name="counts">Where what is about to count counts; null: nothing is.</param>
    /// <param name="counters">With it.</param>
    /// <param name="drawn">Of the units that it holds.</param>
    private long? LeftByRating(in Place place, Place? counts, string? reservation, long drawn, Counters[] counters)
    {
        var book = place.Book;
        if (!IsRestricted(book, _now)) return null;
        var left = LeftAfterAll(place, counts, counters);
        return Least(left, LeftBeforeHeld(place, counts?.Of, reservation, drawn, left));
    }

    private long? LeftAfterAll(in Place place, Place? counts, Counters[] counters)
    {
        var book = place.Book;
        if (counts?.Of is { } earlier && earlier.Period != book.Period.Id) return LeftBeside(earlier, place);
        var tally = counts is null ? null : Array.Find(counters, one => one.Book == book).After;
        return _state.LeftAfter(book, tally ?? _state.Held(book, _now), place.Subject, place.Day, _now);
    }

    /// <summary>The same where an outcome of another period goes on, and takes from what both periods have.</summary>
    private long? LeftBeside(Outcome earlier, in Place place)
    {
        var theirs = _state.Book(earlier.Period)!;
        _state.RatingOf(theirs).Add(earlier);
        var left = _state.LeftAfter(place.Book, _state.Held(place.Book, _now), place.Subject, place.Day, _now);
        _state.RatingOf(theirs).Remove(earlier);
        return left;
    }

    /// <summary>What is held after further units of the open period is asked too (0004, 21).</summary>
    private long? LeftBeforeHeld(in Place place, Outcome? counts, string? reservation, long drawn, long? most)
    {
        if (place.Book != _state.Open || _state.Terms.Type(place.Subject.What) is null || !_state.HoldsInPlaces(_now))
            return null;
        if (counts is not null) _state.RatingOf(_state.Book(counts.Period)!).Add(counts);
        var left = _state.LeftBeforeHeld(place.Subject, _now, reservation, drawn, most);
        if (counts is not null) _state.RatingOf(_state.Book(counts.Period)!).Remove(counts);
        return left;
    }

    /// <summary>
    /// A credit, and for a closed period what comes back to grants that have ended (F5); of a voided one it is lost.
    /// </summary>
    private void Credit(Entry.OutcomeChanged changed, Correction? correction, Credit? credit)
    {
        Add(changed with { Correction = correction, Credit = credit,
            IsNamed = correction is not null && credit is { Reason: not CreditReason.Disputed } });
        foreach (var draw in correction?.Returned ?? [])
            if (_state.Grant(draw.Grant) is null or { Ended: true, VoidedAt: null })
                Correct(_state.Grant(draw.Grant), draw.Credits);
    }
}
