using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// One export. While a server writes, the order of reading sees to it that nothing is in the file that its tenant's
/// journal does not bear out, and nothing is missing that it promises: keys before tenants, then what was to be told,
/// then where it went.
/// </summary>
internal sealed partial class Exporter(IStore store, ExportWriter writer, TransferOptions options,
    CancellationToken cancellation)
{
    private const int Page = 500;
    /// <summary>Some stores go through all of them for each page.</summary>
    private const int KeysPage = 20_000;
    private readonly Dictionary<string, long> _heads = new(StringComparer.Ordinal);
    private TransferSummary _sum = TransferSummary.Nothing;

    public async Task<TransferSummary> Run()
    {
        var now = Instant.From(options.Time.GetUtcNow());
        var before = new List<IdempotencyRow>();
        if (options.WhileRunning) await foreach (var row in Keys()) before.Add(row);
        await Write(new ExportLine { Header = new(ExportLine.Format, ExportLine.Version, now, options.WhileRunning) });
        await Tenants();
        var keys = options.WhileRunning ? before.ToAsyncEnumerable() : Keys();
        await foreach (var row in keys)
        {
            if (row.ExpiresAt <= now) continue;
            await Write(new ExportLine { Idempotency = row });
            _sum = _sum with { Idempotency = _sum.Idempotency + 1 };
        }
        await Outbox();
        await Documents();
        foreach (var webhook in await store.Webhooks(cancellation)) await Deliveries(webhook.Id);
        await Write(new ExportLine { FileEnd = new(_sum, writer.Sha256) });
        return _sum;
    }

    private ValueTask Write(ExportLine line) => writer.Write(line, cancellation);

    private async Task Tenants()
    {
        for (string? after = null; ;)
        {
            var ids = await store.List(after, Page, cancellation);
            foreach (var id in ids)
            {
                await Tenant(id);
                options.Progress?.Invoke(new TransferProgress("exported", _sum));
            }
            if (ids.Count < Page) return;
            after = ids[^1];
        }
    }

    private async IAsyncEnumerable<IdempotencyRow> Keys()
    {
        for (string? after = null; ;)
        {
            var page = await store.IdempotencyPage(after, KeysPage, cancellation);
            foreach (var row in page) yield return row;
            if (page.Count < KeysPage) yield break;
            after = page[^1].Key;
        }
    }

    private async Task Outbox()
    {
        // Its rows are few: whoever runs empties it at once.
        foreach (var row in await store.Outbox(0, int.MaxValue, cancellation))
        {
            if (!IsCovered(row.Tenant, row.Alert.Sequence)) continue;
            await Write(new ExportLine { Outbox = new(row.Tenant, row.Alert.Sequence, row.Alert.Type) });
            _sum = _sum with { Outbox = _sum.Outbox + 1 };
        }
    }

    private async Task Documents()
    {
        var webhooks = (await store.Webhooks(cancellation))
            .ToDictionary(row => row.Id, row => row.Content, StringComparer.Ordinal);
        foreach (var kind in Export.Kinds)
            foreach (var versions in (await store.Documents(kind, cancellation))
                .GroupBy(document => document.Id, StringComparer.Ordinal))
            {
                var newest = versions.MaxBy(version => version.Version);
                foreach (var version in versions)
                    await Write(kind == "webhook" && version == newest && webhooks.Remove(version.Id, out var content)
                        ? new ExportLine { Webhook = new(version, options.Webhook(content)) }
                        : new ExportLine { Document = version });
                _sum = Count(_sum, kind, versions.Count());
            }
        if (webhooks.Count > 0)
            throw new TransferException($"webhook '{webhooks.Keys.First()}' has no version: the store is damaged");
    }

    private static TransferSummary Count(TransferSummary sum, string kind, int versions) => sum with
    {
        Documents = sum.Documents + versions,
        Plans = sum.Plans + (kind == "plan" ? 1 : 0),
        Keys = sum.Keys + (kind == "key" ? 1 : 0),
        Webhooks = sum.Webhooks + (kind == "webhook" ? 1 : 0),
    };

    /// <summary>
    /// They are listed newest first and imported oldest first: where each page begins and ends is found out first.
    /// </summary>
    private async Task Deliveries(string webhook)
    {
        var pages = new Stack<(long Before, long Last)>();
        for (long? before = null; await store.Deliveries(webhook, null, before, Page,
            cancellation) is { Count: > 0 } page; before = page[^1].Number)
            pages.Push((page[0].Number + 1, page[^1].Number));
        while (pages.TryPop(out var page))
            foreach (var delivery in (await store.Deliveries(webhook, null, page.Before, Page, cancellation)).Reverse())
            {
                if (delivery.Number < page.Last || !IsCovered(delivery.Tenant, delivery.Sequence)) continue;
                await Write(new ExportLine { Delivery = delivery });
                _sum = _sum with { Deliveries = _sum.Deliveries + 1 };
            }
    }

    /// <summary>Whether the file has the entry that this is about.</summary>
    private bool IsCovered(string tenant, long sequence) =>
        !options.WhileRunning || (_heads.TryGetValue(tenant, out var head) && sequence <= head);
}
