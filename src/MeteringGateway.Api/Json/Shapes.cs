using System.Globalization;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <param name="Data">This page.</param>
/// <param name="NextCursor">Opaque; null on the last page.</param>
internal sealed record ListWire<T>(IReadOnlyList<T> Data, string? NextCursor = null);

/// <summary>The query of a list.</summary>
internal readonly record struct Paging(string? Cursor, int Limit)
{
    /// <exception cref="ProblemException">422 when the limit is not 1 to 1000.</exception>
    public static Paging From(string? cursor, string? limit)
    {
        if (limit is null) return new Paging(cursor, 100);
        return int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count is >= 1 and <= 1000
            ? new Paging(cursor, count)
            : throw Query.Wrong("limit", "must be a whole number from 1 to 1000");
    }

    /// <summary>The cursor as the number that it stands for; null when there is none.</summary>
    public long? Position =>
        Cursor is null ? null : Cursors.Number(Cursor) ?? throw Query.Wrong("cursor", "is not one of ours");

    /// <summary>The cursor as the day whose number it is; null when there is none.</summary>
    public DateOnly? Day => Position switch
    {
        null => null,
        >= 0 and <= 3_652_058 and var day => DateOnly.FromDayNumber((int)day),
        _ => throw Query.Wrong("cursor", "is not one of ours"),
    };

    /// <summary>The cursor as the text that it stands for; null when there is none.</summary>
    public string? After =>
        Cursor is null ? null : Cursors.Read(Cursor) ?? throw Query.Wrong("cursor", "is not one of ours");

    /// <summary>A page of what is wholly in memory.</summary>
    public ListWire<TOut> Page<TIn, TOut>(IEnumerable<TIn> sorted, Func<TIn, string> key, Func<TIn, TOut> shape)
    {
        var after = After;
        var rest = sorted.Where(item => after is null || string.CompareOrdinal(key(item), after) > 0).Take(Limit + 1)
            .ToList();
        var more = rest.Count > Limit;
        if (more) rest.RemoveAt(Limit);
        return new ListWire<TOut>([.. rest.Select(shape)], more ? Cursors.Write(key(rest[^1])) : null);
    }
}

/// <summary>Query parameters, and what is wrong with them.</summary>
internal static class Query
{
    public static ProblemException Wrong(string name, string detail) =>
        new(new Problem(StatusCodes.Status422UnprocessableEntity, "invalid",
            $"The query parameter '{name}' {detail}."));

    /// <summary>A period in an address; null: the current one.</summary>
    public static DateOnly? PeriodInPath(string period) => period == "current" ? null
        : Text.TryDate(period, out var date) ? date
        : throw new ProblemException(new Problem(StatusCodes.Status422UnprocessableEntity, "invalid",
            $"The period in the address must be 'current' or a date such as 2026-11-01, not '{Text.Cut(period)}'."));

    /// <summary>A period; null, or 'current': the current one.</summary>
    public static DateOnly? Period(string? value) => value == "current" ? null : Date("period", value);

    public static DateOnly? Date(string name, string? value)
    {
        if (value is null) return null;
        return Text.TryDate(value, out var date) ? date : throw Wrong(name, "must be a date such as 2026-11-01");
    }

    /// <param name="but">What is not among them here.</param>
    public static T? OneOf<T>(string name, string? value, params T[] but) where T : struct, Enum
    {
        if (value is null) return null;
        return Names<T>.TryParse(value, out var found) && !but.Contains(found) ? found
            : throw Wrong(name, Findings.OneOf(value, Names<T>.But(but)));
    }

    public static long? Whole(string name, string? value)
    {
        if (value is null) return null;
        return TryWhole(value, out var number) ? number
            : throw Wrong(name, value.Length > 0 && value.All(char.IsAsciiDigit)
                ? $"is too large: at most {Text.Of(long.MaxValue)}" : "must be a whole number, 0 or more");
    }

    public static bool TryWhole(string value, out long number) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

/// <summary>Opaque cursors: what they hold is ours to change.</summary>
internal static class Cursors
{
    public static string Write(long position) => Write(Text.Of(position));

    public static string Write(string text) =>
        System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Null when it is not one of ours.</summary>
    public static string? Read(string cursor)
    {
        if (cursor.Length is 0 or > 16_384 || Base64Text.Read(cursor) is not { } bytes) return null;
        return System.Text.Encoding.UTF8.GetString(bytes);
    }

    public static long? Number(string cursor) =>
        long.TryParse(Read(cursor), NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position
            : null;
}
