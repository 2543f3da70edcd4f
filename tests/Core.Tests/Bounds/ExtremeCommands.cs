using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.Bounds;

/// <summary>What callers of all roles may ask of a tenant on such a plan, from a seed.</summary>
internal sealed class ExtremeCommands(Dice dice, Terms terms)
{
    private readonly List<string> _outcomes = [];
    private readonly List<string> _labels = [];
    private Terms _terms = terms;
    private int _numbers;

    /// <summary>How far time moves before the next one.</summary>
    public TimeSpan Pause() => dice.Below(20) switch
    {
        < 12 => TimeSpan.FromMinutes(1),
        < 17 => dice.Within(TimeSpan.FromHours(30)),
        17 => dice.Within(TimeSpan.FromDays(20)),
        _ => dice.Within(TimeSpan.FromDays(40)),
    };

    public (Command Command, string? Label) Next(Instant now)
    {
        _numbers++;
        switch (dice.Below(100))
        {
            case < 40: return (Report(now), null);
            case < 55: return (Fact(), null);
            case < 63: return (Activity(), null);
            case < 75:
                _labels.Add($"held{_numbers}");
                return (new Command.Reserve(Ask(), TimeSpan.FromHours(1 + dice.Below(23)), dice.Chance(50)),
                    _labels[^1]);
            case < 78: return (new Command.ReleaseReservation(_labels.Count > 0 ? dice.One(_labels) : "none"), null);
            case < 82:
                var when = dice.One(Effective.Now, Effective.NextPeriod);
                return (new Command.SetCap(ExtremeTerms.Cap(dice), when), null);
            case < 86: return (Change(), null);
            case < 92: return (Grant(now), null);
            case < 94: return (new Command.VoidGrant($"g{2 + dice.Below(6)}"), null);
            case < 97: return (new Command.AuthorizeOverage(dice.Chance(50), null), null);
            default: return (new Command.Tick(), null);
        }
    }

    public static Question Ask(string type, long quantity) =>
        new(new Subject(type, IsActivity: false, Dimensions.None), quantity);

    private Question Ask() => Ask(dice.One(ExtremeTerms.Types), dice.One(1, 1_000, 100_000));

    private Command.ReportOutcome Report(Instant now)
    {
        var id = $"r{_numbers}";
        _outcomes.Add(id);
        return new Command.ReportOutcome(new EventId("/e", id), dice.Chance(70) ? null : now - dice.Within(
            TimeSpan.FromHours(71)), dice.One(ExtremeTerms.Types), id)
        {
            Quantity = Quantity(), Session = dice.Chance(50) ? $"s{dice.Below(3)}" : null,
            Reservation = dice.Chance(50) && _labels.Count > 0 ? dice.One(_labels) : null,
            Dimensions = dice.Chance(30) ? new Dimensions(Workflow: "complex") : Dimensions.None,
            Verification = dice.Chance(50) ? new Verification("llm", true, null) : null,
            Fingerprint = (ulong)_numbers,
        };
    }

    // Also of outcomes of closed periods: what is taken back of them falls into the open one.
    private Command.ReportFact Fact() => new(new EventId("/f", $"f{_numbers}"), null,
        _outcomes.Count > 0 ? dice.One(_outcomes) : "none",
        dice.One(FactKind.Reopened, FactKind.Rejected, FactKind.Failed, FactKind.Confirmed))
    {
        Fingerprint = (ulong)_numbers,
    };

    private Command.ReportActivity Activity() =>
        new(new EventId("/a", $"a{_numbers}"), null, dice.One("ticket", "message"))
        {
            Quantity = Quantity(), Fingerprint = (ulong)_numbers,
        };

    private Command.Change Change()
    {
        _terms = ExtremeTerms.Of(dice) with { Currency = _terms.Currency };
        return new Command.Change(null, new PlanRef("p", _numbers), _terms, null, null,
            dice.One(Effective.Now, Effective.NextPeriod));
    }

    private Command.IssueGrant Grant(Instant now) => new(dice.One(GrantKind.TopUp, GrantKind.Promotional),
        new Amount(Math.Max(1, ExtremeTerms.Money(dice).Micros)),
        dice.Chance(50) ? now + dice.Within(TimeSpan.FromDays(20)) + TimeSpan.FromHours(1) : null, null,
        dice.Chance(50) ? ExtremeTerms.Money(dice) : null, null, null);

    private int Quantity() => dice.One(1, 1, 7, 1_000, 1_000_000);
}
