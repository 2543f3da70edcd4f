namespace MeteringGateway.Core;

/// <summary>Outcomes that continue another (O3), and its history with theirs. Derived, so in no snapshot.</summary>
public sealed partial class TenantState
{
    /// <summary>
    /// Sequences of the entries that made or changed the outcome, in order; null if it is not in memory.
    /// </summary>
    public IReadOnlyList<long>? History(string outcomeId)
    {
        if (Find(outcomeId) is not { } outcome || Root(outcome) is not { } root) return null;
        var sequences = new List<long>(root.Sequences);
        foreach (var alias in Aliases?.GetValueOrDefault(root.Id) ?? [])
            sequences.AddRange(Find(alias)!.Sequences);
        sequences.Sort();
        return sequences;
    }

    private void ListAlias(Outcome outcome)
    {
        if (outcome.ContinuationOf is not { } root) return;
        var aliases = Aliases ??= new(StringComparer.Ordinal);
        if (aliases.TryGetValue(root, out var known)) known.Add(outcome.Id);
        else aliases.Add(root, [outcome.Id]);
    }

    private void UnlistAlias(Outcome outcome)
    {
        if (outcome.ContinuationOf is not { } root || Aliases is not { } aliases
            || aliases.GetValueOrDefault(root) is not { } known) return;
        known.Remove(outcome.Id);
        if (known.Count == 0) aliases.Remove(root);
        if (aliases.Count == 0) Aliases = null;
    }
}
