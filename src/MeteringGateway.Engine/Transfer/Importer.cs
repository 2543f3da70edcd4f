using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// One pass over a file. Every tenant is folded, and compared with what the file says; with a target it is written too.
/// </summary>
/// <param name="untold">Of each tenant the alerts that are in the outbox, by sequence; as an earlier pass found
/// them.</param>
internal sealed class Importer(
    ExportReader reader, ImportTarget? target, Dictionary<string, Dictionary<long, string>> untold,
    TransferOptions options, CancellationToken cancellation)
{
    private readonly Instant _now = Instant.From(options.Time.GetUtcNow());
    private readonly List<ArchivedRow> _archived = [];
    private readonly HashSet<(string Kind, string Id)> _documents = [];
    private TenantFold? _fold;
    private string? _last;

    public TransferSummary Summary { get; private set; } = TransferSummary.Nothing;

    /// <summary>What is in the outbox, as far as it was read.</summary>
    public Dictionary<string, Dictionary<long, string>> Untold { get; } = new(StringComparer.Ordinal);

    public async Task Run()
    {
        if (await reader.Next(cancellation) is not { Header: { Format: ExportLine.Format } header })
            throw reader.Broken("it is not an export of this program");
        if (header.Version != ExportLine.Version)
            throw reader.Broken(
                $"the file is of version {header.Version}; this program reads version {ExportLine.Version}");
        while (await reader.Next(cancellation) is { } line) await Take(line);
        if (target is not null) await target.End();
    }

    private ValueTask Take(ExportLine line) => line switch
    {
        { Tenant: { } tenant } => Begin(tenant),
        { Block: { } block } => Take(Current(), block),
        { Archived: { } kept } => Take(Current(), kept),
        { TenantEnd: { } end } => Take(Current(), end),
        _ when _fold is not null => throw reader.Broken($"tenant '{_fold.Tenant}' has not ended"),
        { Idempotency: { } row } => Take(row),
        { Outbox: { } alert } => Take(alert),
        { Document: { } document } => Take(document, null),
        { Webhook: { } hook } => Take(hook.Document, hook.Content),
        { Delivery: { } delivery } => Take(delivery),
        { FileEnd: { } end } => Take(end),
        _ => throw reader.Broken("nothing is known of what the line holds"),
    };

    private TenantFold Current() => _fold ?? throw reader.Broken("it belongs to no tenant");

    private ValueTask Begin(ExportLine.Begin tenant)
    {
        if (_fold is not null || string.CompareOrdinal(tenant.Id, _last) <= 0)
            throw reader.Broken($"tenant '{tenant.Id}' is out of order");
        _fold = new TenantFold(_last = tenant.Id);
        return ValueTask.CompletedTask;
    }

    private ValueTask Take(TenantFold fold, ExportLine.Entries block)
    {
        if (block.First != fold.Sequence + 1)
            throw reader.Broken($"tenant '{fold.Tenant}': entry {block.First} follows entry {fold.Sequence}");
        var (previous, alerts, archived) = (fold.Hash, new List<Alert>(), new List<ArchivedRow>());
        var mine = untold.GetValueOrDefault(fold.Tenant);
        try
        {
            for (var entries = new BlockReader(block.Framed); entries.TryRead(out var bytes);)
            {
                var entry = fold.Take(bytes);
                if (mine?.Remove(fold.Sequence, out var type) == true)
                    alerts.Add(new Alert(fold.Sequence, type, entry.At, fold.Hash, bytes.ToArray()));
                archived.AddRange(fold.TakeArchived());
            }
        }
        catch (Exception e) when (e is FormatException or TransferException)
        {
            throw reader.Broken(e.Message, e);
        }
        if (fold.Sequence != block.First + block.Count - 1)
            throw reader.Broken(
                $"tenant '{fold.Tenant}': the block of {block.First} should hold {block.Count} entries");
        options.Progress?.Invoke(
            new TransferProgress(target is null ? "checked" : "imported",
                Summary with { Entries = Summary.Entries + fold.Sequence }));
        return target is null
            ? ValueTask.CompletedTask
            : target.Add(new TenantBatch(fold.Tenant, previous, block.First, block.Count, block.Framed, fold.Hash,
                fold.Due, block.Details, archived, [], alerts)
            {
                Severity = fold.Severity,
            });
    }

    private ValueTask Take(TenantFold fold, ExportLine.Kept kept)
    {
        try
        {
            _archived.Add(fold.Row(EntryCodec.ReadOutcome(kept.Outcome), kept.Outcome));
            return ValueTask.CompletedTask;
        }
#pragma warning disable CA1031 // Bytes that are not an outcome can fail in any way.
        catch (Exception e)
#pragma warning restore CA1031
        {
            throw reader.Broken(
                $"tenant '{fold.Tenant}': the archived outcome cannot be read: {JournalCorruptException.Why(e)}", e);
        }
    }

    private async ValueTask Take(TenantFold fold, ExportLine.End end)
    {
        var said = new Proof(end.Id, end.Sequence, end.Hash, end.Digest, fold.Due);
        if (said.Differs(fold.Tenant, fold.State, fold.Hash) is { } difference) throw reader.Broken(difference);
        if (untold.GetValueOrDefault(fold.Tenant) is { Count: > 0 } left)
            throw reader.Broken(
                $"tenant '{fold.Tenant}' has no entry {left.Keys.First()}, whose alert is in the outbox");
        if (target is not null) await target.End(said, fold.State, [.. _archived]);
        _archived.Clear();
        Summary = Summary with { Tenants = Summary.Tenants + 1, Entries = Summary.Entries + fold.Sequence };
        _fold = null;
    }

    private ValueTask Take(IdempotencyRow row)
    {
        Summary = Summary with { Idempotency = Summary.Idempotency + 1 };
        // One that has expired since answers nothing any more.
        return target is null || row.ExpiresAt <= _now ? ValueTask.CompletedTask : target.Add(row);
    }

    private ValueTask Take(ExportLine.Untold alert)
    {
        if (!Untold.TryGetValue(alert.Tenant, out var alerts)) Untold[alert.Tenant] = alerts = [];
        if (!alerts.TryAdd(alert.Sequence, alert.Type))
            throw reader.Broken($"tenant '{alert.Tenant}': the alert of entry {alert.Sequence} is there twice");
        Summary = Summary with { Outbox = Summary.Outbox + 1 };
        return ValueTask.CompletedTask;
    }

    private ValueTask Take(Document document, byte[]? webhook)
    {
        var counts = _documents.Add((document.Kind, document.Id)) ? 1 : 0;
        Summary = Summary with
        {
            Documents = Summary.Documents + 1,
            Plans = Summary.Plans + (document.Kind == "plan" ? counts : 0),
            Keys = Summary.Keys + (document.Kind == "key" ? counts : 0),
            Webhooks = Summary.Webhooks + (document.Kind == "webhook" ? counts : 0),
        };
        var content = webhook is null ? null : options.Webhook(webhook);
        return target is null ? ValueTask.CompletedTask : target.Add(document, content);
    }

    private ValueTask Take(Delivery delivery)
    {
        Summary = Summary with { Deliveries = Summary.Deliveries + 1 };
        return target is null ? ValueTask.CompletedTask : target.Add(delivery);
    }

    private ValueTask Take(ExportLine.Last end) => end.Holds == Summary
        ? ValueTask.CompletedTask
        : throw reader.Broken($"the file should hold {end.Holds} (and more), and holds {Summary}");
}
