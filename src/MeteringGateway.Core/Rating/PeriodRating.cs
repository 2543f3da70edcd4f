using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// The rating of a period's rated outcomes in order of (time, source, id), kept up to date as they come and go (F4).
/// Not part of the state.
/// </summary>
internal sealed class PeriodRating
{
    private readonly Rater _rater;
    private readonly MoneyCap[] _caps;

    /// <summary>Of them, those in whose scope outcomes of a type may lie. Made as they are met.</summary>
    private readonly Dictionary<string, MoneyCap[]> _capsOf = new(StringComparer.Ordinal);
    private readonly RatedOrder _sorted;

    private readonly Stretches _walk;
    private readonly Changes _changes;

    /// <param name="table">That has the tenant's outcomes.</param>
    /// <param name="rated">Places of the rated ones, in any order.</param>
    /// <param name="changes">Counted for all of the tenant's ratings together.</param>
    public PeriodRating(Rater rater, IEnumerable<Cap> caps, OutcomeTable table, IEnumerable<int> rated,
        Changes changes)
    {
        _changes = changes;
        Version = changes.Next();
        _rater = rater;
        _caps = [.. caps.Select(cap => new MoneyCap(cap))];
        _sorted = new RatedOrder(table, rated);
        _walk = new Stretches(() => _sorted.Count, Walk);
    }

    public Rater Rater => _rater;

    /// <summary>When what is rated last changed.</summary>
    public long Version { get; private set; }

    /// <summary>
    /// The last change that was known when its grants were last looked at (see <see cref="TenantState.RatingOf"/>).
    /// </summary>
    public long Stamp { get; set; } = -1;

    /// <summary>How many are rated.</summary>
    public int Length => _sorted.Count;

    /// <summary>By their place in the order in which they are rated, with that in the table.</summary>
    public (int Place, RatedOutcome Rated) this[int index] => (_sorted.PlaceAt(index), _sorted.Rated(index));

    /// <summary>The same as they stand now.</summary>
    public IEnumerable<Outcome> Outcomes => Enumerable.Range(0, _sorted.Count).Select(index => _sorted[index]);

    /// <summary>After the last outcome. Not to be changed.</summary>
    public Tally Tail => _walk.Tail;

    /// <summary>What its period's reservations hold, as last worked out.</summary>
    public HeldUnits? Held { get; set; }

    /// <summary>Every line that something was counted on, with its counter.</summary>
    public IReadOnlyDictionary<LineKey, int> Lines
    {
        get
        {
            _ = Tail; // lines and types are made as the walk comes to them
            return _rater.Lines;
        }
    }

    /// <summary>Every type that was rated.</summary>
    public IReadOnlyList<TypeRates> Rates
    {
        get
        {
            _ = Tail;
            return _rater.Rates;
        }
    }

    /// <summary>One that was there when the rating was made, and of which it was not told then.</summary>
    public void Begin(int place) => _sorted.Add(place);

    /// <inheritdoc cref="Stretches.WalkOn"/>
    public int WalkOn(int most) => _walk.WalkOn(most);

    public void Add(Outcome outcome)
    {
        var at = _sorted.Add(outcome);
        Version = _changes.Next();
        _walk.Added(at);
    }

    public void Remove(Outcome outcome)
    {
        var at = _sorted.Find(outcome);
        _sorted.RemoveAt(at);
        Version = _changes.Next();
        _walk.Removed(at);
    }

    public bool ComesLast(Outcome outcome) => _sorted.ComesLast(outcome);

    /// <summary>What can fund units timed then or later is not what it was.</summary>
    public void BeginAgain(Instant from)
    {
        Version = _changes.Next();
        _walk.BeginAgainAt(_sorted.CountBefore(from));
    }

    /// <summary>What all outcomes timed before then come to.</summary>
    public Amount ChargedBefore(Instant time)
    {
        if (_sorted.CountBefore(time) is not (> 0 and var count)) return Amount.Zero;
        var counters = count == _sorted.Count ? Tail : _walk.Before(count);
        return Lines.Aggregate(Amount.Zero, (sum, line) => sum + line.Key.UnitPrice * counters[line.Value]);
    }

    /// <summary>How a rated outcome is charged.</summary>
    public ImmutableArray<Charge> ChargesOf(Outcome outcome)
    {
        var at = _sorted.Find(outcome);
        if (at < 0) return [];
        var counters = _walk.Before(at);
        var charges = ImmutableArray.CreateBuilder<Charge>(1);
        Step(counters, _sorted.Rated(at), charges);
        return charges.DrainToImmutable();
    }

    /// <summary>The same of many, by id; those that are near each other take one walk.</summary>
    public void ChargesOf(IEnumerable<Outcome> outcomes, Dictionary<string, ImmutableArray<Charge>> charged)
    {
        var (counters, at) = (new Tally(), -1);
        var charges = ImmutableArray.CreateBuilder<Charge>(1);
        foreach (var place in outcomes.Select(_sorted.Find).Where(place => place >= 0).Order())
        {
            if (at < 0 || place - at > Stretches.Longest) (counters, at) = (_walk.Before(place), place);
            Walk(counters, at, place, null);
            at = place;
            Step(counters, _sorted.Rated(at), charges);
            charged[_sorted[at++].Id] = charges.DrainToImmutable();
        }
    }

