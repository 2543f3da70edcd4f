using System.Net.Sockets;
using System.Text;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// A receiver that keeps to no rules: it reads the request's head, and then does to the socket what the test says.
/// </summary>
public sealed class RawReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<NetworkStream, CancellationToken, Task> _answer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _connections;

    public RawReceiver(Func<NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = Accept();
    }

    public string Url => $"http://{_listener.LocalEndpoint}/";
    public int Connections => Volatile.Read(ref _connections);

    public static Task Say(NetworkStream stream, string text, CancellationToken cancellation) =>
        stream.WriteAsync(Encoding.ASCII.GetBytes(text.ReplaceLineEndings("\r\n")), cancellation).AsTask();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task Accept()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            Interlocked.Increment(ref _connections);
            _ = Serve(client);
        }
    }

    private async Task Serve(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var heard = await stream.ReadAsync(new byte[16 * 1024], _stop.Token);
                if (heard > 0) await _answer(stream, _stop.Token);
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException)
            {
                // The other side has had enough, or the test is over.
            }
        }
    }
}
