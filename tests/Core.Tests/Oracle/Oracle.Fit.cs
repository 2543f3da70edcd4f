namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>How many units fit, one after the other (A2; 0004, 21 and 22).</summary>
internal sealed partial class Oracle
{
    // More than anything that binds here leaves room for.
    private const long Most = 1000;

    /// <param name="Caps">Units that each leaves; null where more fit than anybody asks for.</param>
    /// <param name="Funding">The same of the funding.</param>
    /// <param name="First">What funds the first unit.</param>
    private sealed record Fitting(
        IReadOnlyList<(Cap Cap, long? Left)> Caps, long? Funding, Reason? Why, Funding? First, Amount? UnitPrice);

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
        return Fit(walk, caps, Asked(subject, 1), wanted);
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
