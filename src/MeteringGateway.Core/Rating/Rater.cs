using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>Units to be rated, all of the same kind.</summary>
/// <param name="Terms">Index of the terms that they are under.</param>
/// <param name="Class">Of <see cref="Pricing.ClassOf"/>.</param>
internal readonly record struct Units(int Terms, string Type, int Class, long Quantity, Instant Time);

/// <summary>A grant as a walk sees it.</summary>
/// <param name="Available">Credits that there are for the period.</param>
/// <param name="UsedBefore">Credits that earlier periods took.</param>
internal sealed record GrantRoom(string Id, int Slot, long Available, long UsedBefore, Instant From, Instant Until);

/// <summary>Units in a row that the same source funds at the same price.</summary>
/// <param name="Source">Where nothing can fund them: on demand.</param>
/// <param name="Commitment">Which one, for <see cref="Funding.Committed"/>.</param>
internal readonly record struct Run(Funding Source, Amount Price, Amount Credits, long Units, int Commitment);

/// <summary>
/// Which source funds each unit, and at what price (F1, F4, F7): a pure function of the units in their order, of the
/// terms, and of what grants and commitments had left when the period began. Where the counters stand is in a
/// <see cref="Tally"/>.
/// </summary>
internal sealed partial class Rater
{
    private readonly Terms _atStart;
    private readonly Func<int, Terms> _termsOf;
    private ImmutableArray<long> _committedBefore;
    private readonly List<TypeRates> _rates = [];
    private readonly Dictionary<Counter, int> _counters = [];
    private readonly Dictionary<LineKey, int> _lines = [];
    private int _slots;

    /// <param name="atStart">Terms in force at the period's first instant.</param>
    /// <param name="termsOf">Terms by index.</param>
    /// <param name="committedBefore">What earlier periods used of each commitment, in the plan's order.</param>
    public Rater(Terms atStart, Func<int, Terms> termsOf, ImmutableArray<long> committedBefore)
    {
        _atStart = atStart;
        _termsOf = termsOf;
        _committedBefore = committedBefore;
    }

    /// <summary>With another value the walk is to begin again. What readers keep stays as it was.</summary>
    public ImmutableArray<long> CommittedBefore
    {
        get => _committedBefore;
        set
        {
            _committedBefore = value;
            for (var i = 0; i < _rates.Count; i++)
                _rates[i] = _rates[i] with { Commitments = CommitmentsOf(_rates[i].Type) };
        }
    }

    /// <summary>
    /// In the order in which they are spent (F5); replaced as a whole, so that it can be kept by readers.
    /// </summary>
    public GrantRoom[] Grants { get; set; } = [];

    public IReadOnlyDictionary<LineKey, int> Lines => _lines;
    public IReadOnlyList<TypeRates> Rates => _rates;
    public IReadOnlyDictionary<Counter, int> Counters => _counters;

    public int Slot(in Counter counter)
    {
        if (!_counters.TryGetValue(counter, out var slot)) _counters[counter] = slot = _slots++;
        return slot;
    }

    /// <summary>The slot, or -1 where nothing was ever counted.</summary>
    public int Known(in Counter counter) => _counters.GetValueOrDefault(counter, -1);

    private int Slot(in LineKey line)
    {
        if (!_lines.TryGetValue(line, out var slot)) _lines[line] = slot = _slots++;
        return slot;
    }

    public TypeRates RatesOf(int terms, string type)
    {
        foreach (var known in _rates)
            if (known.Terms == terms && (ReferenceEquals(known.Type.Id, type) || known.Type.Id == type)) return known;
        var made = Make(terms, _termsOf(terms));
        _rates.AddRange(made);
        return Array.Find(made, rate => rate.Type.Id == type)
            ?? throw new ArgumentException($"terms {terms} have no type '{type}'", nameof(type));
    }

    public Units UnitsOf(in RatedOutcome outcome)
    {
        var kind = outcome.Kind;
        var type = RatesOf(kind.Terms, kind.Type).Type;
        var priceClass = type.Prices.IsEmpty ? Pricing.NoClass
            : Pricing.ClassOf(type, kind.Dimensions.Workflow, kind.Method);
        return new Units(kind.Terms, kind.Type, priceClass, outcome.Quantity, outcome.Time);
    }

    /// <summary>When they are timed can decide what funds them.</summary>
    public bool IsByTime(in Units units) => RatesOf(units.Terms, units.Type).Type.Credits is { Micros: > 0 };

