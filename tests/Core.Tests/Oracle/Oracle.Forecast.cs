namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>The open period's end at the present pace (Q2; 0004, 30 to 33).</summary>
internal sealed partial class Oracle
{
    private const long Countable = 3_000;

    /// <summary>Null: more units than anybody would count one by one.</summary>
    public (long Units, Amount Amount, long Asked, Amount AskedAmount)? Forecast() =>
        Forecast(Open.End) is var (figures, _) ? figures : null;

    // With the caps that had no room for something.
    private ((long Units, Amount Amount, long Asked, Amount AskedAmount) Figures, List<Cap> Bound)? Forecast(
        Instant end)
    {
        var present = _present ??= LookAround();
        if (present.Mixes.Sum(mix => By(end, mix.Units)) > Countable) return null;
        var rooms = present.Rooms.ConvertAll(room => new CapAhead(room.Cap, room.Left));
        var (walk, free) = (Standing().Copy(), Standing().Copy());
        foreach (var (mix, units, refused) in present.Mixes)
        {
            var coming = By(end, units) - units;
            var one = Asked(new Subject(mix.What, false, mix.Where), 1) with { Method = mix.Method };
            walk = WithWhatFits(walk, one, coming, rooms.FindAll(room => Matches(room.Cap, one.Subject)));
            free.With([one with { Units = coming + refused }]);
        }
        var (fees, all) = FeesAhead(present.Fees, rooms, end);
        return ((Mine(walk).Count, new Amount(Charged(Mine(walk)) + fees), Mine(free).Count,
            new Amount(Charged(Mine(free)) + all)), [.. rooms.Where(room => room.IsBound).Select(room => room.Cap)]);
    }

    // What a forecast begins with is the same for every end; between two commands nothing changes.
    private Present? _present;

    /// <param name="Mixes">What was asked for, and what of it was refused, in units.</param>
    private sealed record Present(IReadOnlyList<(Mix Mix, long Units, long Refused)> Mixes,
        List<(Cap Cap, long Left)> Rooms, IReadOnlyList<IGrouping<Mix, Happened>> Fees);

    private Present LookAround() => new(
        [.. _reports.Where(report => report.Period.Id == Open.Id && IsAskedFor(report))
            .GroupBy(report => MixOf(report.Type.Id, report.Command.Dimensions, report.Command.Verification?.Method))
            .OrderBy(mix => mix.Key)
            .Select(mix => (mix.Key, Units(mix), Units(mix.Where(report => !Counts(report, report.View)))))],
        [.. _caps.Values.Where(cap => cap.AtLimit.Action != LimitAction.Notify).Select(cap => (cap, RoomAhead(cap)))],
        [.. _activities.Where(one => one.Period.Id == Open.Id)
            .GroupBy(one => MixOf(one.Command.Activity, one.Command.Dimensions, null)).OrderBy(group => group.Key)]);

    private List<Unit> Mine(FundingWalk walk) => [.. walk.Units.Where(unit => unit.Item.Period.Id == Open.Id)];

    private static long Units(IEnumerable<Report> reports) => reports.Sum(report => (long)report.Command.Quantity);

    // Rated, or refused by a cap or the funding.
    private static bool IsAskedFor(Report report) => report.View.AliasOf is null && (Counts(report, report.View)
        || report.View is { Status: OutcomeStatus.NonBillable, Reason: Reason.OverCap or Reason.CreditsExhausted
            or Reason.OverageBlocked or Reason.OverageNotAuthorized or Reason.OverageLimitReached });

    // One unit after the other, until one does not fit.
    private FundingWalk WithWhatFits(FundingWalk walk, Item one, long coming, List<CapAhead> rooms)
    {
        var (before, fitted) = (walk.Copy(), 0L);
        var funding = RuleNow(one.Type.Id) is { } rule ? new OverageRoom(this, before, one, rule) : null;
        for (; fitted < coming; fitted++)
        {
            var unit = walk.Add(one);
            funding?.Take((int)fitted + 1, unit);
            var without = rooms.FindAll(room => !room.Fits(unit.Price));
            without.ForEach(room => room.IsBound = true);
            if (funding?.Left is not null || without.Count > 0) break;
            rooms.ForEach(room => room.Take(1, unit.Price));
        }
        return fitted == coming ? walk : before.With([one with { Units = fitted }]);
    }

    // Fees come in proportion: under caps on units as far as these go, and then under caps on money.
    private (long Fees, long Asked) FeesAhead(IEnumerable<IGrouping<Mix, Happened>> groups, List<CapAhead> rooms,
        Instant end)
    {
        var (sum, all) = (0L, 0L);
        foreach (var group in groups)
        {
            var present = TermsAt(Now).Activity(group.Key.What)?.Price ?? Amount.Zero;
            var paid = group.Sum(one => one.Fee.Micros);
            var refused = group.Where(one => one.Beyond).Sum(one => (present * one.Command.Quantity).Micros);
            var more = By(end, paid + refused) - paid - refused;
            var units = group.Sum(one => (long)one.Command.Quantity);
            var coming = By(end, units) - units;
            var those = rooms.FindAll(room => Matches(room.Cap, new Subject(group.Key.What, true, group.Key.Where)));
            all += paid + refused + more;
            var fit = those.Where(room => !room.Cap.Limit.IsMoney).Select(room => room.Left).Append(coming).Min();
            var fees = fit < coming ? (long)((Int128)more * fit / coming) : more;
            those.FindAll(room => room.Cap.Limit.IsMoney && room.Left < fees).ForEach(room => room.IsBound = true);
            fees = those.Where(room => room.Cap.Limit.IsMoney).Select(room => room.Left).Append(fees).Min();
            those.ForEach(room => room.Take(fit, new Amount(fees)));
            sum += paid + fees;
        }
        return (sum, all);
    }

