using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Silos.Campaign;

namespace MeteringGateway.LoadTests.Silos.Rolling;

/// <summary>
/// What stands before silos: it asks each <c>/health/ready</c> four times a second, and sends a request to those, in
/// turn, that last said yes. It neither repeats a request nor takes a silo out because a request failed.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);
    private readonly HttpClient[] _clients;
    private readonly HttpClient[] _probes;
    private readonly bool[] _ready;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _probing;
    private int _turn;

    /// <param name="patience">How long a request may take.</param>
    public Balancer(IReadOnlyList<SiloServer> silos, TimeSpan patience)
    {
        _clients = [.. silos.Select(silo => Caller.Client(silo.Port, patience))];
        _probes = [.. silos.Select(silo => Caller.Client(silo.Port, TimeSpan.FromSeconds(1)))];
        _ready = [.. silos.Select(_ => true)];
        _probing = Task.WhenAll(silos.Select((_, number) => Task.Run(() => Probe(number))));
    }

    public HttpClient Next()
    {
        for (var i = 0; i < _clients.Length; i++)
        {
            var number = (int)((uint)Interlocked.Increment(ref _turn) % _clients.Length);
            if (Volatile.Read(ref _ready[number])) return _clients[number];
        }
        return _clients[0];
    }

    public bool IsReady(int number) => Volatile.Read(ref _ready[number]);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _probing;
        foreach (var client in _clients.Concat(_probes)) client.Dispose();
        _stop.Dispose();
    }

    private async Task Probe(int number)
    {
        while (!_stop.IsCancellationRequested)
        {
            bool ready;
            try
            {
                using var response = await _probes[number].GetAsync(new Uri("/health/ready", UriKind.Relative));
                ready = response.IsSuccessStatusCode;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                ready = false;
            }
            Volatile.Write(ref _ready[number], ready);
            await Task.Delay(Every);
        }
    }
}
