using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using MeteringGateway.Api;
using MeteringGateway.Cluster;
using MeteringGateway.Engine;

namespace MeteringGateway.Demo;

/// <summary>
/// Three silos, each a process of this program, over a Redis that is there. One of them is killed when the first cap
/// comes near; whoever asked it asks another.
/// </summary>
internal sealed partial class ThreeSilos(string redis) : Venue
{
    private const int Size = 3;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    // Nobody else has keys that begin so: they can be removed.
    private readonly string _service = "metering-demo-" + Guid.NewGuid().ToString("N")[..12];
    private readonly List<SiloProcess> _silos = [];
    private SiloProcess? _killed;

    public override IReadOnlyList<string> Urls => [.. _silos.Select(silo => silo.Url)];

    public override string Description =>
        $"{Size} silos over the Redis at {redis} listen on {string.Join(", ", Urls)}";

    public override IEnumerable<(bool True, string What)> Findings =>
        [(_killed?.HasExited == true, $"silo {_killed?.Number} was killed on the way, and the others went on")];

    public override string Beginning =>
        $"Three silos over the Redis at {redis}, three tenants and nine agents are started ...";

    public override async Task Start(CancellationToken cancellation)
    {
        await Demand();
        for (var number = 1; number <= Size; number++)
            _silos.Add(SiloProcess.Start(number, AdminKey, [$"--{Gateway.Redis}={redis}", .. Names]));
        foreach (var silo in _silos) await silo.Listening(cancellation);
        await Ready(cancellation);
    }

    /// <summary>The silo where most of the tenants live is killed: nobody is told, nothing is handed over.</summary>
    public override async Task Trouble(Stage stage, CancellationToken cancellation)
    {
        for (var waited = TimeSpan.Zero; waited < LongestWait && !stage.Signals.Heard(Stage.Short, "warn");
            waited += TimeSpan.FromMilliseconds(50))
            await Task.Delay(50, cancellation);
        var homes = await Task.WhenAll(_silos.Select(silo => Tenants(silo, cancellation)));
        _killed = _silos[Array.IndexOf(homes, homes.Max())];
        // Before it is done: what follows from it is told by others.
        stage.Story.Tell(
            $"silo {_killed.Number}, home to {homes.Max()} of {homes.Sum()} tenants, is killed: the others take them "
                + "over");
        _killed.Kill();
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos) silo.Dispose();
        if (_silos.Count > 0) await Forget();
    }

    private string[] Names => [$"--Metering:Cluster:ServiceId={_service}", $"--Metering:Cluster:ClusterId={_service}"];

    /// <summary>How many tenants live on a silo, by what it tells whoever operates it.</summary>
    private static async Task<int> Tenants(SiloProcess silo, CancellationToken cancellation)
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(silo.Url + "/metrics"), cancellation);
        return LiveThere().Match(metrics) is { Success: true } found
            ? int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>Where no Redis is, that is said at once, and not by three silos that wait for it.</summary>
    /// <exception cref="StoreException">There is none.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task Demand()
    {
        await using var store = await ClusterStore.Open(MeteringHost.Builder(
            [$"--{Gateway.Redis}={redis}", "--Metering:Cluster:Patience=00:00:04", .. Names]).Configuration);
    }

    // Of its own, so that a demo on one gateway loads nothing of Orleans.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Task Forget() =>
        ClusterStore.Remove(MeteringHost.Builder([$"--{Gateway.Redis}={redis}", .. Names]).Configuration);

    [GeneratedRegex("""^orleans_grains\{grain_type="tenant"\} ([0-9]+)""", RegexOptions.Multiline)]
    private static partial Regex LiveThere();
}
