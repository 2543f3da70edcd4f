namespace MeteringGateway.Core;

public sealed partial class TenantState
{
    /// <summary>Something is held whose price, or whose funding, depends on what comes before it.</summary>
    internal bool HoldsInPlaces(Instant now)
    {
        if (_reservations is null || _reservations.Count == 0) return false;
        var index = TermsIndexAt(now);
        foreach (var book in BooksHeld())
            if (HeldOf(RatingOf(book), book, index).Placed.Count > 0) return true;
        return false;
    }

    private PeriodBook[] BooksHeld() => HeldBefore is null ? [Open] : UnclosedFrom(Open, []);

    /// <summary>Null: nothing that is held, or nothing that limits, depends on what comes before.</summary>
    /// <param name="drawn">Units of a reservation that no longer count as held.</param>
    internal HeldAfter? HeldAfter(Instant now, string? reservation = null, long drawn = 0)
    {
        if (!HoldsInPlaces(now)) return null;
        var (books, index) = (BooksHeld(), TermsIndexAt(now));
        var terms = _terms[index].Terms;
        if (!Array.Exists(books, book => Restricts(book, terms))) return null;
        // Counters that two periods share must be there before they are looked for.
        foreach (var book in books) _ = RatingOf(book).Rater.RatesOf(index, terms.OutcomeTypes[0].Id);
        var dearest = 0L;
        foreach (var type in terms.OutcomeTypes) dearest = Math.Max(dearest, type.Credits?.Micros ?? 0);
        foreach (var book in books) dearest = Math.Max(dearest, TraitsOf(book, terms).Dearest);
        return new HeldAfter(
            Array.ConvertAll(books, book => PartOf(book, books, now, index, reservation, drawn)), dearest);
    }

    /// <summary>Units of a type of the open period that fit before what is held; null: no fewer than asked.</summary>
    internal long? LeftBeforeHeld(in Subject subject, Instant now, string? reservation, long drawn, long? most)
    {
        var index = TermsIndexAt(now);
        if (subject.IsActivity || _terms[index].Terms.Type(subject.What) is not { } type
            || HeldAfter(now, reservation, drawn) is not { } held) return null;
        var room = held.Before(RatingOf(Open).Rater.RatesOf(index, type.Id),
            Pricing.ClassOf(type, subject.Dimensions.Workflow, null), subject, now, most ?? long.MaxValue);
        return room.Units == long.MaxValue ? null : room.Units;
    }

    private HeldPart PartOf(PeriodBook book, PeriodBook[] books, Instant now, int index, string? reservation,
        long drawn)
    {
        var rating = RatingOf(book);
        var shared = Array.ConvertAll(books,
            other => other == book ? [] : Shared(rating.Rater, book, other).ToArray());
        var standing = rating.Tail.Copy();
        for (var i = 0; i < books.Length; i++)
            if (books[i].Period.Start > book.Period.Start)
                foreach (var (mine, theirs) in shared[i]) standing.Add(mine, RatingOf(books[i]).Tail[theirs]);
        var placed = HoldFlat(standing, rating, book, index, reservation, drawn);
        var today = book == Open ? CurrentDay(now) : -1;
        var caps = book.Caps.FindAll(cap => cap.Cap.Limit.IsMoney && cap.Cap.AtLimit.Action != LimitAction.Notify)
            .ToArray();
        var daily = Array.Exists(caps, cap => cap.Cap.Period == CapPeriod.Day);
        var known = drawn > 0 ? null : rating.Held!.Runs;
        if (known is null || known.Today != today || !known.Caps.AsSpan().SequenceEqual(caps)
            || !ReferenceEquals(known.First, rating.Rater.Rates[0]))
        {
            int[] on = !daily ? []
                : [.. placed.Values.Select(held => held.Day).Append(today).Where(day => day >= 0).Distinct()];
            known = RunsOf(caps, placed.Values, on, today, rating.Rater, index, reservation, drawn);
            if (drawn == 0) rating.Held!.Runs = known;
        }
        var days = known.Days;
        var exposed = Held(book, now);
        return new HeldPart
        {
            Standing = standing,
            Grants = rating.Rater.Grants,
            Caps = Array.ConvertAll(caps, cap => cap.Cap),
            Days = Array.ConvertAll(caps, cap => Array.ConvertAll(cap.Cap.Period == CapPeriod.Day ? days : [0],
                day => (rating.SlotOf(cap.Cap, day), cap.Cap.Limit.Value - cap.On(day).Counted,
                    cap.On(day).Counted + rating.Charged(exposed, cap.Cap, day)))),
            Today = Math.Max(0, Array.IndexOf(days, today)),
            Rates = rating.Held!.Rates ??= [.. _terms[index].Terms.OutcomeTypes
                .OrderBy(type => type.Id, StringComparer.Ordinal).Select(type => rating.Rater.RatesOf(index, type.Id))],
            Overage = Overage.Of(rating.Rater, index, AuthorizedIn(book)),
            Shared = shared,
            Runs = known.Runs,
            Until = known.Until,
        };
    }

    private static HeldRuns RunsOf(CapBook[] caps, IEnumerable<Reservation> placed, int[] days, int today, Rater rater,
        int index, string? reservation, long drawn)
    {
        var (runs, until) = (new List<HeldRun>(), Instant.MinValue);
        foreach (var held in placed)
        {
            var units = held.Remaining - (held.Id == reservation ? drawn : 0);
            if (units <= 0) continue;
            until = Instant.Max(until, held.ExpiresAt);
            var rates = rater.RatesOf(index, held.Subject.What);
            var run = new HeldRun(rates, Pricing.ClassOf(rates.Type, held.Subject.Dimensions.Workflow, null),
                HeldPart.Matching(caps, cap => cap.Cap, held.Subject), Math.Max(0, Array.IndexOf(days, held.Day)),
                units);
            if (runs.Count > 0 && runs[^1].IsLike(run))
                runs[^1] = run with { Units = runs[^1].Units + units };
            else runs.Add(run);
        }
        return new HeldRuns(runs, caps, days, today, until, rater.Rates[0]);
    }
}