    // What caps that deny, and price classes, name; whatever nothing names is the same.
    private Mix MixOf(string what, Dimensions where, string? method)
    {
        var scopes = _caps.Values.Where(cap => cap.AtLimit.Action != LimitAction.Notify).Select(cap => cap.Scope)
            .ToList();
        var classes = TermsAt(Now).OutcomeTypes.SelectMany(type => type.Prices).ToList();
        string? Named(string? value, IEnumerable<string?> names) => names.Contains(value) ? value : null;
        return new Mix(what,
            new Dimensions(Named(where.Agent, scopes.Select(scope => scope.Agent)),
                Named(where.Channel, scopes.Select(scope => scope.Channel)),
                Named(where.Workflow, [.. scopes.Select(scope => scope.Workflow),
                    .. classes.Select(one => one.Workflow)])),
            Named(method, classes.Select(one => one.Verification)));
    }

    private sealed record Mix(string What, Dimensions Where, string? Method) : IComparable<Mix>
    {
        public int CompareTo(Mix? other)
        {
            string?[] mine = [What, Where.Agent, Where.Channel, Where.Workflow, Method];
            string?[] theirs = [other!.What, other.Where.Agent, other.Where.Channel, other.Where.Workflow,
                other.Method];
            return mine.Zip(theirs, string.CompareOrdinal).FirstOrDefault(order => order != 0);
        }
    }

    // Of a daily one what is left today, and all of it on each of the days to come.
    private long RoomAhead(Cap cap)
    {
        var left = Math.Max(0, cap.Limit.Value - Level(cap, Standing()));
        return cap.Period == CapPeriod.Day ? left + cap.Limit.Value * (Open.Days.Length - 1 - Today) : left;
    }

    private sealed class CapAhead(Cap cap, long left)
    {
        public Cap Cap => cap;
        public long Left { get; private set; } = left;
        public bool IsBound { get; set; }
        public bool Fits(Amount price) => cap.Limit.IsMoney ? price.Micros <= Left : Left >= 1;
        public void Take(long units, Amount amount) => Left -= cap.Limit.IsMoney ? amount.Micros : units;
    }

    /// <summary>
    /// When its exposure was at its limit, or will be, growing in proportion; null: not in its period or day.
    /// </summary>
    public Instant? ReachedAt(Cap cap)
    {
        var (used, limit) = (Level(cap, Standing()), cap.Limit.Value);
        var daily = cap.Period == CapPeriod.Day;
        var from = Instant.Max(daily && Today > 0 ? Days.EndOf(Open, Today - 1) : Open.Start, _started);
        var denies = cap.AtLimit.Action != LimitAction.Notify;
        var told = ToldOf(cap);
        if (denies && StateOf(cap) >= LimitState.Paused && told is not null) return Instant.Max(from, told.Value);
        if (used >= limit)
            return told is not null && !_thresholds.Values.Any(one => one.Of == Measure.Cap && one.Target == cap.Id
                && IsCountedAs(one, cap))
                ? Instant.Max(from, told.Value)
                : from + TimeSpan.FromMilliseconds(used == 0 ? 0
                    : (double)((Int128)(Now.UnixMilliseconds - from.UnixMilliseconds) * limit / used));
        if (cap.Limit.IsMoney && !daily && denies) return FirstWithoutRoom(cap);
        if (used == 0) return null;
        var passed = Math.Max((Now - from).Ticks, daily ? TimeSpan.TicksPerHour : TimeSpan.TicksPerDay);
        var more = (Int128)passed * (limit - used) / used;
        return more < (Resets(cap) - Now).Ticks ? Now + TimeSpan.FromTicks((long)more) : null;
    }

    // The first millisecond by which the pace asks for something that the cap has no room for.
    private Instant? FirstWithoutRoom(Cap cap)
    {
        bool Lacks(long time) => Forecast(new Instant(time)) is not var (_, bound) || bound.Contains(cap);
        var (has, lacks) = (Now.UnixMilliseconds, Open.End.UnixMilliseconds);
        if (!Lacks(lacks)) return null;
        while (lacks - has > 1)
            if ((has + lacks) / 2 is var middle && Lacks(middle)) lacks = middle;
            else has = middle;
        return lacks < Open.End.UnixMilliseconds ? new Instant(lacks) : null;
    }

    // Since when its signals say that it is at its limit.
    private Instant? ToldOf(Cap cap)
    {
        var limit = cap.AtLimit.Action == LimitAction.Notify ? LimitState.Warned : LimitState.Paused;
        return Signals.Where(signal => signal.Key == $"cap:{cap.Id}").Reverse()
            .TakeWhile(signal => signal.State >= limit)
            .LastOrDefault()?.At;
    }

    // The pace is that since the period began, or the tenant, over one day at least. Fractions are rounded down.
    private long By(Instant end, long present)
    {
        var passed = Math.Max((Now - Instant.Max(Open.Start, _started)).Ticks, TimeSpan.TicksPerDay);
        return Now >= end ? present : present + (long)((Int128)present * (end - Now).Ticks / passed);
    }
}
