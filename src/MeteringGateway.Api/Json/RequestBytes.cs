using System.Buffers;
using System.IO.Pipelines;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <summary>A whole request body in memory, up to the limit.</summary>
internal static class RequestBytes
{
    /// <exception cref="ProblemException">413 <c>too_large</c>.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> Read(HttpContext context)
    {
        var most = context.RequestServices.GetRequiredService<MeteringSettings>().Limits.BodyBytes;
        if (context.Request.ContentLength > most) throw TooLarge(most);
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (read.IsCompleted && read.Buffer.Length <= most) return Take(reader, read.Buffer);
            var tooLarge = read.Buffer.Length > most;
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (tooLarge) throw TooLarge(most);
        }
    }

    private static ReadOnlyMemory<byte> Take(PipeReader reader, in ReadOnlySequence<byte> buffer)
    {
        var bytes = buffer.ToArray();
        reader.AdvanceTo(buffer.End);
        return bytes;
    }

    private static ProblemException TooLarge(long most) => new(Problem.TooLarge(most, "The body"));
}
