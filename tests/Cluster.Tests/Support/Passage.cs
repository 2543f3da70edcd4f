using System.Net.Sockets;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>
/// A way to a server on this machine that can be blocked, as a network does it: connections stay open, and nothing
/// comes through.
/// </summary>
public sealed class Passage : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly Lock _gate = new();
    private readonly int _to;
    private TaskCompletionSource _open = Opened();

    public Passage(int to)
    {
        _to = to;
        _listener.Start();
        Run(Accept());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Block() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was held back comes through.</summary>
    public void Open() => _open.TrySetResult();

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private void Run(Task task)
    {
        lock (_gate) _running.Add(task);
    }

    private async Task Accept()
    {
        while (!_stop.IsCancellationRequested)
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Run(Carry(client));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                return;
            }
    }

    private async Task Carry(TcpClient from)
    {
        using var one = from;
        using var other = new TcpClient();
        try
        {
            await _open.Task.WaitAsync(_stop.Token);
            await other.ConnectAsync(IPAddress.Loopback, _to, _stop.Token);
            await Task.WhenAny(Copy(one.GetStream(), other.GetStream()), Copy(other.GetStream(), one.GetStream()));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // One of them is gone.
        }
    }

    private async Task Copy(NetworkStream from, NetworkStream to)
    {
        var bytes = new byte[64 << 10];
        try
        {
            while (await from.ReadAsync(bytes, _stop.Token) is > 0 and var count)
            {
                await _open.Task.WaitAsync(_stop.Token);
                await to.WriteAsync(bytes.AsMemory(0, count), _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The other side hears of it when its own ends.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Task[] running;
        lock (_gate) running = [.. _running];
        await Task.WhenAll(running);
        _stop.Dispose();
    }
}
