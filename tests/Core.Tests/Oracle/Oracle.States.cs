namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>
/// States and signals (S1, S2, S6; 0004, 23; 0006): from what is settled and pending, never from what is reserved. What
/// a key stops is found by asking everything that can be asked.
/// </summary>
internal sealed partial class Oracle
{
    private static readonly Told Nothing = new(LimitState.Active, DecisionReason.Ok, null, []);

    private readonly SortedDictionary<string, Told> _told = new(StringComparer.Ordinal);

    /// <summary>What was told last of a key.</summary>
    private sealed record Told(LimitState State, DecisionReason Reason, AtLimit? Handoff, IReadOnlyList<Subject> Stops)
    {
        public bool IsAs(Told other) => State == other.State && Reason == other.Reason && Handoff == other.Handoff
            && Stops.SequenceEqual(other.Stops);
    }

    public LimitState StateOf(Cap cap) => _closed ? Before($"cap:{cap.Id}").State : AsIs(cap, Standing()).State;

    private Told Before(string key) => _told.GetValueOrDefault(key, Nothing);

    private (Terms Under, IReadOnlyList<Subject> All)? _askable;

    /// <summary>Everything that an agent may ask: what, by whom, where.</summary>
    public IReadOnlyList<Subject> Askable
    {
        get
        {
            var terms = TermsAt(Now);
            if (!ReferenceEquals(_askable?.Under, terms)) _askable = (terms, AskableUnder(terms));
            return _askable!.Value.All;
        }
    }

    private static IReadOnlyList<Subject> AskableUnder(Terms terms) =>
        [.. from what in terms.OutcomeTypes.Select(type => (type.Id, IsActivity: false))
            .Concat(Histories.PlanGenerator.Activities.Select(activity => (activity, true)))
            from agent in Histories.PlanGenerator.Agents.Append(null)
            from channel in new[] { null, "chat", "phone" }
            from workflow in Histories.PlanGenerator.Workflows.Append(null).Append("another")
            select new Subject(what.Item1, what.Item2, new Dimensions(agent, channel, workflow))];

    private Told AsIs(Cap cap, FundingWalk standing)
    {
        var used = Level(cap, standing);
        var stops = !cap.Limit.IsMoney && used < cap.Limit.Value ? []
            : Askable.Where(subject => Matches(cap, subject) && IsRefused(cap, subject, used, standing)).ToList();
        if (stops.Count > 0 && cap.AtLimit.Action != LimitAction.Notify)
            return Stopped(cap.AtLimit, DecisionReason.CapReached, stops);
        var crossed = _thresholds.Values.Where(threshold => threshold.Of == Measure.Cap && threshold.Target == cap.Id
                && IsCountedAs(threshold, cap))
            .Any(threshold => At(threshold, cap.Limit.Value) is { } at && used >= at);
        return crossed || stops.Count > 0 ? Nothing with { State = LimitState.Warned } : Nothing;
    }

    private static Told Stopped(AtLimit at, DecisionReason reason, IReadOnlyList<Subject> stops) =>
        at.Action == LimitAction.Handoff ? new Told(LimitState.Handoff, reason, at, stops)
            : new Told(LimitState.Paused, reason, null, stops);

    // Settled and pending, in units or millionths.
    private long Level(Cap cap, FundingWalk standing) => cap.Limit.IsMoney
        ? Money(cap, Open, Today, standing) : Units(cap, Open, Today, report => report.View, false);

    private bool IsRefused(Cap cap, Subject subject, long used, FundingWalk standing)
    {
        if (!cap.Limit.IsMoney) return used + 1 > cap.Limit.Value;
        if (!subject.IsActivity && InTraining) return false;
        var price = subject.IsActivity ? TermsAt(Now).Activity(subject.What)?.Price ?? Amount.Zero
            : NextUnit(subject, standing).Price;
        return Grows(used, used + price.Micros, cap.Limit);
    }

    // A unit costs the same whoever makes it, wherever.
    private (FundingWalk Of, Dictionary<(string, string?), Unit> Units)? _next;

    private Unit NextUnit(Subject subject, FundingWalk standing)
    {
        if (_next?.Of != standing) _next = (standing, []);
        var key = (subject.What, subject.Dimensions.Workflow);
        if (_next.Value.Units.TryGetValue(key, out var known)) return known;
        return _next.Value.Units[key] = standing.Copy().Add(Asked(subject, 1));
    }

