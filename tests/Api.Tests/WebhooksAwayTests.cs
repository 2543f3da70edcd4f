using MeteringGateway.Core;
using MeteringGateway.Engine;
using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using MeteringGateway.Api.Emails;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Tests;

/// <summary>An alert whose tenant does not answer for a while is told when it does (S5).</summary>
public class WebhooksAwayTests
{
    private static readonly Instant Now = Instant.Parse("2026-11-21T09:30:00Z");
    private readonly FakeClock _clock = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task S5_an_alert_of_a_tenant_that_is_away_stays_and_holds_up_no_other(bool fails)
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using var store = SqliteStore.Open(directory);
        await using var engine = new LocalTenants(store, new EngineOptions(), _clock);
        await engine.StartAsync();
        var away = "gone";
        var tenants = Away.From(engine, tenant => tenant != away ? null
            : fails ? new TenantFailedException(tenant, TimeSpan.FromSeconds(1))
            : new TenantUnavailableException("it moves"));
        var book = new WebhookBook(_clock, new SecretSeal(directory + "-keys"), new MeteringSettings(),
            NullLogger<WebhookBook>.Instance);
        await book.Put(store, "desk", new StoredWebhook(0, "https://203.0.113.1/", null, null,
            [new StoredSecret("whsec_c2VjcmV0", Now, null, null)], null, null, Now, Now, Now), "test", default);
        // Of each two alerts that cannot be told without the tenant's currency.
        foreach (var tenant in (string[])["gone", "there"])
        {
            await engine.Execute(tenant, new Command.Create(tenant, new PlanRef("p", 1), Terms(), "UTC", 1, null));
            await engine.Execute(tenant, Report("a"));
            await engine.Execute(tenant, new Command.SetCap(Cap("0.00"), Effective.Now));
            await engine.Execute(tenant, new Command.SetCap(Cap("5.00"), Effective.Now));
        }
        var raised = (await store.Outbox(0, 100, default)).GroupBy(row => row.Tenant)
            .ToDictionary(rows => rows.Key, rows => rows.Select(row => row.Alert.Sequence).ToList());
        Assert.InRange(raised["gone"].Count, 2, 10);

        var settings = new MeteringSettings { Webhooks = { CapAlertsEvery = TimeSpan.Zero } };
        using var mail = new MailSender(settings, new EmailLinks(settings), _clock);
        await using var dispatcher = new Dispatcher(book, settings, mail, _clock, NullLogger<Dispatcher>.Instance,
            new Trails());
        await dispatcher.Start(store, tenants, default);
        await (await dispatcher.Turn(default)).DisposeAsync();

        Assert.Equal(raised["there"], await Made(store, "there"));
        Assert.Empty(await Made(store, "gone"));
        Assert.Equal(raised["gone"], (await store.Outbox(0, 100, default)).Select(row => row.Alert.Sequence));

        away = "nobody";
        await (await dispatcher.Turn(default)).DisposeAsync();
        Assert.Equal(raised["gone"], await Made(store, "gone"));
        Assert.Empty(await store.Outbox(0, 100, default));
    }

    [Fact]
    public async Task How_long_the_oldest_waits_is_told_while_the_store_does_not_answer()
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using var store = SqliteStore.Open(directory);
        await using var engine = new LocalTenants(store, new EngineOptions(), _clock);
        await engine.StartAsync();
        var book = new WebhookBook(_clock, new SecretSeal(directory + "-keys"), new MeteringSettings(),
            NullLogger<WebhookBook>.Instance);
        await book.Put(store, "desk", new StoredWebhook(0, "https://203.0.113.1/", null, null,
            [new StoredSecret("whsec_c2VjcmV0", Now, null, null)], null, null, Now, Now, Now), "test", default);
        await engine.Execute("acme", new Command.Create("acme", new PlanRef("p", 1), Terms(), "UTC", 1, null));
        var settings = new MeteringSettings { Webhooks = { CapAlertsEvery = TimeSpan.Zero } };
        using var mail = new MailSender(settings, new EmailLinks(settings), _clock);
        await using var dispatcher = new Dispatcher(book, settings, mail, _clock, NullLogger<Dispatcher>.Instance,
            new Trails());
        await dispatcher.Start(store, engine, default);
        Assert.Equal(TimeSpan.Zero, dispatcher.OldestPending());

        await engine.Execute("acme", new Command.SetCap(Cap("0.00"), Effective.Now));
        await (await dispatcher.Turn(default)).DisposeAsync();
        _clock.Advance(TimeSpan.FromSeconds(3));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (dispatcher.OldestPending() == TimeSpan.Zero)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        await engine.DisposeAsync();
        await store.DisposeAsync();
        _clock.Advance(TimeSpan.FromSeconds(4));

        Assert.Equal(TimeSpan.FromSeconds(7), dispatcher.OldestPending());
    }

    private static async Task<IEnumerable<long>> Made(IStore store, string tenant) =>
        (await store.Deliveries("desk", null, null, 100, default)).Where(one => one.Tenant == tenant)
            .Select(one => one.Sequence).Order().ToList();

    private static Cap Cap(string limit) => new() { Id = "monthly", Limit = Limit.Of(Amount.Parse(limit)) };

    private static Terms Terms() => new()
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = "support.resolution", Price = Amount.Parse("1"),
            MeasurementWindow = TimeSpan.Zero }],
        Caps = [Cap("5.00")],
    };

    private static Command.ReportOutcome Report(string id) =>
        new(new EventId("/desk", id), null, "support.resolution", id);

    /// <summary>Tenants of whom some do not answer.</summary>
    public class Away : DispatchProxy
    {
        private ITenants _tenants = null!;
        private Func<string, Exception?> _why = null!;

        public static ITenants From(ITenants tenants, Func<string, Exception?> why)
        {
            var proxy = Create<ITenants, Away>();
            (((Away)(object)proxy)._tenants, ((Away)(object)proxy)._why) = (tenants, why);
            return proxy;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            args is [string tenant, ..] && _why(tenant) is { } why ? throw why : targetMethod!.Invoke(_tenants, args);
    }
}
