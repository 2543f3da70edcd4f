using MeteringGateway.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Engine.Tests;

/// <summary>What must hold of a store whatever happened before.</summary>
internal static class Audit
{
    /// <summary>Checks a tenant's journal from its first entry; returns how many there are.</summary>
    public static async Task<int> Journal(MemoryStore store, string tenant, Ledger ledger)
    {
        var stored = await store.Load(tenant, default);
        Assert.True(ledger.Answered(tenant) <= (stored?.Sequence ?? 0), "an answer was given that is not durable");
        if (stored is null) return 0;
        var whole = stored with { Snapshot = null, Tail = await store.Read(tenant, 0, int.MaxValue, default) };
        await Verification.Verify(tenant, whole, null, default); // the chain; no gaps
        var (state, entries) = Replay(whole);

        var events = entries.Select(IdOf).OfType<EventId>().ToList();
        Assert.Empty(events.GroupBy(id => id).Where(same => same.Count() > 1).Select(same => same.Key)); // once each
        Assert.Empty(ledger.Acknowledged(tenant).Except(events)); // and none is missing
        ledger.CompareSignals(tenant,
            [.. entries.Select((entry, i) => (entry, i)).Where(item => item.entry is Entry.StateChanged)
                .Select(item => item.i + 1L)]);
        await HaveTheirDetails(store, tenant, entries);
        long[] alerts = [.. entries.Select((entry, i) => (entry, i))
            .Where(item => Alerts.TypeOf(item.entry) is not null).Select(item => item.i + 1L)];
        Assert.Equal(alerts, (await store.Outbox(0, int.MaxValue, default)).Where(row => row.Tenant == tenant)
            .Select(row => row.Alert.Sequence));

        var loaded = (await Recovery.Load(store, tenant, NullLogger.Instance, default))!;
        // snapshot + tail
        Assert.Equal(Convert.ToHexString(state.Digest()), Convert.ToHexString(loaded.State.Digest()));
        return entries.Count;
    }

    /// <summary>The live states are the fold of what is durable.</summary>
    public static async Task SameAlive(LocalTenants tenants, MemoryStore store)
    {
        foreach (var tenant in Commands.Tenants)
        {
            if (await tenants.Tenant(tenant) is not { } figure) continue;
            var live = await tenants.Digest(tenant);
            var stored = (await store.Load(tenant, default))!;
            Assert.Equal(figure.Sequence, stored.Sequence);
            var (state, _) = Replay(stored with { Tail = await store.Read(tenant, 0, int.MaxValue, default) });
            Assert.Equal(Convert.ToHexString(state.Digest()), Convert.ToHexString(live!));
        }
    }

    /// <summary>Folds all entries, and holds each against the caps (C2).</summary>
    private static (TenantState, List<Entry>) Replay(StoredTenant stored)
    {
        var state = new TenantState();
        var entries = new List<Entry>();
        Usage? before = null;
        foreach (var block in stored.Tail)
        {
            var reader = new BlockReader(block.Entries);
            while (reader.TryRead(out var bytes))
            {
                var entry = EntryCodec.Read(bytes);
                state.Apply(entry);
                entries.Add(entry);
                var after = state.Usage(null, entry.At)!;
                HoldsTheCaps(before, after, entry);
                before = after;
            }
            state.TakeDeparted();
        }
        return (state, entries);
    }

    /// <summary>No entry adds exposure above a limit; it stands above one only after the limit was lowered.</summary>
    private static void HoldsTheCaps(Usage? before, Usage after, Entry entry)
    {
        foreach (var cap in after.Caps)
        {
            if (cap.Exposure.Value <= cap.Cap.Limit.Value) continue;
            var was = before?.Period == after.Period
                ? before!.Caps.FirstOrDefault(old => old.Cap.Id == cap.Cap.Id)?.Exposure.Value : null;
            Assert.True(cap.Exposure.Value <= was,
                $"entry {after.Sequence}, {entry}, took cap '{cap.Cap.Id}' from {was} to {cap.Exposure} of {cap.Cap.Limit}");
        }
    }

    private static async Task HaveTheirDetails(MemoryStore store, string tenant, List<Entry> entries)
    {
        long[] hashed = [.. entries.Select((entry, i) => (entry, i))
            .Where(item => item.entry is Entry.OutcomeReported { DetailHash: not null }).Select(item => item.i + 1L)];
        Assert.DoesNotContain(null, await store.Details(tenant, hashed, default));
    }

    private static EventId? IdOf(Entry entry) => entry switch
    {
        Entry.OutcomeReported e => e.Id,
        Entry.FactReported e => e.IsApart ? Ledger.Apart(e.Id) : e.Id,
        Entry.ActivityReported e => e.Id,
        _ => null,
    };
}
