using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Fills a store with some of everything that a store can hold.</summary>
internal static class TransferSource
{
    public static readonly Instant Begin = Instant.Parse("2026-11-21T09:30:00Z");
    public static readonly Instant End = Instant.Parse("2027-01-12T00:00:00Z");

    /// <param name="busy">Outcomes of the tenant that has most.</param>
    public static async Task Fill(IStore store, int busy = 1700)
    {
        var clock = new Clock { Now = Begin };
        await using (var tenants = new LocalTenants(store, new EngineOptions { DuePoll = TimeSpan.FromHours(1) },
            clock))
        {
            await tenants.StartAsync();
            await History(tenants, clock);
            await Money(tenants, clock);
            await TestClock(tenants);
            await Busy(tenants, busy);
            await tenants.Execute("unused", Make.Tenant());
            await tenants.ExecuteOnce("busy", new Command.Reserve(Make.One, TimeSpan.FromHours(2), false),
                new IdempotencyKey("k1:reserve", [1, 2]));
            await tenants.ExecuteOnce("busy", Make.Report("once"), new IdempotencyKey("k2:report", [3, 4]));
        }
        await Documents(store);
        await Deliveries(store);
    }

    /// <summary>
    /// Outcomes that left memory, one credited and two disputed after that, one of them with success, an alias of another, and what is stored
    /// apart.
    /// </summary>
    private static async Task History(LocalTenants tenants, Clock clock)
    {
        var terms = Make.Terms(cap: 20, warnAt: 50);
        terms = terms
            with {
                OutcomeTypes = [terms.OutcomeTypes[0]
                    with { CreditAfterWindow = true, MeasurementWindow = TimeSpan.FromHours(1) }] };
        await tenants.Execute("history", Make.Tenant(terms));
        for (var i = 0; i < 12; i++)
            await tenants.Execute("history",
                Make.Report($"o{i}", clock.Now, session: i < 2 ? "s" : null) with { Detail = Make.Detail($"u-{i}") });
        await tenants.Execute("history", Make.Activity("a1", "s") with { Detail = Make.Detail("u-1") });
        await tenants.Execute("history", Make.Fact("f1", "o0", FactKind.Reopened, clock.Now));
        await tenants.Execute("history", Make.Report("again", clock.Now + TimeSpan.FromMilliseconds(1), session: "s"));
        await tenants.Execute("history", Make.Fact("f2", "not yet known", FactKind.Escalated, clock.Now));
        clock.Now = Instant.Parse("2027-01-08T12:00:00Z");
        await tenants.Execute("history", new Command.Tick());
        await tenants.Execute("history",
            Make.Fact("late", "o4", FactKind.Escalated) with { Detail = Make.Detail("u-4") });
        await tenants.Execute("history", Make.Fact("verdict", "o5", FactKind.VerdictRejected));
        var disputed = (Answer.Disputed)await tenants.Execute("history", new Command.OpenDispute("o6", "not solved"));
        await tenants.Execute("history", new Command.ResolveDispute(disputed.Dispute.Id, Credited: true, "agreed"));
        for (var i = 0; i < 20; i++) await tenants.Execute("history", Make.Report($"n{i}"));
    }

    private static async Task Money(LocalTenants tenants, Clock clock)
    {
        clock.Now = Instant.Parse("2027-01-11T12:00:00Z");
        var terms = Make.Terms();
        terms = terms
            with {
                OutcomeTypes = [new OutcomeType { Id = Make.Type, Credits = Amount.Parse("50"),
                    MeasurementWindow = TimeSpan.Zero }] };
        await tenants.Execute("money", Make.Tenant(terms, zone: "Europe/Berlin"));
        await tenants.Execute("money",
            new Command.IssueGrant(GrantKind.TopUp, Amount.Parse("120"), End + TimeSpan.FromDays(1), null,
                Amount.Parse("9"), "spring", "order-1"));
        await tenants.Execute("money",
            new Command.IssueGrant(GrantKind.Promotional, Amount.Parse("60"), null, 5, null, null, null));
        for (var i = 0; i < 4; i++) await tenants.Execute("money", Make.Report($"m{i}"));
        await tenants.Execute("money", new Command.VoidGrant("g1"));
        await tenants.Execute("money",
            new Command.SetThreshold(
                new Threshold("mine", Measure.Credits, null, null, new Limit(Amount.Parse("10").Micros, true))));
        await tenants.Execute("money",
            new Command.Pause(new AtLimit(LimitAction.Handoff, "queue:tier1", "later"),
                "audit") { Actor = new Actor("k9", "finance") });
    }

