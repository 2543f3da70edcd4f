namespace MeteringGateway.Core.Tests.Histories;

/// <summary>Random histories: few sessions and few ids, so that things collide.</summary>
internal sealed partial class HistoryGenerator
{
    private static readonly FactKind[] Facts =
        [FactKind.Reopened, FactKind.Reopened, FactKind.Confirmed, FactKind.Confirmed, FactKind.Escalated,
            FactKind.Abandoned,
            FactKind.Failed, FactKind.Rejected, FactKind.VerdictAccepted, FactKind.VerdictRejected];

    private readonly Dice _dice;
    private readonly int _seed;
    private readonly Instant _start;
    private readonly Terms _terms;
    private readonly TestClock? _testClock;
    private readonly Command.Create _create;
    private readonly bool _changesPlans;
    private readonly bool _jumps;
    private readonly bool _forgets;
    private readonly bool _long;
    private readonly Dice? _disputes;
    private readonly List<(Command.Event Event, Instant At)> _sent = [];
    private readonly List<string> _outcomes = [];
    private readonly List<string> _labels = [];
    private Period _period;
    private Instant _now;
    private int _numbers;
    private List<Setting.Plan> _plans;

    /// <summary>Nearly all of it happens in one session, much of it late, under caps on money.</summary>
    private readonly bool _crowded;

    private HistoryGenerator(int seed, bool crowded)
    {
        _crowded = crowded;
        _dice = new Dice(seed);
        _seed = seed;
        _start = Instant.Parse("2026-01-06T10:00:00Z") + TimeSpan.FromDays(_dice.Below(300))
            + TimeSpan.FromMinutes(_dice.Below(1440));
        _terms = PlanGenerator.Terms(_dice, _start);
        if (crowded)
            _terms = _terms with { Caps = [.. _terms.Caps, .. PlanGenerator.MoneyCaps(_dice, _terms.OutcomeTypes)] };
        _plans = [new Setting.Plan(new PlanRef("p", 1), _terms)];
        _testClock = _dice.Chance(25) ? new TestClock(_start, _dice.Chance(50)) : null;
        _create = new Command.Create("Acme", new PlanRef("p", 1), _terms, _dice.One("UTC", "UTC", "+05:30", "Summer"),
            _dice.One(1, 15, 28, 31, 31), _testClock);
        _changesPlans = _dice.Chance(20);
        _jumps = _dice.Chance(60);
        _forgets = _dice.Chance(4);
        _long = _dice.Chance(20);
        _disputes = seed % 3 == 0 ? new Dice(seed + 1_000_000) : null;
        _now = _start;
        _period = TestCalendar.Of(_create.Zone, _create.AnchorDay, _now, null);
    }

    public static History Generate(int seed, bool crowded = false) => new HistoryGenerator(seed, crowded).Generate();

    private History Generate()
    {
        var steps = new List<Step>();
        var count = _crowded ? 60 + _dice.Below(120) : 15 + _dice.Below(60);
        while (steps.Count < count) steps.AddRange(Next());
        if (_dice.Chance(5))
        {
            steps.Add(new Step(_now, new Command.Close()));
            for (var i = 0; i < 4; i++) steps.Add(new Step(_now, _dice.Chance(50) ? Report() : Again()));
            for (var i = 0; i < 3 && _testClock is null; i++)
                steps.Add(new Step(_now += TimeSpan.FromDays(25), new Command.Tick()));
            steps.Insert(steps.Count - 3, new Step(steps[^4].Now, null, Question()));
            steps.Insert(steps.Count - 3, new Step(steps[^4].Now, new Command.RecordCheck(Question())));
        }
        return new History(_seed, _start, _create, steps);
    }

