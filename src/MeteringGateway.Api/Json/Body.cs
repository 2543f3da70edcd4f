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
    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var bytes = await RequestBytes.Read(context);
        return new Body<T>(Documents.Read<T>(bytes.Span), bytes);
    }
}

internal static class Documents
{
    /// <exception cref="ProblemException">It is not such a document.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, WireJson.Typed<T>())
                ?? throw new ProblemException(Problem.Malformed("The body must be a JSON object, not null."));
        }
        catch (JsonException failure)
        {
            throw new ProblemException(Explain(failure));
        }
    }

    // The reader does not say which of these it was except in words; the tests hold the words.
    private static Problem Explain(JsonException failure)
    {
        var pointer = Pointers.FromPath(failure.Path);
        var said = failure.Message;
        if (said.Contains("could not be mapped to any .NET member", StringComparison.Ordinal))
            return Invalid("is not a known member");
        if (said.StartsWith("Duplicate property", StringComparison.Ordinal)) return Invalid("is there twice");
        if (failure.InnerException is FormatException) return Invalid("is not a whole number in range");
        if (said.Contains("maximum configured depth", StringComparison.Ordinal)) return Malformed("is nested too deep");
        if (failure.InnerException is JsonException) return Malformed($"is not JSON (line {failure.LineNumber + 1})");
        return Malformed("is not of the type that this member has");

        Problem Invalid(string detail) => Problem.Invalid([new ProblemError(pointer, detail)]);
        Problem Malformed(string detail) =>
            Problem.Malformed($"{pointer} {detail}".TrimStart(), new ProblemError(pointer, detail));
    }
}
