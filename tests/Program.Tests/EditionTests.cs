using System.Text;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>One program, two editions: alone over a directory, or a silo over a Redis.</summary>
public sealed class EditionTests : IDisposable
{
    private static readonly string[] OfTheClusterAlone = ["Orleans", "StackExchange"];
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Alone_it_loads_nothing_of_the_cluster_nor_of_what_is_not_switched_on()
    {
        using var server = GatewayServer.Start(Options.DefaultDll(), Path.Combine(_directory, "store"));
        await Use(server);

        var loaded = server.Process.LoadedAssemblies;
        Assert.Contains("MeteringGateway.Engine.dll", loaded);
        Assert.DoesNotContain(loaded, IsOfTheClusterAlone);
        Assert.DoesNotContain(loaded, name => name.Contains("Kafka", StringComparison.Ordinal));
        Assert.DoesNotContain(loaded, name => name.Contains("ModelContext", StringComparison.Ordinal));
        Assert.Equal(0, server.Process.Stop());
    }

    [FactIfRedis]
    public async Task As_a_silo_it_loads_it()
    {
        using var redis = new RedisServer(null);
        using var silo = Metering.Silo(redis, $"--Metering:KeyDirectory={_directory}/keys");
        await Use(silo);

        var loaded = silo.Process.LoadedAssemblies.Where(IsOfTheClusterAlone).ToList();
        Assert.Contains("Orleans.Runtime.dll", loaded);
        Assert.Contains("StackExchange.Redis.dll", loaded);
        Assert.Equal(0, silo.Process.Stop());
    }

    /// <summary>What an operator and callers do, so that what is loaded late is loaded too.</summary>
    private static async Task Use(GatewayServer server)
    {
        await Metering.Fill(server, "acme", 10);
        Assert.Equal(10, (int)(await server.Usage("acme"))!["outcome_types"]![0]!["reported"]!);
        using var http = Metering.Administrator(server);
        using var webhook = new StringContent(
            """{"url":"https://example.com/hooks","events":["*"],"tenants":"*"}""", Encoding.UTF8, "application/json");
        (await http.PutAsync(new Uri("/v1/webhooks/desk", UriKind.Relative), webhook)).EnsureSuccessStatusCode();
        foreach (var path in (string[])["/metrics", "/openapi/v1.json", "/v1/plans/support/page", "/v1/attention"])
            (await http.GetAsync(new Uri(path, UriKind.Relative))).EnsureSuccessStatusCode();
    }

    private static bool IsOfTheClusterAlone(string assembly) =>
        OfTheClusterAlone.Any(name => assembly.StartsWith(name, StringComparison.Ordinal));
}
