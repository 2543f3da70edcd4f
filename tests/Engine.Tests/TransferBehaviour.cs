using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// From one store to another and back, nothing is lost, added or changed; written for any <see cref="IStore"/>.
/// </summary>
public abstract class TransferBehaviour : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private SqliteStore _source = null!;

    /// <summary>An empty store of the kind under test. Its caller disposes it.</summary>
    protected abstract IStore OpenTarget();

    public async Task InitializeAsync()
    {
        _source = SqliteStore.Open(Path.Combine(_directory, "source"));
        await TransferSource.Fill(_source);
    }

    public virtual async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_store_is_the_same_after_it_was_moved_and_after_it_was_moved_back()
    {
        await using var target = OpenTarget();
        var there = await Move(_source, target);
        await using var back = SqliteStore.Open(Path.Combine(_directory, "back"));
        Assert.Equal(there, await Move(target, back));
        await Same(_source, back);
        Assert.Equal((5, 2, 1, 3), (there.Tenants, there.Plans, there.Keys, there.Webhooks));
        Assert.Equal((2, 11, 12), (there.Idempotency, there.Documents, there.Deliveries));
    }

    [Fact]
    public async Task Tenants_go_on_in_the_new_store_where_they_were()
    {
        await using var target = OpenTarget();
        await Move(_source, target);
        var clock = new TransferSource.Clock { Now = TransferSource.End };
        await using var tenants = new LocalTenants(target, new EngineOptions(), clock);
        await tenants.StartAsync();

        Assert.True(Assert.IsType<Answer.Accepted>(await tenants.Execute("history", Make.Report("n3"))).Duplicate);
        Assert.Equal(Refusal.OutcomeExists,
            Assert.IsType<Answer.Refused>(await tenants.Execute("history", Make.Report("o4", clock.Now))).Code);
        var again = await tenants.ExecuteOnce("busy", Make.Report("once"), new IdempotencyKey("k2:report", [3, 4]));
        Assert.True(Assert.IsType<Once.Answered>(again).Replayed);
        var topUp = new Command.IssueGrant(GrantKind.TopUp, Amount.Parse("120"),
            TransferSource.End + TimeSpan.FromDays(1), null, Amount.Parse("9"), "spring", "order-1");
        Assert.False(Assert.IsType<Answer.Granted>(await tenants.Execute("money", topUp)).Bought);
        Assert.Equal(OutcomeStatus.Credited, (await tenants.Outcome("history", "o4"))!.Outcome.Status);
        Assert.NotNull((await tenants.Outcome("history", "o5"))!.Outcome.Dispute);
        Assert.Equal(CreditReason.Disputed, (await tenants.Outcome("history", "o6"))!.Outcome.Credit!.Reason);
        Assert.NotNull((await tenants.Outcome("history", "o5"))!.Detail);
        Assert.IsType<Answer.Accepted>(await tenants.Execute("busy", Make.Report("new")));
    }

    [Fact]
    public async Task Only_an_empty_store_is_imported_into()
    {
        using var file = await Exported(_source);
        await using var target = OpenTarget();
        Assert.True(await target.Put(new Document("key", "k", 1, TransferSource.Begin, "admin", [1]), default));

        var error = await Assert.ThrowsAsync<TransferException>(() =>
            Import.Read(() => Again(file), target, At(), default));

        Assert.Equal("the store is not empty: it has a key 'k'", error.Message);
        Assert.Empty(await target.List(null, 1, default));
    }

    /// <summary>Exports one store, imports the file into the other, and compares every read of both.</summary>
    protected static async Task<TransferSummary> Move(IStore from, IStore to)
    {
        using var file = await Exported(from);
        var summary = await Import.Read(() => Again(file), to, At(), default);
        await Same(from, to);
        return summary;
    }

    internal static async Task<MemoryStream> Exported(IStore store)
    {
        var file = new MemoryStream();
        await Export.Write(store, file, At(), default);
        return file;
    }

    internal static MemoryStream Again(MemoryStream file) => new(file.ToArray());

    internal static TransferOptions At() => new() { Time = new TransferSource.Clock { Now = TransferSource.End } };

    internal static async Task Same(IStore a, IStore b)
    {
        var tenants = await a.List(null, 1000, default);
        Assert.Equal(tenants, await b.List(null, 1000, default));
        foreach (var tenant in tenants) await SameTenant(a, b, tenant);
        Assert.Equal(await a.Due(Instant.MaxValue, 100, default), await b.Due(Instant.MaxValue, 100, default));
        Assert.Equal(await a.Attention(null, null, 100, default), await b.Attention(null, null, 100, default));
        Equivalent(await a.IdempotencyPage(null, 100, default), await b.IdempotencyPage(null, 100, default));
        foreach (var kind in (string[])["plan", "key", "terms", "webhook"])
            Equivalent(await a.Documents(kind, default), await b.Documents(kind, default));
        var webhooks = await a.Webhooks(default);
        Equivalent(webhooks, await b.Webhooks(default));
        foreach (var webhook in webhooks) await SameDeliveries(a, b, webhook.Id);
        Assert.Equal(await a.OldestPending(default), await b.OldestPending(default));
        // The order of what different tenants have to tell means nothing.
        Equivalent(await Outbox(a), await Outbox(b));
    }

    private static async Task SameTenant(IStore a, IStore b, string tenant)
    {
        var (one, other) = ((await a.Load(tenant, default))!, (await b.Load(tenant, default))!);
        Assert.Equal((one.Sequence, Convert.ToHexString(one.Hash)), (other.Sequence, Convert.ToHexString(other.Hash)));
        Assert.Equal(await Entries(a, tenant), await Entries(b, tenant));
        var all = Enumerable.Range(1, (int)one.Sequence).Select(i => (long)i).ToList();
        Equivalent(await a.Details(tenant, all, default), await b.Details(tenant, all, default));
        foreach (var filter in (OutcomeFilter[])[new(), new(ChangedAfter: 0), new(Status: OutcomeStatus.Credited),
            new(Session: "s")])
            Equivalent(await a.ArchivedPage(tenant, filter, null, null, 1000, default),
                await b.ArchivedPage(tenant, filter, null, null, 1000, default));
    }

    private static async Task SameDeliveries(IStore a, IStore b, string webhook)
    {
        foreach (var status in (DeliveryStatus?[])[null, DeliveryStatus.Pending, DeliveryStatus.Delivered,
            DeliveryStatus.Failed])
            Equivalent(Unnumbered(await a.Deliveries(webhook, status, null, 100, default)),
                Unnumbered(await b.Deliveries(webhook, status, null, 100, default)));
        Equivalent(Unnumbered(await a.Heads(webhook, 100, default)), Unnumbered(await b.Heads(webhook, 100, default)));
        Assert.Equal(await a.FailingSince(webhook, TransferSource.Begin, default),
            await b.FailingSince(webhook, TransferSource.Begin, default));
    }

    private static async Task<string> Entries(IStore store, string tenant) =>
        string.Concat((await store.Read(tenant, 0, int.MaxValue, default))
            .Select(block => Convert.ToHexString(block.Entries)));

    private static async Task<List<(string, Alert)>> Outbox(IStore store) =>
        [.. (await store.Outbox(0, 1000, default)).Select(row => (row.Tenant, row.Alert))
            .OrderBy(row => row.Tenant, StringComparer.Ordinal).ThenBy(row => row.Alert.Sequence)];

    private static IEnumerable<Delivery> Unnumbered(IEnumerable<Delivery> deliveries) =>
        deliveries.Select(one => one with { Number = 0 });

    /// <summary>Records with arrays in them are equal when they read the same.</summary>
    private static void Equivalent<T>(IEnumerable<T> a, IEnumerable<T> b) =>
        Assert.Equal(a.Select(Text), b.Select(Text));

    private static string Text<T>(T value) => System.Text.Json.JsonSerializer.Serialize(value, Readable);

    private static readonly System.Text.Json.JsonSerializerOptions Readable = new() { IncludeFields = true };
}
