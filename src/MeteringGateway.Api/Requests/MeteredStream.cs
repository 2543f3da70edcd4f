using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Requests;

/// <summary>
/// A body, or what comes out of one, as it is read: by whom it is read need not know where it comes from.
/// </summary>
/// <param name="grown">Told after each read how much has come; throws when it is too much.</param>
internal sealed class MeteredStream(Stream from, Action<long>? grown = null) : Stream
{
    /// <summary>Bytes that were read.</summary>
    public long Count { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var count = await from.ReadAsync(buffer, cancellationToken);
            Count += count;
            grown?.Invoke(Count);
            return count;
        }
        catch (InvalidDataException)
        {
            throw new ProblemException(Problem.Malformed("The body is not gzip, or it is cut off."));
        }
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
