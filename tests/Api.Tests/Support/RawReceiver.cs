using System.Net.Sockets;
using System.Text;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>A receiver that keeps to no rules: it reads the request's head, and then does to the socket what the test says.</summary>
public sealed class RawReceiver : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<NetworkStream, CancellationToken, Task> answer;
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;
    private int connections;

    public RawReceiver(Func<NetworkStream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        accepting = Accept();
    }

    public string Url => $"http://{listener.LocalEndpoint}/";
    public int Connections => Volatile.Read(ref connections);

    public static Task Say(NetworkStream stream, string text, CancellationToken cancellation) =>
        stream.WriteAsync(Encoding.ASCII.GetBytes(text.ReplaceLineEndings("\r\n")), cancellation).AsTask();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task Accept()
    {
        while (!stop.IsCancellationRequested)
        {
            var client = await listener.AcceptTcpClientAsync(stop.Token);
            Interlocked.Increment(ref connections);
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
                var heard = await stream.ReadAsync(new byte[16 * 1024], stop.Token);
                if (heard > 0) await answer(stream, stop.Token);
            }
            catch (Exception failure) when (failure is IOException or OperationCanceledException)
            {
                // The other side has had enough, or the test is over.
            }
        }
    }
}