    private IEnumerable<Step> Next()
    {
        if (Pass() is { } clock) yield return new Step(_now, clock);
        if (_disputes is not null && Dispute() is { } dispute) yield return dispute;
        var choice = _dice.Below(100);
        if (_crowded && _dice.Chance(70)) choice = _dice.One(0, 0, 40, 40, 55);
        yield return choice switch
        {
            < 37 => new Step(_now, Report()),
            < 54 => new Step(_now, Fact()),
            < 62 => new Step(_now, Activity()),
            < 67 => new Step(_now, Again()),
            < 75 => new Step(_now, null, Question()),
            < 86 => Allowance(),
            < 93 => Finance(),
            < 98 => new Step(_now, Administer()),
            _ => new Step(_now, new Command.Tick()),
        };
    }

    // Moves real time, or the test clock. A clock that runs back is the machine's, never the tenant's (T1).
    private Command.AdvanceClock? Pass()
    {
        var by = Jump() + TimeSpan.FromMilliseconds(1 + _dice.Below(700));
        if (_testClock is null)
        {
            _now += by;
            return null;
        }
        if (_testClock.FollowEvents && !_dice.Chance(20)) return null;
        if (!_dice.Chance(50)) return null;
        var back = _dice.Chance(3);
        if (!back) _now += by;
        return new Command.AdvanceClock(back ? _now - TimeSpan.FromSeconds(1) : _now);
    }

    private TimeSpan Jump() => _crowded && _dice.Chance(75) ? _dice.Within(TimeSpan.FromHours(1)) : _dice.Below(20) switch
    {
        < 5 => TimeSpan.Zero,
        < 9 => _dice.Within(TimeSpan.FromMinutes(10)),
        < 14 => _dice.Within(TimeSpan.FromHours(5)),
        16 when _long => _dice.Within(TimeSpan.FromDays(45)),
        < 17 => _dice.Within(TimeSpan.FromDays(1)),
        17 => _dice.Within(TimeSpan.FromDays(4)),
        18 when _jumps => _dice.Within(TimeSpan.FromDays(40)),
        _ => TimeSpan.FromHours(_dice.Below(30)),
    };

    private Instant? Time()
    {
        var hour = new Instant(_now.UnixMilliseconds / 3_600_000 * 3_600_000);
        Instant? time = _dice.Below(100) switch
        {
            < 42 => null,
            < 58 => hour,
            < 76 => hour - TimeSpan.FromHours(_dice.Below(1 + (int)_terms.MaxLateness.TotalHours)),
            < 88 when _sent.Count > 0 => _dice.One(_sent).Event.Time,
            < 92 => _now - _terms.MaxLateness + TimeSpan.FromMilliseconds(_dice.Below(3) - 1),
            < 95 => _now + TimeSpan.FromSeconds(_dice.Below(300)),
            95 when _testClock?.FollowEvents != true =>
                _now + TimeSpan.FromMinutes(5) + TimeSpan.FromMilliseconds(_dice.Below(2)),
            < 98 => TestCalendar.Of(_create.Zone, _create.AnchorDay, _now, null).Start
                + TimeSpan.FromMilliseconds(_dice.Below(3) - 1),
            _ => _now - _dice.Within(_terms.MaxLateness),
        };
        if (_testClock?.FollowEvents == true && _dice.Chance(40)) time = _now + Jump();
        var year = Instant.From(_now.ToDateTimeOffset().AddYears(1));
        if (_testClock?.FollowEvents == true && _dice.Chance(2))
            time = year + (_dice.Chance(80) ? TimeSpan.FromMilliseconds(_dice.Below(3) - 1) : TimeSpan.FromDays(99));
        if (time < _period.Start && !_dice.Chance(10)) time = _period.Start;
        if (_testClock?.FollowEvents == true && time > _now && time <= year) _now = time.Value;
        return time;
    }

