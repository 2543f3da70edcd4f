using System.Net;

namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// Looks up the addresses of one webhook's receiver. The system's resolver holds a thread until it has an answer, which
/// a name server that is silent keeps from it for long: so it is never one of the pool's, on which everybody is
/// answered, and one at a time; whoever asks meanwhile waits for it.
/// </summary>
internal sealed class Lookup(Func<string, IPAddress[]> resolve)
{
    private readonly Lock _lock = new();
    private Task<IPAddress[]> _last = Task.FromResult<IPAddress[]>([]);
    private string? _host;

    /// <exception cref="System.Net.Sockets.SocketException">The name has none.</exception>
    /// <param name="cancellation">Gives up waiting; the look-up goes on by itself.</param>
    public async Task<IPAddress[]> Of(string host, CancellationToken cancellation)
    {
        while (true)
        {
            Task<IPAddress[]> underWay;
            bool mine;
            lock (_lock)
            {
                if (_last.IsCompleted) (_host, _last) = (host, Begin(host));
                (underWay, mine) = (_last, _host == host);
            }
            if (mine) return await underWay.WaitAsync(cancellation);
            await ((Task)underWay).WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private Task<IPAddress[]> Begin(string host) => Task.Factory.StartNew(() => resolve(host),
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
