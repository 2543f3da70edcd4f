using MeteringGateway.Core;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>
/// The store over a Redis Cluster: a <see cref="RedisStore"/> for each of the <see cref="Shards"/>, each with some of
/// the tenants, what lies beside them and the indexes over them; and one for the books, which are no tenant's. No
/// script touches two tenants' keys. What is asked of all tenants is asked of every shard.
/// </summary>
internal sealed partial class ShardedStore : IStore
{
    private readonly IConnectionMultiplexer _redis;
    private readonly string _prefix;
    private readonly RedisStore[] _shards;
    private readonly ILogger<RedisStore> _log;
    private readonly OutboxOrder _outbox = new();
    private readonly long[] _copied = new long[Shards.Count]; // stamps up to which documents are among the books

    /// <param name="prefix">Every key begins with it and a colon; without braces.</param>
    /// <param name="open">The store of the keys that begin with a prefix.</param>
    public ShardedStore(IConnectionMultiplexer redis, string prefix, Func<string, RedisStore> open,
        ILogger<RedisStore> log)
    {
        (_redis, _prefix, _log) = (redis, prefix, log);
        Books = open(Shards.BooksPrefix(prefix));
        _shards = [.. Enumerable.Range(0, Shards.Count).Select(shard => open(Shards.Prefix(prefix, shard)))];
    }

    /// <summary>Where plans, keys and webhooks are.</summary>
    public RedisStore Books { get; }

    private RedisStore Of(string id) => _shards[Shards.Of(id)];

    private async ValueTask<T[]> Each<T>(Func<RedisStore, ValueTask<T>> ask) =>
        await Task.WhenAll(_shards.Select(async shard => await ask(shard)));

    private Task Each(Func<RedisStore, ValueTask> ask) =>
        Task.WhenAll(_shards.Select(async shard => await ask(shard)));

    /// <summary>
    /// Of what is to be done sooner or later, what those shards have that answer: one master that is gone holds up its
    /// own tenants' alone. Null of a shard that does not.
    /// </summary>
    /// <exception cref="StoreException">None of them answers.</exception>
    private async Task<(int Shard, T? Of)[]> EachThatAnswers<T>(Func<RedisStore, int, ValueTask<T>> ask) where T : class
    {
        StoreException? first = null;
        var found = await Task.WhenAll(_shards.Select(async (shard, i) =>
        {
            try
            {
                return (i, (T?)await ask(shard, i));
            }
            catch (StoreException e)
            {
                first ??= e;
                return (i, null);
            }
        }));
        var silent = found.Count(some => some.Item2 is null);
        if (silent == found.Length) throw first!;
        if (silent > 0)
            _log.LogWarning(first, "{Silent} of {Shards} shards do not answer: what is due, and alerts, of their "
                + "tenants wait", silent, Shards.Count);
        return found;
    }

    public ValueTask DisposeAsync() => default;

    /// <summary>
    /// Each shard's batches go to it by themselves, so that a master which does not answer holds up its own tenants'
    /// alone. Versions of documents are written with the entries, where the tenant is, and then once more where the
    /// books are (<see cref="Copy"/>).
    /// </summary>
    public async ValueTask<IReadOnlyList<AppendResult>> Append(IReadOnlyList<TenantBatch> batches,
        CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var results = new AppendResult[batches.Count];
        await Task.WhenAll(Enumerable.Range(0, batches.Count).GroupBy(i => Shards.Of(batches[i].Tenant))
            .Select(async some =>
            {
                List<int> which = [.. some];
                var written = await _shards[some.Key].Append([.. which.Select(i => WithoutOthers(batches[i]))],
                    cancellation);
                for (var i = 0; i < which.Count; i++) results[which[i]] = written[i];
            }));
        for (var i = 0; i < results.Length; i++)
            if (results[i] == AppendResult.Written) await Beside(batches[i], cancellation);
        return results;
    }

    /// <summary>
    /// Keys without an entry may be of commands to any tenant (an import writes them so): they lie by themselves.
    /// </summary>
    private static TenantBatch WithoutOthers(TenantBatch batch) =>
        batch.Count == 0 && batch.Idempotency.Count > 0 ? batch with { Idempotency = [] } : batch;

    private async ValueTask Beside(TenantBatch batch, CancellationToken cancellation)
    {
        if (batch.Count == 0)
            foreach (var row in batch.Idempotency) await Of(row.Key).Once(row, cancellation);
        foreach (var document in batch.Documents) await Copy(document);
    }

    /// <summary>What fails is made up for by <see cref="Expire"/>: the entry that it belongs to is written.</summary>
    private async ValueTask Copy(Document document)
    {
        try
        {
            await Books.Put(document, CancellationToken.None);
        }
        catch (StoreException e)
        {
            _log.LogWarning(e, "Version {Version} of the {Kind} of '{Id}' is not among the books yet", document.Version,
                document.Kind, document.Id);
        }
    }

