namespace MeteringGateway.Core;

/// <summary>What reservations hold, in money and of what funds units (C7, A4).</summary>
public sealed partial class TenantState
{
    /// <summary>
    /// The counters with what is held, as if it came now, after all that is rated (C7). Not to be changed.
    /// </summary>
    /// <param name="drawn">Units of a reservation that no longer count as held.</param>
    internal Tally Held(PeriodBook book, Instant now, string? reservation = null, long drawn = 0)
    {
        var rating = RatingOf(book);
        if (drawn > 0 || _reservations is null) return Hold(rating.Tail, rating, book, now, reservation, drawn);
        // Asked many times for one command; an outcome that is tried changes the rating and not the state.
        if (HeldAsOf is not { } known || known.Book != book || known.Now != now || known.Sequence != Sequence
            || known.Rated != _changes!.Last)
        {
            var tally = Hold(rating.Tail, rating, book, now);
            HeldAsOf = known = new Holding(book, now, Sequence, _changes!.Last, tally);
        }
        return known.Tally;
    }

    private sealed record Holding(PeriodBook Book, Instant Now, long Sequence, long Rated, Tally Tally);

    /// <summary>The same after other counters.</summary>
    internal Tally Hold(Tally after, PeriodRating rating, PeriodBook book, Instant now, string? reservation = null,
        long drawn = 0)
    {
        if (_reservations is null || _reservations.Count == 0) return after;
        var tally = after.Copy();
        DrawForOthers(tally, rating.Rater, book, now);
        HoldOwn(tally, rating, book, now, reservation, drawn);
        return tally;
    }

    private void HoldOwn(Tally tally, PeriodRating rating, PeriodBook book, Instant now, string? reservation,
        long drawn)
    {
        var index = TermsIndexAt(now);
        foreach (var held in HoldFlat(tally, rating, book, index, reservation, drawn).Values)
        {
            var units = held.Remaining - (held.Id == reservation ? drawn : 0);
            if (units > 0)
                rating.Charge(tally, held.Subject, held.Day, ChargeFor(rating, tally, held.Subject, index, units, now));
        }
    }

    /// <summary>Adds what is held at a price that is the same wherever it comes; answers the rest.</summary>
    private SortedDictionary<string, Reservation> HoldFlat(Tally tally, PeriodRating rating, PeriodBook book, int index,
        string? reservation, long drawn)
    {
        var held = HeldOf(rating, book, index);
        tally.Add(held.Flat);
        if (drawn > 0 && Held(reservation!) is { } draws && draws.Period == book.Period.Id
            && IsFlat(rating, draws.Subject, index)) HoldFlat(tally, rating, draws, index, -drawn);
        return held.Placed;
    }

    private HeldUnits HeldOf(PeriodRating rating, PeriodBook book, int index) =>
        rating.Held is { } kept && ReferenceEquals(kept.Terms, _terms[index].Terms) && kept.Index == index ? kept
            : rating.Held = HeldIn(rating, book, index);

    private HeldUnits HeldIn(PeriodRating rating, PeriodBook book, int index)
    {
        var sums = new HeldUnits(index, _terms[index].Terms);
        foreach (var held in _reservations!.Values)
            if (held.Period == book.Period.Id) CountHeld(sums, rating, held, held.Remaining);
        return sums;
    }

    /// <param name="held">As it is when it is made, or before it changes (<paramref name="units"/> below 0).</param>
    private void CountHeld(HeldUnits sums, PeriodRating rating, Reservation held, long units)
    {
        if (IsFlat(rating, held.Subject, sums.Index)) HoldFlat(sums.Flat, rating, held, sums.Index, units);
        else sums.Place(held.Id, units == -held.Remaining ? null
            : units > 0 ? held : held with { Remaining = held.Remaining + units });
    }

    /// <summary>What its units cost does not depend on what comes before them, nor what others cost on them.</summary>
    private bool IsFlat(PeriodRating rating, in Subject subject, int index) => subject.IsActivity
        || _terms[index].Terms.Type(subject.What) is null || rating.Rater.RatesOf(index, subject.What).IsFlat;

    private void HoldFlat(Tally tally, PeriodRating rating, Reservation held, int index, long units)
    {
        var (terms, subject) = (_terms[index].Terms, held.Subject);
        Amount charged;
        if (subject.IsActivity) charged = (terms.Activity(subject.What)?.Price ?? Amount.Zero) * units;
        else if (terms.Type(subject.What) is { } type)
            charged = rating.Rater.StepFlat(tally, new Units(index, type.Id,
                Pricing.ClassOf(type, subject.Dimensions.Workflow, null), units, Now));
        else return;
        rating.Charge(tally, subject, held.Day, charged);
    }

