using System.Security.Cryptography;
using System.Text.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <summary>
/// Entity tags of what a PUT changes. A precondition and its change happen in one turn (see <see cref="ITurns"/>), so
/// that no update is lost in between.
/// </summary>
internal static class ETags
{
    /// <summary>A hash of the representation.</summary>
    public static string Of<T>(T representation) =>
        Quote(
            Convert.ToHexStringLower(
                SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(representation, WireJson.Typed<T>()))
                    .AsSpan(0, 12)));

    public static string Of(int version) => Quote(Text.Of(version));

    /// <param name="current">Tag of what is there; null if there is nothing.</param>
    /// <exception cref="ProblemException">412 <c>precondition_failed</c>.</exception>
    public static void Demand(HttpContext context, string? current)
    {
        var wanted = context.Request.Headers.IfMatch;
        if (wanted.Count == 0) return;
        foreach (var line in wanted)
            foreach (var tag in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
                if (current is not null && (tag == "*" || tag == current)) return;
        throw new ProblemException(new Problem(
            StatusCodes.Status412PreconditionFailed, "precondition_failed",
            current is null ? "There is nothing there yet." : "It has changed since; read it again."));
    }

    public static void Send(HttpContext context, string tag) => context.Response.Headers.ETag = tag;

    private static string Quote(string text) => $"\"{text}\"";
}
