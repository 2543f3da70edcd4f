using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>What every store keeps of deliveries and webhooks (S5).</summary>
public abstract class DeliveryBehaviour : IAsyncLifetime
{
    private static readonly Instant Now = Instant.Parse("2026-11-21T09:30:00Z");
    private IStore _store = null!;

    protected abstract IStore Open();

    public Task InitializeAsync()
    {
        _store = Open();
        return Task.CompletedTask;
    }

    public virtual async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_tenant_is_unpublished_until_its_last_entry_is_noted_which_is_never_taken_back()
    {
        await Append("acme", 1, "cap.reached", "cap.cleared");
        await Append("bank", 1, "cap.reached");
        await Append("zoo", 1, "dispute.opened");
        var first = await _store.Unpublished(null, 2, default);
        Assert.Equal([new Unpublished("acme", 0, 2), new Unpublished("bank", 0, 1)], first.Tenants);
        Assert.Equal([new Unpublished("zoo", 0, 1)], (await _store.Unpublished(first.Next, 2, default)).Tenants);

        await _store.Published([new PublishedTo("acme", 1), new PublishedTo("zoo", 1)], default);
        await _store.Published([new PublishedTo("zoo", 0)], default);

        var page = await _store.Unpublished(null, 10, default);
        Assert.Equal([new Unpublished("acme", 1, 2), new Unpublished("bank", 0, 1)], page.Tenants);
        Assert.Null(page.Next);
        await _store.Published([new PublishedTo("acme", 2), new PublishedTo("bank", 1)], default);
        Assert.Empty((await _store.Unpublished(null, 10, default)).Tenants);
        await Append("zoo", 2, "dispute.opened");
        Assert.Equal([new Unpublished("zoo", 1, 2)], (await _store.Unpublished(null, 10, default)).Tenants);
    }

    [Fact]
    public async Task The_outbox_is_read_in_order_and_emptied_with_the_deliveries_that_are_made_of_it()
    {
        await Append("acme", 1, "cap.reached", "cap.cleared");
        await Append("zoo", 1, "dispute.opened");
        var rows = await _store.Outbox(0, 2, default);
        Assert.Equal([("acme", 1L, "cap.reached"), ("acme", 2L, "cap.cleared")],
            rows.Select(row => (row.Tenant, row.Alert.Sequence, row.Alert.Type)));
        Assert.Equal((Now, 2), (rows[1].Alert.At, rows[1].Alert.Entry[0]));

        await _store.Dispatch([.. rows.Select(row => row.Position)], [Made("hook", "acme", 1)], default);

        var left = Assert.Single(await _store.Outbox(0, 10, default));
        Assert.Equal("zoo", left.Tenant);
        Assert.True(left.Position > rows[1].Position);
        await _store.Dispatch([left.Position], [], default);
        await Append("zoo", 2, "dispute.opened");
        Assert.True((await _store.Outbox(0, 10, default))[0].Position > left.Position); // never used again
    }

    [Fact]
    public async Task Rows_of_the_outbox_that_are_to_stay_do_so_whatever_lies_between()
    {
        await Append("acme", 1, "cap.reached", "cap.cleared");
        await Append("zoo", 1, "dispute.opened", "cap.reached");
        await Append("acme", 3, "dispute.opened");
        var rows = await _store.Outbox(0, 10, default);

        await _store.Dispatch([rows[0].Position, rows[3].Position], [Made("hook", "acme", 1)], default);

        Assert.Equal([rows[1].Position, rows[2].Position, rows[4].Position],
            (await _store.Outbox(0, 10, default)).Select(row => row.Position));
        Assert.NotNull(await _store.Delivery("hook", Made("hook", "acme", 1).Id, default));
        await _store.Dispatch([.. rows.Select(row => row.Position)], [], default);
        Assert.Empty(await _store.Outbox(0, 10, default));
    }

