using System.IO.Compression;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Requests;

/// <summary>
/// Bodies that come compressed (RFC 9110, 8.4). Whoever reads one reads what comes out of it, so that every limit holds
/// for that; a stream, which has no limit of its own, must not grow beyond measure.
/// </summary>
internal static class ContentCoding
{
    /// <summary>
    /// How many times its size a body may grow to, once it is larger than one that is not a stream may be. Events that
    /// differ in little more than their ids grow some twenty times, and nothing more than 1032 times.
    /// </summary>
    public const int MostGrowth = 200;

    private const string Gzip = "gzip";
    private const int BufferBytes = 64 * 1024;

    /// <summary>Without it, a body that is cut off ends as if it were whole.</summary>
    public static void BeStrict() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <summary>Has the body decoded as it is read; what comes back is why it cannot be.</summary>
    public static Problem? Decode(HttpContext context, MeteringLimits limits)
    {
        var codings = context.Request.Headers.ContentEncoding.ToString()
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase)).ToList();
        if (codings.Count == 0) return null;
        if (codings is not [var only] || only.ToLowerInvariant() is not (Gzip or "x-gzip"))
        {
            context.Response.Headers.AcceptEncoding = Gzip;
            return new Problem(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type",
                $"Content-Encoding must be {Gzip}, or not be there.");
        }
        var body = new MeteredStream(context.Request.Body);
        var gzip = new GZipStream(body, CompressionMode.Decompress);
        context.Response.RegisterForDispose(gzip);
        var decoded = new MeteredStream(gzip, grown =>
        {
            if (grown > limits.BodyBytes && grown / MostGrowth > body.Count) throw TooLarge();
        });
        context.Features.Set<IRequestBodyPipeFeature>(new Body(PipeReader.Create(decoded,
            new StreamPipeReaderOptions(bufferSize: BufferBytes, minimumReadSize: BufferBytes / 4))));
        return null;
    }

    private static ProblemException TooLarge() =>
        new(new Problem(StatusCodes.Status413PayloadTooLarge, "too_large",
            $"The body grows to more than {MostGrowth} times its size."));

    private sealed record Body(PipeReader Reader) : IRequestBodyPipeFeature;
}
