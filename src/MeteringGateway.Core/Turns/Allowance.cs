namespace MeteringGateway.Core;

/// <summary>
/// What checks are answered from, as of one sequence: immutable, so that any thread may read it without the tenant's
/// turn (A3).
/// </summary>
public sealed class Allowance
{
    private readonly Terms _terms;
    private readonly Instant _clock;
    private readonly bool _testClock;
    private readonly AtLimit? _stopped;
    private readonly DecisionReason _reason;
    private readonly Period _period;
    private readonly CapRoom[] _caps;
    private readonly Instant _trainingUntil;
    private readonly Funds? _funds;
    private readonly HeldAfter? _held;

    internal Allowance(TenantState state)
    {
        var book = state.Open;
        Sequence = state.Sequence;
        _terms = state.Terms;
        _clock = state.Now;
        _testClock = state.TestClock is not null;
        (_stopped, _reason) = state.ClosedAt is not null ? (AtLimit.Pause, DecisionReason.TenantClosed)
            : (state.Paused?.Action, DecisionReason.TenantPaused);
        _period = book.Period;
        ValidUntil = _testClock ? Instant.MaxValue : state.NextDue ?? Instant.MaxValue;
        _caps = book.Caps.Count == 0 ? [] : new CapRoom[book.Caps.Count];
        var day = state.CurrentDay(_clock);
        for (var i = 0; i < _caps.Length; i++)
            _caps[i] = new CapRoom(book.Caps[i].Cap, state.ExposureOf(book, book.Caps[i], day, _clock).All);
        _trainingUntil = state.TrainingEnd();
        _funds = state.IsPlain(book, _terms) ? null : new Funds(state, book);
        _held = _funds is null ? null : state.HeldAfter(_clock);
    }

    public long Sequence { get; }

    /// <summary>From then on a check needs a turn first, because something is due; never on a test clock.</summary>
    public Instant ValidUntil { get; }

    /// <summary>Answers a check (A1, A2). Null: the plan has no such outcome type.</summary>
    /// <param name="realTime">Now; a tenant on a test clock lives by its own.</param>
    public Decision? Check(Question question, Instant realTime)
    {
        var now = _testClock ? _clock : Instant.Max(realTime, _clock);
        var subject = question.Subject;
        var type = subject.IsActivity ? null : _terms.Type(subject.What);
        if (type is null && !subject.IsActivity) return null;
        var fee = subject.IsActivity ? _terms.Activity(subject.What)?.Price : null;
        var trains = type is not null && now < _trainingUntil;
        var outlook = type is null || _funds is null || trains ? null
            : _funds.Ahead(type, Pricing.ClassOf(type, subject.Dimensions.Workflow, null), now);
        var tightest = Tightest(subject, outlook, fee, trains);
        var held = outlook is null ? null : BeforeHeld(type!, subject, now, tightest?.Left, ref outlook);
        var fundable = outlook?.Fundable ?? long.MaxValue;
        var least = held?.Units ?? Math.Min(tightest?.Left ?? long.MaxValue, fundable);
        long? remaining = least == long.MaxValue ? null : least;
        var binding = held is not null ? BindingOf(held)
            : tightest is { } cap && cap.Left <= fundable ? BindingOf(cap.Room, now)
            : fundable < long.MaxValue ? _funds!.BindingOf(outlook!, type!, _period, now) : null;
        if (_stopped is not null) return Denied(_reason, _stopped, remaining, binding, retry: null);
        if (held?.Units < question.Quantity)
            return Denied(DecisionReason.CapReached, held.Cap!.Value.Cap.AtLimit, remaining, binding,
                held.Cap.Value.Until);
        if (tightest?.Left < question.Quantity)
            return Denied(DecisionReason.CapReached, tightest.Value.Room.Cap.AtLimit, remaining, binding,
                ResetsAt(tightest.Value.Room.Cap, now));
        if (fundable < question.Quantity)
            return Denied(outlook!.Reason, Pricing.RuleOf(type!, _terms).AtLimit, remaining, binding,
                _funds!.Renews(outlook, type!) ? _period.End : null);
        var (funding, price) = type is null ? (null, fee) : trains ? (Funding.Training, Amount.Zero)
            : Fund(type, subject, outlook);
        return new Decision(DecisionKind.Allow, DecisionReason.Ok, remaining, binding, funding, price, null, null,
            _period.Id, Sequence, now, _terms.Currency);

        Decision Denied(DecisionReason reason, AtLimit limit, long? remaining, Binding? binding, Instant? retry) => new(
            limit.Action == LimitAction.Handoff ? DecisionKind.Handoff : DecisionKind.Pause, reason, remaining, binding,
            null, null, limit.Action == LimitAction.Handoff ? limit : null, retry, _period.Id, Sequence, now,
            _terms.Currency);
    }

