using System.Diagnostics;
using System.Net.Sockets;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>
/// The cluster edition's store: one Redis 7.0 or newer (with replicas, and Sentinel to choose among them), shared by
/// every silo; or one shard of a Redis Cluster (<see cref="ShardedStore"/>). Its keys are described in
/// <c>docs/journal.md</c>. Who writes a tenant is not its business: the fence decides, entry by entry.
/// <para>
/// A command whose answer did not come is sent again. That is safe because every command that writes may be run twice,
/// also late: one that StackExchange.Redis still held in its backlog, or that lay in a socket, meets a fence that has
/// moved on and finds itself written.
/// </para>
/// </summary>
/// <param name="redis">
/// Not disposed of here. Its time-out for a command, and the time in which it connects again, should be well below
/// <see cref="Patience"/>.
/// </param>
/// <param name="prefix">Every key begins with it and a colon.</param>
public sealed partial class RedisStore(IConnectionMultiplexer redis, string prefix, ILogger<RedisStore> log) : IStore
{
    /// <summary>Replicas may be behind: nothing is ever read from one.</summary>
    private const CommandFlags Master = CommandFlags.DemandMaster;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Errors of a server that may be another, or ready, in a moment.</summary>
    private static readonly string[] Passing = ["LOADING", "READONLY", "MASTERDOWN", "TRYAGAIN", "BUSY", "NOSCRIPT",
        "NOREPLICAS", "CLUSTERDOWN"];

    /// <summary>
    /// Errors that Redis gives before the first line of a script that begins with <c>#!lua</c>, or instead of it. What
    /// fails within one is caught there, or begins with <c>ERR</c>.
    /// </summary>
    private static readonly string[] Unrun = ["OOM", "READONLY", "MISCONF", "NOREPLICAS", "MASTERDOWN", "LOADING",
        "BUSY", "NOSCRIPT", "CLUSTERDOWN", "TRYAGAIN"];

    private readonly IDatabase _redis = redis.GetDatabase();

    /// <summary>For how long a call tries, in all, to get an answer from Redis.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Blocks of a journal that are read at once, at most.</summary>
    internal int PageBlocks { get; init; } = 1000;

    /// <summary>Bytes of a journal from which no more blocks are read at once.</summary>
    internal int PageBytes { get; init; } = 2 << 20;

    /// <summary>Rows that one script looks at or changes, at most: nobody else is served meanwhile.</summary>
    internal int RowsAtOnce { get; init; } = 500;

    /// <summary>
    /// Its prefix ends with a hash tag, and it is one of many in a Redis Cluster: each script is of one tenant, and
    /// none runs while its slot is being moved, when some of its keys may be here and others there.
    /// </summary>
    public bool IsShard { get; init; }

    /// <summary>What scripts write is acknowledged when replicas have it; null: when the master has it.</summary>
    internal Replication? Replication { get; init; }

    internal string Prefix => prefix;

    public ValueTask DisposeAsync() => default;

    /// <summary>A key over all tenants, or of one tenant, webhook or delivery.</summary>
    private RedisKey Key(string kind, string? id = null) => id is null ? $"{prefix}:{kind}" : $"{prefix}:{kind}:{id}";

    /// <summary>
    /// A shard's script names two keys more, which are never there. They lead it to the shard's master; and of a slot
    /// that is being moved, Redis answers <c>TRYAGAIN</c> to who names several keys of which one is missing. Without
    /// them a script would run that finds half of its keys.
    /// </summary>
    private Task<RedisResult> Run(string script, RedisKey[] keys, params RedisValue[] arguments)
    {
        var all = IsShard ? [.. keys, Key("here"), Key("there")] : keys;
        return Replication is { } replication && !script.StartsWith(Scripts.ReadsOnly, StringComparison.Ordinal)
            ? replication.Run(script, all, arguments) : _redis.ScriptEvaluateAsync(script, all, arguments, Master);
    }

    private ValueTask<RedisResult> Ask(string script, RedisKey[] keys, RedisValue[] arguments,
        CancellationToken cancellation) =>
        Ask(_ => Run(script, keys, arguments), cancellation);

    /// <summary>
    /// Whoever acts on what was read acknowledges it: where replicas are waited for, they have it by now, as they have
    /// what is written after it. It may be what somebody wrote who was told that nobody knows.
    /// </summary>
    /// <exception cref="StoreException">Too few replicas have it.</exception>
    private async ValueTask AwaitReplicas(CancellationToken cancellation)
    {
        if (Replication is not null) await Ask(Scripts.Mark, [Key("mark")], [], cancellation);
    }

    /// <summary>Asks until there is an answer. <paramref name="ask"/> is told how often it was asked before.</summary>
    /// <exception cref="StoreException">There is none, or it is an error that does not pass.</exception>
    private async ValueTask<T> Ask<T>(Func<int, Task<T>> ask, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var unsure = false;
        for (var before = 0; ; before++)
        {
            try
            {
                return await Within(ask(before), Left(began), cancellation);
            }
            catch (RedisServerException e) when (IsFull(e) && !unsure)
            {
                throw new StoreFullException($"Redis has no room: {e.Message}");
            }
            catch (Exception e) when (Passes(e) && Left(began) > Pause(before)
                && !cancellation.IsCancellationRequested)
            {
                unsure |= !RefusedUnrun(e);
                await Task.Delay(Pause(before), cancellation);
            }
            catch (Exception e) when (IsOfRedis(e) && !cancellation.IsCancellationRequested)
            {
                throw new StoreException(
                    $"Redis has {(e is RedisServerException ? "refused" : "not answered")}: {e.Message}");
            }
        }
    }

    private static bool IsOfRedis(Exception error) =>
        Passes(error) || error is RedisException or ObjectDisposedException;

    private TimeSpan Left(long began)
    {
        var left = Patience - Stopwatch.GetElapsedTime(began);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private static TimeSpan Pause(int before) =>
        TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << Math.Min(before, 10), LongestPause.Ticks));

    private static async Task<T> Within<T>(Task<T> task, TimeSpan time, CancellationToken cancellation)
    {
        try
        {
            return await task.WaitAsync(time, cancellation);
        }
        finally
        {
            // Nobody waits for it any more: whatever becomes of it was looked at.
            if (!task.IsCompleted) _ = task.ContinueWith(late => late.Exception, TaskScheduler.Default);
        }
    }

    private static bool RefusedUnrun(Exception error) => error is RedisServerException server && Begins(server, Unrun);

    private static bool IsFull(Exception error) => error is RedisServerException server && Begins(server, ["OOM"]);

    private static bool Begins(RedisServerException error, string[] with) =>
        with.Any(text => error.Message.StartsWith(text, StringComparison.Ordinal));

    private static bool Passes(Exception error) => error switch
    {
        RedisConnectionException or TimeoutException or IOException or SocketException => true,
        // A connection that is being closed cancels what it has not sent or has no answer to, or lets it see that its
        // own reading has ended.
        OperationCanceledException => true,
        InvalidOperationException => error is not ObjectDisposedException,
        // No server is a master at the moment.
        RedisCommandException => true,
        // One that was asked straight has the slot no more; the client knows by now where it is.
        RedisServerException { Message: var moved } when moved.Contains("MOVED", StringComparison.Ordinal) => true,
        RedisServerException server => Begins(server, Passing),
        _ => false,
    };
}