    /// <summary>Of documents that the shards have since this process last looked, those not among the books.</summary>
    private async Task CopyMissing(CancellationToken cancellation)
    {
        var since = await Task.WhenAll(_shards.Select(async (shard, i) =>
            await shard.DocumentsAfter(Volatile.Read(ref _copied[i]), cancellation)));
        if (since.Any(some => some.Documents.Count > 0))
        {
            var known = (await Books.DocumentsAfter(0, cancellation)).Documents.Select(NameOf).ToHashSet();
            foreach (var document in since.SelectMany(some => some.Documents))
                if (!known.Contains(NameOf(document))) await Books.Put(document, cancellation);
        }
        for (var i = 0; i < since.Length; i++) Volatile.Write(ref _copied[i], since[i].Stamp);

        static (string, string, int) NameOf(Document one) => (one.Kind, one.Id, one.Version);
    }

    public ValueTask<StoredTenant?> Load(string tenant, CancellationToken cancellation) =>
        Of(tenant).Load(tenant, cancellation);

    public ValueTask<bool> SaveSnapshot(string tenant, StoredSnapshot snapshot, CancellationToken cancellation) =>
        Of(tenant).SaveSnapshot(tenant, snapshot, cancellation);

    public ValueTask<IReadOnlyList<EntryBlock>> Read(string tenant, long after, int limit,
        CancellationToken cancellation) => Of(tenant).Read(tenant, after, limit, cancellation);

    public ValueTask<bool> Trim(string tenant, long first, byte[] previousHash, IReadOnlyList<long> details,
        CancellationToken cancellation) => Of(tenant).Trim(tenant, first, previousHash, details, cancellation);

    public ValueTask<IReadOnlyList<DetailRow?>> Details(string tenant, IReadOnlyList<long> sequences,
        CancellationToken cancellation) => Of(tenant).Details(tenant, sequences, cancellation);

    public ValueTask<IReadOnlyList<byte[]?>> Archived(string tenant, IReadOnlyList<string> outcomeIds,
        CancellationToken cancellation) => Of(tenant).Archived(tenant, outcomeIds, cancellation);

    public ValueTask RemoveArchived(string tenant, IReadOnlyList<ArchivedVersion> sealedOnes,
        CancellationToken cancellation) => Of(tenant).RemoveArchived(tenant, sealedOnes, cancellation);

    public ValueTask<IReadOnlyList<long>> DetailsOf(string tenant, string endCustomer,
        CancellationToken cancellation) => Of(tenant).DetailsOf(tenant, endCustomer, cancellation);

    public ValueTask Erase(string tenant, IReadOnlyList<long> sequences, CancellationToken cancellation) =>
        Of(tenant).Erase(tenant, sequences, cancellation);

    public ValueTask<IReadOnlyList<byte[]>> ArchivedPage(string tenant, OutcomeFilter filter, long? cursor, long? end,
        int limit, CancellationToken cancellation) =>
        Of(tenant).ArchivedPage(tenant, filter, cursor, end, limit, cancellation);

    /// <summary>A tenant's lies with it, that of nobody by its own key.</summary>
    public async ValueTask<IdempotencyRow?> Idempotent(string? tenant, string key, CancellationToken cancellation)
    {
        var own = Of(key).Idempotent(null, key, cancellation).AsTask();
        var beside = tenant is null ? null : await Of(tenant).Idempotent(tenant, key, cancellation);
        return await own is var alone && beside is not null ? beside : alone;
    }

    public ValueTask<bool> Once(IdempotencyRow row, CancellationToken cancellation) =>
        Of(row.Key).Once(row, cancellation);

    public async ValueTask<IReadOnlyList<IdempotencyRow>> IdempotencyPage(string? after, int limit,
        CancellationToken cancellation) =>
        await Merged<IdempotencyRow>(null, limit,
            (shard, last, most) => shard.IdempotencyPage(last?.Key ?? after, most, cancellation),
            (one, other) => string.CompareOrdinal(one.Key, other.Key));

    /// <summary>And makes up for copies that were not made: every silo comes by here again and again.</summary>
    public async ValueTask Expire(Instant now, CancellationToken cancellation)
    {
        await Each(shard => shard.Expire(now, cancellation));
        await CopyMissing(cancellation);
    }

    public async ValueTask<IReadOnlyList<DueTenant>> Due(Instant now, int limit, CancellationToken cancellation) =>
        [.. (await EachThatAnswers((shard, _) => shard.Due(now, limit, cancellation)))
            .SelectMany(some => some.Of ?? []).OrderBy(one => one.Due).ThenBy(one => one.Tenant, StringComparer.Ordinal).Take(limit)];

    public async ValueTask<IReadOnlyList<string>> List(string? after, int limit, CancellationToken cancellation) =>
        await Merged(after, limit, (shard, last, most) => shard.List(last, most, cancellation), string.CompareOrdinal);

