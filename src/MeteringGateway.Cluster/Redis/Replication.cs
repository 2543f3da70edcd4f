using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>
/// Scripts whose answer counts only when enough replicas have received what they wrote (<c>WAIT</c>). Received, not
/// synced: that is all that Redis 7.0 says.
/// <para>
/// <c>WAIT</c> speaks of its own connection, and of the master at its end. After a connection is made anew it would say
/// yes of nothing. So a script goes straight to one server and follows no redirection, and counts only if the
/// connection, by its own words (<c>CLIENT INFO</c>), is the same before the script and after <c>WAIT</c>.
/// </para>
/// </summary>
/// <param name="count">How many replicas; at least 1.</param>
internal sealed class Replication(IConnectionMultiplexer redis, int count)
{
    /// <summary>Nothing else is answered on the connection meanwhile; who needs longer asks again.</summary>
    private const int WaitMilliseconds = 250;
    private const CommandFlags Straight = CommandFlags.NoRedirect;
    private const int NoSlot = -1;

    private readonly ConcurrentDictionary<EndPoint, Link> _links = new();
    private readonly ConcurrentDictionary<int, EndPoint> _masters = new(); // by slot; one Redis has one
    private readonly ConcurrentDictionary<string, string> _digests = new(StringComparer.Ordinal);

    /// <param name="keys">Of one slot. Without any, and of one Redis, it goes to the one master.</param>
    /// <exception cref="TimeoutException">Written or not, too few replicas are known to have it.</exception>
    /// <exception cref="RedisException">As Redis answers.</exception>
    public async Task<RedisResult> Run(string script, RedisKey[] keys, RedisValue[] arguments)
    {
        var slot = keys.Length == 0 ? NoSlot : redis.GetHashSlot(keys[0]);
        try
        {
            var master = _masters.TryGetValue(slot, out var known) ? known
                : _masters[slot] = await Ask(keys.Length == 0 ? "any" : keys[0]);
            return await Run(_links.GetOrAdd(master, address => new Link(redis.GetServer(address), count)), script,
                keys, arguments);
        }
        catch
        {
            _masters.TryRemove(slot, out _);
            throw;
        }
    }

    /// <summary>Who has the key, by its own answer: that may be another than before.</summary>
    private async Task<EndPoint> Ask(RedisKey key) =>
        await redis.GetDatabase().IdentifyEndpointAsync(key, CommandFlags.DemandMaster)
            ?? throw new TimeoutException("no master has answered");

    private async Task<RedisResult> Run(Link link, string script, RedisKey[] keys, RedisValue[] arguments)
    {
        var before = await link.Connection();
        var answer = await Evaluate(link.Server, script, keys, arguments);
        var (after, received) = await link.Wait();
        if (after != before)
            throw new TimeoutException("the connection was made anew before replicas had received what was written");
        if (received < count)
            throw new TimeoutException($"{Text(received)} of {Text(count)} replicas have received what was written");
        return answer;
    }

    private async Task<RedisResult> Evaluate(IServer server, string script, RedisKey[] keys, RedisValue[] arguments)
    {
        var digest = _digests.GetOrAdd(script, DigestOf);
        object[] command = [digest, keys.Length, .. keys.Cast<object>(), .. arguments.Cast<object>()];
        try
        {
            return await server.ExecuteAsync("EVALSHA", command, Straight);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            await server.ExecuteAsync("SCRIPT", ["LOAD", script], Straight);
            return await server.ExecuteAsync("EVALSHA", command, Straight);
        }
    }

#pragma warning disable CA5350 // It is the name by which Redis knows a script.
    private static string DigestOf(string script) =>
        Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(script)));
#pragma warning restore CA5350

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The connection to one server. Whoever waits while others do shares the next <c>WAIT</c>.</summary>
    private sealed class Link(IServer server, int count)
    {
        private readonly Lock _gate = new();
        private Task<(string Connection, long Received)>? _next;
        private Task _last = Task.CompletedTask;
        private string? _connection;

        public IServer Server => server;

        /// <summary>What the connection says of itself, or said last.</summary>
        public async ValueTask<string> Connection() => Volatile.Read(ref _connection) ?? (await Wait()).Connection;

        /// <summary>Begins after this is called.</summary>
        public Task<(string Connection, long Received)> Wait()
        {
            lock (_gate)
            {
                if (_next is not null) return _next;
                var before = _last;
                _last = _next = Task.Run(() => Ask(before));
                return _next;
            }
        }

        private async Task<(string, long)> Ask(Task before)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_gate) _next = null;
            var wait = server.ExecuteAsync("WAIT", [count, WaitMilliseconds], Straight);
            var info = server.ExecuteAsync("CLIENT", ["INFO"], Straight);
            try
            {
                var (received, connection) = ((long)await wait, NameOf((string)(await info)!));
                Volatile.Write(ref _connection, connection);
                return (connection, received);
            }
            catch (RedisServerException e)
            {
                // It is no master any more, or stopped being one meanwhile.
                throw new TimeoutException($"replicas cannot be waited for: {e.Message}");
            }
        }

        /// <summary>Its number, and both its ends.</summary>
        private static string NameOf(string info) => string.Join(' ', info.Split(' ').Take(3));
    }
}
