using System.Net;
using System.Net.Sockets;

namespace MeteringGateway.LoadTests.Wire;

/// <summary>
/// One connection of the driver: one request at a time, answered before the next is sent. All connections are read by
/// one thread, which costs the driver little beside what the server spends.
/// </summary>
public abstract class Connection : IDisposable
{
    private byte[] _buffer = new byte[32 * 1024];
    private int _filled;

    protected Connection(int port)
    {
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Socket.Connect(IPAddress.Loopback, port);
    }

    public Socket Socket { get; }

    /// <summary>The response that <see cref="Receive"/> completed; valid until the next <see cref="Send"/>.</summary>
    protected ReadOnlySpan<byte> Received => _buffer.AsSpan(0, _filled);

    public void Send(ReadOnlyMemory<byte> request)
    {
        _filled = 0;
        Begin();
        for (var sent = 0; sent < request.Length;) sent += Socket.Send(request.Span[sent..]);
    }

    /// <summary>Reads what has arrived, waiting if nothing has. True when the response is complete.</summary>
    /// <exception cref="IOException">The server closed the connection or answered with an error.</exception>
    public bool Receive()
    {
        if (_filled == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = Socket.Receive(_buffer.AsSpan(_filled));
        if (read == 0) throw new IOException("the server closed the connection");
        _filled += read;
        return IsComplete(Received);
    }

    protected virtual void Begin() { }

    protected abstract bool IsComplete(ReadOnlySpan<byte> received);

    public void Dispose()
    {
        Socket.Dispose();
        GC.SuppressFinalize(this);
    }
}
