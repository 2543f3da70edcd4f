using System.Globalization;
using System.Text.Json;

namespace MeteringGateway.Api.Json;

/// <summary>Numbers as text, the same everywhere.</summary>
internal static class Text
{
    /// <summary>Characters of a caller's own text that a problem repeats.</summary>
    private const int Longest = 256;

    /// <summary>What there is, for whoever named something else; ten at most.</summary>
    public static string Few(IReadOnlyCollection<string> names) => names.Count == 0 ? "none"
        : string.Join(", ", names.Take(10).Select(name => $"'{name}'"))
            + (names.Count > 10 ? $" and {names.Count - 10} more" : "");

    /// <summary>As it is, or its beginning and its length.</summary>
    public static string Cut(string text)
    {
        if (text.Length <= Longest) return text;
        var whole = char.IsHighSurrogate(text[Longest - 1]) ? Longest - 1 : Longest;
        return $"{text.AsSpan(0, whole)}... ({text.Length} characters)";
    }

    /// <summary>What a reader throws of a JSON string whose escapes or bytes are no text.</summary>
    public static bool IsHalf(Exception? failure) =>
        failure is InvalidOperationException && failure.Message.Contains("UTF-16", StringComparison.Ordinal);

    public static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Money: a decimal with at least the digits of the currency's minor unit (N1, N3).</summary>
    public static string Money(Amount amount, string currency) => amount.ToString(Currencies.Digits(currency));

    public static string? Money(Amount? amount, string currency) =>
        amount is { } some ? Money(some, currency) : null;

    public static string Date(DateOnly date) => date.ToString("O", CultureInfo.InvariantCulture);

    public static bool TryDate(string text, out DateOnly date) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out date);
}

/// <summary>The names that an enum's values have on the wire: snake_case.</summary>
internal static class Names<T> where T : struct, Enum
{
    private static readonly Dictionary<T, string> ByValue =
        Enum.GetValues<T>().ToDictionary(value => value,
            value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));

    private static readonly Dictionary<string, T> ByName = ByValue.ToDictionary(pair => pair.Value, pair => pair.Key);

    public static IEnumerable<string> But(T[] some) =>
        ByName.Where(pair => !some.Contains(pair.Value)).Select(pair => pair.Key);

    public static string Of(T value) => ByValue[value];

    public static bool TryParse(string name, out T value) => ByName.TryGetValue(name, out value);

    public static bool TryParse(ReadOnlySpan<char> name, out T value) =>
        ByName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out value);
}
