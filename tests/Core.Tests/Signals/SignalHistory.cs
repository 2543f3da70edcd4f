using System.Collections.Immutable;
using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.Signals;

/// <summary>
/// Random histories in which much is told: overlapping caps whose scopes, limits and hand-offs change, price classes,
/// credits, plans that follow each other, pauses by hand, a closing. Nothing is ever reserved.
/// </summary>
internal sealed class SignalHistory(int seed)
{
    private static readonly string[] Queues = ["queue:tier1", "queue:tier2"];

    private readonly Dice _dice = new(seed);
    private int _number;
    private bool _waits;
    private Terms _terms = null!;

    public Instant Now { get; private set; }

    public Command.Create Create()
    {
        Now = Instant.Parse("2026-01-06T10:00:00Z") + TimeSpan.FromDays(_dice.Below(300))
            + TimeSpan.FromMinutes(_dice.Below(1440));
        return new Command.Create("Acme", new PlanRef("p", 1), Agreed(), _dice.One("UTC", "+05:30", "Summer"),
            _dice.One(1, 15, 31), _dice.Chance(20) ? new TestClock(Now, _dice.Chance(50)) : null);
    }

    public Command Next(bool testClock)
    {
        var passed = TimeSpan.FromMilliseconds(1) + (_dice.Below(10) switch
        {
            < 4 => TimeSpan.Zero,
            < 7 => _dice.Within(TimeSpan.FromHours(3)),
            < 9 => _dice.Within(TimeSpan.FromHours(40)),
            _ => _dice.Within(TimeSpan.FromDays(20)),
        });
        Now += passed;
        if (testClock && _dice.Chance(40)) return new Command.AdvanceClock(Now);
        return _dice.Below(100) switch
        {
            < 38 => Report(),
            < 46 => new Command.ReportFact(Id(), null, $"r{1 + _dice.Below(Math.Max(1, _number))}",
                _dice.One(FactKind.Reopened, FactKind.Confirmed, FactKind.Failed)),
            < 54 => new Command.ReportActivity(Id(), null, _dice.One(PlanGenerator.Activities))
            {
                Quantity = 1 + _dice.Below(2), Dimensions = Where(),
            },
            < 70 => new Command.SetCap(Cap($"c{1 + _dice.Below(6)}"),
                _dice.One<Effective?>(null, Effective.Now, Effective.NextPeriod)),
            < 73 => new Command.RemoveCap($"c{1 + _dice.Below(6)}"),
            < 75 => new Command.Pause(AtLimit(), "by hand"),
            < 81 => new Command.Resume(),
            < 85 => new Command.IssueGrant(GrantKind.TopUp, PlanGenerator.Money(_dice.One(5m, 12m, 60m)),
                _dice.Chance(60) ? Now + _dice.Within(TimeSpan.FromDays(9)) + TimeSpan.FromSeconds(1) : null,
                null, null, null, null),
            < 87 => new Command.VoidGrant($"g{2 + _dice.Below(40)}"),
            < 91 => new Command.AuthorizeOverage(_dice.Chance(50),
                _dice.Chance(60) ? PlanGenerator.Limit(_dice, _dice.Chance(50)) : null),
            < 93 => new Command.WithdrawAuthorization(),
            < 96 => new Command.SetThreshold(PlanGenerator.Threshold(_dice, 1 + _dice.Below(3), _terms)),
            < 99 => Change(),
            _ => _dice.Chance(40) ? new Command.Close() : new Command.Tick(),
        };
    }

    /// <summary>Everything that an agent might be about to do.</summary>
    public static IEnumerable<Subject> Questions(Terms terms) =>
        from what in terms.OutcomeTypes.Select(type => (type.Id, IsActivity: false))
            .Concat(PlanGenerator.Activities.Select(activity => (activity, true)))
        from agent in new[] { null, "fin", "zed" }
        from channel in new[] { null, "chat", "phone" }
        from workflow in PlanGenerator.Workflows.Append(null).Append("another")
        select new Subject(what.Item1, what.Item2, new Dimensions(agent, channel, workflow));