    private Command.ReportOutcome Report()
    {
        var number = ++_numbers;
        var time = Time();
        var fails = _dice.Chance(10);
        var report = new Command.ReportOutcome(new EventId(_dice.One("/a", "/b"), $"e{number}"), time,
            _dice.One(_terms.OutcomeTypes).Id, OutcomeId(number))
        {
            Session = Session(),
            Dimensions = Where(),
            Quantity = _dice.Chance(75) ? 1 : 1 + _dice.Below(5),
            Result = fails ? _dice.One(Enum.GetValues<Result>()) : Result.Success,
            Reservation = _labels.Count > 0 && _dice.Chance(30) ? _dice.One(_labels) : null,
            CriteriaMet = _dice.Chance(80) ? ["answered", "polite"] : [],
            HandedOff = _dice.Chance(5),
            Sandbox = _dice.Chance(4),
            Verification = Verified(60),
        };
        if (_dice.Chance(1) && (time is null || time <= _now)) report = report with { OutcomeType = "unknown.type" };
        _outcomes.Add(report.OutcomeId);
        return Sent(report);
    }

    // A clock that follows events would have to say what a refused one ahead of it does.
    private string OutcomeId(int number) => _outcomes.Count > 0 && _testClock?.FollowEvents != true && _dice.Chance(3)
        ? _dice.One(_outcomes) : $"r{number}";

    private Command.ReportFact Fact()
    {
        var number = ++_numbers;
        // A third of them come before what they are about.
        var about = _outcomes.Count > 0 && _dice.Chance(_crowded ? 45 : 15) ? _dice.One(_outcomes)
            : _outcomes.Count > 0 && _dice.Chance(85) ? _outcomes[^(1 + _dice.Below(Math.Min(6, _outcomes.Count)))]
            : $"r{number + 1 + _dice.Below(3)}";
        var kind = _dice.One(Facts);
        return Sent(new Command.ReportFact(new EventId(_dice.One("/a", "/crm"), $"e{number}"), Time(), about, kind)
        {
            Verification = kind == FactKind.Confirmed ? Verified(30) : null,
            Csat = kind == FactKind.VerdictAccepted ? (byte)5 : null,
        });
    }

    private Command.ReportActivity Activity() =>
        Sent(new Command.ReportActivity(new EventId("/a", $"e{++_numbers}"), Time(),
            _dice.One(PlanGenerator.Activities))
        {
            Session = Session(),
            Dimensions = Where(),
            Quantity = 1 + _dice.Below(2),
        });

    // The same event again, or its id with other content (I1).
    private Command.Event Again()
    {
        if (_sent.Count == 0) return Report();
        var recent = _sent.Where(one => one.At > _now - TimeSpan.FromDays(30)).ToList();
        // What may have been forgotten comes again as it was, with a time of its own.
        if (recent.Count == 0 || _dice.Chance(3))
            return _sent.Where(one => one.Event.Time is not null).Select(one => one.Event).DefaultIfEmpty(Report())
                .First();
        var before = _dice.One(recent).Event;
        if (_dice.Chance(75)) return before;
        if (_testClock?.FollowEvents == true) return before;
        return EventText.Fingerprinted(before with { Session = "other" });
    }

    private T Sent<T>(T happened) where T : Command.Event
    {
        var sent = EventText.Fingerprinted(happened);
        _sent.Add((sent, _now));
        return sent;
    }

    // In most histories a name is not used again when its session may have been forgotten.
    private string? Session()
    {
        if (_crowded && _dice.Chance(95)) return $"s1{(char)('a' + (int)((_now - _start).TotalDays / 25))}";
        var name = _dice.Below(10) switch { 0 => null, < 5 => "s1", < 8 => "s2", _ => $"s{3 + _numbers / 10}" };
        return name is null || _forgets ? name : $"{name}{(char)('a' + (int)((_now - _start).TotalDays / 25))}";
    }

    private Dimensions Where() =>
        new(_dice.Chance(60) ? _dice.One(PlanGenerator.Agents) : null,
            _dice.Chance(50) ? _dice.One("chat", "phone") : null,
            _dice.Chance(45) ? _dice.One(PlanGenerator.Workflows) : null);

