using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// A Redis of our own on a loopback port, in a directory of its own, that acknowledges nothing before it is synced.
/// </summary>
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

    private readonly string? _cores;
    private readonly int _port = FreePort();

    public RedisServer(string? cores)
    {
        _cores = cores;
        Process = Start();
        ScriptHash = RespConnection.Ask(_port, "SCRIPT", "LOAD", Script);
    }

    /// <summary>Null, or where the program is.</summary>
    public static string? Installed => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, "redis-server")).FirstOrDefault(File.Exists);

    public ServerProcess Process { get; private set; }
    public string ScriptHash { get; }

    public void Dispose()
    {
        Process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>After <see cref="ServerProcess.KillHard"/>: on the same port, over what it had written.</summary>
    public void StartAgain()
    {
        Process.Dispose();
        Process = Start();
    }

    private ServerProcess Start()
    {
        var process = ServerProcess.StartOn(_port, _cores, "redis-server",
            ["--port", _port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _directory,
            "--save", "", "--daemonize", "no",
             "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]);
        WaitUntilReady(process);
        return process;
    }

    private static void WaitUntilReady(ServerProcess process)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (RespConnection.Ask(process.Port, "PING") == "PONG") return;
            }
            // While it loads what it had written, it answers with an error.
            catch (Exception e) when (e is SocketException or IOException && attempt < 600 && !process.HasExited)
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>
    /// Below those that the system gives to outgoing connections: one of these could have it while the server is down.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(16_384, 32_768));
            try
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Taken: another.
            }
        }
    }
}