    private string? HeldDiffers(PeriodRating rating, PeriodBook book)
    {
        if (rating.Held is not { } kept || kept.Index >= _terms.Count) return null;
        var anew = _reservations is null ? new HeldUnits(kept.Index, kept.Terms) : HeldIn(rating, book, kept.Index);
        return !ReferenceEquals(anew.Terms, kept.Terms) // another's place: it is not used any more
            || (Shift.Between(kept.Flat, anew.Flat).IsNothing && SameUnits(kept, anew)) ? null
            : "what is held";

        static bool SameUnits(HeldUnits a, HeldUnits b) => a.Placed.Values.Select(held => (held.Id, held.Remaining))
            .SequenceEqual(b.Placed.Values.Select(held => (held.Id, held.Remaining)));
    }

    /// <summary>
    /// What is held comes after all outcomes, those of later periods too, and after what is held in earlier ones.
    /// </summary>
    private void DrawForOthers(Tally tally, Rater rater, PeriodBook book, Instant now)
    {
        var pledged = TermsAt(book.Period.Start).Commitments.Any(commitment => commitment.PerYear);
        if (_grants is null && !pledged) return;
        foreach (var other in _books)
        {
            if (other == book || other.Status == PeriodStatus.Closed) continue;
            var theirs = RatingOf(other);
            var (from, to) = (new Tally(), theirs.Tail);
            if (other.Period.Start < book.Period.Start)
            {
                // What its outcomes drew has been taken off already.
                DrawForOthers(from = to.Copy(), theirs.Rater, other, now);
                HoldOwn(to = from.Copy(), theirs, other, now, null, 0);
            }
            foreach (var (mine, slot) in Shared(rater, book, other)) tally.Add(mine, to[slot] - from[slot]);
        }
    }

    /// <summary>Counters of what two periods draw from alike: grants, and commitments per year.</summary>
    private IEnumerable<(int Mine, int Theirs)> Shared(Rater rater, PeriodBook book, PeriodBook other)
    {
        var theirs = RatingOf(other).Rater;
        foreach (var grant in rater.Grants)
            if (theirs.Known(new Counter(Counts.Grant, grant.Id)) is var slot and >= 0) yield return (grant.Slot, slot);
        if (_books.IndexOf(other) / PeriodsAYear != _books.IndexOf(book) / PeriodsAYear) yield break;
        var mine = TermsAt(book.Period.Start).Commitments;
        for (var i = 0; i < mine.Length; i++)
            if (mine[i].PerYear
                && IndexOf(other, mine[i], mine.Take(i).Count(before => IsLike(before, mine[i]))) is >= 0 and var index
                && theirs.Known(new Counter(Counts.Commitment, "", index)) is var slot and >= 0)
                yield return (rater.Slot(new Counter(Counts.Commitment, "", i)), slot);
    }

    private Amount ChargeFor(PeriodRating rating, Tally tally, in Subject subject, int index, long units, Instant now)
    {
        var terms = _terms[index].Terms;
        if (subject.IsActivity) return (terms.Activity(subject.What)?.Price ?? Amount.Zero) * units;
        if (terms.Type(subject.What) is not { } type) return Amount.Zero;
        return rating.Rater.Step(tally,
            new Units(index, type.Id, Pricing.ClassOf(type, subject.Dimensions.Workflow, null), units, now), null);
    }
}

/// <summary>
/// What the reservations of one period hold under one version of the terms. Those whose price is the same wherever they
/// come are a sum; the others are walked, after it. Not part of the state.
/// </summary>
internal sealed class HeldUnits(int index, Terms terms)
{
    public int Index { get; } = index;
    public Terms Terms { get; } = terms;
    public Tally Flat { get; } = new();
    /// <summary>Of all types, in order of their ids, once they were asked for.</summary>
    public TypeRates[]? Rates { get; set; }
    /// <summary>
    /// Reservations whose price depends on what comes before them, in the order in which they were made.
    /// </summary>
    public SortedDictionary<string, Reservation> Placed { get; } = new(Ids.InOrder);
    /// <summary>The same, as it was last looked at.</summary>
    public HeldRuns? Runs { get; set; }

    /// <param name="held">Null: no more.</param>
    public void Place(string id, Reservation? held)
    {
        Runs = null;
        if (held is null) Placed.Remove(id);
        else Placed[id] = held;
    }
}
