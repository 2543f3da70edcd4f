using System.Security.Cryptography;
using System.Text.Json;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// Compares what lies beside a tenant's journal with what its entries say: detail with the hash that its entry has of
/// it, archived outcomes with what folding makes of them, alerts that nobody has taken with their entries. The chain
/// is whole, or is not this one's to check.
/// </summary>
public sealed class StoreAudit(IStore store, string tenant)
{
    private const int AtOnce = 1_000;
    private readonly TenantFold _fold = new(tenant);
    private readonly Dictionary<long, byte[]?> _detail = [];
    private readonly Dictionary<string, Outcome> _differing = new(StringComparer.Ordinal);

    /// <summary>Entries that changed one of those after it was archived, by what it says of itself.</summary>
    private readonly Dictionary<long, string> _changes = [];
    private Dictionary<long, Alert>? _alerts;

    /// <summary>What is not as it was written, each with where; empty if all is.</summary>
    public List<string> Findings { get; } = [];

    /// <summary>Takes a block's entries, in order from entry 1.</summary>
    public async Task Take(IEnumerable<byte[]> entries, CancellationToken cancellation)
    {
        _alerts ??= await Alerts(cancellation);
        var archived = new List<ArchivedRow>();
        var taken = new List<Entry>();
        var first = _fold.Sequence + 1;
        foreach (var bytes in entries)
        {
            var entry = _fold.Take(bytes);
            taken.Add(entry);
            archived.AddRange(_fold.TakeArchived());
            var hash = entry switch
            {
                Entry.OutcomeReported e => e.DetailHash,
                Entry.FactReported e => e.DetailHash,
                Entry.ActivityReported e => e.DetailHash,
                _ => null,
            };
            _detail.Add(_fold.Sequence, hash);
            if (_alerts.Remove(_fold.Sequence, out var alert) && (alert.At != entry.At
                || !alert.Hash.AsSpan().SequenceEqual(_fold.Hash) || !alert.Entry.AsSpan().SequenceEqual(bytes)
                || alert.Type != Core.Alerts.TypeOf(entry)))
                Findings.Add($"the alert of entry {_fold.Sequence} in the outbox is not what the entry says");
        }
        await Details(cancellation);
        var differing = await StoredOutcomes.Differing(store, tenant, archived, cancellation);
        var stored = await store.Archived(tenant, [.. differing.Select(row => row.Outcome.Id)], cancellation);
        for (var i = 0; i < differing.Count; i++)
        {
            var folded = _differing[differing[i].Outcome.Id] = EntryCodec.ReadOutcome(differing[i].Bytes);
            if (stored[i] is not { } bytes || Read(bytes) is not { } now) continue;
            foreach (var sequence in now.ChangedBy.Where(one => one > folded.LastSequence))
                _changes[sequence] = folded.Id;
        }
        if (_changes.Count == 0) return;
        for (var i = 0; i < taken.Count; i++)
            if (_changes.Remove(first + i, out var id))
                _differing[id] = Changed(_differing[id], taken[i], first + i);
    }

    /// <summary>No more entries follow.</summary>
    public async Task End(CancellationToken cancellation)
    {
        foreach (var (id, folded) in _differing)
            if (await store.Archived(tenant, id, cancellation) is not { } stored)
                Findings.Add($"the archived outcome '{id}' is missing");
            else if (!IsAsFolded(stored, folded))
                Findings.Add($"the archived outcome '{id}' is not what was archived");
        foreach (var sequence in _alerts?.Keys.Where(sequence => sequence > _fold.Sequence) ?? [])
            Findings.Add($"the outbox has an alert of entry {sequence}, and the journal ends at {_fold.Sequence}");
    }

    private async Task<Dictionary<long, Alert>> Alerts(CancellationToken cancellation)
    {
        var alerts = new Dictionary<long, Alert>();
        var after = 0L;
        while (await store.Outbox(after, AtOnce, cancellation) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
                if (row.Tenant == tenant && !alerts.TryAdd(row.Alert.Sequence, row.Alert))
                    Findings.Add($"the outbox has two alerts of entry {row.Alert.Sequence}");
            after = rows[^1].Position;
        }
        return alerts;
    }

    private async Task Details(CancellationToken cancellation)
    {
        if (_detail.Count == 0) return;
        foreach (var row in await store.Details(tenant, [.. _detail.Keys], cancellation))
        {
            // One that is not there was erased.
            if (row is null) continue;
            byte[] salted = [.. row.Salt, .. row.Json];
            if (_detail[row.Sequence] is not { } hash)
                Findings.Add($"there is a detail of entry {row.Sequence}, and the entry has none");
            else if (!SHA256.HashData(salted).AsSpan().SequenceEqual(hash)
                || row.EndCustomer != EndCustomer(row.Json))
                Findings.Add($"the detail of entry {row.Sequence} is not what the entry has the hash of");
        }
        _detail.Clear();
    }

    private static string? EndCustomer(byte[] json)
    {
        try
        {
            using var detail = JsonDocument.Parse(json);
            return detail.RootElement.TryGetProperty("end_customer", out var value) ? value.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>
    /// What left memory is not folded any further: as the turn that took the entry left it (D3, O7).
    /// </summary>
    private static Outcome Changed(Outcome outcome, Entry by, long sequence) => by switch
    {
        Entry.FactReported e => outcome with
            { Facts = outcome.Facts.Add(new Fact(e.Id, e.Time, e.Kind, e.Verification)) },
        Entry.DisputeOpened e => outcome with
            { Dispute = new Dispute(e.Dispute, e.OutcomeId, e.Reason, DisputeStatus.Open, e.At) },
        Entry.DisputeResolved e => outcome with
        {
            Dispute = e.Before with { Status = e.Status, Note = e.Note, ResolvedAt = e.At, Credit = e.Credit },
        },
        Entry.OutcomeChanged e => outcome with { Status = e.Status, Admitted = e.Admitted, Credit = e.Credit },
        _ => outcome,
    } with { ChangedBy = outcome.ChangedBy.Add(sequence) };

    private bool IsAsFolded(byte[] stored, Outcome folded)
    {
        if (Read(stored) is not { } now) return false;
        // A gateway that is running has changed it since.
        if (now.LastSequence > _fold.Sequence)
            now = now with
            {
                Status = folded.Status, Admitted = folded.Admitted, Facts = folded.Facts, Dispute = folded.Dispute,
                Credit = folded.Credit, ChangedBy = folded.ChangedBy,
            };
        // An older program may have written the same in another way.
        return EntryCodec.WriteOutcome(now).AsSpan().SequenceEqual(EntryCodec.WriteOutcome(folded));
    }

    /// <summary>Null: the bytes are not an outcome's.</summary>
    private static Outcome? Read(byte[] stored)
    {
        try
        {
            return EntryCodec.ReadOutcome(stored);
        }
#pragma warning disable CA1031 // Bytes that are not an outcome can fail in any way.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }
}