    private TypeRates[] Make(int index, Terms terms)
    {
        var made = new TypeRates[terms.OutcomeTypes.Length];
        for (var i = 0; i < made.Length; i++)
        {
            var type = terms.OutcomeTypes[i];
            var rule = Pricing.IsGoverned(type, _atStart) ? Pricing.RuleOf(type, terms) : null;
            var owner = type.Overage is null ? "" : type.Id;
            made[i] = new TypeRates
            {
                Terms = index, Type = type, Included = _atStart.Type(type.Id)?.IncludedUnits ?? 0, Rule = rule,
                Owner = owner,
                Blocked = rule is not null && Pricing.Blocks(rule, type),
                Units = Slot(new Counter(Counts.Units, type.Id)),
                IncludedLine = Slot(new LineKey(type.Id, Funding.Included, 0, false)),
                // Under the rule that its own terms put it under: other terms may put the type under another.
                Overage = Slot(new Counter(Counts.Overage, type.Id, owner.Length == 0 ? 0 : 1)),
                RuleUnits = Slot(new Counter(Counts.RuleUnits, owner)),
                RuleAmount = Slot(new Counter(Counts.RuleAmount, owner)),
                Commitments = CommitmentsOf(type),
            };
        }
        return made;
    }

    /// <summary>
    /// Those that cover the type: first the ones in units, each in the plan's order. Credits are not used up with
    /// money.
    /// </summary>
    private CommitmentRoom[] CommitmentsOf(OutcomeType type)
    {
        var rooms = new List<CommitmentRoom>();
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < _atStart.Commitments.Length; i++)
            {
                var commitment = _atStart.Commitments[i];
                if (!Pricing.Covers(commitment, type.Id) || commitment.Units is null != (pass == 1)
                    || (pass == 1 && type.Credits is not null)) continue;
                var all = commitment.Units ?? commitment.Amount!.Value.Micros;
                rooms.Add(new CommitmentRoom(i, Slot(new Counter(Counts.Commitment, "", i)), all - _committedBefore[i],
                    commitment.Units is null ? null : commitment.Price));
            }
        }
        return [.. rooms];
    }

    /// <summary>Rates units, and counts them.</summary>
    /// <param name="bounds">Narrowed to where they would come from the same sources; null: nobody asks.</param>
    /// <returns>What they are charged.</returns>
    public Amount Step(Tally tally, in Units units, ImmutableArray<Charge>.Builder? charges, Bounds? bounds = null)
    {
        var rate = RatesOf(units.Terms, units.Type);
        var left = units.Quantity;
        var sum = Amount.Zero;
        while (left > 0)
        {
            var run = Next(tally, rate, units.Class, units.Time, Grants);
            var count = Math.Min(left, run.Units);
            if (bounds is not null && !rate.IsFlat) Narrow(bounds, tally, rate, run, count, units);
            Consume(tally, rate, run, count, units.Time, Grants);
            sum += Count(tally, rate, run, count, charges);
            left -= count;
        }
        return sum;
    }

    /// <summary>The same of units that have one price wherever they come; less of them: below 0.</summary>
    public Amount StepFlat(Tally tally, in Units units)
    {
        var rate = RatesOf(units.Terms, units.Type);
        var run = Next(tally, rate, units.Class, units.Time, Grants);
        Consume(tally, rate, run, units.Quantity, units.Time, Grants);
        return Count(tally, rate, run, units.Quantity, null);
    }

    private Amount Count(Tally tally, TypeRates rate, in Run run, long count, ImmutableArray<Charge>.Builder? charges)
    {
        var amount = run.Price * count;
        var overage = run.Source == Funding.OnDemand && rate.Rule is not null;
        if (run.Source != Funding.Included) tally.Add(LineSlot(rate, run, overage), count);
        charges?.Add(new Charge(run.Source, count, run.Price, amount, run.Credits * count));
        return amount;
    }

    private int LineSlot(TypeRates rate, in Run run, bool overage)
    {
        var price = run.Source == Funding.Credits ? run.Credits.Micros : run.Price.Micros;
        var (source, cachedPrice, slot) = rate.LastLine;
        if (source == run.Source && cachedPrice == price && slot >= 0) return slot;
        slot = Slot(new LineKey(rate.Type.Id, run.Source, price, overage));
        rate.LastLine = (run.Source, price, slot);
        return slot;
    }

    /// <summary>The source of the next unit, and for how many units from there on it is the same (F1).</summary>
    public static Run Next(Tally tally, TypeRates rate, int priceClass, Instant time, GrantRoom[] grants)
    {
        var included = rate.Included - tally[rate.IncludedLine];
        if (included > 0) return new Run(Funding.Included, Amount.Zero, Amount.Zero, included, -1);
        var (own, lasts) = Pricing.OwnPrice(rate.Type, priceClass, tally[rate.Units]);
        foreach (var commitment in rate.Commitments)
        {
            var room = commitment.Left - tally[commitment.Slot];
            if (commitment.Price is { } price)
            {
                if (room > 0) return new Run(Funding.Committed, price, Amount.Zero, room, commitment.Index);
            }
            else if (own.Micros <= room)
                return new Run(Funding.Committed, own, Amount.Zero,
                    own.Micros == 0 ? lasts : Math.Min(lasts, room / own.Micros), commitment.Index);
        }
        if (rate.Type.Credits is { Micros: > 0 } credits)
        {
            var affordable = Spendable(tally, time, grants) / credits.Micros;
            if (affordable > 0) return new Run(Funding.Credits, Amount.Zero, credits, affordable, -1);
        }
        var asked = rate.Blocked ? Amount.Zero : rate.Rule?.Price ?? own;
        // A cheaper tier may fit again into what an amount commitment has left.
        var same = (rate.Blocked || rate.Rule?.Price is not null)
            && !Array.Exists(rate.Commitments, commitment => commitment.Price is null);
        return new Run(Funding.OnDemand, asked, Amount.Zero, same ? long.MaxValue : lasts, -1);
    }

    /// <summary>Credits of all grants that can fund something at a time.</summary>
    public static long Spendable(Tally tally, Instant time, GrantRoom[] grants)
    {
        var sum = 0L;
        foreach (var grant in grants)
            if (grant.From <= time && time < grant.Until) sum += Math.Max(0, grant.Available - tally[grant.Slot]);
        return sum;
    }

    /// <summary>Takes units of a run out of what funds them.</summary>
    public static void Consume(Tally tally, TypeRates rate, in Run run, long count, Instant time, GrantRoom[] grants)
    {
        tally.Add(rate.Units, count);
        switch (run.Source)
        {
            case Funding.Included:
                tally.Add(rate.IncludedLine, count);
                break;
            case Funding.Committed:
                foreach (var commitment in rate.Commitments)
                    if (commitment.Index == run.Commitment)
                        tally.Add(commitment.Slot, commitment.Price is null ? (run.Price * count).Micros : count);
                break;
            case Funding.Credits:
                Draw(tally, (run.Credits * count).Micros, time, grants);
                break;
            case Funding.OnDemand when rate.Rule is not null:
                tally.Add(rate.Overage, count);
                tally.Add(rate.RuleUnits, count);
                tally.Add(rate.RuleAmount, (run.Price * count).Micros);
                break;
        }
    }

    private static void Draw(Tally tally, long credits, Instant time, GrantRoom[] grants)
    {
        foreach (var grant in grants)
        {
            if (credits == 0) return;
            if (grant.From > time || time >= grant.Until) continue;
            var drawn = Math.Min(credits, grant.Available - tally[grant.Slot]);
            if (drawn <= 0) continue;
            tally.Add(grant.Slot, drawn);
            credits -= drawn;
        }
    }
}

