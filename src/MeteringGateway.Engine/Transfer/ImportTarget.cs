using MeteringGateway.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Engine;

/// <summary>What a tenant's journal comes to.</summary>
/// <param name="Hash">After the last entry.</param>
/// <param name="Digest">Of the state.</param>
/// <param name="Due">When something is next due in real time.</param>
internal sealed record Proof(string Tenant, long Sequence, byte[] Hash, byte[] Digest, Instant? Due)
{
    /// <summary>Where a state and its hash are not these; null if they are.</summary>
    public string? Differs(string tenant, TenantState found, byte[] hash) =>
        tenant != Tenant ? $"tenant '{tenant}' ends as '{Tenant}'"
        : found.Sequence != Sequence ? $"tenant '{Tenant}' has {found.Sequence} entries and should have {Sequence}"
        : !hash.AsSpan().SequenceEqual(Hash)
        ? $"tenant '{Tenant}': the chain of its {Sequence} entries ends with {Hex(hash)} and should end with "
            + $"{Hex(Hash)}"
        : found.Digest() is var digest && !digest.AsSpan().SequenceEqual(Digest)
            ? $"tenant '{Tenant}': the digest of its {Sequence} entries is {Hex(digest)} and should be {Hex(Digest)}"
        : null;

    private static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);
}

/// <summary>
/// Writes into an empty store: tenants in batches under the fence, each read back and compared when it is whole.
/// </summary>
internal sealed class ImportTarget(IStore store, CancellationToken cancellation)
{
    private const int Together = 500;
    private const long TogetherBytes = 4 << 20;
    /// <summary>From here on, a snapshot saves whoever first asks for the tenant its folding.</summary>
    private const int SnapshotEntries = 200;

    private readonly Dictionary<string, TenantBatch> _batches = new(StringComparer.Ordinal);
    private readonly List<(Proof Proof, TenantState? State)> _ended = [];
    private readonly List<IdempotencyRow> _keys = [];
    private readonly List<Delivery> _deliveries = [];
    private Proof? _last;
    private long _bytes;

    public async ValueTask Add(TenantBatch batch)
    {
        if (_batches.ContainsKey(batch.Tenant)) await Flush();
        _batches.Add(batch.Tenant, batch);
        _bytes += batch.Entries.Length + batch.Details.Sum(row => (long)row.Json.Length)
            + batch.Archived.Sum(row => (long)row.Bytes.Length);
        if (_bytes >= TogetherBytes || _batches.Count >= Together) await Flush();
    }

    /// <summary>All of a tenant's entries were added.</summary>
    /// <param name="kept">Archived outcomes that are to be these, whatever folding made of them.</param>
    public async ValueTask End(Proof proof, TenantState state, IReadOnlyList<ArchivedRow> kept)
    {
        _last = proof;
        foreach (var rows in kept.Chunk(Together)) await Add(Beside(proof) with { Archived = rows });
        var worthWhile = proof.Sequence >= SnapshotEntries;
        _ended.Add((proof, worthWhile ? state : null));
        // About what its outcomes, ids and sessions come to.
        if (worthWhile) _bytes += proof.Sequence * 200;
        if (!_batches.ContainsKey(proof.Tenant) || _bytes >= TogetherBytes) await Flush();
    }

    public async ValueTask Add(IdempotencyRow row)
    {
        _keys.Add(row);
        if (_keys.Count >= Together) await Keys();
    }

    public async ValueTask Add(Document document, byte[]? webhook)
    {
        await Settle();
        if (webhook is null ? await store.Put(document, cancellation)
            : await store.PutWebhook(document, webhook, cancellation)) return;
        throw new TransferException(
            $"version {document.Version} of the {document.Kind} '{document.Id}' is in the store already");
    }

    public async ValueTask Add(Delivery delivery)
    {
        if (_deliveries is [{ Webhook: var webhook }, ..]
            && (webhook != delivery.Webhook || _deliveries.Count >= Together)) await Settle();
        _deliveries.Add(delivery);
    }

    /// <summary>Writes whatever waits.</summary>
    public async ValueTask End()
    {
        await Settle();
        await Flush();
    }