    private static async Task TestClock(LocalTenants tenants)
    {
        var start = Instant.Parse("2016-02-29T00:00:00Z");
        await tenants.Execute("replayed", Make.Tenant(Make.Terms(cap: 3), new TestClock(start, FollowEvents: true)));
        for (var i = 0; i < 6; i++)
            await tenants.Execute("replayed", Make.Report($"r{i}", start + TimeSpan.FromDays(9 * i)));
    }

    /// <summary>Enough for several lines of a file, and for a snapshot.</summary>
    private static async Task Busy(LocalTenants tenants, int count)
    {
        await tenants.Execute("busy", Make.Tenant(Make.Terms(window: TimeSpan.FromHours(72))));
        foreach (var some in Enumerable.Range(0, count).Chunk(170))
            await tenants.Execute("busy",
                [.. some.Select(i =>
                    (Command)(Make.Report($"b{i}") with { Detail = i % 3 == 0 ? Make.Detail($"u-{i % 7}") : null }))]);
    }

    private static async Task Documents(IStore store)
    {
        foreach (var (kind, id, version) in ((string, string, int)[])[("plan", "basic", 1), ("plan", "basic", 2),
            ("plan", "pro", 1), ("key", "k1", 1), ("key", "k1", 2), ("terms", "money", 1)])
            Assert.True(
                await store.Put(new Document(kind, id, version, Begin, "admin",
                    Encoding.UTF8.GetBytes($"{kind} {id} {version} +/ü")), default));
        foreach (var (id, version, content) in ((string, int, string?)[])[("desk", 1, "secret one"),
            ("desk", 2, "secret two"), ("gone", 1, "secret"), ("gone", 2, null), ("quiet", 1, "secret")])
            Assert.True(await store.PutWebhook(
                new Document("webhook", id, version, Begin, "admin", [(byte)version]), content is null ? null
                    : Encoding.UTF8.GetBytes(content), default));
    }

    /// <summary>
    /// Some of what is in the outbox goes to webhooks: pending, tried, delivered, failed, failed and pending again. The
    /// rest stays.
    /// </summary>
    private static async Task Deliveries(IStore store)
    {
        var rows = await store.Outbox(0, 6, default);
        Assert.Equal(6, rows.Count);
        var made = rows.SelectMany(row => ((string[])["desk", "quiet"]).Select(webhook =>
            new Delivery(0, webhook, $"evt_{row.Position}", row.Tenant, row.Alert.Sequence, row.Alert.Type,
                [.. row.Alert.Entry, 9], End) { GiveUpAt = End + TimeSpan.FromDays(1), Attempts = [1] })).ToList();
        await store.Dispatch([.. rows.Select(row => row.Position)], made, default);
        var stored = (await store.Deliveries("desk", null, null, 10, default)).Reverse().ToList();
        await store.Record(
        [
            stored[0] with { Status = DeliveryStatus.Delivered, Due = null, EndedAt = End, Tries = 2,
                Attempts = [7, 8] },
            stored[1] with { Status = DeliveryStatus.Failed, Due = null, EndedAt = End + TimeSpan.FromHours(1),
                Tries = 9 },
            stored[2] with { Due = End + TimeSpan.FromMinutes(5), Tries = 3, Attempts = [] },
        ], default);
    }

    internal sealed class Clock : TimeProvider
    {
        public Instant Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now.ToDateTimeOffset();
    }
}
