using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>A Redis of our own on a loopback port, in a directory of its own, that acknowledges nothing before it is synced.</summary>
public sealed class RedisServer : IDisposable
{
    /// <summary>The same job in one round trip: recognises a repeated id, holds the cap, counts.</summary>
    private const string Script = """
        if redis.call('SADD', KEYS[2], ARGV[1]) == 0 then return 0 end
        local units = tonumber(ARGV[2])
        local used = tonumber(redis.call('HGET', KEYS[1], 'used') or '0')
        if used + units > tonumber(ARGV[3]) then
          redis.call('HINCRBY', KEYS[1], 'over_cap', units)
          return -1
        end
        redis.call('HINCRBY', KEYS[1], 'used', units)
        return 1
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("metering-redis-").FullName;

    public RedisServer(string? cores)
    {
        var port = FreePort();
        Process = ServerProcess.StartOn(port, cores, "redis-server",
            ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _directory, "--save", "", "--daemonize", "no",
             "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]);
        WaitUntilReady();
        ScriptHash = RespConnection.Ask(port, "SCRIPT", "LOAD", Script);
    }

    /// <summary>Null, or where the program is.</summary>
    public static string? Installed => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, "redis-server")).FirstOrDefault(File.Exists);

    public ServerProcess Process { get; }
    public string ScriptHash { get; }

    public void Dispose()
    {
        Process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void WaitUntilReady()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (RespConnection.Ask(Process.Port, "PING") == "PONG") return;
            }
            catch (Exception e) when (e is SocketException or IOException && attempt < 100 && !Process.HasExited)
            {
                Thread.Sleep(50);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
