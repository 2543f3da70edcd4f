using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary><c>metering health</c>, as a container's health check runs it.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task It_says_whether_a_gateway_is_ready()
    {
        string url;
        using (var server = GatewayServer.Start(Options.DefaultDll(), _directory))
        {
            url = $"http://127.0.0.1:{server.Port}/health/ready";
            var ready = $"http://127.0.0.1:{server.Port}: ready, embedded";
            Assert.Equal((0, ready), await Run("health", "--url", url));
            Assert.Equal((0, ready), await Run("health", $"http://127.0.0.1:{server.Port}"));
            Assert.Equal((0, ready), await Run("health", $"http://127.0.0.1:{server.Port}/"));
            Assert.Equal((0, ready), await Run("health", $"127.0.0.1:{server.Port}"));
            Assert.Equal((0, ready), await Run("health", "--url", $"127.0.0.1:{server.Port}"));
            Assert.Equal(1,
                (await Run("health", "--url", url.Replace("ready", "nothing", StringComparison.Ordinal))).Code);
        }
        var gone = await Run("health", "--url", url);
        Assert.Equal(1, gone.Code);
        Assert.StartsWith($"{url} does not answer: ", gone.Said, StringComparison.Ordinal);
        Assert.StartsWith($"{url} does not answer: ", (await Run("health", url.Replace("/health/ready", "",
            StringComparison.Ordinal))).Said, StringComparison.Ordinal);
        Assert.Equal((1, "a gateway is named once: as an argument, or by --url"),
            await Run("health", "127.0.0.1:1", "--url", url));
        Assert.Equal((1, "'ftp' is not an http or https address"), await Run("health", "--url", "ftp"));
    }

    private static async Task<(int Code, string Said)> Run(params string[] arguments)
    {
        var (code, output, error) = await Metering.Run(arguments);
        return (code, output + error);
    }
}
