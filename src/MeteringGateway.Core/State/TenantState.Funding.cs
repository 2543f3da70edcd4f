using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>Grants, commitments, and the ratings of the periods that are not closed (section F).</summary>
public sealed partial class TenantState
{
    private const int PeriodsAYear = 12;

    private List<Grant>? _grants;
    private Changes? _changes;

    /// <summary>Until it is taken back, or for one period (F2).</summary>
    internal Authorization? Authorization { get; private set; }

    internal IReadOnlyList<Grant> Grants => _grants ?? (IReadOnlyList<Grant>)[];

    internal Grant? Grant(string id) => _grants?.Find(grant => grant.Id == id);

    /// <summary>F6: what was bought with this key, at any time.</summary>
    internal Grant? Bought(string key) => _grants?.Find(grant => grant.Key == key);

    /// <summary>
    /// What an outcome of the book costs depends on what is before it, so that its admission does too (C7, F3).
    /// </summary>
    internal bool Restricts(PeriodBook book, Terms terms) => book.HasMoneyCaps || TraitsOf(book, terms).Restricted;

    /// <summary>Every type goes on demand at one price, and nothing can be used up.</summary>
    internal bool IsPlain(PeriodBook book, Terms terms) => !book.HasMoneyCaps && TraitsOf(book, terms).Plain;

    internal Traits TraitsOf(PeriodBook book, Terms terms)
    {
        var atStart = TermsAt(book.Period.Start);
        if (book.Traits is { } kept && ReferenceEquals(kept.Terms, terms) && ReferenceEquals(kept.AtStart, atStart))
            return kept;
        return book.Traits = Traits.Of(terms, atStart);
    }

    /// <summary>Grants, or what closed periods took of them, changed.</summary>
    private void GrantsChanged() => (_changes ??= new Changes()).GrantsChanged();

    /// <summary>The rating of a period that is not closed, up to date (F4).</summary>
    internal PeriodRating RatingOf(PeriodBook book)
    {
        var stamp = _changes?.OfGrants ?? 0;
        for (var i = _firstUnclosed; i < _books.Count && _books[i] != book; i++)
            if (_books[i].Status != PeriodStatus.Closed) stamp = Math.Max(stamp, RatingOf(_books[i]).Version);
        if (book.Rating is { } kept && kept.Stamp == stamp) return kept;
        var committed = CommittedBefore(book);
        var rating = book.Rating;
        if (rating is null) rating = NewRating(book, committed, book.Caps.Select(cap => cap.Cap));
        else FundAnew(rating, committed, EarlierUnclosed(book));
        rating.Stamp = stamp;
        return book.Rating = rating;
    }

    /// <summary>
    /// Works out what the next turn would have to first, of a state that was loaded: whoever loads it has the time.
    /// </summary>
    public void Prepare()
    {
        if (!Exists) return;
        foreach (var book in Unclosed) if (!IsPlain(book, Terms)) _ = RatingOf(book).Tail;
    }

    /// <summary>F4: in one go, from what the state holds.</summary>
    private PeriodRating NewRating(PeriodBook book, ImmutableArray<long> committed, IEnumerable<Cap> caps)
    {
        var rating = NewRating(book, committed, caps, RatedIn(book));
        FundAnew(rating, committed, EarlierUnclosed(book));
        return rating;
    }

    private PeriodRating NewRating(PeriodBook book, ImmutableArray<long> committed, IEnumerable<Cap> caps,
        IEnumerable<int> rated) => new(
            new Rater(TermsAt(book.Period.Start), index => _terms[index].Terms, committed),
            caps.Where(cap => cap.Limit.IsMoney), _outcomes ??= new(), rated, _changes ??= new Changes());

    /// <summary>
    /// Makes the ratings that <see cref="RatingOf"/> of a book needs, where there are none, and walks them: what each
    /// step costs, about, in looks at a row.
    /// </summary>
    private IEnumerable<int> RateInSteps(PeriodBook last)
    {
        for (var i = _firstUnclosed; i < _books.Count; i++)
        {
            var book = _books[i];
            if (book.Status != PeriodStatus.Closed)
            {
                if (book.Rating is null)
                {
                    var rating = NewRating(book, CommittedBefore(book), book.Caps.Select(cap => cap.Cap), []);
                    for (var place = 0; place < (_outcomes?.Places ?? 0); place++)
                    {
                        if (_outcomes!.PeriodAt(place) == book.Period.Id && _outcomes.IsRated(place))
                            rating.Begin(place);
                        yield return ClosingWork.OfLook;
                    }
                    book.Rating ??= rating;
                }
                while (RatingOf(book).WalkOn(ClosingWork.Together) > 0)
                    yield return ClosingWork.Together * ClosingWork.OfWalk;
            }
            if (book == last) yield break;
        }
    }