    private Command.ReportOutcome Report()
    {
        var id = Id();
        return new Command.ReportOutcome(id, null, _dice.One(_terms.OutcomeTypes).Id, $"r{_number}")
        {
            Quantity = _dice.Chance(80) ? 1 : 1 + _dice.Below(4),
            Dimensions = Where(),
            Session = _dice.Chance(30) ? $"s{_number / 6}" : null,
            Verification = _dice.Chance(30) ? new Verification(_dice.One(PlanGenerator.Methods), true, null) : null,
        };
    }

    // What happens to a change while another waits is not the subject.
    private Command Change()
    {
        if (_waits) return new Command.Tick();
        _waits = _dice.Chance(30);
        return new Command.Change(null, new PlanRef("p", ++_number), Agreed(), null, null,
            _waits ? Effective.NextPeriod : Effective.Now);
    }

    private EventId Id() => new("/a", $"e{++_number}");

    private Terms Agreed()
    {
        var terms = PlanGenerator.Terms(_dice, Now);
        if (_dice.Chance(45))
            terms = terms with { OutcomeTypes = [.. terms.OutcomeTypes.Select(ByWorkflow)] };
        var caps = Enumerable.Range(1, _dice.Below(5)).Select(number => Cap($"c{number}", terms.OutcomeTypes));
        return _terms = terms with
        {
            Caps = [.. caps],
            Thresholds = [],
            Training = _dice.Chance(20)
                ? new Training(_dice.Chance(50) ? 1 + _dice.Below(9) : null,
                    _dice.Chance(50) ? Now + _dice.Within(TimeSpan.FromDays(20)) : null,
                    _dice.Chance(40) ? 1 + _dice.Below(4) : null)
                : null,
        };
    }

    // F7: one workflow, two, with others at another price, or all at it.
    private OutcomeType ByWorkflow(OutcomeType type) => type with
    {
        Tiers = [],
        Price = _dice.Chance(70) ? PlanGenerator.Price(_dice) : null,
        Prices =
        [
            new PriceClass(_dice.One(PlanGenerator.Workflows), null, PlanGenerator.Price(_dice)),
            .. _dice.Chance(60)
                ? new[] { new PriceClass(_dice.Chance(80) ? _dice.One(PlanGenerator.Workflows) : null,
                    _dice.Chance(30) ? _dice.One(PlanGenerator.Methods) : null, PlanGenerator.Price(_dice)) }
                : [],
        ],
    };

    private Cap Cap(string id) => Cap(id, _terms.OutcomeTypes);

    private Cap Cap(string id, ImmutableArray<OutcomeType> types)
    {
        var money = _dice.Chance(55);
        return new Cap
        {
            Id = id,
            Scope = new Scope(
                _dice.Chance(30) ? _dice.One(types).Id : null, null, Some(30, "fin", "max"), Some(20, "chat"),
                Some(20, PlanGenerator.Workflows)) is var scope && _dice.Chance(20)
                    ? scope with { OutcomeType = null, Activity = _dice.One(PlanGenerator.Activities) } : scope,
            Limit = _dice.Chance(15) ? money ? Limit.Of(Amount.Zero) : 0 : PlanGenerator.Limit(_dice, money),
            Period = _dice.Chance(35) ? CapPeriod.Day : CapPeriod.BillingPeriod,
            AtLimit = _dice.Chance(10) ? new AtLimit(LimitAction.Notify) : AtLimit(),
        };
    }

    private AtLimit AtLimit() =>
        _dice.Chance(50) ? Core.AtLimit.Pause : new AtLimit(LimitAction.Handoff, _dice.One(Queues));

    private Dimensions Where() => new(Some(60, "fin", "max"), Some(50, "chat", "phone"),
        Some(60, PlanGenerator.Workflows));

    private string? Some(int percent, params string[] of) => _dice.Chance(percent) ? _dice.One(of) : null;
}