    private async ValueTask Settle()
    {
        if (_keys.Count > 0) await Keys();
        if (_deliveries.Count == 0) return;
        var webhook = _deliveries[0].Webhook;
        var made = _deliveries.Select(one =>
            one with { Number = 0, Status = DeliveryStatus.Pending, Due = null, Tries = 0, EndedAt = null }).ToList();
        await store.Dispatch([], made, cancellation);
        var stored = (await store.Deliveries(webhook, null, null, made.Count, cancellation)).Reverse().ToList();
        if (!stored.Select(one => one.Id).SequenceEqual(made.Select(one => one.Id)))
            throw new TransferException(
                $"the deliveries to webhook '{webhook}' are not in the store as they were written");
        await store.Record([.. _deliveries.Select((one, i) => one with { Number = stored[i].Number })], cancellation);
        _deliveries.Clear();
    }

    private async ValueTask Keys()
    {
        // They are no tenant's: they are written beside the last one's journal.
        if (_last is null) throw new TransferException("the file has idempotency keys and no tenant");
        await Add(Beside(_last) with { Idempotency = [.. _keys] });
        await Flush();
        _keys.Clear();
    }

    /// <summary>Adds to what is beside the journal, and no entry.</summary>
    private static TenantBatch Beside(Proof proof) =>
        new(proof.Tenant, proof.Hash, proof.Sequence + 1, 0, ReadOnlyMemory<byte>.Empty, proof.Hash, proof.Due, [], [],
            [], []);

    private async ValueTask Flush()
    {
        TenantBatch[] batches = [.. _batches.Values];
        if (batches.Length > 0)
        {
            var results = await store.Append(batches, cancellation);
            for (var i = 0; i < batches.Length; i++)
                if (results[i] != AppendResult.Written) throw new TransferException(Why(batches[i], results[i]));
        }
        foreach (var (proof, state) in _ended)
        {
            if (state is not null)
                await store.SaveSnapshot(proof.Tenant, SnapshotSeal.Take(proof.Tenant, state, proof.Hash),
                    cancellation);
            await Verify(proof, state is not null);
        }
        _batches.Clear();
        _ended.Clear();
        _bytes = 0;
    }

    private static string Why(TenantBatch batch, AppendResult result) =>
        $"tenant '{batch.Tenant}' could not be written at sequence {batch.FirstSequence}: "
        + result switch
        {
            AppendResult.LostFence => "somebody else has written it",
            AppendResult.Full => "the store has no room",
            AppendResult.Refused => "the store takes no writes",
            _ => "the store did not say whether it was",
        };

    /// <summary>
    /// Loads the tenant as a server would. Where that begins with a snapshot, the whole chain is read besides.
    /// </summary>
    private async Task Verify(Proof proof, bool fromSnapshot)
    {
        try
        {
            var found = await Recovery.Load(store, proof.Tenant, NullLogger.Instance, cancellation)
                ?? throw new TransferException($"tenant '{proof.Tenant}' is not in the store after it was written");
            if (proof.Differs(proof.Tenant, found.State, found.Hash) is { } difference)
                throw new TransferException($"as it was read back, {difference}");
            if (fromSnapshot && !await IsWhole(proof))
                throw new TransferException($"as it was read back, tenant '{proof.Tenant}': its chain is broken");
        }
        catch (JournalCorruptException e)
        {
            throw new TransferException(e.Message, e);
        }
    }

    private async Task<bool> IsWhole(Proof proof)
    {
        var (sequence, hash) = (0L, Chain.Genesis(proof.Tenant));
        while (sequence < proof.Sequence
            && await store.Read(proof.Tenant, sequence, 5000, cancellation) is { Count: > 0 } blocks)
            foreach (var block in blocks)
            {
                if (block.FirstSequence != sequence + 1 || !block.PreviousHash.AsSpan().SequenceEqual(hash))
                    return false;
                sequence += Chain.Over(hash, block.Entries, hash);
            }
        return sequence == proof.Sequence && hash.AsSpan().SequenceEqual(proof.Hash);
    }
}