    /// <summary>
    /// What binds further units of a type besides caps (F3); null: nothing does, or the plan has no such type.
    /// </summary>
    /// <param name="now">By the tenant's clock.</param>
    internal Binding? FundingOf(string typeId, string? workflow, Instant now) =>
        _funds is not null && _terms.Type(typeId) is { } type
            ? _funds.BindingOf(_funds.Ahead(type, Pricing.ClassOf(type, workflow, null), now), type, _period, now)
            : null;

    /// <summary>
    /// More units of this may take from what is held otherwise than what is held of it does, or would.
    /// </summary>
    internal bool TakesFromHeld(in Subject subject) => _held is not null && !subject.IsActivity
        && _terms.Type(subject.What) is { } type && _held.TakesFrom(_funds!.RatesOf(type),
            Pricing.ClassOf(type, subject.Dimensions.Workflow, null), subject);

    /// <summary>
    /// What is held comes after further units, and may leave less to them than all that binds them otherwise.
    /// </summary>
    /// <param name="outlook">If it is the funding that does: with that.</param>
    /// <returns>If it is a cap, of whatever scope and period, that does.</returns>
    private HeldRoom? BeforeHeld(OutcomeType type, in Subject subject, Instant now, long? left, ref Outlook outlook)
    {
        if (_held is null) return null;
        var most = Math.Min(left ?? long.MaxValue, outlook.Fundable);
        var room = _held.Before(_funds!.RatesOf(type), Pricing.ClassOf(type, subject.Dimensions.Workflow, null),
            subject, now, most);
        if (room.Units >= most) return null;
        if (room.Cap is not null) return room;
        outlook = outlook with { Fundable = room.Units, Reason = room.Reason, Binds = room.Binds };
        return null;
    }

    private static Binding BindingOf(HeldRoom room)
    {
        var (cap, used, until) = room.Cap!.Value;
        return new Binding(cap.Id, "cap", cap.Limit, cap.Limit.With(used), until, cap.Period);
    }

    /// <summary>
    /// The cap in scope with the fewest whole units left; at a tie pause before hand-off, then the id (A1).
    /// </summary>
    private (CapRoom Room, long Left)? Tightest(in Subject subject, Outlook? outlook, Amount? fee, bool trains)
    {
        (CapRoom Room, long Left)? tightest = null;
        foreach (var cap in _caps)
        {
            if (cap.Cap.AtLimit.Action == LimitAction.Notify || !cap.Cap.Counts(subject)) continue;
            var left = cap.Cap.Limit.IsMoney ? MoneyLeft(cap, subject, outlook, fee, trains) : Math.Max(0, cap.Room);
            if (left == long.MaxValue) continue;
            if (tightest is not { } best || left < best.Left
                || (left == best.Left && cap.Cap.AtLimit.Action < best.Room.Cap.AtLimit.Action)) tightest = (cap, left);
        }
        return tightest;
    }

    /// <summary>Whole units that an amount is enough for; without end where they cost nothing.</summary>
    private long MoneyLeft(in CapRoom cap, in Subject subject, Outlook? outlook, Amount? fee, bool trains)
    {
        if (trains) return long.MaxValue;
        if (outlook is not null) return Outlook.UnitsFor(outlook.Runs, cap.Room);
        var price = fee ?? Amount.Zero;
        return price.Micros == 0 ? long.MaxValue : Math.Max(0, cap.Room) / price.Micros;
    }

    private Binding BindingOf(in CapRoom cap, Instant now) =>
        new(cap.Cap.Id, "cap", cap.Cap.Limit, cap.Cap.Limit.With(cap.Used), ResetsAt(cap.Cap, now), cap.Cap.Period);

