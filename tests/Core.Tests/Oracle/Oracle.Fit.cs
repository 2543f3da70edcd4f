namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>How many units fit, one after the other (A2; 0004, 21 and 22).</summary>
internal sealed partial class Oracle
{
    // More than anything that binds here leaves room for.
    private const long Most = 1000;

    /// <param name="Caps">Units that each leaves; null where more fit than anybody asks for.</param>
    /// <param name="Funding">The same of the funding.</param>
    /// <param name="First">What funds the first unit.</param>
    /// <param name="Held">A cap that leaves fewer than all these, because of what is held after them.</param>
    private sealed record Fitting(
        IReadOnlyList<(Cap Cap, long? Left)> Caps, long? Funding, Reason? Why, Funding? First, Amount? UnitPrice,
        (Cap Cap, long Left, Period Period, int Day)? Held = null);

    private Fitting Fit(Subject subject, long wanted)
    {
        var walk = Exposed();
        var caps = Denying(subject, Open).Select(cap => new Room(cap,
            cap.Limit.IsMoney ? Money(cap, Open, Today, walk) : Units(cap, Open, Today))).ToList();
        if (subject.IsActivity)
        {
            var fee = TermsAt(Now).Activity(subject.What)?.Price ?? Amount.Zero;
            for (var number = 1; number <= Most; number++) caps.ForEach(cap => cap.Take(number, fee));
            return new Fitting(caps.ConvertAll(cap => (cap.Cap, cap.Left)), null, null, null,
                TermsAt(Now).Activity(subject.What)?.Price);
        }
        return BeforeHeld(Fit(walk, caps, Asked(subject, 1), wanted), subject);
    }

    // 21: what is held comes after an outcome, and must stand as it would be asked of the outcome (16).
    private Fitting BeforeHeld(Fitting fit, Subject subject)
    {
        if (!_held.Exists(held => held.Remaining > 0 && !IsClosed(held.Period))) return fit;
        var bars = BarsAt(Now);
        if (bars.AreNone) return fit;
        var (before, without) = (Standing().Copy(), Exposed());
        var (one, held) = (Asked(subject, 1), HeldItems().ToList());
        var most = Math.Min(fit.Caps.Select(one => one.Left).Append(fit.Funding).Min() ?? Most, Most);
        for (var number = 1; number <= most; number++)
        {
            before.Add(one);
            var with = before.Copy().With(held);
            if (Exceeded(bars, without, with).OrderBy(one => one.Cap.AtLimit.Action == LimitAction.Handoff)
                .ThenBy(one => one.Cap.Id, StringComparer.Ordinal).Cast<(Cap Cap, Period Period, int Day)?>()
                .FirstOrDefault() is { } cap)
                return fit with { Held = (cap.Cap, number - 1, cap.Period, cap.Day) };
            if (Refusing(bars, without, with) is { } why) return fit with { Funding = number - 1, Why = why };
        }
        return fit;
    }

    private Fitting Fit(FundingWalk walk, List<Room> caps, Item one, long wanted)
    {
        var room = RuleNow(one.Type.Id) is { } rule ? new OverageRoom(this, walk, one, rule) : null;
        Unit? first = null;
        for (var number = 1; number <= Most; number++)
        {
            var unit = walk.Add(one);
            first ??= unit;
            caps.ForEach(cap => cap.Take(number, unit.Price));
            room?.Take(number, unit);
            if (caps.Exists(cap => cap.Left < number) || (room?.Left < number && number > wanted)) break;
            if (caps.Count == 0 && (room is null || (unit.Source == Funding.OnDemand && !room.Binds))) break;
        }
        return new Fitting(caps.ConvertAll(cap => (cap.Cap, cap.Left)), room?.Left, room?.Why, first!.Source,
            first.Source == Funding.Credits ? Worth(first.Credits) : first.Price);
    }

    // N2: what so many credits are worth, where the plan says what one is worth.
    public Amount? Worth(Amount credits) => TermsAt(Now).CreditValue is { } value
        ? new Amount((long)((Int128)credits.Micros * value.Micros / 1_000_000)) : null;

    private OverageRule? RuleNow(string type) =>
        TermsAt(Now).Type(type) is { } known ? Prices.RuleOf(TermsAt(Open.Start), TermsAt(Now), known) : null;

    /// <summary>What one cap has room for.</summary>
    private sealed class Room(Cap cap, long exposure)
    {
        private long _exposure = exposure;

        public Cap Cap => cap;
        public long? Left { get; private set; }

        public void Take(int number, Amount price)
        {
            var before = _exposure;
            _exposure += cap.Limit.IsMoney ? price.Micros : 1;
            if (Left is null && Grows(before, _exposure, cap.Limit)) Left = number - 1;
        }
    }

    /// <summary>What a rule of overage has room for.</summary>
    private sealed class OverageRoom(Oracle oracle, FundingWalk walk, Item one, OverageRule rule)
    {
        private readonly Went _all = Overage(walk, one.Period, one.Terms, null);
        private readonly Went _own = Overage(walk, one.Period, one.Terms, OwnerOf(one));
        private Went _more;

        public long? Left { get; private set; }
        public Reason? Why { get; private set; }

        /// <summary>False: it allows whatever is asked.</summary>
        public bool Binds => Left is not null || oracle.LimitsOf(one.Period, rule, "").Any();

        public void Take(int number, Unit unit)
        {
            if (!unit.IsOverage || Left is not null) return;
            var before = _more;
            _more = _more.And(unit);
            Why = oracle.Forbidding(one.Period, one.Type, rule)
                ?? (oracle.IsTooMuch(one.Period, rule, OwnerOf(one), owner => Sum(owner, before),
                    owner => Sum(owner, _more))
                    ? Reason.OverageLimitReached : null);
            if (Why is not null) Left = number - 1;
        }

        private Went Sum(string? owner, Went more)
        {
            var those = owner is null ? _all : _own;
            return owner is null && !rule.RequiresAuthorization ? those
                : new Went(those.Units + more.Units, those.Micros + more.Micros);
        }
    }
}