    /// <summary>Of the funding of a type that is governed.</summary>
    private Told AsIs(OutcomeType type, FundingWalk standing)
    {
        if (RuleNow(type.Id) is not { } rule || InTraining) return Nothing;
        var refused = Askable.Where(subject => !subject.IsActivity && subject.What == type.Id)
            .Select(subject => (subject, Why: Unfunded(subject, rule, standing))).Where(one => one.Why is not null)
            .ToList();
        return refused.Count == 0 ? Nothing : Stopped(rule.AtLimit,
            Enum.Parse<DecisionReason>(refused[0].Why!.Value.ToString()), refused.ConvertAll(one => one.subject));
    }

    private Reason? Unfunded(Subject subject, OverageRule rule, FundingWalk standing)
    {
        var unit = NextUnit(subject, standing);
        if (!unit.IsOverage) return null;
        var room = new OverageRoom(this, standing, Asked(subject, 1), rule);
        room.Take(1, unit);
        return room.Why;
    }

    /// <summary>The tenant's own state, those of its caps over everything (0001, 19; one that stops only a part of it
    /// warns), and the mildest of the fundings when all of them have stopped (0004, 23).</summary>
    public LimitState State
    {
        get
        {
            if (_closed) return LimitState.Paused;
            var standing = Standing();
            var fundings = TermsAt(Now).OutcomeTypes.Select(type => AsIs(type, standing).State).Min();
            return _caps.Values.Where(cap => cap.Scope == Scope.Everything)
                .Select(cap => AsIs(cap, standing))
                .Select(told => told.State >= LimitState.Paused
                    && told.Stops.Count(subject => !subject.IsActivity) < Askable.Count(subject => !subject.IsActivity)
                    ? LimitState.Warned : told.State)
                .Append(Own().State).Append(fundings >= LimitState.Paused ? fundings : LimitState.Active).Max();
        }
    }

    /// <summary>The most severe key, and its limit; of several the tenant, then caps, then funding, by id.</summary>
    public (LimitState State, string Key, DecisionReason Reason, Expected.Bound? Limit)? Need
    {
        get
        {
            if (_closed) return null;
            var (key, told) = _told.OrderByDescending(one => one.Value.State).ThenBy(one => one.Key != "tenant")
                .ThenBy(one => one.Key, StringComparer.Ordinal).FirstOrDefault();
            if (told is null || told.State == LimitState.Active) return null;
            var limit = key.StartsWith("cap:", StringComparison.Ordinal) ? Binding(_caps[key[4..]])
                : key == "tenant" ? null
                : new Expected.Bound("", told.Reason == DecisionReason.OverageLimitReached ? "overage"
                    : TermsAt(Now).Type(key[8..])!.Credits is not null ? "credits" : "included", null, null);
            return (told.State, key, told.Reason, limit);
        }
    }

    private Told Own() => _closed ? Stopped(AtLimit.Pause, DecisionReason.TenantClosed, Askable)
        : _pausedBy is null ? Nothing : Stopped(_pausedBy, DecisionReason.TenantPaused, Askable);

    private void UpdateStates(FundingWalk standing)
    {
        Tell("tenant", Own());
        if (_closed) return;
        foreach (var key in _told.Keys.ToList())
            if ((key.StartsWith("cap:", StringComparison.Ordinal) && !_caps.ContainsKey(key[4..]))
                || (key.StartsWith("funding:", StringComparison.Ordinal) && TermsAt(Now).Type(key[8..]) is null))
                Tell(key, Nothing);
        foreach (var cap in _caps.Values) Tell($"cap:{cap.Id}", AsIs(cap, standing));
        foreach (var type in TermsAt(Now).OutcomeTypes) Tell($"funding:{type.Id}", AsIs(type, standing));
    }

    private void Tell(string key, Told now)
    {
        var before = Before(key);
        if (now.IsAs(before)) return;
        _told[key] = now;
        var action = now.State switch
        {
            LimitState.Paused => SignalAction.Pause,
            LimitState.Handoff => SignalAction.Handoff,
            _ => now.State < before.State ? SignalAction.Resume : SignalAction.Warn,
        };
        Signals.Add(new ExpectedSignal(key, action, now.State, now.Reason, now.Handoff, Askable, now.Stops, Now));
    }
}