    private Instant ResetsAt(Cap cap, Instant now) =>
        cap.Period == CapPeriod.Day && _period.Contains(now) ? _period.DayEnd(_period.DayOf(now)) : _period.End;

    /// <summary>
    /// Which source would fund the first of these units, and what it would cost (A2, F1); by credits, what they are
    /// worth.
    /// </summary>
    private (Funding?, Amount?) Fund(OutcomeType type, in Subject subject, Outlook? outlook)
    {
        if (outlook is null)
            return (Funding.OnDemand,
                Pricing.OwnPrice(type, Pricing.ClassOf(type, subject.Dimensions.Workflow, null), 0).Price);
        var first = outlook.Runs[0];
        return (first.Source, first.Source == Funding.Credits ? _terms.Worth(first.Credits) : first.Price);
    }

    private readonly record struct CapRoom(Cap Cap, long Used)
    {
        public long Room => Cap.Limit.Value - Used;
    }

    /// <summary>What funds the units of a plan in which something can be used up.</summary>
    private sealed class Funds
    {
        private readonly TypeRates[] _types;
        private readonly Outlook?[][] _outlooks;
        private readonly Tally _tally;
        private readonly GrantRoom[] _grants;
        private readonly Overage _overage;
        private readonly Terms _terms;

        public Funds(TenantState state, PeriodBook book)
        {
            var rating = state.RatingOf(book);
            var held = state.Held(book, state.Now);
            _tally = ReferenceEquals(held, rating.Tail) ? held.Copy() : held;
            var index = state.TermsIndexAt(state.Now);
            _types = [.. state.Terms.OutcomeTypes.Select(type => rating.Rater.RatesOf(index, type.Id))];
            _outlooks = new Outlook?[_types.Length][];
            _grants = rating.Rater.Grants;
            _overage = Overage.Of(rating.Rater, index, state.Authorization);
            _terms = state.Terms;
        }

        /// <summary>Worked out when first asked for: whoever asks for the same again finds it.</summary>
        public Outlook Ahead(OutcomeType type, int priceClass, Instant now)
        {
            var at = IndexOf(type);
            var known = _outlooks[at] ??= new Outlook?[type.Prices.Length + 1];
            return known[priceClass + 1] ??= Outlook.From(_tally, _types[at], priceClass, now, _grants, _overage);
        }

        public Binding BindingOf(Outlook outlook, OutcomeType type, Period period, Instant now)
        {
            if (outlook.Binds is { } binds)
                return new Binding("overage", "overage", binds.Limit, binds.Used, period.End, CapPeriod.BillingPeriod);
            var rates = _types[IndexOf(type)];
            if (type.Credits is not null)
            {
                var (all, used) = (0L, 0L);
                foreach (var grant in _grants)
                    if (grant.From <= now && now < grant.Until)
                        (all, used) = (all + grant.Available, used + _tally[grant.Slot]);
                return new Binding("credits", "credits", new Limit(all, true), new Limit(used, true), period.End,
                    CapPeriod.BillingPeriod);
            }
            var (units, taken) = (rates.Included, _tally[rates.IncludedLine]);
            foreach (var commitment in rates.Commitments)
                if (commitment.Price is not null)
                    (units, taken) = (units + commitment.Left, taken + _tally[commitment.Slot]);
            return new Binding(type.Id, "included", units, taken, period.End, CapPeriod.BillingPeriod);
        }

        /// <summary>Something of what funds the type begins anew with the next period.</summary>
        public bool Renews(Outlook outlook, OutcomeType type) =>
            outlook.Binds is not null || type.IncludedUnits > 0
                || (type.Credits is not null && _terms.PeriodGrant.Micros > 0)
            || _terms.Commitments.Any(commitment => !commitment.PerYear && Pricing.Covers(commitment, type.Id)
            && (commitment.Units is not null || type.Credits is null));

        public TypeRates RatesOf(OutcomeType type) => _types[IndexOf(type)];

        private int IndexOf(OutcomeType type) => Array.FindIndex(_types, rates => ReferenceEquals(rates.Type, type));
    }
}
