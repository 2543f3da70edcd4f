namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>
/// Something whose units are to be funded: a rated outcome, what a reservation holds, or what somebody asks for.
/// </summary>
/// <param name="Terms">Those that it stays under; of what is held or asked for, the present ones (0004, 3).</param>
internal sealed record Item(
    string Name, OutcomeType Type, Terms Terms, Period Period, int Day, Instant Time, long Units, Dimensions Dimensions,
    string? Method, bool IsHeld = false)
{
    public Subject Subject => new(Type.Id, false, Dimensions);
}

/// <summary>What became of one unit.</summary>
/// <param name="Price">What it is charged; 0 where credits pay.</param>
/// <param name="Draws">Credits, by grant.</param>
/// <param name="IsOverage">On demand, under a rule.</param>
internal sealed record Unit(Item Item, Funding Source, Amount Price, Amount Credits,
    IReadOnlyList<(Lot Lot, Amount Credits)> Draws,
    string? Commitment = null, bool IsOverage = false);

/// <summary>What units of one item came to that were walked one after the other; sums go over these.</summary>
/// <param name="OnDemand">Those under a rule, of all of them.</param>
internal readonly record struct Stretch(Item Item, Went All, Went OnDemand);

/// <summary>Units, and what they are charged.</summary>
internal readonly record struct Went(long Units, long Micros)
{
    public long In(Limit limit) => limit.IsMoney ? Micros : Units;
    public Went And(Unit unit) => new(Units + 1, Micros + unit.Price.Micros);
    public Went And(Went other) => new(Units + other.Units, Micros + other.Micros);
}

/// <summary>What the walk begins with: what closed periods have left to it, and the terms of each period.</summary>
/// <param name="TermsOf">The terms in force at a period's first instant.</param>
/// <param name="YearOf">The block of twelve periods that a period lies in.</param>
/// <param name="Left">Credits of each grant that no closed period took, in the order in which grants are spent.</param>
/// <param name="UsedBefore">Of a commitment per year, in units or millionths: what closed periods of the block
/// used.</param>
internal sealed record Ground(
    Func<Period, Terms> TermsOf, Func<Period, int> YearOf, IReadOnlyList<(Lot Lot, Amount Left)> Left,
    Func<Period, string, long> UsedBefore);

/// <summary>
/// The rating, unit by unit (F1, F4; 0004, 2 to 11): each takes the first source that can fund it whole. It begins with
/// nothing and forgets nothing, so it can only be made anew or gone on with.
/// </summary>
internal sealed class FundingWalk
{
    private readonly Ground _ground;
    private readonly List<Unit> _units;
    private readonly List<Stretch> _stretches;
    private readonly Dictionary<(DateOnly, string), long> _positions;
    private readonly Dictionary<(DateOnly, string), long> _included;
    private readonly Dictionary<(int Year, DateOnly Period, string Commitment), long> _committed;
    private readonly Dictionary<Lot, Amount> _drawn;

    public FundingWalk(Ground ground) =>
        (_ground, _units, _stretches, _positions, _included, _committed, _drawn) = (ground, [], [], [], [], [], []);

    private FundingWalk(FundingWalk other) =>
        (_ground, _units, _stretches, _positions, _included, _committed, _drawn) =
            (other._ground, [.. other._units], [.. other._stretches], new(other._positions),
            new(other._included), new(other._committed), new(other._drawn));

    public IReadOnlyList<Unit> Units => _units;

    /// <summary>The same units, item by item.</summary>
    public List<Stretch> Stretches => _stretches;

    public FundingWalk Copy() => new(this);

    public Amount Drawn(Lot lot) => _drawn.GetValueOrDefault(lot);

    public long IncludedUsed(Period period, string type) => _included.GetValueOrDefault((period.Id, type));

    /// <summary>What this period's outcomes used of a commitment of its terms, in units or millionths.</summary>
    public long CommittedUsed(Period period, string commitment) =>
        _committed.GetValueOrDefault((_ground.YearOf(period), period.Id, commitment));

