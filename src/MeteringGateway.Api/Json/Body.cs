using System.Buffers;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <summary>
/// A request's JSON document, read strictly: unknown and duplicate members are refused with their pointer. What cannot
/// be read is 400, what means nothing valid is 422.
/// </summary>
/// <param name="Bytes">As they came; what idempotency compares.</param>
internal sealed record Body<T>(T Value, ReadOnlyMemory<byte> Bytes) where T : class
{
    /// <summary>
    /// Whether a member is there, be it null: what a change leaves out stays as it is, and null takes it away.
    /// </summary>
    /// <param name="path">A member, or one within it.</param>
    public bool Says(params ReadOnlySpan<string> path)
    {
        var reader = new Utf8JsonReader(Bytes.Span);
        foreach (var name in path)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject || !IsIn(ref reader, name)) return false;
        }
        return true;
    }

    private static bool IsIn(ref Utf8JsonReader reader, string name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals(name)) return true;
            reader.Skip();
        }
        return false;
    }

    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var bytes = await RequestBytes.Read(context);
        return new Body<T>(Documents.Read<T>(bytes.Span), bytes);
    }
}

internal static class Documents
{
    private static readonly SearchValues<byte> OfANumber = SearchValues.Create("0123456789+-.eE"u8);
    private static readonly SearchValues<char> OfATypesName =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.");
    private const int MostNamed = 6;
    private const string MustBe = "must be a JSON object";

    /// <summary>Ten times what the largest plan has.</summary>
    private const int MostValues = 100_000;

    /// <exception cref="ProblemException">It is not such a document.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json) where T : class
    {
        if (json.IsEmpty) throw new ProblemException(Malformed("", $"is empty: it {MustBe}"));
        DemandFew(json);
        try
        {
            return JsonSerializer.Deserialize(json, WireJson.Typed<T>())
                ?? throw new ProblemException(Malformed("", $"{MustBe}, not null"));
        }
        catch (JsonException failure)
        {
            throw new ProblemException(Explain(failure, json));
        }
    }

