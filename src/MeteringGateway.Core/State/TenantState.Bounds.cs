namespace MeteringGateway.Core;

/// <summary>
/// What figures may come to at most, so that nothing that is taken can lead to a sum that leaves 64 bits (N1). All of
/// it can be worked out from the rest of the state, so none of it is in snapshots; kept up, it costs an event a few
/// additions.
/// </summary>
/// <remarks>
/// A period's <b>stake</b> is every unit that is charged, or may come to be, at the highest price that it can have
/// (<see cref="Pricing.MostOf"/>), with activities' fees and what grants were sold for. An outcome keeps its terms, so
/// its part never changes; what is held is looked at under every terms that may come to hold while it is.
/// </remarks>
public sealed partial class TenantState
{
    /// <summary>
    /// Millionths that a period may come to, and credits that there may be: half of what an amount can be, so that
    /// what is added to it can be compared with it.
    /// </summary>
    public const long Most = 1L << 62;

    /// <summary>
    /// Millionths that may be taken back of closed periods, with what the others may come to: all of it may fall into
    /// one statement, whose lines are rounded.
    /// </summary>
    private const long MostTakenBack = long.MaxValue - (1L << 56);

    /// <summary>How long after its close an outcome of a type that is not credited late can be taken back.</summary>
    private static readonly TimeSpan TakenBackFor = CorrectionsExact + TimeSpan.FromDays(2);

    /// <summary>Null: to be worked out, by the first command that asks.</summary>
    private Stakes? _stakes;

    /// <summary>What is kept up once it was asked for.</summary>
    private sealed class Stakes
    {
        /// <summary>Millionths that what was taken in each period that is not closed may come to at most.</summary>
        public Dictionary<DateOnly, Int128> Taken { get; } = [];
        /// <summary>Millionths that the reservations of each period may come to; null: to be worked out.</summary>
        public Dictionary<DateOnly, Int128>? Held { get; set; }
        /// <summary>Of closed periods; null: to be worked out.</summary>
        public Int128? TakenBack { get; set; }
        /// <summary>Millionths of credits that grants hold, or that were drawn from them and may come back.</summary>
        public Int128 Credits { get; set; }
    }

    /// <summary>What is wrong with terms for a period in which nothing has happened yet; null: nothing.</summary>
    public static string? Excess(Terms terms) =>
        Owed(terms, isFirst: true) > Most ? "fees and commitments of a period"
        : !CreditsFit(0, [terms]) ? "credits that come with a period, or what they are worth,"
        : null;

    /// <summary>Whether a period may come to more by so many millionths.</summary>
    internal bool HasRoom(PeriodBook book, Int128 more)
    {
        var stake = StakeIn(book);
        if (stake + more > Most) return false;
        var all = TakenBack() + more;
        for (var i = _firstUnclosed; i < _books.Count; i++)
            if (_books[i].Status != PeriodStatus.Closed) all += _books[i] == book ? stake : StakeIn(_books[i]);
        return all <= MostTakenBack;
    }

    /// <summary>
    /// Whether there may be so many millionths of credits more, and still be those of the periods to come.
    /// </summary>
    internal bool HasRoomForCredits(Int128 more) =>
        CreditsFit(Reckoned.Credits + more, TermsSince(FirstUnclosed.Period.Start));

    /// <summary>The same for a grant: what comes back is counted among what was issued in the period, too.</summary>
    internal bool HasRoomForGrant(Int128 credits)
    {
        if (!HasRoomForCredits(credits)) return false;
        var mayComeBack = Reckoned.Credits;
        foreach (var grant in Grants) if (!grant.Ended) mayComeBack -= LeftOf(grant);
        return Open.CreditsInForce + mayComeBack + credits <= MostTakenBack;
    }

    /// <summary>Whether what stands and what is held is within bounds under terms that are to hold, too.</summary>
    internal bool HasRoomUnder(Terms terms, Instant from)
    {
        if (!CreditsFit(Reckoned.Credits, [terms, .. TermsSince(FirstUnclosed.Period.Start)])) return false;
        foreach (var book in Unclosed)
        {
            // At a period's very first instant they are the terms that it begins with.
            var begins = book == Open && from == book.Period.Start;
            var stake = begins ? StakeUnder(book, terms) + Owed(terms, book == _books[0])
                : TakenIn(book) + Owed(TermsAt(book.Period.Start), book == _books[0]);
            if (stake + HeldUnder(book, terms) > Most) return false;
        }
        return true;
    }

    /// <summary>Millionths that a unit may cost under the terms for a time.</summary>
    internal Int128 UnitStake(PeriodBook book, in Subject subject, Instant time) =>
        UnitStake(book, subject, TermsAt(time));

    /// <summary>Millionths that a unit that is held in a period may come to cost.</summary>
    internal Int128 HeldUnitStake(PeriodBook book, Subject subject) =>
        TermsSince(book.Period.Start).Max(terms => UnitStake(book, subject, terms));

    private Int128 UnitStake(PeriodBook book, in Subject subject, Terms terms, Terms? atStart = null) =>
        subject.IsActivity ? terms.Activity(subject.What)?.Price?.Micros ?? 0
        : terms.Type(subject.What) is { } type
            ? Pricing.MostOf(type, terms, atStart ?? TermsAt(book.Period.Start)).Micros : 0;

    private Int128 StakeIn(PeriodBook book) =>
        TakenIn(book) + HeldIn(book) + Owed(TermsAt(book.Period.Start), book == _books[0]);