    /// <summary>
    /// The ratings of every period that is not closed, the bytes of memory, and what is due are worked out anew and
    /// compared with what was kept up to date; null: they are the same.
    /// </summary>
    public string? VerifyRating()
    {
        if (_bytes != CountedBytes()) return "bytes of memory";
        if (NextDue < QuietUntil) return $"{Upcoming()} is due before {QuietUntil}";
        foreach (var book in _books)
        {
            if (book.Status == PeriodStatus.Closed || book.Rating is null) continue;
            var kept = RatingOf(book);
            var anew = NewRating(book, CommittedBefore(book), book.Caps.Select(cap => cap.Cap));
            if ((kept.Differs(anew) ?? HeldDiffers(kept, book) ?? book.Demand?.Differs(OutcomesOf(book))) is { } where)
                return $"{book.Period.Id:O}: {where}";
        }
        return null;
    }

    /// <summary>
    /// A period that closes gives its grants' rest to no other before it: those that are not closed come in order of
    /// time.
    /// </summary>
    private List<PeriodBook> EarlierUnclosed(PeriodBook book)
    {
        var earlier = new List<PeriodBook>(0);
        for (var i = _firstUnclosed; i < _books.Count && _books[i] != book; i++)
            if (_books[i].Status != PeriodStatus.Closed) earlier.Add(_books[i]);
        return earlier;
    }

    private void FundAnew(PeriodRating rating, ImmutableArray<long> committed, List<PeriodBook> earlier)
    {
        var rater = rating.Rater;
        if (!rater.CommittedBefore.AsSpan().SequenceEqual(committed.AsSpan()))
        {
            rater.CommittedBefore = committed;
            rating.BeginAgain(Instant.MinValue);
        }
        if (_grants is null) return;
        var before = rater.Grants;
        var rooms = new List<GrantRoom>();
        foreach (var grant in _grants)
        {
            if (grant.IsDone) continue;
            var used = grant.Spent + earlier.Sum(book => RatingOf(book).Drawn(grant.Id));
            var room = new GrantRoom(grant.Id, rater.Slot(new Counter(Counts.Grant, grant.Id)), grant.Capacity - used,
                used, grant.EffectiveAt, grant.Until);
            var had = Array.Find(before, one => one.Id == grant.Id);
            if (had is not null && had.UsedBefore != used) rating.BeginAgain(Instant.MinValue);
            else if (had != room) rating.BeginAgain(grant.EffectiveAt);
            rooms.Add(room);
        }
        foreach (var had in before) if (!rooms.Exists(room => room.Id == had.Id)) rating.BeginAgain(had.From);
        rater.Grants = [.. rooms];
    }

    /// <summary>
    /// What earlier periods of the same twelve, and later ones that closed before it, used of each commitment per year
    /// (F8).
    /// </summary>
    internal ImmutableArray<long> CommittedBefore(PeriodBook book)
    {
        var commitments = TermsAt(book.Period.Start).Commitments;
        if (commitments.IsEmpty) return [];
        var used = new long[commitments.Length];
        if (!commitments.Any(commitment => commitment.PerYear)) return [.. used];
        var year = _books.IndexOf(book) / PeriodsAYear * PeriodsAYear;
        foreach (var other in _books.Skip(year).Take(PeriodsAYear))
        {
            if (other == book || (other.Period.Start > book.Period.Start && other.Status != PeriodStatus.Closed))
                continue;
            for (var i = 0; i < used.Length; i++)
                if (commitments[i].PerYear)
                    used[i] += Used(other, commitments[i],
                        commitments.Take(i).Count(before => IsLike(before, commitments[i])));
        }
        return [.. used];
    }

    internal IEnumerable<PeriodBook> EarlierInYear(PeriodBook book)
    {
        var at = _books.IndexOf(book);
        return _books.GetRange(at / PeriodsAYear * PeriodsAYear, at % PeriodsAYear);
    }

    /// <summary>The last of twelve periods, or the last of a tenant that is closed.</summary>
    internal bool EndsYear(PeriodBook book) => _books.IndexOf(book) is var at
        && (at % PeriodsAYear == PeriodsAYear - 1 || (ClosedAt is not null && book == Open));

    /// <summary>
    /// Units, or millionths, that a period's outcomes used of a commitment like this one; the second of its kind is
    /// like their second.
    /// </summary>
    private long Used(PeriodBook book, Commitment commitment, int nth)
    {
        var i = IndexOf(book, commitment, nth);
        return i < 0 ? 0 : book.Final is { } final ? final.Committed[i].Value : RatingOf(book).Committed(i);
    }

    private int IndexOf(PeriodBook book, Commitment commitment, int nth)
    {
        var theirs = TermsAt(book.Period.Start).Commitments;
        for (var i = 0; i < theirs.Length; i++) if (IsLike(theirs[i], commitment) && nth-- == 0) return i;
        return -1;
    }

    private static bool IsLike(Commitment a, Commitment b) =>
        a.PerYear && b.PerYear && a.OutcomeType == b.OutcomeType && a.Units is null == b.Units is null;

