using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// A store without a disk, with the faults of one. What was appended is visible at once and durable when the append
/// returns; a crash at any point leaves exactly the durable part (<see cref="AfterCrash"/>).
/// </summary>
internal sealed partial class MemoryStore : IStore
{
    private readonly Lock _gate = new();
    private readonly Disk _disk;
    private bool _dead;

    public MemoryStore() : this(new Disk()) { }

    private MemoryStore(Disk disk) => _disk = disk;

    /// <summary>Called with the number of each append, from 1, before anything is written.</summary>
    public Func<int, Fault> Fault { get; set; } = _ => Tests.Fault.None;

    /// <summary>Called on the committer's thread when an append is about to become durable.</summary>
    public Action<IReadOnlyList<TenantBatch>>? BeforeDurable { get; set; }

    /// <summary>What an idempotency key's row is read after.</summary>
    public Func<string, Task> BeforeIdempotent { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called with the number of each part of a snapshot, from 0, before it is stored.</summary>
    public Func<int, Task> BeforePart { get; set; } = _ => Task.CompletedTask;

    /// <summary>As a store that is reached over a network and does not answer.</summary>
    public bool LosesSnapshots { get; set; }

    /// <summary>Called with the id of each archived outcome that is read.</summary>
    public Action<string>? BeforeArchived { get; set; }

    /// <summary>A tenant's entries are read after.</summary>
    public Func<string, Task> BeforeRead { get; set; } = _ => Task.CompletedTask;

    /// <summary>What is stored apart is read after.</summary>
    public Func<Task> BeforeDetails { get; set; } = () => Task.CompletedTask;

    /// <summary>Called before details are removed (0), and before each block is.</summary>
    public Action<int> BeforeTrim { get; set; } = _ => { };

    public int IdempotentAsked { get; private set; }
    public int Appends { get; private set; }
    public int SnapshotsSaved { get; private set; }
    public int SnapshotsCut { get; private set; }
    public int SnapshotsLost { get; private set; }

    public static MemoryStore AfterCrash(MemoryStore crashed)
    {
        lock (crashed._gate)
        {
            crashed._dead = true;
            return new MemoryStore(crashed._disk);
        }
    }

    /// <summary>The last durable sequence; 0 if the tenant was never written.</summary>
    public long DurableSequence(string tenant)
    {
        lock (_gate) return _disk.Tenants.TryGetValue(tenant, out var stored) ? stored.Sequence : 0;
    }

    /// <summary>Breaks a byte of a stored block.</summary>
    public void Corrupt(string tenant, int block, int offset)
    {
        lock (_gate) _disk.Tenants[tenant].Blocks[block].Entries[offset] ^= 0x40;
    }

    public int Blocks(string tenant)
    {
        lock (_gate) return _disk.Tenants[tenant].Blocks.Count;
    }

    public Instant? DueOf(string tenant)
    {
        lock (_gate) return _disk.Tenants[tenant].Due;
    }

    public int ArchivedOf(string tenant)
    {
        lock (_gate) return _disk.Tenants[tenant].Archived.Count;
    }

    public int BlockLength(string tenant, int block)
    {
        lock (_gate) return _disk.Tenants[tenant].Blocks[block].Entries.Length;
    }

    /// <summary>Changes the stored snapshot as a disk might.</summary>
    public void ChangeSnapshot(string tenant, Func<StoredSnapshot, StoredSnapshot> change)
    {
        lock (_gate) _disk.Tenants[tenant].Snapshot = change(_disk.Tenants[tenant].Snapshot!);
    }

    public ValueTask<IReadOnlyList<AppendResult>> Append(IReadOnlyList<TenantBatch> batches,
        CancellationToken cancellation)
    {
        BeforeDurable?.Invoke(batches);
        lock (_gate)
        {
            if (_dead) throw new IOException("the process is gone");
            var fault = Fault(++Appends);
            if (fault == Tests.Fault.Lost)
            {
                _dead = true;
                throw new IOException("the write failed, and nothing of it is there");
            }
            if (fault == Tests.Fault.Unknown) return new([.. batches.Select(_ => AppendResult.Unknown)]);
            if (fault == Tests.Fault.TooLate) return new([.. batches.Select(_ => AppendResult.LostFence)]);
            AppendResult[] results = [.. batches.Select(Append)];
            if (fault == Tests.Fault.WrittenButUnknown) return new([.. batches.Select(_ => AppendResult.Unknown)]);
            if (fault == Tests.Fault.WrittenButFailed)
            {
                _dead = true;
                throw new IOException("the sync failed, though everything is there");
            }
            return new(results);
        }
    }

    private AppendResult Append(TenantBatch batch)
    {
        if (!_disk.Tenants.TryGetValue(batch.Tenant, out var tenant))
        {
            if (batch.FirstSequence != 1 || !batch.PreviousHash.SequenceEqual(Chain.Genesis(batch.Tenant)))
                return AppendResult.LostFence;
            tenant = _disk.Tenants[batch.Tenant] = new StoredRows { Hash = batch.PreviousHash };
        }
        else if (!tenant.Hash.SequenceEqual(batch.PreviousHash) || tenant.Sequence != batch.FirstSequence - 1)
            return AppendResult.LostFence;
        if (batch.Count > 0)
            tenant.Blocks.Add(new EntryBlock(batch.FirstSequence, batch.Count, batch.Entries.ToArray(),
                batch.PreviousHash));
        (tenant.Sequence, tenant.Hash, tenant.Due) = (batch.FirstSequence + batch.Count - 1, batch.LastHash, batch.Due);
        tenant.Severity = batch.Severity ?? tenant.Severity;
        foreach (var row in batch.Details) tenant.Details.Add(row.Sequence, row);
        foreach (var sequence in batch.Erased) tenant.Details.Remove(sequence);
        foreach (var row in batch.Archived) tenant.Archived[row.Outcome.Id] = row;
        foreach (var document in batch.Documents)
            _disk.Documents.TryAdd((document.Kind, document.Id, document.Version), document);
        foreach (var row in batch.Idempotency) _disk.Idempotency[row.Key] = row;
        foreach (var alert in batch.Outbox) _disk.Outbox.Add(new OutboxRow(++_disk.Position, batch.Tenant, alert));
        return AppendResult.Written;
    }

    public ValueTask<StoredTenant?> Load(string tenant, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_disk.Tenants.TryGetValue(tenant, out var rows)) return new((StoredTenant?)null);
            EntryBlock[] tail = [.. rows.Blocks.Where(block => block.FirstSequence + block.Count - 1
                > (rows.Snapshot?.Sequence ?? 0))];
            return new(new StoredTenant(rows.Snapshot, tail, rows.Sequence, rows.Hash));
        }
    }

    public async ValueTask<bool> SaveSnapshot(string tenant, StoredSnapshot snapshot, CancellationToken cancellation)
    {
        var parts = new List<byte[]>();
        foreach (var part in snapshot.Parts)
        {
            cancellation.ThrowIfCancellationRequested();
            await BeforePart(parts.Count);
            lock (_gate)
            {
                if (_dead && parts.Count > 0) SnapshotsCut++;
                if (_dead) throw new IOException("the process is gone");
            }
            parts.Add([.. part]);
            // Others have their turn between; of tens of thousands, behind all that others do, not behind each.
            if (parts.Count <= 1_000) await Task.Yield();
        }
        lock (_gate)
        {
            if (_dead) throw new IOException("the process is gone");
            if (LosesSnapshots)
            {
                SnapshotsLost++;
                return false;
            }
            var rows = _disk.Tenants[tenant];
            Assert.True(snapshot.Sequence <= rows.Sequence, "a snapshot of entries that are not durable");
            if (snapshot.Sequence > (rows.Snapshot?.Sequence ?? 0)) rows.Snapshot = snapshot with { Parts = parts };
            SnapshotsSaved++;
        }
        return true;
    }

    public async ValueTask<IReadOnlyList<EntryBlock>> Read(string tenant, long after, int limit,
        CancellationToken cancellation)
    {
        await BeforeRead(tenant);
        lock (_gate)
            return !_disk.Tenants.TryGetValue(tenant, out var rows) ? []
                : [.. rows.Blocks.Where(block => block.FirstSequence + block.Count - 1 > after)
                    .TakeWhile((block, i) => i == 0 || block.FirstSequence <= after + limit)];
    }

    public ValueTask<bool> Trim(string tenant, long first, byte[] previousHash, IReadOnlyList<long> details,
        CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_disk.Tenants.GetValueOrDefault(tenant) is not { } rows || !rows.Blocks.Exists(block =>
                block.FirstSequence == first && block.PreviousHash.SequenceEqual(previousHash)))
                return new(false);
            BeforeTrim(0);
            foreach (var sequence in details) rows.Details.Remove(sequence);
            for (var step = 1; rows.Blocks[0].FirstSequence < first; step++)
            {
                BeforeTrim(step);
                rows.Blocks.RemoveAt(0);
            }
            return new(true);
        }
    }

    public async ValueTask<IReadOnlyList<DetailRow?>> Details(string tenant, IReadOnlyList<long> sequences,
        CancellationToken cancellation)
    {
        await BeforeDetails();
        lock (_gate)
            return [
                .. sequences.Select(sequence =>
                    _disk.Tenants.GetValueOrDefault(tenant)?.Details.GetValueOrDefault(sequence))];
    }

    public ValueTask<IReadOnlyList<long>> DetailsOf(string tenant, string endCustomer, CancellationToken cancellation)
    {
        lock (_gate)
            return new([.. (_disk.Tenants.GetValueOrDefault(tenant)?.Details.Values.AsEnumerable() ?? [])
                .Where(row => row.EndCustomer == endCustomer).Select(row => row.Sequence).Order()]);
    }

    public ValueTask Erase(string tenant, IReadOnlyList<long> sequences, CancellationToken cancellation)
    {
        lock (_gate)
            foreach (var sequence in sequences) _disk.Tenants.GetValueOrDefault(tenant)?.Details.Remove(sequence);
        return default;
    }

    public ValueTask<IReadOnlyList<IdempotencyRow>> IdempotencyPage(string? after, int limit,
        CancellationToken cancellation)
    {
        lock (_gate)
            return new([.. _disk.Idempotency.Values.Where(row => string.CompareOrdinal(row.Key, after ?? "") > 0)
                .OrderBy(row => row.Key, StringComparer.Ordinal).Take(limit)]);
    }

    public async ValueTask<IdempotencyRow?> Idempotent(string? tenant, string key, CancellationToken cancellation)
    {
        lock (_gate) IdempotentAsked++;
        await BeforeIdempotent(key);
        lock (_gate) return _disk.Idempotency.GetValueOrDefault(key);
    }

    public ValueTask<bool> Once(IdempotencyRow row, CancellationToken cancellation)
    {
        lock (_gate) return new(_disk.Idempotency.TryAdd(row.Key, row));
    }

    public ValueTask Expire(Instant now, CancellationToken cancellation)
    {
        lock (_gate)
            foreach (var row in _disk.Idempotency.Values.Where(row => row.ExpiresAt <= now).ToList())
                _disk.Idempotency.Remove(row.Key);
        return default;
    }

    public ValueTask<IReadOnlyList<DueTenant>> Due(Instant now, int limit, CancellationToken cancellation)
    {
        lock (_gate)
            return new([.. _disk.Tenants.Where(row => row.Value.Due <= now).OrderBy(row => row.Value.Due).Take(limit)
                .Select(row => new DueTenant(row.Key, row.Value.Due!.Value))]);
    }

    public ValueTask<IReadOnlyList<string>> List(string? after, int limit, CancellationToken cancellation)
    {
        lock (_gate)
            return new(
                [.. _disk.Tenants.Keys.Order(StringComparer.Ordinal).Where(id => string.CompareOrdinal(id, after) > 0)
                    .Take(limit)]);
    }

    public ValueTask<IReadOnlyList<TenantInNeed>> Attention(
        IReadOnlyCollection<string>? among, TenantInNeed? after, int limit, CancellationToken cancellation)
    {
        lock (_gate)
            return new(
                [.. _disk.Tenants.Where(row => row.Value.Severity > LimitState.Active
                    && among?.Contains(row.Key) != false)
                .Where(row => after is null || row.Value.Severity < after.State
                    || (row.Value.Severity == after.State && string.CompareOrdinal(row.Key, after.Tenant) > 0))
                .OrderByDescending(row => row.Value.Severity).ThenBy(row => row.Key, StringComparer.Ordinal).Take(limit)
                .Select(row => new TenantInNeed(row.Key, row.Value.Severity))]);
    }

    public ValueTask<IReadOnlyList<long>> TenantsByState(CancellationToken cancellation)
    {
        lock (_gate)
            return new([.. Enum.GetValues<LimitState>()
                .Select(state => (long)_disk.Tenants.Values.Count(row => row.Severity == state))]);
    }

    public ValueTask<bool> Put(Document document, CancellationToken cancellation)
    {
        lock (_gate) return new(_disk.Documents.TryAdd((document.Kind, document.Id, document.Version), document));
    }

    public ValueTask<IReadOnlyList<Document>> Documents(string kind, CancellationToken cancellation)
    {
        lock (_gate)
            return new(
                [.. _disk.Documents.Values.Where(document => document.Kind == kind)
                    .OrderBy(document => document.Id, StringComparer.Ordinal).ThenBy(document => document.Version)]);
    }

    public async ValueTask<IReadOnlyList<Document>> NewestDocuments(string kind, CancellationToken cancellation) =>
        [.. (await Documents(kind, cancellation)).GroupBy(one => one.Id).Select(versions => versions.Last())];

    public Task<IReadOnlyList<string>> Check(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public ValueTask DisposeAsync() => default;

    private sealed partial class Disk
    {
        public Dictionary<string, StoredRows> Tenants { get; } = [];
        public Dictionary<string, IdempotencyRow> Idempotency { get; } = [];
        public Dictionary<(string, string, int), Document> Documents { get; } = [];
    }

    private sealed class StoredRows
    {
        public long Sequence { get; set; }
        public byte[] Hash { get; set; } = [];
        public Instant? Due { get; set; }
        public LimitState Severity { get; set; }
        public long Published { get; set; }
        public StoredSnapshot? Snapshot { get; set; }
        public List<EntryBlock> Blocks { get; } = [];
        public Dictionary<long, DetailRow> Details { get; } = [];
        public Dictionary<string, ArchivedRow> Archived { get; } = [];
    }
}

/// <summary>What becomes of an append.</summary>
internal enum Fault
{
    None,
    /// <summary>It fails, and nothing of it is there after a restart.</summary>
    Lost,
    /// <summary>It fails, and all of it is there after a restart: nobody can know.</summary>
    WrittenButFailed,
    /// <summary>The store does not say, and has nothing of it.</summary>
    Unknown,
    /// <summary>The store does not say, and has all of it.</summary>
    WrittenButUnknown,
    /// <summary>As if another process had just written to each tenant.</summary>
    TooLate,
}
