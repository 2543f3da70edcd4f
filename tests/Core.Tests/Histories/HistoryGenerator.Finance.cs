namespace MeteringGateway.Core.Tests.Histories;

/// <summary>What a finance administrator does (F2, F5, F6, S4).</summary>
internal sealed partial class HistoryGenerator
{
    private readonly List<Command> _bought = [];
    private readonly List<string> _disputed = [];
    private int _grants;

    private Step Finance()
    {
        var choice = _dice.Below(100);
        return choice switch
        {
            < 40 => Grant(),
            < 52 => new Step(_now, new Command.VoidGrant(SomeGrant())),
            < 70 => new Step(_now, new Command.AuthorizeOverage(_dice.Chance(50),
                _dice.Chance(50) ? PlanGenerator.Limit(_dice, _dice.Chance(50)) : null)),
            < 78 => new Step(_now, new Command.WithdrawAuthorization()),
            < 90 =>
                new Step(_now, new Command.SetThreshold(PlanGenerator.Threshold(_dice, 1 + _dice.Below(5), _terms))),
            < 93 => new Step(_now, new Command.RemoveThreshold($"t{1 + _dice.Below(5)}")),
            _ => new Step(_now, SetCap()),
        };
    }

    // D3, with dice of its own: what else happens is the same with disputes and without.
    private Step? Dispute()
    {
        var dice = _disputes!;
        if (_outcomes.Count == 0 || !dice.Chance(35)) return null;
        var about = dice.Chance(60) ? dice.One(_disputed.DefaultIfEmpty(_outcomes[^1]).ToList())
            : dice.Chance(97) ? dice.One(_outcomes) : "none";
        if (dice.Chance(45)) return new Step(_now, new Command.ResolveDispute(about, dice.Chance(70), "looked into"));
        _disputed.Add(about);
        return new Step(_now, new Command.OpenDispute(about, "not what was asked"));
    }

    // F6: the same key again, with the same content or with other.
    private Step Grant()
    {
        var label = $"g{++_grants}";
        if (_bought.Count > 0 && _dice.Chance(20))
        {
            var again = _dice.One(_bought);
            return new Step(_now, _dice.Chance(75) ? again : Other(again), null, label);
        }
        if (_terms.TopUps.Length > 0 && _dice.Chance(50)) return new Step(_now, Pack(), null, label);
        Instant? expires = _dice.Below(10) switch
        {
            < 3 => null,
            < 5 => _now + _dice.Within(TimeSpan.FromHours(30)),
            < 7 => _now + TimeSpan.FromDays(7 + _dice.Below(3)),
            7 => _period.End,
            8 when _dice.Chance(10) => _now,
            _ => _now + _dice.Within(TimeSpan.FromDays(60)),
        };
        var grant = new Command.IssueGrant(_dice.Chance(70) ? GrantKind.TopUp : GrantKind.Promotional,
            PlanGenerator.Money(_dice.One(5m, 12m, 20m, 7.5m, 60m)), expires, _dice.Chance(25) ? _dice.Below(60) : null,
            _dice.Chance(30) ? PlanGenerator.Money(9.99m) : null, null, _dice.Chance(40) ? $"k{_grants}" : null);
        if (grant.Key is not null) _bought.Add(grant);
        return new Step(_now, grant, null, label);
    }

    private Command.BuyPack Pack()
    {
        var buy = new Command.BuyPack(_dice.Chance(95) ? _dice.One(PlanGenerator.Packs) : "none", 1 + _dice.Below(3),
            _dice.Chance(20) ? "spikes" : null, $"k{_grants}");
        _bought.Add(buy);
        return buy;
    }

    private static Command Other(Command bought) => bought switch
    {
        Command.IssueGrant issue => issue with { Amount = issue.Amount + new Amount(1) },
        Command.BuyPack buy => buy with { Quantity = buy.Quantity + 1 },
        _ => bought,
    };

    // Bought ones by their label; others by kind and number.
    private string SomeGrant() => _dice.Chance(70) && _grants > 0 ? $"g{1 + _dice.Below(_grants)}"
        : _dice.One("plan-1", "plan-2", "rollover-1", "rollover-2", "correction-1", "g99");
}
