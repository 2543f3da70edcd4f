using Microsoft.Extensions.Logging;
using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>A database with something of everything, and whether anything of it is not what was written.</summary>
internal static class StoreDamage
{
    public static async Task Fill(string directory, params string[] ids)
    {
        var clock = new TestClock(TestEngine.Begin, FollowEvents: false);
        await using var store = SqliteStore.Open(directory);
        var time = new FakeTime(TestEngine.Begin.ToDateTimeOffset());
        await using (var tenants = new LocalTenants(store, new EngineOptions { IdleSnapshotEntries = 1 }, time))
        {
            await tenants.StartAsync();
            foreach (var tenant in ids)
            {
                await tenants.Execute(tenant, Make.Tenant(Make.Terms(cap: 4, warnAt: 50), clock));
                foreach (var id in (string[])["a", "b", "c"])
                    await tenants.Execute(tenant, Make.Report(id) with { Detail = Make.Detail("u-" + id) });
                // What has left memory, and is changed later: by a dispute that is decided, and by a verdict.
                await tenants.Execute(tenant, new Command.AdvanceClock(Instant.Parse("2026-12-20T00:00:00Z")));
                var opened = (Answer.Disputed)await tenants.Execute(tenant, new Command.OpenDispute("b", "not solved"));
                await tenants.Execute(tenant,
                    new Command.ResolveDispute(opened.Dispute.Id, Credited: true, "agreed"));
                await tenants.Execute(tenant, Make.Fact("late", "c", FactKind.VerdictRejected));
                await tenants.Execute(tenant, new Command.AdvanceClock(Instant.Parse("2027-02-20T00:00:00Z")));
                await tenants.Execute(tenant, Make.Report("d"));
            }
        }
        foreach (var version in (int[])[1, 2])
            await store.Put(Of("key", "k-1", version), default);
        await store.Put(Of("plan", "support", 1), default);
        await store.PutWebhook(Of("webhook", "hook", 1), [.. "{\"url\":\"https://example.org\"}"u8], default);
        await store.Published([new PublishedTo(ids[0], 3)], default);
        await store.Dispatch([], [new Delivery(0, "hook", "d-1", ids[0], 3, "cap.reached", [.. "{}"u8],
            TestEngine.Begin) { GiveUpAt = TestEngine.Begin + TimeSpan.FromDays(1) }], default);
        store.Execute("INSERT INTO idempotency(key, content, answer, expires) VALUES('k:acme:1', x'0102', x'03', 9)");
    }

    /// <summary>What is wrong, in words that name the place; null: nothing.</summary>
    public static async Task<string?> Of(IStore store, params string[] tenants)
    {
        try
        {
            if (await store.Check(default) is [var first, ..]) return first;
            foreach (var tenant in tenants)
                if (await Of(store, tenant) is { } finding) return finding;
            return null;
        }
        catch (Exception damage) when (damage is JournalCorruptException or StoreException)
        {
            return damage.Message;
        }
    }

    /// <summary>Copies the files of an open store, as they would be if its process were killed now.</summary>
    public static void Kill(string directory, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in (string[])["metering.db", "metering.db-wal"])
        {
            using var from = new FileStream(Path.Combine(directory, file), FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite);
            using var copy = File.Create(Path.Combine(to, file));
            from.CopyTo(copy);
        }
    }

    /// <summary>Makes a closed database one of before small blocks waited: schema version 4.</summary>
    public static void MakeOlder(string directory) => Execute(directory, "DROP TABLE fresh; PRAGMA user_version=4");

    /// <summary>Makes a closed database one of before rows had seals.</summary>
    /// <param name="more">SQL that makes it older still.</param>
    public static void MakeOlder(string directory, string more)
    {
        MakeOlder(directory);
        foreach (var table in Seals.Names(Seals.Since))
            Execute(directory, $"ALTER TABLE {table} DROP COLUMN seal");
        Execute(directory, more);
    }

    public static void Execute(string directory, string sql)
    {
        using var db = new Connection(Path.Combine(directory, "metering.db"), write: true);
        db.Execute(sql);
    }

    public static long Number(string directory, string sql)
    {
        using var db = new Connection(Path.Combine(directory, "metering.db"), write: false);
        return db.Number(sql);
    }

    private static async Task<string?> Of(IStore store, string tenant)
    {
        var log = new Told();
        if (await Recovery.Load(store, tenant, log, default) is null) return $"there is no tenant {tenant}";
        var stored = (await store.Load(tenant, default))!;
        var all = await store.Read(tenant, 0, int.MaxValue, default);
        await Verification.Verify(tenant, stored with { Snapshot = null, Tail = all }, null, default);
        var audit = new StoreAudit(store, tenant);
        foreach (var block in all)
        {
            var entries = new List<byte[]>();
            for (var reader = new BlockReader(block.Entries); reader.TryRead(out var entry);)
                entries.Add(entry.ToArray());
            await audit.Take(entries, default);
        }
        await audit.End(default);
        return audit.Findings.Concat(log.Lines).FirstOrDefault();
    }

    private static Document Of(string kind, string id, int version) => new(kind, id, version, TestEngine.Begin,
        "admin", [.. "{\"role\":\"agent\",\"permissions\":[\"allowance\"]}"u8]);

    private sealed class Told : ILogger
    {
        public List<string> Lines { get; } = [];
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state,
            Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
