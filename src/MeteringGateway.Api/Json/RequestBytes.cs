using System.Buffers;
using System.IO.Pipelines;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <summary>A whole request body in memory, up to the limit, and to that of all bodies of a key together.</summary>
internal static class RequestBytes
{
    /// <summary>Smaller ones are not counted: there are only so many requests at once.</summary>
    private const int Large = 64 * 1024;

    /// <exception cref="ProblemException">413 <c>too_large</c>, 429 <c>too_many_at_once</c>.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> Read(HttpContext context)
    {
        var limits = context.RequestServices.GetRequiredService<MeteringSettings>().Limits;
        var most = limits.BodyBytes;
        Room? room = null;
        if (context.Request.ContentLength > most) throw TooLarge(most);
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            var bytes = read.Buffer.Length;
            if (bytes > Large && bytes <= most && (room ??= Room.For(context))?.Grow(bytes, limits) == false)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw new ProblemException(Problem.TooManyAtOnce(limits.BodyBytesAtOnce, "bytes of bodies"));
            }
            if (read.IsCompleted && bytes <= most) return Take(reader, read.Buffer);
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (bytes > most) throw TooLarge(most);
        }
    }

    private static ReadOnlyMemory<byte> Take(PipeReader reader, in ReadOnlySequence<byte> buffer)
    {
        var bytes = buffer.ToArray();
        reader.AdvanceTo(buffer.End);
        return bytes;
    }

    private static ProblemException TooLarge(long most) => new(Problem.TooLarge(most, "The body"));

    /// <summary>What a body takes of its key's share, as long as its request is under way.</summary>
    private sealed class Room(KeyShare bodies) : IDisposable
    {
        private long _bytes;

        public static Room? For(HttpContext context)
        {
            if (context.Features.Get<Principal>() is not { } caller) return null;
            var room = new Room(caller.Bodies);
            context.Response.RegisterForDispose(room);
            return room;
        }

        public bool Grow(long to, MeteringLimits limits)
        {
            if (!bodies.TryTake(limits.BodyBytesAtOnce, to - _bytes)) return false;
            _bytes = to;
            return true;
        }

        public void Dispose() => bodies.GiveBack(_bytes);
    }
}
