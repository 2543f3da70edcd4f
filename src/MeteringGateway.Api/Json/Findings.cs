using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <summary>
/// Turns a document's members into values and collects everything that is wrong with them, so that one answer names it
/// all. What is wrong yields a default; the caller asks <see cref="Problem"/> before it uses the result.
/// </summary>
/// <param name="within">Pointer of the member that is the body here, of the document that is read; it is cut
/// off.</param>
internal sealed class Findings(string within = "")
{
    /// <summary>What is told of one document; the rest is counted (N4).</summary>
    private const int Most = 100;

    /// <summary>What is wrong with a time that is none.</summary>
    public const string ATime = "must be an RFC 3339 time with an offset, such as \"2026-11-21T09:30:00Z\"";

    /// <summary>Of an amount that is one, but for its size (N1).</summary>
    private static readonly string TooLarge = $"is too large: at most {new Amount(long.MaxValue)}";

    private readonly List<ProblemError> _errors = [];
    private int _more;

    /// <summary>Null when nothing was found.</summary>
    public Problem? Problem => _errors.Count == 0 ? null : Problems.Problem.Invalid(
        _more == 0 ? _errors : [.. _errors, new ProblemError("", $"and {_more} more are not valid")]);

    public void Add(string pointer, string detail)
    {
        if (_errors.Count == Most) _more++;
        else _errors.Add(new ProblemError(
            pointer.StartsWith(within, StringComparison.Ordinal) ? pointer[within.Length..] : pointer, detail));
    }

    /// <summary>An identifier that we keep: 1 to 64 of <c>a-z 0-9 . _ -</c>.</summary>
    public string Id(string pointer, string? value)
    {
        if (value is null) Add(pointer, "is required");
        else if (!Ids.IsId(value)) Add(pointer, Ids.Form);
        else return value;
        return "";
    }

    /// <summary>
    /// A name of the caller's own: 1 to <paramref name="longest"/> characters, none of them a control character.
    /// </summary>
    public string Name(string pointer, string? value, int longest = 256)
    {
        if (value is null) Add(pointer, "is required");
        return OptionalName(pointer, value, longest) ?? "";
    }

    /// <summary>A name by which something of the caller's own is found.</summary>
    public string? OptionalReference(string pointer, string? value)
    {
        if (value is null || Ids.HasAddress(value)) return OptionalName(pointer, value);
        Add(pointer, Ids.NoAddress);
        return null;
    }

    public string? OptionalName(string pointer, string? value, int longest = 256)
    {
        if (value is null || Ids.IsName(value, longest)) return value;
        Add(pointer, $"must be 1 to {longest} characters, none of them a control character");
        return null;
    }

    /// <summary>An amount that is not negative: a decimal string with at most six fraction digits (N1).</summary>
    public Amount? Amount(string pointer, string? value)
    {
        if (value is null) return null;
        if (Core.Amount.TryParse(value, out var amount) && amount.Micros >= 0) return amount;
        Add(pointer, Core.Amount.IsTooLarge(value) ? TooLarge
            : "must be a decimal string with at most 6 fraction digits, 0 or more, such as \"0.99\"");
        return null;
    }

    /// <summary>As <see cref="Amount"/>, and not 0.</summary>
    public Amount? Positive(string pointer, string? value)
    {
        if (value is null) return null;
        if (Core.Amount.TryParse(value, out var amount) && amount.Micros > 0) return amount;
        Add(pointer, Core.Amount.IsTooLarge(value) ? TooLarge
            : "must be a decimal string above 0 with at most 6 fraction digits, such as \"250\"");
        return null;
    }

    public TimeSpan? Duration(string pointer, string? value, TimeSpan shortest, TimeSpan longest)
    {
        if (value is null) return null;
        var isRead = Durations.TryParse(value, out var span, out var isTooLong);
        if (isRead && span >= shortest && span <= longest) return span;
        Add(pointer, isTooLong || (isRead && span > longest) ? $"is too long: at most {Durations.Write(longest)}"
            : isRead ? $"is too short: at least {Durations.Write(shortest)}"
            : $"must be an ISO 8601 duration, such as \"PT60S\" or \"PT24H\", from {Durations.Write(shortest)} to "
                + $"{Durations.Write(longest)}, without years and months");
        return null;
    }