    public FundingWalk With(IEnumerable<Item> items)
    {
        foreach (var item in items)
            for (var unit = 0L; unit < item.Units; unit++) Add(item);
        return this;
    }

    /// <summary>One more unit, after all the others.</summary>
    public Unit Add(Item item)
    {
        var place = (item.Period.Id, item.Type.Id);
        var position = _positions[place] = _positions.GetValueOrDefault(place) + 1;
        var unit = Fund(item, position);
        _units.Add(unit);
        Sum(item, unit);
        if (unit.Source == Funding.Included) _included[place] = _included.GetValueOrDefault(place) + 1;
        foreach (var (lot, credits) in unit.Draws) _drawn[lot] = Drawn(lot) + credits;
        if (unit.Commitment is { } commitment)
        {
            var key = (_ground.YearOf(item.Period), item.Period.Id, commitment);
            _committed[key] = _committed.GetValueOrDefault(key)
                + (Pledge.IsInUnits(commitment) ? 1 : unit.Price.Micros);
        }
        return unit;
    }

    private void Sum(Item item, Unit unit)
    {
        if (_stretches.Count == 0 || !ReferenceEquals(_stretches[^1].Item, item))
            _stretches.Add(new Stretch(item, default, default));
        var (_, all, onDemand) = _stretches[^1];
        _stretches[^1] = new Stretch(item, all.And(unit), unit.IsOverage ? onDemand.And(unit) : onDemand);
    }

    private Unit Fund(Item item, long position)
    {
        var terms = _ground.TermsOf(item.Period);
        var included = terms.Type(item.Type.Id)?.IncludedUnits ?? 0;
        if (IncludedUsed(item.Period, item.Type.Id) < included)
            return new Unit(item, Funding.Included, Amount.Zero, Amount.Zero, []);
        var own = Prices.Own(item, position);
        if (CommitmentFor(item, own) is { } pledge)
            return new Unit(item, Funding.Committed, pledge.Commitment.Price ?? own, Amount.Zero, [], pledge.Name);
        if (item.Type.Credits is { } credits && Draw(item, credits) is { } draws)
            return new Unit(item, Funding.Credits, Amount.Zero, credits, draws);
        var rule = Prices.RuleOf(terms, item.Terms, item.Type);
        return new Unit(item, Funding.OnDemand, Prices.OnDemand(item, own, rule), Amount.Zero, [], null,
            rule is not null);
    }

    // 0004, 7: in the plan's order, those in units first.
    private Pledge? CommitmentFor(Item item, Amount own)
    {
        var pledges = Pledge.Of(_ground.TermsOf(item.Period));
        if (pledges.Count == 0) return null;
        return pledges.OrderBy(one => one.Commitment.Units is null)
            .Where(one => Prices.Covers(one.Commitment, item.Type))
            .FirstOrDefault(one => one.Commitment.Units is { } units
                ? Used(item.Period, one) < units
                : own.Micros <= one.Commitment.Amount!.Value.Micros - Used(item.Period, one));
    }

    // Per year what the block's other periods used counts as well.
    private long Used(Period period, Pledge pledge)
    {
        if (!pledge.Commitment.PerYear) return CommittedUsed(period, pledge.Name);
        return _ground.UsedBefore(period, pledge.Name)
            + _committed.Where(used => used.Key.Year == _ground.YearOf(period) && used.Key.Commitment == pledge.Name)
                .Sum(used => used.Value);
    }

    // 0004, 11: all its credits or none; by priority, expiry, effective_at and issue.
    private List<(Lot, Amount)>? Draw(Item item, Amount credits)
    {
        var draws = new List<(Lot, Amount)>();
        var missing = credits;
        foreach (var (lot, left) in _ground.Left.Where(one => one.Lot.Funds(item.Time)))
        {
            var takes = new Amount(Math.Min(missing.Micros, (left - Drawn(lot)).Micros));
            if (takes <= Amount.Zero) continue;
            draws.Add((lot, takes));
            missing -= takes;
            if (missing == Amount.Zero) return draws;
        }
        return null;
    }
}