    [Fact]
    public async Task Only_the_first_pending_delivery_of_each_tenant_is_due()
    {
        await Dispatch(Made("hook", "acme", 1), Made("hook", "zoo", 1), Made("hook", "acme", 2),
            Made("other", "acme", 1));

        Assert.Equal([("acme", 1L), ("zoo", 1L)], Of(await _store.Heads("hook", 10, default)));
        Assert.Null((await Get("hook", "acme", 2)).Due);

        await _store.Record(
            [await Get("hook", "acme", 1) with { Due = Now + TimeSpan.FromMinutes(1), Tries = 1, Attempts = [7] }],
            default);
        Assert.Equal([("zoo", 1L), ("acme", 1L)], Of(await _store.Heads("hook", 10, default)));
        Assert.Equal((1, 7), ((await Get("hook", "acme", 1)).Tries, (await Get("hook", "acme", 1)).Attempts[0]));

        await _store.Record([Ended(await Get("hook", "acme", 1), DeliveryStatus.Delivered)], default);
        Assert.Equal([("zoo", 1L), ("acme", 2L)], Of(await _store.Heads("hook", 10, default)));
        Assert.Equal(Now, (await Get("hook", "acme", 2)).Due);
        Assert.Equal([("acme", 1L)], Of(await _store.Heads("other", 10, default)));
        Assert.Single(await _store.Heads("hook", 1, default));
    }

    [Fact]
    public async Task One_that_is_pending_again_goes_before_what_came_after_it()
    {
        await Dispatch(Made("hook", "acme", 1), Made("hook", "acme", 2));
        await _store.Record([Ended(await Get("hook", "acme", 1), DeliveryStatus.Failed)], default);
        Assert.Equal([("acme", 2L)], Of(await _store.Heads("hook", 10, default)));

        await _store.Record(
            [await Get("hook", "acme", 1) with { Status = DeliveryStatus.Pending, EndedAt = null, Due = Now }],
            default);

        Assert.Equal([("acme", 1L)], Of(await _store.Heads("hook", 10, default)));
        // it was under way
        await _store.Record([await Get("hook", "acme", 2) with { Due = Now + TimeSpan.FromHours(1) }], default);
        Assert.Equal([("acme", 1L)], Of(await _store.Heads("hook", 10, default)));
    }

    [Fact]
    public async Task An_alert_is_delivered_to_a_webhook_once()
    {
        await Dispatch(Made("hook", "acme", 1));
        await Dispatch(Made("hook", "acme", 1), Made("hook", "acme", 2));

        Assert.Equal([2L, 1L], (await _store.Deliveries("hook", null, null, 10, default)).Select(one => one.Sequence));
        Assert.Equal([("acme", 1L)], Of(await _store.Heads("hook", 10, default)));
    }

    [Fact]
    public async Task Deliveries_are_listed_newest_first_by_status_and_page()
    {
        await Dispatch([.. Enumerable.Range(1, 5).Select(sequence => Made("hook", "acme", sequence))]);
        await _store.Record([Ended(await Get("hook", "acme", 2), DeliveryStatus.Failed),
            Ended(await Get("hook", "acme", 1), DeliveryStatus.Delivered)], default);

        var page = await _store.Deliveries("hook", null, null, 2, default);
        Assert.Equal([5L, 4L], page.Select(one => one.Sequence));
        Assert.Equal([3L, 2L], (await _store.Deliveries("hook", null, page[1].Number, 2, default))
            .Select(one => one.Sequence));
        Assert.Equal([2L], (await _store.Deliveries("hook", DeliveryStatus.Failed, null, 10, default))
            .Select(one => one.Sequence));
        Assert.Equal([5L, 4L, 3L],
            (await _store.Deliveries("hook", DeliveryStatus.Pending, null, 10, default)).Select(one => one.Sequence));
        Assert.Null(await _store.Delivery("other", "evt_acme_1", default));
    }

    [Fact]
    public async Task It_is_known_since_when_none_has_succeeded()
    {
        var hour = TimeSpan.FromHours(1);
        await Dispatch(
            Made("hook", "a", 1, Now), Made("hook", "b", 1, Now + hour), Made("hook", "c", 1, Now + 2 * hour),
            Made("hook", "d", 1, Now + 3 * hour));
        Assert.Null(await _store.FailingSince("hook", Now, default));
        Assert.Equal(Now, await _store.OldestPending(default));

        await _store.Record([Ended(await Get("hook", "a", 1), DeliveryStatus.Failed),
            Ended(await Get("hook", "c", 1), DeliveryStatus.Failed)], default);
        Assert.Equal(Now, await _store.FailingSince("hook", Now, default));
        Assert.Equal(Now + 2 * hour, await _store.FailingSince("hook", Now + hour, default));

        await _store.Record(
            [Ended(await Get("hook", "b", 1), DeliveryStatus.Delivered) with { EndedAt = Now + 2.5 * hour }], default);
        Assert.Null(await _store.FailingSince("hook", Now, default));
        await _store.Record([Ended(await Get("hook", "d", 1), DeliveryStatus.Failed)], default);
        Assert.Equal(Now + 3 * hour, await _store.FailingSince("hook", Now, default));
        Assert.Null(await _store.OldestPending(default));
    }

