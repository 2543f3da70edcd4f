namespace MeteringGateway.Core;

/// <summary>What lists of outcomes, and the history of one, are read from. Derived, so in no snapshot.</summary>
public sealed partial class TenantState
{
    /// <summary>Ids of the outcomes that continue another one, by its id; null: there are none.</summary>
    private Dictionary<string, List<string>>? _aliases;

    /// <summary>Null until a list was asked for: most tenants are asked for none.</summary>
    private Listing? _reported;
    private Listing? _changed;

    /// <summary>
    /// Outcomes in memory that pass the filter: by first sequence below <paramref name="cursor"/>, highest first; with
    /// <see cref="OutcomeFilter.ChangedAfter"/> by last sequence above it, lowest first.
    /// </summary>
    public IReadOnlyList<OutcomeFigure> Outcomes(OutcomeFilter filter, long? cursor, int limit)
    {
        var page = filter.ChangedAfter is { } after ? Changed(Math.Max(after, cursor ?? 0)) : Reported(cursor);
        return page.Where(outcome => Passes(outcome, filter)).Take(limit).Select(FigureOf).ToArray();
    }

    /// <summary>
    /// Sequences of the entries that made or changed the outcome, in order; null if it is not in memory.
    /// </summary>
    public IReadOnlyList<long>? History(string outcomeId)
    {
        if (Find(outcomeId) is not { } outcome || Root(outcome) is not { } root) return null;
        var sequences = new List<long>(root.Sequences);
        foreach (var alias in _aliases?.GetValueOrDefault(root.Id) ?? []) sequences.AddRange(Find(alias)!.Sequences);
        sequences.Sort();
        return sequences;
    }

    private IEnumerable<Outcome> Reported(long? cursor)
    {
        _reported ??= new Listing(_outcomes?.Values, static outcome => outcome.ReportedBy);
        for (var i = _reported.CountBelow(cursor ?? long.MaxValue) - 1; i >= 0; i--)
            if (_reported.At(i, this) is { } outcome) yield return outcome;
    }

    private IEnumerable<Outcome> Changed(long after)
    {
        _changed ??= new Listing(_outcomes?.Values, static outcome => outcome.LastSequence);
        for (var i = _changed.CountBelow(after + 1); i < _changed.Count; i++)
            if (_changed.At(i, this) is { } outcome) yield return outcome;
    }

    private void List(Outcome? before, Outcome outcome)
    {
        if (before is null) _reported?.Add(outcome, this);
        if (before?.LastSequence != outcome.LastSequence) _changed?.Add(outcome, this);
        if (before?.ContinuationOf == outcome.ContinuationOf) return;
        if (before is not null) UnlistAlias(before);
        ListAlias(outcome);
    }

    private void ListAlias(Outcome outcome)
    {
        if (outcome.ContinuationOf is not { } root) return;
        _aliases ??= new(StringComparer.Ordinal);
        if (_aliases.TryGetValue(root, out var known)) known.Add(outcome.Id);
        else _aliases.Add(root, [outcome.Id]);
    }

    private void UnlistAlias(Outcome outcome)
    {
        if (outcome.ContinuationOf is not { } root || _aliases?.GetValueOrDefault(root) is not { } known) return;
        known.Remove(outcome.Id);
        if (known.Count == 0) _aliases.Remove(root);
        if (_aliases.Count == 0) _aliases = null;
    }

    /// <summary>
    /// Outcomes by a sequence that only grows. What is put in again with a higher one, or has left memory, is passed
    /// over until it is more than half of what is there.
    /// </summary>
    private sealed class Listing
    {
        private const int Few = 1_000;

        private readonly Func<Outcome, long> _by;
        private readonly List<(long Sequence, string Id)> _items = [];

        public Listing(IEnumerable<Outcome>? outcomes, Func<Outcome, long> by)
        {
            _by = by;
            foreach (var outcome in outcomes ?? []) _items.Add((by(outcome), outcome.Id));
            _items.Sort(static (a, b) => a.Sequence.CompareTo(b.Sequence));
        }

        public int Count => _items.Count;

        public int CountBelow(long sequence) => InOrder.CountBefore(_items, sequence,
            static (item, sequence) => item.Sequence.CompareTo(sequence));

        /// <summary>Null: it is there no more, or further on.</summary>
        public Outcome? At(int index, TenantState state) =>
            state.Find(_items[index].Id) is { } outcome && _by(outcome) == _items[index].Sequence ? outcome : null;

        public void Add(Outcome outcome, TenantState state)
        {
            _items.Add((_by(outcome), outcome.Id));
            if (_items.Count < 2 * state._outcomes!.Count + Few) return;
            var by = _by;
            _items.RemoveAll(item => state.Find(item.Id) is not { } there || by(there) != item.Sequence);
        }
    }
}
