namespace MeteringGateway.Api.Json;

/// <summary>The name that somebody meant who wrote another one.</summary>
internal static class Nearest
{
    /// <param name="farthest">Letters that may differ; further off, nothing is meant.</param>
    public static string? To(string name, IEnumerable<string> names, int farthest)
    {
        var nearest = names.Select(one => (Name: one, Far: Distance(name, one))).DefaultIfEmpty((name, int.MaxValue))
            .MinBy(one => one.Item2);
        return nearest.Item2 <= farthest ? nearest.Item1 : null;
    }

    /// <summary>
    /// Of the members of a document, in words behind what is wrong: at most a third of the name, and one letter in any
    /// case, may differ. Nothing where none is near, or the name is far longer than any of ours.
    /// </summary>
    public static string Meant(string name, IEnumerable<string> names) =>
        name.Length <= 64 && To(name, names, Math.Max(1, name.Length / 3)) is { } meant
            ? $": did you mean {meant}?" : "";

    /// <summary>Of single letters to add, leave out or change (Levenshtein, 1966), whatever their case.</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var before = row[0]++;
            for (var j = 1; j <= other.Length; j++)
            {
                var same = char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]);
                (before, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, before + (same ? 0 : 1)));
            }
        }
        return row[^1];
    }
}
