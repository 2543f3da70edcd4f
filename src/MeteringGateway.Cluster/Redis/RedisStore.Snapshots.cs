using System.Globalization;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

public sealed partial class RedisStore
{
    /// <summary>How long the parts of a snapshot stay that is never put in force.</summary>
    private static readonly TimeSpan Unfinished = TimeSpan.FromHours(1);

    /// <summary>
    /// The snapshot in force; null if there is none, or it cannot be read. One that is replaced while it is read is
    /// missing parts: then the newer one is read.
    /// </summary>
    private async ValueTask<StoredSnapshot?> Snapshot(string tenant, CancellationToken cancellation)
    {
        try
        {
            string? before = null;
            for (;;)
            {
                var found = await Ask(_ => _redis.HashGetAsync(Key("t", tenant), ["ps", "ph", "pk", "pn"], Master),
                    cancellation);
                if (found[0].IsNull || before == found[2]) return null;
                before = found[2];
                if (await Parts(Key("p", $"{tenant}:{before}"), (int)found[3], cancellation) is { } parts)
                    return new StoredSnapshot((long)found[0], (byte[])found[1]!, parts);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            log.LogWarning(e, "The snapshot of tenant {Tenant} cannot be read: it is folded from all of its entries",
                tenant);
            return null;
        }
    }

    private async ValueTask<List<byte[]>?> Parts(RedisKey key, int count, CancellationToken cancellation)
    {
        var parts = new List<byte[]>();
        while (parts.Count < count)
        {
            var part = (byte[]?)await Ask(_ => _redis.HashGetAsync(key, parts.Count, Master), cancellation);
            if (part is null) return null;
            parts.Add(part);
        }
        return parts;
    }

    /// <summary>
    /// Keeps the newer of this one and what is there. Parts are written under a key that no other snapshot has, and
    /// expire unless it is put in force.
    /// </summary>
    public async ValueTask<bool> SaveSnapshot(string tenant, StoredSnapshot snapshot, CancellationToken cancellation)
    {
        try
        {
            return await Save(tenant, snapshot, cancellation);
        }
        catch (Exception e) when (e is not SnapshotTooLargeException && !cancellation.IsCancellationRequested)
        {
            log.LogWarning(e, "A snapshot of tenant {Tenant} at sequence {Sequence} could not be stored", tenant,
                snapshot.Sequence);
            return false;
        }
    }

    private async ValueTask<bool> Save(string tenant, StoredSnapshot snapshot, CancellationToken cancellation)
    {
        if (!await IsWanted(tenant, snapshot, cancellation)) return true;
        var name = string.Create(CultureInfo.InvariantCulture, $"{snapshot.Sequence}:{Guid.NewGuid():n}");
        var key = Key("p", $"{tenant}:{name}");
        var count = 0;
        foreach (var part in snapshot.Parts)
        {
            cancellation.ThrowIfCancellationRequested();
            var number = count++;
            await Ask(async _ =>
            {
                var set = _redis.HashSetAsync(key, number, part, When.Always, Master);
                await _redis.KeyExpireAsync(key, Unfinished, Master);
                return await set;
            }, cancellation);
        }
        var put = (int)await Ask(Scripts.PutSnapshot, [Key("t", tenant), key],
            [$"{prefix}:p:{tenant}:", snapshot.Sequence, snapshot.Hash, name, count,
                $"{prefix}/state/tenant/{tenant}/snapshot"], cancellation);
        return put == 1 ? true : throw new StoreException("some of its parts are gone");
    }

    /// <summary>Not one that is ahead of the journal, or no newer than what is in force.</summary>
    private async ValueTask<bool> IsWanted(string tenant, StoredSnapshot snapshot, CancellationToken cancellation)
    {
        var found = await Ask(_ => _redis.HashGetAsync(Key("t", tenant), ["s", "ps", "ph"], Master), cancellation);
        var (head, there) = ((long?)found[0] ?? 0, (long?)found[1] ?? 0);
        // One that is ahead of the journal, or of another, is of entries that Redis has lost: it is in nobody's way.
        return snapshot.Sequence <= head && (snapshot.Sequence > there || there > head
            || (snapshot.Sequence == there && !snapshot.Hash.AsSpan().SequenceEqual((byte[])found[2]!)));
    }
}
