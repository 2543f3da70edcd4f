namespace MeteringGateway.Core;

/// <summary>
/// What comes after all that is rated, unit after unit at the present terms, each as long as it fits under every cap
/// that denies and the funding lets it (Q2).
/// </summary>
internal sealed class Course
{
    private readonly TenantState _state;
    private readonly Rater _rater;
    private readonly Tally _tally;
    private readonly int _terms;
    private readonly Instant _now;
    private readonly Overage? _overage;
    private readonly Room[] _rooms;

    private Course(TenantState state, PeriodBook book, Instant now, Overage? overage, Room[] rooms)
    {
        var rating = state.RatingOf(book);
        (_state, _rater, _tally, _terms, _now) =
            (state, rating.Rater, rating.Tail.Copy(), state.TermsIndexAt(now), now);
        (_overage, _rooms) = (overage, rooms);
    }

    public static Course Bounded(TenantState state, PeriodBook book, Instant now) => new(state, book, now,
        Overage.Of(state.RatingOf(book).Rater, state.TermsIndexAt(now), state.AuthorizedIn(book)),
        [.. book.Caps.Where(cap => cap.Cap.AtLimit.Action != LimitAction.Notify)
            .Select(cap => Room.Of(state, book, cap, now))]);

    /// <summary>Nothing is refused.</summary>
    public static Course Free(TenantState state, PeriodBook book, Instant now) => new(state, book, now, null, []);

    /// <summary>What has come, beside what was there.</summary>
    public long Units { get; private set; }

    public Amount Amount { get; private set; }

    /// <summary>Caps that had no room for something that was asked for.</summary>
    public IEnumerable<string> Bound => _rooms.Where(room => room.IsBound).Select(room => room.Cap.Id);

    /// <exception cref="OverflowException">A sum leaves 64 bits (N1).</exception>
    public void Go(Mix mix, long units)
    {
        if (_state.TermsAt(_now).Type(mix.Type) is not { } type) return;
        var rates = _rater.RatesOf(_terms, type.Id);
        var priceClass = Pricing.ClassOf(type, mix.Workflow, mix.Method);
        var rooms = Array.FindAll(_rooms, room => room.Cap.Counts(mix.Subject));
        while (units > 0)
        {
            var run = Rater.Next(_tally, rates, priceClass, _now, _rater.Grants);
            var fit = Math.Min(units, run.Units);
            foreach (var room in rooms) fit = Math.Min(fit, room.For(run.Price));
            if (run.Source == Funding.OnDemand && rates.Rule is not null && _overage is not null)
                fit = Math.Min(fit, _overage.Allows(rates, _tally, run).Units);
            if (fit <= 0)
            {
                foreach (var room in rooms) if (room.For(run.Price) <= 0) room.IsBound = true;
                return;
            }
            Rater.Consume(_tally, rates, run, fit, _now, _rater.Grants);
            foreach (var room in rooms) room.Take(fit, run.Price * fit);
            (Units, Amount, units) = (checked(Units + fit), Amount + run.Price * fit, units - fit);
        }
    }

    /// <summary>Fees of activities: as much of them as their units, and the money, have room for.</summary>
    public void Go(in Subject activity, long units, Amount fees)
    {
        var subject = activity;
        var rooms = Array.FindAll(_rooms, room => room.Cap.Counts(subject));
        var fit = units;
        foreach (var room in rooms) if (!room.Cap.Limit.IsMoney) fit = Math.Min(fit, room.Left);
        if (fit < units) fees = new Amount((long)((Int128)fees.Micros * fit / units));
        var asked = fees;
        foreach (var room in rooms)
        {
            if (!room.Cap.Limit.IsMoney || room.Left >= asked.Micros) continue;
            room.IsBound = true;
            fees = new Amount(Math.Min(fees.Micros, room.Left));
        }
        foreach (var room in rooms) room.Take(fit, fees);
        Amount += fees;
    }

    /// <summary>
    /// What a cap has room for to the period's end: a daily one today, and on every day that follows.
    /// </summary>
    private sealed class Room(Cap cap, long left)
    {
        public Cap Cap => cap;
        public long Left { get; private set; } = left;
        public bool IsBound { get; set; }

        public static Room Of(TenantState state, PeriodBook book, CapBook cap, Instant now)
        {
            var day = state.CurrentDay(now);
            var left = (Int128)Math.Max(0, cap.Cap.Limit.Value - state.ExposureOf(book, cap, day, now).Counted);
            if (cap.Cap.Period == CapPeriod.Day)
                left += (Int128)cap.Cap.Limit.Value * (book.Period.Days.Length - 1 - day);
            return new Room(cap.Cap, (long)Int128.Min(left, long.MaxValue));
        }

        /// <summary>Whole units at a price.</summary>
        public long For(Amount price) =>
            !cap.Limit.IsMoney ? Left : price.Micros == 0 ? long.MaxValue : Left / price.Micros;

        public void Take(long units, Amount amount) => Left -= cap.Limit.IsMoney ? amount.Micros : units;
    }
}
