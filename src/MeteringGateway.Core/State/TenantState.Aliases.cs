namespace MeteringGateway.Core;

/// <summary>Outcomes that continue another (O3), and its history with theirs. Derived, so in no snapshot.</summary>
public sealed partial class TenantState
{
    /// <summary>Ids of the outcomes that continue another one, by its id; null: there are none.</summary>
    private Dictionary<string, List<string>>? _aliases;

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
}
