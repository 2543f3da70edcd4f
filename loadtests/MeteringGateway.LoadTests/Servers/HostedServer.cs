using System.Globalization;
using System.Runtime.InteropServices;
using MeteringGateway.Api;
using MeteringGateway.Cluster;
using MeteringGateway.LoadTests.Silos.Figures;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// <c>metering serve</c>, alone or over a Redis, with two things added: at a signal it collects its garbage, so that
/// what is measured is what it keeps, and at another it makes tenants, faster than they can be made one by one over
/// HTTP.
/// </summary>
internal static class HostedServer
{
    /// <summary>The signal's name, as <c>kill</c> knows it.</summary>
    public const string Collect = "USR1";

    /// <inheritdoc cref="Collect"/>
    public const string Make = "USR2";

    /// <summary>The setting that says how many tenants are made: the first of them has number 0.</summary>
    public const string Tenants = "LoadTests:Tenants";

    private const PosixSignal User1 = (PosixSignal)10;
    private const PosixSignal User2 = (PosixSignal)12;

    /// <summary>A tenant's id by its number.</summary>
    public static string Id(int i) => string.Create(CultureInfo.InvariantCulture, $"m{i:D7}");

    public static async Task<int> Run(string[] arguments)
    {
        var builder = MeteringHost.Builder(arguments).LogToConsole();
        if (builder.Configuration["Metering:Cluster:Redis"] is null) builder.AddEmbeddedTenants(_ => { });
        else await builder.AddClusterTenants();
        await using var app = builder.Build();
        app.MapMeteringApi();
        using var collect = PosixSignalRegistration.Create(User1, signal =>
        {
            signal.Cancel = true;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        });
        var count = int.Parse(app.Configuration[Tenants] ?? "0", CultureInfo.InvariantCulture);
        using var make = PosixSignalRegistration.Create(User2, signal =>
        {
            signal.Cancel = true;
            var tenants = app.Services.GetRequiredService<ITenants>(); // there since it listens
            _ = Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 256 },
                async (i, _) => await LoadTenants.Make(tenants, Id(i)));
        });
        await app.StartAsync();
        foreach (var url in app.Urls) Console.WriteLine($"listens on {url}");
        await app.WaitForShutdownAsync();
        return 0;
    }
}