    /// <summary>
    /// A small body may hold millions of objects, each of which costs a hundred times its bytes (N4).
    /// </summary>
    private static void DemandFew(ReadOnlySpan<byte> json)
    {
        if (json.Length <= MostValues) return;
        var reader = new Utf8JsonReader(json);
        var values = 0;
        try
        {
            while (reader.Read())
                if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.EndObject
                    or JsonTokenType.EndArray) && ++values > MostValues)
                    throw new ProblemException(Problem.TooManyValues(MostValues));
        }
        catch (JsonException)
        {
            // Told by whoever reads it.
        }
    }

    // The reader does not say which of these it was except in words; the tests hold the words.
    private static Problem Explain(JsonException failure, ReadOnlySpan<byte> json)
    {
        var pointer = Pointers.FromPath(failure.Path);
        var said = failure.Message;
        if (said.Contains("could not be mapped to any .NET member", StringComparison.Ordinal))
            return Invalid(pointer, "is not a known member" + Nearest.Meant(Quoted(said, 0), Members(Quoted(said, 1))));
        if (said.StartsWith("Duplicate property", StringComparison.Ordinal)) return Invalid(pointer, "is there twice");
        if (failure.InnerException is FormatException) return Invalid(pointer, NoNumber(failure, json));
        if (said.Contains("maximum configured depth", StringComparison.Ordinal))
            return Malformed(pointer, "is nested too deep");
        if (failure.InnerException is JsonException)
            return Malformed(pointer, $"is not JSON (line {failure.LineNumber + 1}, "
                + $"position {failure.BytePositionInLine + 1})");
        if (Text.IsHalf(failure.InnerException)) return Malformed(pointer, "holds half of a surrogate pair");
        // A reader of ours has words of its own.
        if (pointer.Length > 0 && said.StartsWith("must be ", StringComparison.Ordinal))
            return Malformed(pointer, said);
        return Malformed(pointer, pointer.Length == 0 ? MustBe
            : Expected($"{said} {failure.InnerException?.Message}") + Form(pointer));
    }

    /// <summary>Whoever gives a number of seconds learns what is meant.</summary>
    private static string Form(string pointer) => pointer[(pointer.LastIndexOf('/') + 1)..]
        is "ttl" or "advance" or "expires_after" or "max_lateness" or "measurement_window"
        ? ": an ISO 8601 duration, such as \"PT60S\"" : "";

    private static Problem Invalid(string pointer, string detail) =>
        Problem.Invalid([new ProblemError(pointer, detail)]);

    private static Problem Malformed(string pointer, string detail) =>
        Problem.Malformed($"{(pointer.Length == 0 ? "The body" : pointer)} {detail}",
            new ProblemError(pointer, detail));

    /// <summary>By the type that it could not be converted to, or the reader's word for it.</summary>
    private static string Expected(string said)
    {
        if (said.Contains("Dictionary`2", StringComparison.Ordinal)) return MustBe;
        string[] lists = ["List`1", "[]", "Collection`1", "Array`1"];
        if (lists.Any(list => said.Contains(list, StringComparison.Ordinal))) return "must be a list, in [ ]";
        if (said.Contains("System.String", StringComparison.Ordinal) || said.Contains("as a string",
            StringComparison.Ordinal))
            return said.Contains("'Number'", StringComparison.Ordinal) ? "must be a string, in quotes"
                : "must be a string";
        if (said.Contains("System.Boolean", StringComparison.Ordinal) || said.Contains("as a boolean",
            StringComparison.Ordinal)) return "must be true or false";
        if (said.Contains("as a number", StringComparison.Ordinal))
            return said.Contains("'String'", StringComparison.Ordinal) ? "must be a number, without quotes"
                : "must be a number";
        return Named(said) is { Length: > 0 and <= MostNamed } members
            ? $"{MustBe} with {string.Join(", ", members)}" : MustBe;
    }

    /// <summary>The members of the document that something could not be converted to.</summary>
    private static string[] Named(string said)
    {
        const string before = "converted to ";
        if (said.IndexOf(before, StringComparison.Ordinal) is not (>= 0 and var at)) return [];
        var type = said.AsSpan(at + before.Length);
        return Members(type[..type.IndexOfAnyExcept(OfATypesName)].TrimEnd('.').ToString());
    }

    /// <summary>The n-th text between single quotes.</summary>
    private static string Quoted(string said, int n)
    {
        var parts = said.Split('\'');
        return parts.Length > 2 * n + 1 ? parts[2 * n + 1] : "";
    }

    /// <summary>The members of one of our documents, as they are on the wire.</summary>
    private static string[] Members(string type) => typeof(Documents).Assembly.GetType(type) is { } ours
        ? [.. WireJson.Strict.GetTypeInfo(ours).Properties.Where(property => property.Set is not null)
            .Select(property => property.Name)] : [];

    /// <summary>Of a number that cannot be what its member is: that is its form, or its size.</summary>
    private static string NoNumber(JsonException failure, ReadOnlySpan<byte> json)
    {
        var said = failure.InnerException!.Message;
        var most = said.Contains("Decimal", StringComparison.Ordinal) ? decimal.MaxValue
            : said.Contains("Int64", StringComparison.Ordinal) ? long.MaxValue : int.MaxValue;
        var number = NumberAt(json, failure.LineNumber ?? 0, (int)(failure.BytePositionInLine ?? 0));
        if (most != decimal.MaxValue && number.ContainsAny(".eE"u8)) return "must be a whole number";
        return number is [(byte)'-', ..] ? "is too small"
            : $"is too large: at most {most.ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>The number that ends there.</summary>
    private static ReadOnlySpan<byte> NumberAt(ReadOnlySpan<byte> json, long line, int position)
    {
        for (; line > 0; line--) json = json[(json.IndexOf((byte)'\n') + 1)..];
        json = json[..Math.Min(position, json.Length)];
        return json[(json.LastIndexOfAnyExcept(OfANumber) + 1)..];
    }
}