    /// <summary>What a period's statement has whatever happens in it, and what may be missing of commitments.</summary>
    private static Int128 Owed(Terms atStart, bool isFirst)
    {
        var owed = (Int128)(atStart.PlatformFee?.Micros ?? 0);
        if (isFirst) owed += atStart.ImplementationFee?.Micros ?? 0;
        foreach (var commitment in atStart.Commitments)
            owed += commitment.Amount?.Micros
                ?? (Int128)(commitment.Units ?? 0) * (commitment.Price?.Micros ?? 0);
        return owed;
    }

    private Int128 HeldIn(PeriodBook book)
    {
        if (_reservations is not { Count: > 0 }) return 0;
        if (Reckoned.Held is null)
        {
            Reckoned.Held = [];
            foreach (var held in _reservations.Values) CountStake(held, held.Remaining);
        }
        return Reckoned.Held.GetValueOrDefault(book.Period.Id);
    }

    private Int128 TakenIn(PeriodBook book) => Reckoned.Taken.GetValueOrDefault(book.Period.Id);

    private void CountTaken(PeriodBook book, Int128 stake)
    {
        if (_stakes is not null && stake != 0) _stakes.Taken[book.Period.Id] = TakenIn(book) + stake;
    }

    private void CountCredits(long credits)
    {
        if (_stakes is not null) _stakes.Credits += credits;
    }

    /// <param name="units">That are held from now on, or (below 0) no longer.</param>
    private void CountHeld(Reservation held, long units)
    {
        if (Book(held.Period)?.Rating is { Held: { } sums } rating)
        {
            if (sums.Index < _terms.Count && ReferenceEquals(_terms[sums.Index].Terms, sums.Terms))
                CountHeld(sums, rating, held, units);
            else rating.Held = null; // terms that were to come were taken back
        }
        CountStake(held, units);
    }

    private void CountStake(Reservation held, long units)
    {
        if (_stakes?.Held is not { } stakes) return; // worked out when it is asked for
        stakes[held.Period] = stakes.GetValueOrDefault(held.Period)
            + HeldUnitStake(Book(held.Period)!, held.Subject) * units;
    }

    private Int128 HeldUnder(PeriodBook book, Terms terms)
    {
        var sum = Int128.Zero;
        foreach (var held in _reservations?.Values ?? Enumerable.Empty<Reservation>())
            if (held.Period == book.Period.Id)
                sum += Int128.Max(HeldUnitStake(book, held.Subject), UnitStake(book, held.Subject, terms))
                    * held.Remaining;
        return sum;
    }

    private Int128 StakeOf(PeriodBook book, Outcome outcome, Terms? atStart = null) => outcome.MayBeCharged
        ? UnitStake(book, outcome.Subject, _terms[outcome.Terms].Terms, atStart) * outcome.Quantity : 0;

    private Int128 StakeUnder(PeriodBook book, Terms atStart)
    {
        var stake = Int128.Zero;
        foreach (var outcome in _outcomes?.All ?? [])
            if (outcome.Period == book.Period.Id) stake += StakeOf(book, outcome, atStart);
        foreach (var (activity, quantity) in book.Activities ?? []) stake += (Int128)activity.Fee.Micros * quantity;
        foreach (var grant in Grants) if (book.Period.Contains(grant.CreatedAt)) stake += grant.Price?.Micros ?? 0;
        return stake;
    }

    /// <summary>What outcomes of closed periods were charged, as far as they may still be credited (O5, D3).</summary>
    private Int128 TakenBack()
    {
        if (Reckoned.TakenBack is { } known) return known;
        var credited = _terms.SelectMany(terms => terms.Terms.OutcomeTypes).Where(type => type.CreditAfterWindow)
            .Select(type => type.Id).ToHashSet();
        var sum = Int128.Zero;
        foreach (var book in _books)
        {
            if (book.Final is not { } final) continue;
            var recent = final.ClosedAt + TakenBackFor >= Open.Period.Start;
            foreach (var line in final.Lines)
                if (line.Kind is LineKind.Outcomes or LineKind.Overage && (recent || credited.Contains(line.What!)))
                    sum += line.Amount.Micros;
        }
        Reckoned.TakenBack = sum;
        return sum;
    }

    /// <param name="credits">Millionths that there may be, before those of a period to come.</param>
    private static bool CreditsFit(Int128 credits, IEnumerable<Terms> terms)
    {
        var (granted, rolled, worth) = (0L, 0L, 0L);
        foreach (var one in terms)
        {
            granted = Math.Max(granted, one.PeriodGrant.Micros);
            rolled = Math.Max(rolled, one.Rollover?.Max.Micros ?? 0);
            worth = Math.Max(worth, one.CreditValue?.Micros ?? 0);
        }
        var all = credits + granted + rolled;
        return all <= Most && all * worth / 1_000_000 <= Most;
    }

    private PeriodBook FirstUnclosed
    {
        get
        {
            foreach (var book in Unclosed) return book;
            return Open;
        }
    }

    /// <summary>The terms in force at a time, and those after them and to come.</summary>
    private IEnumerable<Terms> TermsSince(Instant time)
    {
        for (var i = TermsIndexAt(time); i < _terms.Count; i++) yield return _terms[i].Terms;
        foreach (var change in _scheduled ?? [])
            if (change.Setting is Setting.Plan { Terms: var terms }) yield return terms;
    }

    /// <summary>Terms came or went.</summary>
    private void ForgetBounds()
    {
        if (_stakes is not null) (_stakes.Held, _stakes.TakenBack) = (null, null);
    }

    private Stakes Reckoned
    {
        get
        {
            if (_stakes is not null) return _stakes;
            var stakes = new Stakes();
            foreach (var book in Unclosed)
                stakes.Taken[book.Period.Id] = StakeUnder(book, TermsAt(book.Period.Start));
            foreach (var grant in Grants) stakes.Credits += grant.Capacity;
            return _stakes = stakes;
        }
    }
}