    /// <summary>
    /// Rates those from one up to another. Units that are alike come to the same one by one and as one, but where
    /// credits may fund them, which begin and end at a time: most of a period's outcomes take no step of their own.
    /// </summary>
    private void Walk(Tally counters, int from, int to, Bounds? bounds)
    {
        while (from < to)
        {
            var rated = _sorted.Rated(from);
            var (units, alike) = (_rater.UnitsOf(rated), 1);
            if (!_rater.IsByTime(units))
            {
                alike = _sorted.CountAlike(from, to, out var quantity);
                units = units with { Quantity = quantity };
            }
            Charge(counters, rated.Kind.Subject, rated.Day, _rater.Step(counters, units, null, bounds));
            from += alike;
        }
    }

    /// <summary>Rates one more outcome, with the caps on money.</summary>
    /// <param name="bounds">Narrowed to where it would come from the same sources.</param>
    public void Step(Tally counters, in RatedOutcome outcome, ImmutableArray<Charge>.Builder? charges,
        Bounds? bounds = null)
    {
        var charged = _rater.Step(counters, _rater.UnitsOf(outcome), charges, bounds);
        Charge(counters, outcome.Kind.Subject, outcome.Day, charged);
    }

    /// <summary>Counts a charge against the caps in whose scope it lies.</summary>
    public void Charge(Tally counters, in Subject subject, int day, Amount charged)
    {
        if (charged.Micros == 0) return;
        foreach (var cap in CapsOf(subject))
            if (cap.Cap.Scope.Matches(subject)) counters.Add(cap.Slot(_rater, day), charged.Micros);
    }

    private MoneyCap[] CapsOf(in Subject subject)
    {
        if (subject.IsActivity || _caps.Length == 0) return _caps;
        if (_capsOf.TryGetValue(subject.What, out var known)) return known;
        var type = subject.What;
        return _capsOf[type] = Array.FindAll(_caps,
            cap => cap.Cap.Scope.OutcomeType is not { } only || only == type);
    }

    /// <summary>Millionths charged in the scope of a cap; for a daily one on a day.</summary>
    public long Charged(Tally counters, Cap cap, int day) => Count(counters, MoneyCap.Counter(cap, day));

    /// <summary>The counter of what is charged in the scope of a cap.</summary>
    public int SlotOf(Cap cap, int day) => _rater.Slot(MoneyCap.Counter(cap, day));

    private long Count(Tally counters, in Counter counter) =>
        _rater.Known(counter) is var slot and >= 0 ? counters[slot] : 0;

    public Line LineOf(in LineKey key, int slot) => new(
        key.Overage ? LineKind.Overage
            : LineKind.Outcomes, key.Type, key.Source, null, Tail[slot], key.UnitPrice, key.UnitPrice * Tail[slot],
        key.UnitCredits * Tail[slot]);

    /// <summary>Rated units of a type, under whatever terms.</summary>
    public long Units(string type) => Count(Tail, new Counter(Counts.Units, type));

    /// <summary>Millionths of credits that the outcomes hold of a grant.</summary>
    public long Drawn(string grant) => Count(Tail, new Counter(Counts.Grant, grant));

    /// <summary>Units or millionths used of a commitment, by its place in the plan.</summary>
    public long Committed(int index) => Count(Tail, new Counter(Counts.Commitment, "", index));

    /// <summary>Where two ratings of the same outcomes part; null: nowhere.</summary>
    public string? Differs(PeriodRating other)
    {
        if (!Outcomes.Select(outcome => outcome.Id).SequenceEqual(other.Outcomes.Select(outcome => outcome.Id)))
            return "the outcomes are not the same";
        var (mine, theirs, each) = (Tail, other.Tail, new Tally());
        for (var i = 0; i < _sorted.Count; i++) Step(each, _sorted.Rated(i), null);
        if (!Shift.Between(each, mine).IsNothing) return "what is alike comes to something else one by one";
        foreach (var (counter, slot) in _rater.Counters)
            if (mine[slot] != other.Count(theirs, counter)) return $"{counter} is {mine[slot]}";
        foreach (var (counter, slot) in other._rater.Counters)
            if (_rater.Known(counter) < 0 && theirs[slot] != 0) return $"{counter} should be {theirs[slot]}";
        return Outcomes.FirstOrDefault(outcome => !ChargesOf(outcome).SequenceEqual(other.ChargesOf(outcome)))
            is { } outcome ? $"the charges of {outcome.Id}" : null;
    }

    private sealed class MoneyCap(Cap cap)
    {
        private int _lastDay = -1;
        private int _lastSlot;

        public Cap Cap { get; } = cap;

        public int Slot(Rater rater, int day)
        {
            if (_lastDay == day) return _lastSlot;
            _lastSlot = rater.Slot(Counter(Cap, day));
            _lastDay = day;
            return _lastSlot;
        }

        public static Counter Counter(Cap cap, int day) => new(Counts.Cap, cap.Id,
            cap.Period == CapPeriod.Day ? day : 0);
    }
}

/// <summary>Numbers changes, so that whoever has seen one knows whether there was another since.</summary>
internal sealed class Changes
{
    /// <summary>The last one.</summary>
    public long Last { get; private set; }

    /// <summary>The last change of a grant, or of what closed periods took of it.</summary>
    public long OfGrants { get; private set; }

    public long Next() => ++Last;

    public void GrantsChanged() => OfGrants = Next();
}