    /// <summary>What stands against a cap, in units or millionths; for a daily one on a day (C2, C7).</summary>
    internal Exposure ExposureOf(PeriodBook book, CapBook cap, int day, Instant now)
    {
        var counted = cap.On(day);
        if (!cap.Cap.Limit.IsMoney || book.Status == PeriodStatus.Closed) return counted;
        var rating = RatingOf(book);
        var charged = rating.Charged(rating.Tail, cap.Cap, day);
        return counted.Plus(charged, rating.Charged(Held(book, now), cap.Cap, day) - charged);
    }

    /// <summary>The same without what is held.</summary>
    internal long CountedOf(PeriodBook book, CapBook cap, int day)
    {
        var counted = cap.On(day).Counted;
        if (!cap.Cap.Limit.IsMoney || book.Status == PeriodStatus.Closed) return counted;
        var rating = RatingOf(book);
        return checked(counted + rating.Charged(rating.Tail, cap.Cap, day));
    }

    /// <summary>
    /// What may go on demand under the rules in force for a time: the tenant's say at the period's end, or now.
    /// </summary>
    internal Authorization? AuthorizedIn(PeriodBook book) => book == Open ? Authorization : book.Authorized;

    private void Apply(Entry.GrantIssued e)
    {
        var grant = new Grant
        {
            Id = e.Grant, Kind = e.Kind, Amount = e.Amount, Priority = e.Priority, EffectiveAt = e.EffectiveAt,
            ExpiresAt = e.ExpiresAt, Price = e.Price,
            Note = e.Note, Key = e.Key, From = e.From, CreatedAt = e.At, Capacity = e.Amount.Micros, Pack = e.Pack,
            Quantity = e.Quantity,
        };
        var issued = _grants ??= [];
        var at = issued.Count;
        while (at > 0 && Core.Grant.Order(issued[at - 1], grant) > 0) at--;
        issued.Insert(at, grant);
        GrantsChanged();
        Open.CreditsInForce = checked(Open.CreditsInForce + e.Amount.Micros);
        CountTaken(Open, e.Price?.Micros ?? 0);
        CountCredits(e.Amount.Micros);
        Open.CreditsExhausted = false;
        // What came back to a grant that had expired is this one's now.
        if (e is { Kind: GrantKind.Correction, From: { } from } && Grant(from) is { } origin
            && origin.Capacity > origin.Spent + DrawnFrom(origin))
        {
            origin.Capacity -= e.Amount.Micros;
            CountCredits(-e.Amount.Micros);
            GrantsChanged();
        }
        Watch(grant);
    }

    private void Apply(Entry.GrantEnded e)
    {
        var grant = Grant(e.Grant)!;
        grant.Capacity -= e.Taken.Micros;
        CountCredits(-e.Taken.Micros);
        grant.Ended = true;
        if (e.Voided) grant.VoidedAt ??= e.At;
        GrantsChanged();
    }

    private void Apply(Entry.OverageAuthorized e) =>
        Authorization = new Authorization(e.Standing ? null : Open.Period.Id, e.Limit);

    private void Watch(Grant grant)
    {
        if (grant.Ended || grant.ExpiresAt is not { } end) return;
        _due.Enqueue(new Due(end, DueKind.Grant, grant.Id));
        if (!grant.Announced && grant.AnnouncedAt is { } notice && notice > Now)
            _due.Enqueue(new Due(notice, DueKind.GrantNotice, grant.Id));
    }

    /// <summary>Millionths that the outcomes of periods not closed hold of a grant.</summary>
    internal long DrawnFrom(Grant grant)
    {
        var sum = 0L;
        for (var i = _firstUnclosed; i < _books.Count; i++)
            if (_books[i].Status != PeriodStatus.Closed) sum += RatingOf(_books[i]).Drawn(grant.Id);
        return sum;
    }

    /// <summary>Millionths that outcomes do not hold, and that were not taken.</summary>
    internal long LeftOf(Grant grant) => Math.Max(0, grant.Capacity - grant.Spent - DrawnFrom(grant));

    /// <summary>What neither outcomes nor reservations hold.</summary>
    internal long FreeOf(Grant grant, Instant now)
    {
        var held = Held(Open, now);
        var room = Array.Find(RatingOf(Open).Rater.Grants, room => room.Id == grant.Id);
        return room is null ? 0 : Math.Max(0, room.Available - held[room.Slot]);
    }

    /// <summary>All, in order of issue.</summary>
    public IReadOnlyList<GrantFigure> GrantFigures() =>
        Grants.OrderBy(grant => grant.Id, Ids.InOrder).Select(FigureOf).ToArray();

    internal GrantFigure FigureOf(Grant grant) => grant.AsIssued() with
    {
        Remaining = grant.Ended ? Amount.Zero : new Amount(LeftOf(grant)), VoidedAt = grant.VoidedAt,
    };
}