    public async ValueTask<IReadOnlyList<TenantInNeed>> Attention(IReadOnlyCollection<string>? among,
        TenantInNeed? after, int limit, CancellationToken cancellation)
    {
        if (among is null)
            return await Merged(after, limit, (shard, last, most) => shard.Attention(null, last, most, cancellation),
                InNeed);
        var found = await Task.WhenAll(among.Distinct().GroupBy(Shards.Of).Select(async some =>
            await _shards[some.Key].Attention([.. some], after, limit, cancellation)));
        return [.. found.SelectMany(some => some).Order(Comparer<TenantInNeed>.Create(InNeed)).Take(limit)];
    }

    private static int InNeed(TenantInNeed one, TenantInNeed other) =>
        one.State != other.State ? other.State.CompareTo(one.State) : string.CompareOrdinal(one.Tenant, other.Tenant);

    public async ValueTask<IReadOnlyList<long>> TenantsByState(CancellationToken cancellation)
    {
        var all = await Each(shard => shard.TenantsByState(cancellation));
        return [.. Enumerable.Range(0, all[0].Count).Select(state => all.Sum(shard => shard[state]))];
    }

    public async ValueTask<UnpublishedPage> Unpublished(string? after, int limit, CancellationToken cancellation)
    {
        var pages = await Each(shard => shard.Unpublished(after, Share(limit), cancellation));
        var end = pages.Select(page => page.Next).OfType<string>().Order(StringComparer.Ordinal).FirstOrDefault();
        List<Unpublished> behind = [.. pages.SelectMany(page => page.Tenants)
            .Where(one => end is null || string.CompareOrdinal(one.Tenant, end) <= 0)
            .OrderBy(one => one.Tenant, StringComparer.Ordinal)];
        return behind.Count > limit ? new UnpublishedPage(behind[..limit], behind[limit - 1].Tenant)
            : new UnpublishedPage(behind, end);
    }

    public async ValueTask Published(IReadOnlyList<PublishedTo> tenants, CancellationToken cancellation) =>
        await Task.WhenAll(tenants.GroupBy(one => Shards.Of(one.Tenant)).Select(async some =>
            await _shards[some.Key].Published([.. some], cancellation)));

    /// <summary>Rows that each shard is asked for, where all together are to have so many.</summary>
    private static int Share(int limit) => limit / Shards.Count * 2 + 8;

    /// <summary>
    /// What the shards have after a row, in one order. Each is asked for somewhat more than its share; what lies behind
    /// the end of a page that is full is not looked at, as that shard may have something before it.
    /// </summary>
    private async ValueTask<IReadOnlyList<T>> Merged<T>(T? after, int limit,
        Func<RedisStore, T?, int, ValueTask<IReadOnlyList<T>>> page, Comparison<T> order) where T : class
    {
        var (all, most) = (new List<T>(), Share(limit));
        for (var last = after; all.Count < limit;)
        {
            T? end = null;
            var pages = await Each(shard => page(shard, last, most));
            foreach (var full in pages.Where(some => some.Count >= most))
                if (end is null || order(full[^1], end) < 0) end = full[^1];
            all.AddRange(pages.SelectMany(some => some).Where(one => end is null || order(one, end) <= 0)
                .Order(Comparer<T>.Create(order)));
            if (end is null) break;
            last = end;
        }
        return all.Count > limit ? all[..Math.Max(0, limit)] : all;
    }

    /// <summary>Looks through every master's keys, each by the store that has it.</summary>
    public async Task<IReadOnlyList<string>> Check(CancellationToken cancellation)
    {
        var stores = _shards.Append(Books).ToDictionary(store => store.Prefix, StringComparer.Ordinal);
        var findings = new List<string>();
        foreach (var store in stores.Values) findings.AddRange(await store.CheckBooks(cancellation));
        foreach (var some in (await Keys(cancellation)).Chunk(1_000))
            foreach (var of in some.GroupBy(StoreOf))
                findings.AddRange(stores.TryGetValue(of.Key, out var store) ? await store.CheckKeys(of, cancellation)
                    : of.Select(key => $"{key} is no key of a store"));
        return [.. findings.Distinct()];
    }

    /// <summary>What a key begins with, up to the end of its hash tag.</summary>
    private string StoreOf(string key) => key[..(key.IndexOf('}', _prefix.Length) + 1)];

    private async Task<HashSet<string>> Keys(CancellationToken cancellation)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            await _redis.ConfigureAsync(); // as they are now: whoever was asked before may have no slots any more
            var nodes = _redis.GetServers().First(server => server.IsConnected).ClusterConfiguration;
            foreach (var master in nodes!.Nodes.Where(node => !node.IsReplica && node.Slots.Count > 0))
                await foreach (var key in _redis.GetServer(master.EndPoint!)
                    .KeysAsync(pattern: RedisStore.Pattern(_prefix), pageSize: 1_000).WithCancellation(cancellation))
                    keys.Add((string)key!);
            return keys;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or InvalidOperationException)
        {
            throw new StoreException($"Redis has not answered: {RedisWords.Of(e)}");
        }
    }
}
