using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// The one seam to durable storage. What a call has returned from is as durable as the store can make it. A store that
/// is this process's alone throws when a write fails, and is never asked again: the caller stops (see
/// <see cref="StoreFailedException"/>), because nobody can know what a failed sync has left behind; only where there
/// was no room (<see cref="StoreFullException"/>) nothing was written, and it may be asked again. A store that is
/// reached over a network answers <see cref="AppendResult.Unknown"/> instead, or that it refused
/// (<see cref="AppendResult.Full"/>, <see cref="AppendResult.Refused"/>), and goes on.
/// </summary>
public partial interface IStore : IAsyncDisposable
{
    /// <summary>
    /// Writes the batches of several tenants as one transaction, each under its fence: a tenant whose last hash is not
    /// <see cref="TenantBatch.PreviousHash"/> is refused alone and wholly.
    /// </summary>
    ValueTask<IReadOnlyList<AppendResult>> Append(IReadOnlyList<TenantBatch> batches, CancellationToken cancellation);

    /// <summary>The newest snapshot and the entries after it; null if the tenant was never written.</summary>
    ValueTask<StoredTenant?> Load(string tenant, CancellationToken cancellation);

    /// <summary>
    /// Replaces the tenant's snapshot. It changes cost, never meaning. Parts are taken and stored one after the other,
    /// so that no flush waits for more than one; until the last is, the snapshot before is in force, and it stays so
    /// if this is cancelled or a part cannot be made. One that is older than what is there is not kept. False: a store
    /// that is reached over a network could not store it.
    /// </summary>
    ValueTask<bool> SaveSnapshot(string tenant, StoredSnapshot snapshot, CancellationToken cancellation);

    /// <summary>
    /// Framed entries with a sequence above <paramref name="after"/>, at most about <paramref name="limit"/> (whole
    /// blocks), in order.
    /// </summary>
    ValueTask<IReadOnlyList<EntryBlock>> Read(string tenant, long after, int limit, CancellationToken cancellation);

    /// <summary>
    /// Removes the blocks before the one that begins with <paramref name="first"/>, oldest first and a few at a time,
    /// and before them what is stored apart for <paramref name="details"/>: they are in a segment. False, and nothing
    /// is removed, if there is no such block with that hash before it (the fence).
    /// </summary>
    ValueTask<bool> Trim(string tenant, long first, byte[] previousHash, IReadOnlyList<long> details,
        CancellationToken cancellation);

    /// <summary>What was stored apart for these sequences; null where there is nothing.</summary>
    ValueTask<IReadOnlyList<DetailRow?>> Details(string tenant, IReadOnlyList<long> sequences,
        CancellationToken cancellation);

    /// <summary>Archived outcomes by their ids; null where there is none.</summary>
    ValueTask<IReadOnlyList<byte[]?>> Archived(string tenant, IReadOnlyList<string> outcomeIds,
        CancellationToken cancellation);

    /// <summary>
    /// Removes archived outcomes that are in a segment, a few at a time; one that has changed since stays.
    /// </summary>
    ValueTask RemoveArchived(string tenant, IReadOnlyList<ArchivedVersion> sealedOnes, CancellationToken cancellation);

    /// <summary>Sequences of an end customer's events for which something is stored apart, in order.</summary>
    ValueTask<IReadOnlyList<long>> DetailsOf(string tenant, string endCustomer, CancellationToken cancellation);

    /// <summary>
    /// Sees to it that nothing is left of what was stored apart for these sequences, wherever the store keeps what was
    /// there before.
    /// </summary>
    ValueTask Erase(string tenant, IReadOnlyList<long> sequences, CancellationToken cancellation);

    /// <summary>
    /// Archived outcomes that pass the filter: by first sequence below <paramref name="cursor"/>, highest first; with
    /// <see cref="OutcomeFilter.ChangedAfter"/> by sequence above <paramref name="cursor"/>, lowest first; none at or
    /// beyond <paramref name="end"/>.
    /// </summary>
    ValueTask<IReadOnlyList<byte[]>> ArchivedPage(string tenant, OutcomeFilter filter, long? cursor, long? end,
        int limit, CancellationToken cancellation);

    /// <param name="tenant">Whose command it is; null: nobody's (<see cref="Once"/>).</param>
    ValueTask<IdempotencyRow?> Idempotent(string? tenant, string key, CancellationToken cancellation);

    /// <summary>Idempotency rows by key, from after <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<IdempotencyRow>> IdempotencyPage(string? after, int limit, CancellationToken cancellation);

    /// <summary>
    /// Keeps a row until its time, unless its key is there already: then false. What may be done once.
    /// </summary>
    ValueTask<bool> Once(IdempotencyRow row, CancellationToken cancellation);

    /// <summary>Deletes idempotency rows that expired.</summary>
    ValueTask Expire(Instant now, CancellationToken cancellation);

    /// <summary>Tenants that something is due for at or before <paramref name="now"/>, most urgent first.</summary>
    ValueTask<IReadOnlyList<DueTenant>> Due(Instant now, int limit, CancellationToken cancellation);

    /// <summary>Tenant ids in order, from after <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<string>> List(string? after, int limit, CancellationToken cancellation);

    /// <summary>
    /// Tenants whose last known severity is above <see cref="LimitState.Active"/>: the most severe first, then by id,
    /// from after <paramref name="after"/>.
    /// </summary>
    /// <param name="among">Null: all.</param>
    ValueTask<IReadOnlyList<TenantInNeed>> Attention(
        IReadOnlyCollection<string>? among, TenantInNeed? after, int limit, CancellationToken cancellation);

    /// <summary>How many tenants there are in each <see cref="LimitState"/>, in order of its values.</summary>
    ValueTask<IReadOnlyList<long>> TenantsByState(CancellationToken cancellation);

