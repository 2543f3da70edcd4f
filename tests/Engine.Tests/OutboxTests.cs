using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>An alert is in the outbox exactly when its entry is in the journal (S5).</summary>
public sealed class OutboxTests
{
    private const string Acme = "acme";

    [Fact]
    public async Task An_alert_is_written_with_its_entry_and_with_nothing_else()
    {
        await using var engine = await TestEngine.Start();
        var told = 0;
        engine.Tenants.OutboxGrew += () => told++;
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 1)));
        Assert.Empty(await engine.Store.Outbox(0, 10, default));
        Assert.Equal(0, told);

        await engine.Tenants.Execute(Acme, Make.Report("a"));

        var row = Assert.Single(await engine.Store.Outbox(0, 10, default));
        var entry = (await engine.Tenants.Entries(Acme, row.Alert.Sequence - 1, 1))!.Items[0];
        Assert.Equal((Acme, "cap.reached", entry.Entry.At), (row.Tenant, row.Alert.Type, row.Alert.At));
        Assert.Equal(entry.Hash, row.Alert.Hash);
        Assert.Equal(((Entry.StateChanged)entry.Entry).ToSignal(0) with { Stops = null },
            ((Entry.StateChanged)EntryCodec.Read(row.Alert.Entry)).ToSignal(0) with { Stops = null });
        await TestEngine.Until(() => Volatile.Read(ref told) == 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_failed_flush_both_are_there_or_neither(bool written)
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 1)));
        engine.Store.Fault = _ => written ? Fault.WrittenButFailed : Fault.Lost;
        await Assert.ThrowsAsync<StoreFailedException>(async () =>
            await engine.Tenants.Execute(Acme, Make.Report("a")));

        await using var next = await engine.Crash();
        Assert.Equal(written ? 1 : 0, (await next.Store.Outbox(0, 10, default)).Count);
        await next.Tenants.Execute(Acme, Make.Report("a")); // asked again: a duplicate, or new
        Assert.Single(await next.Store.Outbox(0, 10, default));
    }

    [Fact]
    public async Task A_transaction_that_fails_leaves_no_row_in_the_outbox()
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using (var store = SqliteStore.Open(directory))
        {
            await using var tenants = new LocalTenants(store, new EngineOptions());
            await tenants.StartAsync();
            await tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 1)));
            store.Execute("PRAGMA max_page_count=1"); // held to the present size
            var commands = Enumerable.Range(0, 500).Select(i => (Command)Make.Report($"r{i}-{new string('x', 200)}"))
                .ToList();
            await Assert.ThrowsAsync<StoreFullException>(async () => await tenants.Execute(Acme, commands));
        }
        await using (var store = SqliteStore.Open(directory)) Assert.Empty(await store.Outbox(0, 10, default));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task An_alert_that_cannot_be_written_takes_its_entry_with_it()
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using (var store = SqliteStore.Open(directory))
        {
            await using var tenants = new LocalTenants(store, new EngineOptions());
            await tenants.StartAsync();
            await tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 1)));
            store.Execute("ALTER TABLE outbox RENAME TO hidden");
            await Assert.ThrowsAsync<StoreFailedException>(async () => await tenants.Execute(Acme, Make.Report("a")));
        }
        using (var connection = new Connection(Path.Combine(directory, "metering.db"), write: true)) connection.Execute(
            "ALTER TABLE hidden RENAME TO outbox");
        await using (var store = SqliteStore.Open(directory))
        {
            await using var tenants = new LocalTenants(store, new EngineOptions());
            await tenants.StartAsync();
            Assert.Equal(0, (await tenants.Usage(Acme, null))!.OutcomeTypes[0].Reported);
            Assert.Empty(await store.Outbox(0, 10, default));
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_tenant_that_lost_the_fence_leaves_no_row_in_the_outbox()
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using (var store = SqliteStore.Open(directory))
        {
            var alert = new Alert(9, "cap.reached", TestEngine.Begin, [1], [2]);
            var stale = new TenantBatch(Acme, new byte[Chain.HashLength], 9, 1, new byte[] { 1, 1 },
                new byte[Chain.HashLength], null, [], [], [], [alert]);
            Assert.Equal([AppendResult.LostFence], await store.Append([stale], default));
            Assert.Empty(await store.Outbox(0, 10, default));
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task The_log_does_not_grow_without_end_while_only_deliveries_are_written()
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using (var store = SqliteStore.Open(directory))
        {
            var made = new Delivery(0, "hook", "evt_1", Acme, 1, "cap.reached", new byte[200_000],
                TestEngine.Begin) { GiveUpAt = TestEngine.Begin };
            await store.Dispatch([], [made], default);
            var stored = (await store.Delivery("hook", "evt_1", default))!;
            var log = new FileInfo(Path.Combine(directory, "metering.db-wal"));
            long before;
            do
            {
                before = log.Length;
                await store.Record(
                    [stored with { Attempts = System.Security.Cryptography.RandomNumberGenerator.GetBytes(200_000) }],
                    default);
                await Task.Yield();
                log.Refresh();
                Assert.True(log.Length < 400 << 20, $"{log.Length} bytes and growing");
            }
            while (log.Length != before); // it begins anew, in the same file
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_database_of_the_first_version_gets_the_new_tables_when_it_is_opened()
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using (var store = SqliteStore.Open(directory))
        {
            await using var tenants = new LocalTenants(store, new EngineOptions());
            await tenants.StartAsync();
            await tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 1)));
        }
        StoreDamage.MakeOlder(directory, """
            DROP TABLE outbox; DROP TABLE webhooks; DROP TABLE deliveries;
            DROP INDEX tenants_severity; ALTER TABLE tenants DROP COLUMN severity; PRAGMA user_version=1
            """);
        await using (var store = SqliteStore.Open(directory))
        {
            await using var tenants = new LocalTenants(store, new EngineOptions());
            await tenants.StartAsync();
            await tenants.Execute(Acme, Make.Report("a"));
            Assert.Single(await store.Outbox(0, 10, default));
        }
        Directory.Delete(directory, recursive: true);
    }
}
