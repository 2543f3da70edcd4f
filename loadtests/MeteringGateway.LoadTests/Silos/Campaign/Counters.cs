using System.Collections.Concurrent;
using System.Globalization;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>
/// What every silo has counted, as it last told: they are asked again and again, as a silo that is killed cannot be
/// asked any more.
/// </summary>
internal sealed class Counters : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(int Silo, int Start), Read> _last = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyList<SiloServer> _silos;
    private readonly HttpClient[] _clients;
    private readonly Task _watching;

    private readonly record struct Read(long FencesLost, long Unknown);

    public Counters(IReadOnlyList<SiloServer> silos)
    {
        _silos = silos;
        _clients = [.. silos.Select(silo => Caller.Client(silo.Port, TimeSpan.FromSeconds(1)))];
        _watching = Task.WhenAll(silos.Select(silo => Task.Run(() => Watch(silo))));
    }

    /// <summary>Appends that the store refused because somebody else had written the tenant in between.</summary>
    public long FencesLost => _last.Values.Sum(read => read.FencesLost);

    /// <summary>Appends of which the store did not say whether it has them.</summary>
    public long Unknown => _last.Values.Sum(read => read.Unknown);

    public long FencesLostOf(SiloServer silo) => _last.GetValueOrDefault((silo.Number, silo.Starts)).FencesLost;

    /// <summary>
    /// Asks now, as often as it can, until it answers no more or the time is over; how often it answered.
    /// </summary>
    public async Task<int> Follow(SiloServer silo, TimeSpan time)
    {
        var answers = 0;
        for (var until = Environment.TickCount64 + (long)time.TotalMilliseconds; Environment.TickCount64 < until
            && silo.IsRunning; await Task.Delay(10))
            if (await Ask(silo))
                answers++;
        return answers;
    }

    public async Task<bool> Ask(SiloServer silo)
    {
        var start = silo.Starts;
        try
        {
            var text = await _clients[silo.Number].GetStringAsync(new Uri("/metrics", UriKind.Relative));
            _last[(silo.Number, start)] = new Read(Value(text, "metering_fence_lost_total"),
                Value(text, "metering_append_unknown_total"));
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        foreach (var client in _clients) client.Dispose();
        _stop.Dispose();
    }

    private async Task Watch(SiloServer silo)
    {
        while (!_stop.IsCancellationRequested)
        {
            await Ask(silo);
            await Task.Delay(500);
        }
    }

    // Absent until it was counted for the first time.
    private static long Value(string text, string name)
    {
        foreach (var line in text.Split('\n'))
            if (line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length
                && (line[name.Length] is ' ' or '{'))
                return (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        return 0;
    }
}