    /// <summary>
    /// Adds version <see cref="Document.Version"/> of a document (a plan, a key); false if that version exists already.
    /// Versions are never changed or removed.
    /// </summary>
    ValueTask<bool> Put(Document document, CancellationToken cancellation);

    /// <summary>Every version of every document of a kind, by id and version.</summary>
    ValueTask<IReadOnlyList<Document>> Documents(string kind, CancellationToken cancellation);

    /// <summary>
    /// Looks through about <paramref name="limit"/> tenants, by id from after <paramref name="after"/>, for those whose
    /// last entry is not published.
    /// </summary>
    ValueTask<UnpublishedPage> Unpublished(string? after, int limit, CancellationToken cancellation);

    /// <summary>Notes of tenants up to which entry they are published, all at once; never takes that back.</summary>
    ValueTask Published(IReadOnlyList<PublishedTo> tenants, CancellationToken cancellation);

    /// <summary>
    /// Looks whether all that the tenants' journals do not vouch for is as it was written: each finding with its place.
    /// Goes through everything, and takes as long. Beside this, reads throw of a document that is not.
    /// </summary>
    Task<IReadOnlyList<string>> Check(CancellationToken cancellation);

    /// <summary>Of every document of a kind the newest version, by id.</summary>
    ValueTask<IReadOnlyList<Document>> NewestDocuments(string kind, CancellationToken cancellation);
}

/// <summary>What is asked of a store in few words.</summary>
public static class Stores
{
    public static async ValueTask<byte[]?> Archived(this IStore store, string tenant, string outcomeId,
        CancellationToken cancellation) => (await store.Archived(tenant, [outcomeId], cancellation))[0];
}

/// <summary>What one tenant adds to the journal in one flush.</summary>
/// <param name="Entries">Framed as <c>docs/journal.md</c> says; only valid during the call. Empty with a count of 0,
/// when there is only something beside the journal to keep.</param>
/// <param name="Due">When something is next due for the tenant, in real time; null for none, and for a test
/// clock.</param>
public sealed record TenantBatch(
    string Tenant, byte[] PreviousHash, long FirstSequence, int Count, ReadOnlyMemory<byte> Entries, byte[] LastHash,
    Instant? Due,
    IReadOnlyList<DetailRow> Details, IReadOnlyList<ArchivedRow> Archived, IReadOnlyList<IdempotencyRow> Idempotency,
    IReadOnlyList<Alert> Outbox)
{
    /// <summary>Null: as it was.</summary>
    public LimitState? Severity { get; init; }

    /// <summary>Versions of documents that belong to what the entries say; one that is there already stays as it
    /// is.</summary>
    public IReadOnlyList<Document> Documents { get; init; } = [];

    /// <summary>Sequences for which what is stored apart goes, with the entry that says so.</summary>
    public IReadOnlyList<long> Erased { get; init; } = [];
}

public enum AppendResult : byte
{
    Written,
    /// <summary>
    /// Somebody else wrote in between. Nothing of the batch is there, and nothing of it ever will be.
    /// </summary>
    LostFence,
    /// <summary>Nobody can say whether it is there, or will be. Whoever loads the tenant finds out.</summary>
    Unknown,
    /// <summary>The store had no room. Nothing of the batch is there, and nothing of it ever will be.</summary>
    Full,
    /// <summary>
    /// The store takes no writes at present. Nothing of the batch is there, and nothing of it ever will be.
    /// </summary>
    Refused,
}

public sealed record DetailRow(long Sequence, string? EndCustomer, byte[] Salt, byte[] Json);

public sealed record ArchivedRow(OutcomeFigure Outcome, byte[] Bytes);

/// <summary>An archived outcome as it was after an entry: each that changes it has another.</summary>
public sealed record ArchivedVersion(string OutcomeId, long Sequence);

/// <param name="Answer">The first answer, as <see cref="Core"/> writes it.</param>
/// <param name="ExpiresAt">24 hours of real time after the first (T5).</param>
public sealed record IdempotencyRow(string Key, byte[] Content, byte[] Answer, Instant ExpiresAt);

/// <param name="PreviousHash">Hash before the first entry of the block.</param>
public sealed record EntryBlock(long FirstSequence, int Count, byte[] Entries, byte[] PreviousHash);

/// <param name="Parts">As <see cref="SnapshotSeal"/> writes them, in order; those of one that is to be stored are made
/// when they are asked for.</param>
public sealed record StoredSnapshot(long Sequence, byte[] Hash, IEnumerable<byte[]> Parts)
{
    /// <summary>Gives each part, in order, where it lies: whoever takes it copies what is to stay.</summary>
    public void Each(Action<ReadOnlySpan<byte>> take)
    {
        if (Parts is Sqlite.StoredParts lying) lying.Each(take);
        else foreach (var part in Parts) take(part);
    }
}

/// <param name="Sequence">Of the last entry.</param>
/// <param name="Hash">After the last entry: where the tail's chain must end.</param>
public sealed record StoredTenant(StoredSnapshot? Snapshot, IReadOnlyList<EntryBlock> Tail, long Sequence, byte[] Hash);

/// <param name="Published">Up to this entry; 0: nothing.</param>
/// <param name="Sequence">Of its last entry.</param>
public sealed record Unpublished(string Tenant, long Published, long Sequence);

public sealed record PublishedTo(string Tenant, long Sequence);

/// <param name="Next">What the next page comes after; null on the last.</param>
public sealed record UnpublishedPage(IReadOnlyList<Unpublished> Tenants, string? Next);

public sealed record DueTenant(string Tenant, Instant Due);

/// <param name="Actor">Key id of who made this version.</param>
public sealed record Document(string Kind, string Id, int Version, Instant At, string Actor, byte[] Content);