/// <summary>How the units of one type under one version of the terms are rated in a period.</summary>
internal sealed record TypeRates
{
    public required int Terms { get; init; }
    public required OutcomeType Type { get; init; }
    public required long Included { get; init; }
    /// <summary>Null: the type is not governed (F2).</summary>
    public required OverageRule? Rule { get; init; }
    /// <summary>Type whose own rule it is; empty: the plan's, or the default one.</summary>
    public required string Owner { get; init; }
    public required bool Blocked { get; init; }
    public required int Units { get; init; }
    public required int IncludedLine { get; init; }
    public required int Overage { get; init; }
    public required int RuleUnits { get; init; }
    public required int RuleAmount { get; init; }
    public required CommitmentRoom[] Commitments { get; init; }

    /// <summary>Where a unit comes from, and its price, depend on nothing that was counted before it.</summary>
    public bool IsFlat => Included <= 0 && Commitments.Length == 0 && Type.Tiers.IsEmpty
        && Type.Credits is not { Micros: > 0 };

    /// <summary>The line that was counted on last: mostly the next one's too.</summary>
    public (Funding Source, long Price, int Slot) LastLine { get; set; } = (Funding.Training, 0, -1);
}

/// <param name="Index">In the plan's order.</param>
/// <param name="Left">Units, or millionths, when the period began.</param>
/// <param name="Price">Of a unit; null: an amount.</param>
internal sealed record CommitmentRoom(int Index, int Slot, long Left, Amount? Price);
