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

        return WalkOf(period, walk).Stretches.Where(one => Counted(one.Item.Subject, one.Item.Period, one.Item.Day))
            .Sum(one => one.All.Micros)
            + _activities.Where(one =>
                Counted(new Subject(one.Command.Activity, true, one.Command.Dimensions), one.Period, one.Day))
                .Sum(one => one.Fee.Micros);
    }

    // 0004, 16 and 17: the walk without it, and the walk with it in the place of what it draws.
    private Reason? NotFunded(Report report, Held? drawnFrom, Func<Report, View?> before)
    {
        var bars = BarsAt(report.Time);
        if (bars.AreNone) return null;
        var drawn = drawnFrom is null ? 0 : Math.Min(drawnFrom.Remaining, report.Command.Quantity);
        var without = Standing(before).With(HeldItems());
        var with = Standing(other => other == report ? new View(OutcomeStatus.Billable, Reason.None) : before(other))
            .With(HeldItems(drawnFrom, drawn));
        return Exceeded(bars, without, with).Any() ? Reason.OverCap : Refusing(bars, without, with);
    }

    /// <summary>All that may stand against more on demand: it is the same however far a walk goes.</summary>
    /// <param name="Rules">Period by period, of the types that these terms put under one.</param>
    private sealed record Bars(List<(Period Period, Cap Cap)> Caps, List<List<Bar>> Rules)
    {
        public bool AreNone => Caps.Count == 0 && Rules.TrueForAll(rules => rules.Count == 0);
    }

    private sealed record Bar(Period Period, Terms Terms, OutcomeType Type, OverageRule Rule)
    {
        public string Owner { get; } = Prices.OwnerOf(Type);
    }

    private Bars BarsAt(Instant time)
    {
        var periods = _periods.Where(period => !IsClosed(period)).ToList();
        var caps = from period in periods
                   from cap in CapsFor(period)
                   where cap.Limit.IsMoney && cap.AtLimit.Action != LimitAction.Notify
                   select (period, cap);
        return new Bars([.. caps],
            periods.ConvertAll(period => RulesIn(period, TermsAt(period.Start > time ? Now : time))));
    }

    private List<Bar> RulesIn(Period period, Terms terms) =>
        [.. from type in terms.OutcomeTypes.OrderBy(type => type.Id, StringComparer.Ordinal)
            let rule = Prices.RuleOf(TermsAt(period.Start), terms, type)
            where rule is not null
            select new Bar(period, terms, type, rule)];

    private IEnumerable<(Cap Cap, Period Period, int Day)> Exceeded(Bars bars, FundingWalk without, FundingWalk with) =>
        from bar in bars.Caps
        from day in DaysIn(bar.Period, with).Take(bar.Cap.Period == CapPeriod.Day ? int.MaxValue : 1)
        let after = Money(bar.Cap, bar.Period, day, with)
        where after > bar.Cap.Limit.Value && Grows(Money(bar.Cap, bar.Period, day, without), after, bar.Cap.Limit)
        select (bar.Cap, bar.Period, day);

    private static IEnumerable<int> DaysIn(Period period, FundingWalk walk) =>
        walk.Stretches.Where(one => one.Item.Period.Id == period.Id).Select(one => one.Item.Day).Distinct();

    private static bool Grows(long before, long after, Limit limit) => after > before && after > limit.Value;

    // 0004, 16 and 20: period by period, of the types under a rule the first whose units grow where it forbids them;
    // then limits.
    private Reason? Refusing(Bars bars, FundingWalk without, FundingWalk with)
    {
        foreach (var rules in bars.Rules)
        {
            foreach (var bar in rules)
                if (Forbidding(bar.Period, bar.Type, bar.Rule) is { } reason
                    && Overage(with, bar, bar.Owner).Units > Overage(without, bar, bar.Owner).Units
                    && OverageOfType(with, bar).Units > OverageOfType(without, bar).Units) return reason;
            if (rules.Exists(bar => IsTooMuch(bar.Period, bar.Rule, bar.Owner,
                owner => Overage(without, bar, owner), owner => Overage(with, bar, owner))))
                return Reason.OverageLimitReached;
        }
        return null;
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
            .Any(one => after(one.Over).In(one.Limit) is var grown && grown > one.Limit.Value
                && Grows(before(one.Over).In(one.Limit), grown, one.Limit));

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

    private static Went Overage(FundingWalk walk, Bar bar, string? owner) =>
        Overage(walk, bar.Period, bar.Terms, owner);

    private static Went Overage(FundingWalk walk, Period period, Terms terms, string? owner) =>
        Sum(walk.Stretches.Where(one =>
        one.OnDemand.Units > 0 && one.Item.Period.Id == period.Id && (owner is null
            ? RuleOf(OwnerOf(one.Item), terms) is { RequiresAuthorization: true } : OwnerOf(one.Item) == owner)));

    private static Went OverageOfType(FundingWalk walk, Bar bar) =>
        Sum(walk.Stretches.Where(one =>
        one.OnDemand.Units > 0 && one.Item.Period.Id == bar.Period.Id && one.Item.Type.Id == bar.Type.Id
            && OwnerOf(one.Item) == bar.Owner));

    private static Went Sum(IEnumerable<Stretch> those) =>
        those.Aggregate(default(Went), (sum, one) => sum.And(one.OnDemand));
}
