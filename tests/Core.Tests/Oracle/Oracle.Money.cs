namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>The walk as it stands, and what it says of caps on money, of overage and of who is admitted (C7, F1 to F4;
/// 0004,
/// 15 to 20).</summary>
internal sealed partial class Oracle
{
    private Ground Ground() => new(
        period => TermsAt(period.Start), Year, [.. _lots.OrderBy(lot => lot.Place).Select(lot => (lot, lot.Left))],
        (period, pledge) => _closures.Values.Where(closed => Year(closed.Period) == Year(period))
            .Sum(closed => closed.Walk.CommittedUsed(closed.Period, pledge)));

    // F8: blocks of twelve periods, counted from the tenant's first.
    private int Year(Period period) => _periods.FindIndex(one => one.Id == period.Id) / 12;

    // Between two commands nothing changes, and one walk serves all questions.
    private bool _resting;
    private FundingWalk? _standing;

    /// <summary>Settled and pending, in periods that are not closed; to go on with a copy of.</summary>
    private FundingWalk Standing() =>
        _resting ? _standing ??= Standing(report => report.View) : Standing(report => report.View);

    private FundingWalk Standing(Func<Report, View?> viewOf) => new FundingWalk(Ground()).With(
        _reports.Where(report => !IsClosed(report.Period) && viewOf(report) is { } view && Counts(report, view))
            .OrderBy(report => report.Key).Select(ItemOf));

    /// <summary>And what is held, after all of these, in the order in which it was reserved (0004, 15).</summary>
    private FundingWalk Exposed() => Standing().Copy().With(HeldItems());

    private IEnumerable<Item> HeldItems(Held? drawnFrom = null, long drawn = 0) =>
        _held.Where(held => !IsClosed(held.Period)).Select(held =>
            Asked(held.Subject, held == drawnFrom ? held.Remaining - drawn : held.Remaining) with
            {
                Period = held.Period,
                Day = held.Day,
                IsHeld = true,
            });

    private static Item ItemOf(Report report) =>
        new(report.Id, report.Type, report.Terms, report.Period, report.Day, report.Time, report.Command.Quantity,
            report.Command.Dimensions, report.Command.Verification?.Method);

    /// <summary>At the present time, under the present terms, without a verification.</summary>
    private Item Asked(Subject subject, long units) =>
        new("", TermsAt(Now).Type(subject.What)!, TermsAt(Now), Open, Today, Now, units, subject.Dimensions, null);

    // C7: what the walk charges in the scope, and activities' fees; in millionths.
    private long Money(Cap cap, Period period, int day, FundingWalk walk)
    {
        bool Counted(Subject subject, Period its, int itsDay) =>
            Matches(cap, subject) && its.Id == period.Id && (cap.Period == CapPeriod.BillingPeriod || itsDay == day);

        return UnitsIn(period, walk).Where(unit => Counted(unit.Item.Subject, unit.Item.Period, unit.Item.Day))
            .Sum(unit => unit.Price.Micros)
            + _activities.Where(one =>
                Counted(new Subject(one.Command.Activity, true, one.Command.Dimensions), one.Period, one.Day))
                .Sum(one => one.Fee.Micros);
    }

    // 0004, 16 and 17: the walk without it, and the walk with it in the place of what it draws.
    private Reason? NotFunded(Report report, Held? drawnFrom, Func<Report, View?> before)
    {
        var drawn = drawnFrom is null ? 0 : Math.Min(drawnFrom.Remaining, report.Command.Quantity);
        var without = Standing(before).With(HeldItems());
        var with = Standing(other => other == report ? new View(OutcomeStatus.Billable, Reason.None) : before(other))
            .With(HeldItems(drawnFrom, drawn));
        return Exceeded(without, with).Any() ? Reason.OverCap : Refusing(without, with, report.Time);
    }

    private IEnumerable<(Cap Cap, Period Period, int Day)> Exceeded(FundingWalk without, FundingWalk with) =>
        from period in _periods.Where(period => !IsClosed(period))
        from cap in CapsFor(period).Where(cap => cap.Limit.IsMoney && cap.AtLimit.Action != LimitAction.Notify)
        from day in with.Units.Where(unit => unit.Item.Period.Id == period.Id).Select(unit => unit.Item.Day).Distinct()
        where Grows(Money(cap, period, day, without), Money(cap, period, day, with), cap.Limit)
        select (cap, period, day);

    private Reason? Refusing(FundingWalk without, FundingWalk with, Instant time) =>
        _periods.Where(period => !IsClosed(period))
            .Select(period => Refusing(period, TermsAt(period.Start > time ? Now : time), without, with))
            .FirstOrDefault(reason => reason is not null);

    private static bool Grows(long before, long after, Limit limit) => after > before && after > limit.Value;

    // 0004, 16 and 20: of the types that these terms put under a rule, the first whose units grow where it forbids
    // them; then limits.
    private Reason? Refusing(Period period, Terms terms, FundingWalk without, FundingWalk with)
    {
        var governed = terms.OutcomeTypes.OrderBy(type => type.Id, StringComparer.Ordinal)
            .Select(type => (Type: type, Rule: Prices.RuleOf(TermsAt(period.Start), terms, type)))
            .Where(one => one.Rule is not null).ToList();
        foreach (var (type, rule) in governed)
        {
            var owner = Prices.OwnerOf(type);
            if (Overage(with, period, terms, owner).Units > Overage(without, period, terms, owner).Units
                && Overage(with, period, type.Id, owner).Units > Overage(without, period, type.Id, owner).Units
                && Forbidding(period, type, rule!) is { } reason) return reason;
        }
        return governed.Exists(one => IsTooMuch(period, one.Rule!, Prices.OwnerOf(one.Type),
            owner => Overage(without, period, terms, owner), owner => Overage(with, period, terms, owner)))
                ? Reason.OverageLimitReached : null;
    }

    // Why nothing more of a type may go on demand under its rule.
    private Reason? Forbidding(Period period, OutcomeType type, OverageRule rule)
    {
        if (!Prices.Bills(rule, type))
            return type.Credits is not null && !Prices.HasPrice(type) ? Reason.CreditsExhausted : Reason.OverageBlocked;
        return rule.RequiresAuthorization && AuthorizationFor(period) is null ? Reason.OverageNotAuthorized : null;
    }

    /// <param name="before">What went on demand under the rule of an owner, or with null under all that require
    /// authorisation.</param>
    private bool IsTooMuch(Period period, OverageRule rule, string owner, Func<string?, Went> before,
        Func<string?, Went> after) =>
        LimitsOf(period, rule, owner)
            .Any(one => Grows(before(one.Over).In(one.Limit), after(one.Over).In(one.Limit), one.Limit));

    private static string OwnerOf(Item item) => Prices.OwnerOf(item.Type);

    // The rule of the same owner under other terms.
    private static OverageRule RuleOf(string owner, Terms terms) =>
        (owner.Length == 0 ? terms.Overage : terms.Type(owner)?.Overage) ?? OverageRule.Default;

    // 0004, 9 and 10: the limit of the rule and that of the authorisation both hold; the second is over all that it
    // authorises.
    private IEnumerable<(Limit Limit, string? Over)> LimitsOf(Period period, OverageRule rule, string owner)
    {
        if (rule.Limit is { } limit) yield return (limit, owner);
        if (rule.RequiresAuthorization && AuthorizationFor(period)?.Limit is { } authorized)
            yield return (authorized, null);
    }

    /// <summary>What went on demand under one rule.</summary>
    private readonly record struct Went(long Units, long Micros)
    {
        public long In(Limit limit) => limit.IsMoney ? Micros : Units;
        public Went And(Unit unit) => new(Units + 1, Micros + unit.Price.Micros);
    }

    private static Went Sum(IEnumerable<Unit> units) => units.Aggregate(default(Went), (sum, unit) => sum.And(unit));

    private static Went Overage(FundingWalk walk, Period period, Terms terms, string? owner) =>
        Sum(walk.Units.Where(unit =>
        unit.IsOverage && unit.Item.Period.Id == period.Id && (owner is null
            ? RuleOf(OwnerOf(unit.Item), terms) is { RequiresAuthorization: true } : OwnerOf(unit.Item) == owner)));

    private static Went Overage(FundingWalk walk, Period period, string type, string owner) =>
        Sum(walk.Units.Where(unit =>
        unit.IsOverage && unit.Item.Period.Id == period.Id && unit.Item.Type.Id == type
            && OwnerOf(unit.Item) == owner));
}
