using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine;

public sealed partial class SqliteStore
{
    private const string AsFenced = "WHERE id=?5 AND hash=?6 AND sequence=?7";

    /// <summary>Of most batches nothing else changes: what is due is in an index, which then stays as it is.</summary>
    private static readonly string MoveOn =
        "UPDATE tenants SET sequence=?1, hash=?2, "
        + $"seal={Seals.Of("tenants", "key", "id", "?1", "?2", "due", "snapshot_sequence", "snapshot_hash",
            "severity")} {AsFenced} AND due IS ?3 AND severity=IFNULL(?4, severity) RETURNING key";
    private static readonly string Move =
        "UPDATE tenants SET sequence=?1, hash=?2, due=?3, severity=IFNULL(?4, severity), "
        + $"seal={Seals.Of("tenants", "key", "id", "?1", "?2", "?3", "snapshot_sequence", "snapshot_hash",
            "IFNULL(?4, severity)")} {AsFenced} RETURNING key";
    private static readonly string SealTenant = $"UPDATE tenants SET seal={Seals.Of("tenants")} WHERE key=?";

    public ValueTask<IReadOnlyList<AppendResult>> Append(IReadOnlyList<TenantBatch> batches,
        CancellationToken cancellation) =>
        new(Write(db => db.Transaction(Begin, _ => Append(db, batches))));

    private AppendResult[] Append(Connection db, IReadOnlyList<TenantBatch> batches)
    {
        var results = new AppendResult[batches.Count];
        for (var i = 0; i < batches.Count; i++)
        {
            var batch = batches[i];
            if (AppendFresh(db, batch) is { } result) results[i] = result;
            else if (Advance(db, batch) is not { } tenant) results[i] = AppendResult.LostFence;
            else AppendTenant(db, tenant, batch);
        }
        return results;
    }

    private void AppendTenant(Connection db, long tenant, TenantBatch batch)
    {
        if (batch.Count > 0)
            db["INSERT INTO journal(tenant, first, count, previous, entries) VALUES(?,?,?,?,?)"]
                .Add(tenant).Add(batch.FirstSequence).Add(batch.Count).Add(batch.PreviousHash).Add(batch.Entries.Span)
                .Run();
        AppendBeside(db, tenant, batch);
    }

    /// <summary>What is no entry.</summary>
    private void AppendBeside(Connection db, long tenant, TenantBatch batch)
    {
        foreach (var row in batch.Details)
            db["INSERT INTO details(tenant, sequence, end_customer, salt, json) VALUES(?,?,?,?,?)"]
                .Add(tenant).Add(row.Sequence).Add(row.EndCustomer).Add(row.Salt).Add(row.Json).Run();
        foreach (var row in batch.Archived) Archive(db, tenant, row);
        foreach (var row in batch.Idempotency)
            db["INSERT OR REPLACE INTO idempotency(key, content, answer, expires) VALUES(?,?,?,?)"]
                .Add(row.Key).Add(row.Content).Add(row.Answer).Add(row.ExpiresAt.UnixMilliseconds).Run();
        foreach (var alert in batch.Outbox) Post(db, tenant, alert);
        foreach (var document in batch.Documents) Put(db, document);
        foreach (var sequence in batch.Erased)
            db["DELETE FROM details WHERE tenant=? AND sequence=?"].Add(tenant).Add(sequence).Run();
        if (batch.Erased.Count > 0) Volatile.Write(ref _logHasErased, true);
    }

    /// <summary>
    /// The fence: the tenant's key if it stood at the batch's previous hash, and now stands at its last; else null.
    /// </summary>
    private static long? Advance(Connection db, TenantBatch batch)
    {
        var last = batch.FirstSequence + batch.Count - 1;
        if ((Advance(db, MoveOn, batch, last) ?? Advance(db, Move, batch, last)) is { } there) return there;
        if (batch.FirstSequence != 1 || !batch.PreviousHash.AsSpan().SequenceEqual(Chain.Genesis(batch.Tenant)))
            return null;
        long key;
        using (var made =
            db["INSERT INTO tenants(id, sequence, hash, due, severity) VALUES(?,?,?,?,IFNULL(?, 0)) ON CONFLICT DO "
                + "NOTHING RETURNING key"]
            .Add(batch.Tenant).Add(last).Add(batch.LastHash).Add(batch.Due).Add((long?)batch.Severity))
        {
            if (!made.Step()) return null;
            key = made.Int64(0);
        }
        db[SealTenant].Add(key).Run();
        return key;
    }

    private static long? Advance(Connection db, string how, TenantBatch batch, long last)
    {
        using var moved = db[how].Add(last).Add(batch.LastHash).Add(batch.Due).Add((long?)batch.Severity)
            .Add(batch.Tenant).Add(batch.PreviousHash).Add(batch.FirstSequence - 1);
        return moved.Step() ? moved.Int64(0) : null;
    }

    private static void Archive(Connection db, long tenant, ArchivedRow row)
    {
        var outcome = row.Outcome;
        db["INSERT OR REPLACE INTO archived(tenant, id, first, sequence, period, status, reason, type, session, "
            + "bytes) VALUES(?,?,?,?,?,?,?,?,?,?)"]
            .Add(tenant).Add(outcome.Id).Add(outcome.FirstSequence).Add(outcome.Sequence).Add(outcome.Period.DayNumber)
            .Add((long)outcome.Status).Add((long)outcome.Reason).Add(outcome.OutcomeType).Add(outcome.Session)
            .Add(row.Bytes).Run();
    }
}