    private Verification? Verified(int percent) =>
        _dice.Chance(percent)
        ? new Verification(_dice.One(PlanGenerator.Methods), _dice.Chance(80),
            _dice.Chance(90) ? _dice.One(700_000, 800_000, 950_000) : null) : null;

    private Question Question()
    {
        var activity = _dice.Chance(20);
        return new Question(new Subject(activity ? _dice.One(PlanGenerator.Activities)
            : _dice.One(_terms.OutcomeTypes).Id, activity, Where()), 1 + _dice.Below(3));
    }

    private Step Allowance()
    {
        var choice = _dice.Below(10);
        if (_terms.Training is not null) return new Step(_now, null, Question());
        if (_labels.Count == 0 || choice < 6)
        {
            var label = $"h{_labels.Count + 1}";
            _labels.Add(label);
            var subject = new Subject(_dice.One(_terms.OutcomeTypes).Id, false, Where());
            return new Step(_now,
                new Command.Reserve(new Question(subject, 1 + _dice.Below(4)), Ttl(), _dice.Chance(40)),
                null, label);
        }
        if (choice < 7)
            return new Step(_now, new Command.ExtendReservation(_dice.One(_labels), TimeSpan.FromHours(24)));
        if (choice < 9) return new Step(_now, new Command.ReleaseReservation(_dice.One(_labels)));
        return new Step(_now, new Command.RecordCheck(Question()));
    }

    private TimeSpan Ttl() =>
        _dice.One(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), TimeSpan.FromHours(5), TimeSpan.FromHours(23));

    private Command Administer()
    {
        var choice = _dice.Below(12);
        if (choice < 2)
            return new Command.Pause(_dice.Chance(50) ? AtLimit.Pause
                : new AtLimit(LimitAction.Handoff, "queue:tier2"), "by hand");
        if (choice < 4) return new Command.Resume();
        if (choice == 4) return Place();
        if (choice == 5) return new Command.Withdraw(_dice.One("plan", "time_zone", "anchor_day", "cap:c1", "cap:c2"));
        if (_changesPlans && choice < 10) return Plan();
        if (choice == 6) return new Command.RemoveCap($"c{1 + _dice.Below(4)}");
        return SetCap();
    }

    // T2: with the next period.
    private Command.Change Place() => new(null, null, null,
        _dice.Chance(60) ? _dice.One("UTC", "UTC", "+05:30", "Summer", "-05:00", "-10:00", "+14:00") : null,
        _dice.Chance(60) ? _dice.One(1, 2, 15, 16, 28, 31) : null, Effective.NextPeriod);

    // F7: another plan, one of before, or other terms of the tenant's own under all of them, or all but the newest.
    private Command Plan()
    {
        var effective = _dice.One(Effective.Now, Effective.NextPeriod);
        if (_dice.Chance(35))
        {
            _plans = [.. _plans.Select(plan => plan with { Terms = PlanGenerator.Changed(_dice, plan.Terms) })];
            return new Command.SetTerms([.. _plans.Take(_dice.Chance(90) ? _plans.Count : _plans.Count - 1)]);
        }
        if (_dice.Chance(50))
            _plans.Add(new Setting.Plan(new PlanRef("p", _plans.Count + 1), PlanGenerator.Changed(_dice, _terms)));
        var to = _dice.One(_plans);
        return new Command.Change(null, to.Ref, to.Terms, null, null, effective);
    }

    // A cap keeps its scope and period: what "lower" means across scopes is not said.
    private Command.SetCap SetCap()
    {
        var id = $"c{1 + _dice.Below(4)}";
        var known = _terms.Caps.FirstOrDefault(cap => cap.Id == id) ?? new Cap { Id = id, Limit = 0 };
        var cap = known with { Limit = PlanGenerator.Limit(_dice, known.Limit.IsMoney),
            AtLimit = PlanGenerator.AtLimit(_dice) };
        return new Command.SetCap(cap,
            _dice.Below(3) switch { 0 => null, 1 => Effective.Now, _ => Effective.NextPeriod });
    }
}
