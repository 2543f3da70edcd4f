using System.Globalization;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// A <c>metering serve --redis</c> in a process of its own; started again, it has the ports that it had.
/// </summary>
public sealed class SiloServer(string dll, int number, int redisPort, IReadOnlyList<string> settings,
    int orleansPort) : IDisposable
{
    private GatewayServer? _gateway;

    public int Number => number;
    public int Port { get; } = RedisServer.FreePort();

    /// <summary>How often it was started.</summary>
    public int Starts { get; private set; }

    public GatewayServer Gateway => _gateway ?? throw new InvalidOperationException($"silo {number} was not started");
    public ServerProcess Process => Gateway.Process;
    public bool IsRunning => _gateway is { } gateway && !gateway.Process.HasExited;

    /// <summary>Returns when it says that it is ready.</summary>
    public void Start()
    {
        _gateway?.Dispose();
        Starts++;
        // The driver sends as fast as it can with one key; that a key may be throttled is not what is measured.
        var environment = new Dictionary<string, string>
        {
            ["METERING__ADMINKEY"] = GatewayServer.AdminKey, ["METERING__LIMITS__REQUESTSPERSECOND"] = "100000000",
            ["METERING__LIMITS__EVENTSPERSECOND"] = "0",
            ["Logging__LogLevel__Default"] = "Warning", ["DOTNET_DbgEnableMiniDump"] = "0",
        };
        _gateway = GatewayServer.Over(ServerProcess.Start(null, "dotnet",
        [
            dll, "serve", "--urls", $"http://127.0.0.1:{Port}", "--Metering:Cluster:AdvertisedAddress=127.0.0.1",
            $"--Metering:Cluster:Redis=127.0.0.1:{Text(redisPort)}", $"--Metering:Cluster:SiloPort={Text(orleansPort)}",
            .. settings,
        ], environment));
    }

    public void Dispose() => _gateway?.Dispose();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
