using MeteringGateway.Cluster;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <param name="Signals">Sequences of the entries that agents were to be told of.</param>
/// <param name="HadSnapshot">The state was compared with that of a snapshot and what followed.</param>
internal sealed record Audited(long Entries, IReadOnlyCollection<long> Signals, bool HadSnapshot,
    IReadOnlyList<string> Failures);

/// <summary>
/// Reads a tenant's journal out of Redis, beside the silos and by itself, and folds it entry by entry.
/// </summary>
internal sealed class Audit(IConnectionMultiplexer redis) : IAsyncDisposable
{
    private const string Prefix = "metering";
    private readonly RedisStore _store = new(redis, Prefix,
        NullLogger<RedisStore>.Instance) { Patience = TimeSpan.FromSeconds(60) };

    /// <summary>Connects to a Redis that may come and go.</summary>
    public static async Task<Audit> Of(int port)
    {
        var options = ConfigurationOptions.Parse($"127.0.0.1:{port},abortConnect=false");
        return new Audit(await ConnectionMultiplexer.ConnectAsync(options));
    }

    /// <param name="events">All that were sent to it: each must be there, once.</param>
    public async Task<Audited> Tenant(string tenant, IReadOnlyCollection<SentEvent> events, int reservations)
    {
        if (await _store.Load(tenant, default) is not { } stored)
            return new Audited(0, [], false, [$"{tenant}: has no journal"]);
        var whole = stored with { Snapshot = null, Tail = await _store.Read(tenant, 0, int.MaxValue, default) };
        var fold = new AuditFold(tenant);
        fold.Take(whole);
        fold.Compare(events, reservations);
        if (stored.Snapshot is { } snapshot) fold.Compare(snapshot, whole);
        return new Audited(stored.Sequence, fold.Signals, stored.Snapshot is not null, fold.Failures);
    }

    public ValueTask DisposeAsync() => redis.DisposeAsync();
}
