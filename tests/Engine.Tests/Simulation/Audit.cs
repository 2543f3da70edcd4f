using MeteringGateway.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Engine.Tests;

/// <summary>What must hold of a store whatever happened before.</summary>
internal static class Audit
{
    /// <summary>Checks a tenant's journal from its first entry; returns how many there are.</summary>
    public static async Task<int> Journal(MemoryStore store, string tenant, Ledger ledger, Replay replay)
    {
        var stored = await store.Load(tenant, default);
        Assert.True(ledger.Answered(tenant) <= (stored?.Sequence ?? 0), "an answer was given that is not durable");
        if (stored is null) return 0;
        var whole = stored with { Snapshot = null, Tail = await store.Read(tenant, 0, int.MaxValue, default) };
        await Verification.Verify(tenant, whole, null, default); // the chain; no gaps
        replay.Follow(whole);
        var entries = replay.Entries;

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
        Assert.Equal(Convert.ToHexString(replay.State.Digest()), Convert.ToHexString(loaded.State.Digest()));
        return entries.Count;
    }

    /// <summary>The live states are the fold of what is durable.</summary>
    public static async Task SameAlive(LocalTenants tenants, MemoryStore store,
        IReadOnlyDictionary<string, Replay> replays)
    {
        foreach (var tenant in Commands.Tenants)
        {
            if (await tenants.Tenant(tenant) is not { } figure) continue;
            var live = await tenants.Digest(tenant);
            var stored = (await store.Load(tenant, default))!;
            Assert.Equal(figure.Sequence, stored.Sequence);
            replays[tenant].Follow(stored with { Tail = await store.Read(tenant, 0, int.MaxValue, default) });
            Assert.Equal(Convert.ToHexString(replays[tenant].State.Digest()), Convert.ToHexString(live!));
        }
    }

    private static async Task HaveTheirDetails(MemoryStore store, string tenant, IReadOnlyList<Entry> entries)
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
