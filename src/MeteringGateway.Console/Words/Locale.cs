using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace MeteringGateway.ConsolePages.Words;

/// <summary>
/// How numbers and dates are written where somebody comes from, by their browser's languages. The program knows no
/// cultures (it needs no ICU); this is what pages need of them.
/// </summary>
/// <param name="Group">Between thousands.</param>
/// <param name="Point">Before decimals.</param>
/// <param name="Day">Format of a date.</param>
/// <param name="Lakhs">Beyond thousands, groups are of two digits.</param>
public sealed record Locale(string Name, string Group, string Point, string Day, bool HalfDays = false,
    bool Lakhs = false)
{
    private const string Narrow = "\u202f"; // a narrow space that does not break
    private const string Space = "\u00a0";

    public static Locale Default { get; } = new("en", ",", ".", "d MMM yyyy");

    private static readonly FrozenDictionary<string, Locale> All = new Locale[]
    {
        Default, new("en-us", ",", ".", "MMM d, yyyy", HalfDays: true), new("en-ca", ",", ".", "MMM d, yyyy", true),
        new("en-in", ",", ".", "d MMM yyyy", true, Lakhs: true), new("hi", ",", ".", "d MMM yyyy", true, true),
        new("en-za", Space, ",", "d MMM yyyy"),
        new("de", ".", ",", "dd.MM.yyyy"), new("de-ch", "’", ".", "dd.MM.yyyy"),
        new("de-at", Space, ",", "dd.MM.yyyy"),
        new("fr", Narrow, ",", "dd/MM/yyyy"), new("fr-ch", Narrow, ",", "dd.MM.yyyy"),
        new("fr-ca", Space, ",", "yyyy-MM-dd"), new("it", ".", ",", "dd/MM/yyyy"),
        new("it-ch", "’", ".", "dd.MM.yyyy"),
        new("es", ".", ",", "dd/MM/yyyy"), new("es-mx", ",", ".", "dd/MM/yyyy"), new("es-us", ",", ".", "dd/MM/yyyy"),
        new("pt", ".", ",", "dd/MM/yyyy"), new("pt-pt", Space, ",", "dd/MM/yyyy"), new("nl", ".", ",", "dd-MM-yyyy"),
        new("da", ".", ",", "dd.MM.yyyy"), new("sv", Space, ",", "yyyy-MM-dd"), new("nb", Space, ",", "dd.MM.yyyy"),
        new("no", Space, ",", "dd.MM.yyyy"), new("fi", Space, ",", "d.M.yyyy"), new("pl", Space, ",", "dd.MM.yyyy"),
        new("cs", Space, ",", "dd.MM.yyyy"), new("sk", Space, ",", "d.M.yyyy"), new("hu", Space, ",", "yyyy.MM.dd."),
        new("ro", ".", ",", "dd.MM.yyyy"), new("bg", Space, ",", "dd.MM.yyyy"), new("el", ".", ",", "dd/MM/yyyy"),
        new("tr", ".", ",", "dd.MM.yyyy"), new("uk", Space, ",", "dd.MM.yyyy"), new("ru", Space, ",", "dd.MM.yyyy"),
        new("ja", ",", ".", "yyyy/MM/dd"), new("zh", ",", ".", "yyyy/MM/dd"), new("ko", ",", ".", "yyyy. MM. dd."),
    }.ToFrozenDictionary(one => one.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The language that is liked best of those that are known, with its region or without.</summary>
    public static Locale Of(string? acceptLanguage)
    {
        if (acceptLanguage is not { Length: > 0 and <= 512 }
            || !StringWithQualityHeaderValue.TryParseList([acceptLanguage], out var wanted)) return Default;
        foreach (var one in wanted.OrderByDescending(one => one.Quality ?? 1))
        {
            var name = one.Value.ToString();
            if (All.TryGetValue(name, out var exact)) return exact;
            var dash = name.IndexOf('-', StringComparison.Ordinal);
            if (dash > 0 && All.TryGetValue(name[..dash], out var language)) return language;
        }
        return Default;
    }

    public string Count(long number) => Number(number.ToString(CultureInfo.InvariantCulture));

    public string Percent(decimal ratio) => ratio is > 0 and < 0.01m ? "< 1 %"
        : Count((long)Math.Floor(ratio * 100)) + Space + "%";

    /// <summary>A decimal as the API writes it, with thousands apart.</summary>
    public string Number(string plain)
    {
        var point = plain.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? plain : plain[..point];
        var text = new StringBuilder(whole);
        for (var at = whole.Length - 3; at > 0 && char.IsAsciiDigit(whole[at - 1]); at -= Lakhs ? 2 : 3)
            text.Insert(at, Group);
        if (point >= 0) text.Append(Point).Append(plain.AsSpan(point + 1));
        return text.Replace('-', '\u2212').ToString();
    }

    /// <summary>
    /// What was typed, as the API reads it. A mark that is there once and is not followed by just three digits is a
    /// point, whoever types it; only then does it matter where somebody comes from.
    /// </summary>
    public string Typed(string typed)
    {
        var text = string.Concat(typed.Where(one => !char.IsWhiteSpace(one) && one is not ('\'' or '’')));
        var last = text.LastIndexOfAny(['.', ',']);
        if (last < 0) return text;
        var isOnce = text.IndexOf(text[last]) == last;
        var isGroup = !isOnce || (text.Length - last == 4 && text.IndexOfAny(['.', ',']) == last
            && text[last] != Point[0]);
        var whole = string.Concat(text.AsSpan(0, isGroup ? text.Length : last).ToString()
            .Where(one => one is not ('.' or ',')));
        return isGroup ? whole : $"{whole}.{text[(last + 1)..]}";
    }

    public string Date(DateOnly day) => day.ToString(Day, CultureInfo.InvariantCulture);

    public string Time(DateTimeOffset at) =>
        at.ToString($"{Day}', '{(HalfDays ? "h:mm tt" : "HH:mm")}", CultureInfo.InvariantCulture);
}
