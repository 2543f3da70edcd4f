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

    /// <summary>Members of a document that has no more are all told to whoever names none of them.</summary>
    private const int Few = 3;

    /// <summary>What others call it, and we do not.</summary>
    private static readonly Dictionary<string, string> OtherWords = new(StringComparer.OrdinalIgnoreCase)
    {
        ["units"] = "quantity", ["count"] = "quantity", ["expires_in"] = "ttl", ["duration"] = "ttl",
    };

    /// <summary>
    /// Of the members of a document, in words behind what is wrong: at most a third of the name, and one letter in any
    /// case, may differ; or words are missing of it, or too many; or it is another word for it. Where none is near, or
    /// the name is far longer than any of ours: all, if they are few.
    /// </summary>
    public static string Meant(string name, IReadOnlyCollection<string> names) =>
        name.Length <= 64 && (To(name, names, Math.Max(1, name.Length / 3)) ?? InWords(name, names)) is { } meant
            ? $": did you mean {meant}?"
            : names.Count is > 0 and <= Few ? $": there is {string.Join(" and ", names)}" : "";

    private static string? InWords(string name, IReadOnlyCollection<string> names)
    {
        if (OtherWords.GetValueOrDefault(name) is { } other && names.Contains(other)) return other;
        string[] meant = [.. names.Where(one => Begins(one, name) || Begins(name, one))];
        return meant.Length is > 0 and <= Few ? string.Join(" or ", meant) : null;
    }

    /// <summary><c>outcome_type</c> begins with <c>outcome</c>, <c>session_id</c> with <c>session</c>.</summary>
    private static bool Begins(string longer, string shorter) => longer.Length > shorter.Length + 1
        && shorter.Length > 0 && longer[shorter.Length] == '_'
        && longer.StartsWith(shorter, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Of single letters to add, leave out, change, or swap with the next (Damerau, 1964), whatever their case.
    /// </summary>
    private static int Distance(string one, string other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)], before = row, last = row;
        for (var i = 1; i <= one.Length; i++)
        {
            (last, before, row) = (before, row, new int[other.Length + 1]);
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                row[j] = Math.Min(Math.Min(before[j], row[j - 1]) + 1, before[j - 1] + (Same(i, j) ? 0 : 1));
                if (i > 1 && j > 1 && Same(i, j - 1) && Same(i - 1, j)) row[j] = Math.Min(row[j], last[j - 2] + 1);
            }
        }
        return row[^1];

        bool Same(int i, int j) => char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]);
    }
}