    public Instant? Time(string pointer, string? value)
    {
        if (value is null) return null;
        if (Instant.TryParse(value, out var time)) return time;
        Add(pointer, ATime);
        return null;
    }

    /// <param name="but">What is not among them here.</param>
    public T? OneOf<T>(string pointer, string? value, params T[] but) where T : struct, Enum
    {
        if (value is null) return null;
        if (Names<T>.TryParse(value, out var found) && !but.Contains(found)) return found;
        Add(pointer, OneOf(value, Names<T>.But(but)));
        return null;
    }

    /// <summary>What is wrong with what is not among these, or is not there.</summary>
    public static string OneOf(string? value, IEnumerable<string> all) =>
        $"{(value is null ? "is required:" : "must be")} one of {string.Join(", ", all)}";

    public long? Whole(string pointer, long? value, long least, long most)
    {
        if (value is null || (value >= least && value <= most)) return value;
        Add(pointer, $"must be a whole number from {least} to {most}");
        return null;
    }

    /// <summary>A part from 0 to 1, in millionths; digits beyond are refused.</summary>
    public int? Part(string pointer, decimal? value)
    {
        if (value is null) return null;
        if (value is >= 0 and <= 1 && value * 1_000_000 % 1 == 0) return (int)(value * 1_000_000);
        Add(pointer, "must be a number from 0 to 1 with at most 6 fraction digits");
        return null;
    }

    /// <summary>Each element by its own pointer; a null element is found wrong and left out.</summary>
    public IEnumerable<(string Pointer, T Item)> Each<T>(string pointer, IReadOnlyList<T?>? list, int most)
        where T : class
    {
        if (list is null) yield break;
        if (list.Count > most) Add(pointer, $"must have at most {most} elements");
        for (var i = 0; i < Math.Min(list.Count, most); i++)
        {
            if (list[i] is { } item) yield return ($"{pointer}/{i}", item);
            else Add($"{pointer}/{i}", "must not be null");
        }
    }

    public void NotEmpty<T>(string pointer, IReadOnlyCollection<T>? list)
    {
        if (list is { Count: 0 }) Add(pointer, "must have at least one element");
    }

    public void Unique(string pointer, string member, IEnumerable<string> ids)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var index = 0;
        foreach (var id in ids)
        {
            if (id.Length > 0 && !seen.Add(id)) Add($"{pointer}/{index}/{member}", $"'{Text.Cut(id)}' is there twice");
            index++;
        }
    }
}

/// <summary>What names may be made of.</summary>
internal static class Ids
{
    /// <summary>What is wrong with an identifier that is not one of ours.</summary>
    public const string Form = "must be 1 to 64 of a-z 0-9 . _ -, and not . or ..";

    /// <summary>What is wrong with a name by which nothing could be found.</summary>
    public const string NoAddress = "must not be . or ..: nothing can be found at such an address";

    private static readonly System.Buffers.SearchValues<char> Allowed =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    public static bool IsId(ReadOnlySpan<char> value) =>
        value.Length is >= 1 and <= 64 && !value.ContainsAnyExcept(Allowed) && HasAddress(value);

    public static bool IsName(ReadOnlySpan<char> value, int longest)
    {
        if (value.Length is 0 || value.Length > longest) return false;
        foreach (var character in value)
            if (char.IsControl(character)) return false;
        return true;
    }

    /// <summary>
    /// Whether it can be the segment of an address: <c>.</c> and <c>..</c>, encoded or not, are taken away on the way
    /// (RFC 3986, 5.2.4).
    /// </summary>
    public static bool HasAddress(ReadOnlySpan<char> value) => value is not ("." or "..");
}
