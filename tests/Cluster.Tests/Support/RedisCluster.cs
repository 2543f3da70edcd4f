using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>
/// A real Redis Cluster on this machine: three masters that have a third of the slots each, and as many replicas of
/// each as are asked for.
/// </summary>
public sealed class RedisCluster : IAsyncLifetime, IAsyncDisposable
{
    private const int Slots = 16_384;
    private const int Size = 3;

    private readonly List<RedisServer> _servers = [];
    private readonly Dictionary<int, int> _busPorts = [];

    public IReadOnlyList<RedisServer> Masters => _servers[..Size];

    /// <summary>Of the masters, in their order; then again, where each has several.</summary>
    public IReadOnlyList<RedisServer> Replicas => _servers[Size..];

    public string ConnectionString =>
        string.Join(',', Masters.Select(master => $"127.0.0.1:{Text(master.Port)}")) + ",abortConnect=false";

    public static async Task<RedisCluster> Run(int replicas = 0)
    {
        var cluster = new RedisCluster();
        try
        {
            await cluster.Start(replicas);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private async Task Start(int replicas)
    {
        for (var i = 0; i < Size * (1 + replicas); i++)
        {
            var bus = FreePort.Find();
            var server = await RedisServer.Run("--cluster-enabled", "yes", "--cluster-port", Text(bus),
                "--cluster-node-timeout", "2000", "--cluster-replica-validity-factor", "0", "--cluster-announce-ip",
                "127.0.0.1", "--repl-diskless-sync-delay", "0");
            _servers.Add(server);
            _busPorts[server.Port] = bus;
        }
        for (var i = 0; i < _servers.Count; i++)
        {
            var port = _servers[i].Port;
            if (i < Size)
                await Ask(port, "CLUSTER", "ADDSLOTSRANGE", Text(i * Slots / Size), Text(((i + 1) * Slots / Size) - 1));
            await Ask(port, "CLUSTER", "SET-CONFIG-EPOCH", Text(i + 1));
            if (i > 0)
                await Ask(port, "CLUSTER", "MEET", "127.0.0.1", Text(_servers[0].Port),
                    Text(_busPorts[_servers[0].Port]));
        }
        await Until(() => All(server => Knows(server.Port, _servers.Count)));
        for (var i = Size; i < _servers.Count; i++)
            await Ask(_servers[i].Port, "CLUSTER", "REPLICATE", await IdOf(_servers[i % Size]));
        await Until(async () =>
        {
            foreach (var replica in Replicas)
                if (!(await Ask(replica.Port, "INFO", "replication"))
                    .Contains("master_link_status:up", StringComparison.Ordinal)) return false;
            return await All(server => IsWell(server.Port));
        });
    }

    /// <summary>A slot and all that is in it goes from one master to another, key by key.</summary>
    /// <param name="during">What is done while some of its keys are here and others there.</param>
    public async Task Move(int slot, RedisServer from, RedisServer to, Func<Task>? during = null)
    {
        await Ask(to.Port, "CLUSTER", "SETSLOT", Text(slot), "IMPORTING", await IdOf(from));
        await Ask(from.Port, "CLUSTER", "SETSLOT", Text(slot), "MIGRATING", await IdOf(to));
        while (await Ask(from.Port, "CLUSTER", "GETKEYSINSLOT", Text(slot), "2") is { Length: > 0 } keys)
        {
            await Ask(from.Port, ["MIGRATE", "127.0.0.1", Text(to.Port), "", "0", "5000", "KEYS", .. keys.Split('\n')]);
            if (during is not null) await during();
            during = null;
        }
        var owner = await IdOf(to);
        foreach (var server in (RedisServer[])[to, from, .. Masters])
            await Ask(server.Port, "CLUSTER", "SETSLOT", Text(slot), "NODE", owner);
    }

    /// <summary>The master that has a slot, as the first that answers says.</summary>
    public async Task<RedisServer> OwnerOf(int slot)
    {
        foreach (var line in (await Ask(Masters[0].Port, "CLUSTER", "NODES")).Split('\n'))
            foreach (var range in line.Split(' ').Skip(8).Select(range => range.Split('-')))
                if (int.TryParse(range[0], out var first) && first <= slot && slot <= int.Parse(range[^1],
                    CultureInfo.InvariantCulture))
                    return _servers.Single(server => line.Contains($":{Text(server.Port)}@", StringComparison.Ordinal));
        throw new InvalidOperationException($"nobody has slot {slot}");
    }

    /// <summary>A replica has taken over from its master, and all that live agree.</summary>
    public Task Promoted(RedisServer replica, RedisServer from) => Until(async () =>
    {
        foreach (var server in _servers.Where(server => server != from))
            if (!await IsWell(server.Port)) return false;
        return await IsMaster(replica.Port);
    });

    private static async Task<string> IdOf(RedisServer server) => await Ask(server.Port, "CLUSTER", "MYID");

    private static async Task<bool> Knows(int port, int count) => (await Ask(port, "CLUSTER", "INFO"))
        .Contains($"cluster_known_nodes:{Text(count)}\r", StringComparison.Ordinal) && await IsWell(port);

    private static async Task<bool> IsWell(int port) => (await Ask(port, "CLUSTER", "INFO"))
        .Contains("cluster_state:ok", StringComparison.Ordinal);

    private async Task<bool> All(Func<RedisServer, Task<bool>> holds)
    {
        foreach (var server in _servers)
            if (!await holds(server)) return false;
        return true;
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!await condition()) await Task.Delay(50, patience.Token);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Sentinel ends all connections of one that it promotes: whoever asked just then has no answer.</summary>
    public static async Task<bool> IsMaster(int port)
    {
        try
        {
            return (await Ask(port, "ROLE")).StartsWith("master", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>One command on a connection of its own; of several values each on a line.</summary>
    public static async Task<string> Ask(int port, params string[] words)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = client.GetStream();
        var command = new StringBuilder($"*{Text(words.Length)}\r\n");
        foreach (var word in words) command.Append($"${Text(Encoding.UTF8.GetByteCount(word))}\r\n{word}\r\n");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(command.ToString()));
        using var answer = new StreamReader(stream, Encoding.Latin1);
        return await Read(answer);
    }

    private static async Task<string> Read(StreamReader answer)
    {
        var line = await answer.ReadLineAsync() ?? throw new IOException("it has closed the connection");
        switch (line[0])
        {
            case '-': throw new InvalidOperationException(line[1..]);
            case '$' when line != "$-1":
                var text = new char[int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture) + 2];
                await answer.ReadBlockAsync(text);
                return new string(text[..^2]);
            case '*':
                var all = new List<string>();
                for (var left = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture); left > 0; left--)
                    all.Add(await Read(answer));
                return string.Join('\n', all);
            default: return line[1..];
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
        _servers.Clear();
    }

    // As a fixture, where redis-server may be missing: then every test that would use it is skipped.
    Task IAsyncLifetime.InitializeAsync() => RedisServer.Program is null ? Task.CompletedTask : Start(replicas: 0);

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
