using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;

namespace MeteringGateway.ConsolePages;

/// <summary>
/// Styles and scripts, out of the assembly: compressed once, and under an address that changes with what is in them, so
/// that a browser asks once.
/// </summary>
public static class Files
{
    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        [".css"] = "text/css; charset=utf-8", [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml", [".LICENSE"] = "text/plain; charset=utf-8",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, Asset> All = typeof(Files).Assembly.GetManifestResourceNames()
        .Where(name => Types.ContainsKey(Path.GetExtension(name)))
        .ToFrozenDictionary(name => name, Read, StringComparer.Ordinal);

    private sealed record Asset(string Type, string Version, byte[] Plain, byte[] Gzip, byte[] Brotli);

    public static string Url(string name) => $"/console/assets/{name}?v={All[name].Version}";

    internal static void MapFiles(this IEndpointRouteBuilder app) =>
        app.MapGet("/console/assets/{name}", Serve).ForPeople().ExcludeFromDescription();

    private static async Task Serve(HttpContext context)
    {
        if (!All.TryGetValue((string)context.Request.RouteValues["name"]!, out var asset))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var headers = context.Response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable";
        headers.Vary = "Accept-Encoding";
        headers.ETag = $"\"{asset.Version}\"";
        context.Response.ContentType = asset.Type;
        var accepted = context.Request.Headers.AcceptEncoding.ToString();
        var (coding, bytes) = accepted.Contains("br", StringComparison.Ordinal) ? ("br", asset.Brotli)
            : accepted.Contains("gzip", StringComparison.Ordinal) ? ("gzip", asset.Gzip) : (null, asset.Plain);
        if (coding is not null) headers.ContentEncoding = coding;
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private static Asset Read(string name)
    {
        using var stream = typeof(Files).Assembly.GetManifestResourceStream(name)!;
        var plain = new byte[stream.Length];
        stream.ReadExactly(plain);
        return new Asset(Types[Path.GetExtension(name)], Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 6)),
            plain, Compressed(plain, to => new GZipStream(to, CompressionLevel.SmallestSize)),
            Compressed(plain, to => new BrotliStream(to, CompressionLevel.SmallestSize)));
    }

    private static byte[] Compressed(byte[] plain, Func<Stream, Stream> coding)
    {
        var bytes = new MemoryStream();
        using (var coded = coding(bytes)) coded.Write(plain);
        return bytes.ToArray();
    }
}
