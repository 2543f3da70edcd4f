using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Silo = MeteringGateway.Cluster.Silo;

namespace MeteringGateway.ClusterLoadTests.Memory;

/// <summary>
/// <c>metering-silo serve</c> with one thing added: at a signal it collects its garbage, so that what is measured is what it keeps.
/// </summary>
internal static class HostedSilo
{
    /// <summary>The signal's name, as <c>kill</c> knows it.</summary>
    public const string Collect = "USR1";

    private const PosixSignal User1 = (PosixSignal)10;

    public static async Task<int> Run(string[] arguments)
    {
        var builder = Silo.Builder(arguments);
        var settings = Silo.Settings(builder.Configuration);
        await using var redis = await Silo.Connect(settings);
        await using var app = Silo.Build(builder, settings, redis);
        using var collect = PosixSignalRegistration.Create(User1, signal =>
        {
            signal.Cancel = true;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        });
        await app.StartAsync();
        foreach (var url in app.Urls) Console.WriteLine($"listens on {url}");
        await app.WaitForShutdownAsync();
        return 0;
    }
}