    [Fact]
    public async Task Giving_up_fails_what_is_pending_and_what_ended_is_forgotten_in_time()
    {
        await Dispatch(Made("hook", "acme", 1), Made("hook", "acme", 2), Made("other", "acme", 1));
        await _store.Record([Ended(await Get("hook", "acme", 1), DeliveryStatus.Delivered)], default);
        var later = Now + TimeSpan.FromHours(2);
        await _store.GiveUp("hook", later, default);

        Assert.Equal((DeliveryStatus.Failed, later),
            ((await Get("hook", "acme", 2)).Status, (await Get("hook", "acme", 2)).EndedAt));
        Assert.Empty(await _store.Heads("hook", 10, default));
        Assert.Single(await _store.Heads("other", 10, default));

        await _store.ExpireDeliveries(later, default);
        Assert.Equal([2L], (await _store.Deliveries("hook", null, null, 10, default)).Select(one => one.Sequence));
        Assert.Single(await _store.Deliveries("other", null, null, 10, default));
    }

    [Fact]
    public async Task A_webhook_is_replaced_and_leaves_with_its_deliveries_but_its_versions_stay()
    {
        Assert.True(await _store.PutWebhook(Version(1), [1], default));
        Assert.False(await _store.PutWebhook(Version(1), [2], default));
        Assert.True(await _store.PutWebhook(Version(2), [3], default));
        Assert.Equal([3], Assert.Single(await _store.Webhooks(default)).Content);
        await Dispatch(Made("hook", "acme", 1));

        Assert.True(await _store.PutWebhook(Version(3), null, default));

        Assert.Empty(await _store.Webhooks(default));
        Assert.Empty(await _store.Deliveries("hook", null, null, 10, default));
        Assert.Equal([1, 2, 3], (await _store.Documents("webhook", default)).Select(document => document.Version));
    }

    private static Document Version(int version) => new("webhook", "hook", version, Now, "admin", [9]);

    private static Delivery Made(string webhook, string tenant, long sequence, Instant? at = null) =>
        new(0, webhook, $"evt_{tenant}_{sequence}", tenant, sequence, "cap.reached", [1, 2], at
            ?? Now) { GiveUpAt = Now + TimeSpan.FromDays(1) };

    private static Delivery Ended(Delivery delivery, DeliveryStatus how) =>
        delivery with { Status = how, Due = null, EndedAt = Now + TimeSpan.FromHours(1) };

    private static IEnumerable<(string, long)> Of(IEnumerable<Delivery> deliveries) =>
        deliveries.Select(one => (one.Tenant, one.Sequence));

    private async Task<Delivery> Get(string webhook, string tenant, long sequence) =>
        (await _store.Delivery(webhook, $"evt_{tenant}_{sequence}", default))!;

    private async Task Dispatch(params Delivery[] deliveries) => await _store.Dispatch([], deliveries, default);

    private async Task Append(string tenant, long first, params string[] alerts)
    {
        var stored = await _store.Load(tenant, default);
        var previous = stored?.Hash ?? Chain.Genesis(tenant);
        using var block = new BlockWriter();
        foreach (var alert in alerts) block.Add(System.Text.Encoding.UTF8.GetBytes(alert));
        var last = new byte[Chain.HashLength];
        Chain.Over(previous, block.Written.Span, last);
        Alert[] outbox = [.. alerts.Select((type, i) => new Alert(first + i, type, Now, last, [(byte)(first + i)]))];
        var batch = new TenantBatch(tenant, previous, first, alerts.Length, block.Written, last, null, [], [], [],
            outbox);
        Assert.Equal([AppendResult.Written], await _store.Append([batch], default));
    }
}
