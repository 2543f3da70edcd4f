using System.Text;

namespace MeteringGateway.Api.Tests;

/// <summary>A limit that goes up and down again and again does not bury what else there is to tell (S5).</summary>
public class WebhooksHeldTests
{
    private const int Pairs = 3_000;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private const string CapOfOne = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}],
         "caps":[{"id":"monthly","limit":{"units":1}}]}
        """;

    [Fact]
    public async Task Six_thousand_changes_in_a_second_are_a_handful_of_deliveries_that_say_how_many()
    {
        await using var receiver = await Receiver.Start();
        await using var gateway = await Start();
        await gateway.Tenant("flapping", CapOfOne);
        await gateway.Tenant("quiet");
        await gateway.Webhook("desk", receiver.Url);

        await Flap(gateway, "flapping", Pairs);
        await gateway.Alert("quiet");
        // Two at once, one of each type; and the other tenant's, behind nobody.
        await gateway.Until("desk", all => all.Count == 3 && all.TrueForAll(one => one.Status() == "delivered"));
        Assert.Contains(receiver.All, one => one.Tenant == "quiet");
        Assert.Equal(["cap.reached", "cap.cleared"],
            receiver.All.Where(one => one.Tenant == "flapping").OrderBy(Sequence).Select(one => one.Type));

        var all = await After(gateway, Interval, some => some.Count == 4);
        var told = all.OrderBy(one => (long)one["sequence"]!).Select(one => one["payload"]!).ToList();
        Assert.Equal(["cap.reached", "cap.cleared", "cap.reached", "cap.cleared"],
            told.Select(one => (string)one["type"]!));
        Assert.Equal([1, 1, Pairs - 1, Pairs - 1], told.Select(one => (int?)one["data"]!["count"] ?? 1));
        var last = told[^1]["data"]!;
        Assert.Equal("resume", (string?)last["action"]);
        Assert.Equal((string?)last["at"], (string?)last["last_at"]);
        Assert.NotNull(last["first_at"]);
        Assert.Null(told[0]["data"]!["count"]);
    }

    [Fact]
    public async Task What_is_held_is_told_every_interval_and_the_last_state_always()
    {
        await using var receiver = await Receiver.Start();
        await using var gateway = await Start();
        await gateway.Tenant("flapping", CapOfOne);
        await gateway.Webhook("desk", receiver.Url);
        await Flap(gateway, "flapping", 2);
        await After(gateway, Interval, all => all.Count == 4);
        await Flap(gateway, "flapping", 3); // within the interval that began with what was told
        await Report(gateway, "flapping", "the-last");
        var all = await After(gateway, Interval, some => some.Count == 6);
        Assert.Equal([("cap.reached", 4), ("cap.cleared", 3)], all.Take(2)
            .Select(one => ((string)one["type"]!, (int)one["payload"]!["data"]!["count"]!)));
        Assert.Equal("pause", (string?)all[0]["payload"]!["data"]!["action"]);

        // Nothing was held for an interval: the next is told at once.
        gateway.Clock.Advance(Interval);
        await Reopen(gateway, "flapping", "the-last");
        await After(gateway, TimeSpan.Zero, all => all.Count == 7);
    }

    [Fact]
    public async Task Who_hears_of_one_type_alone_hears_the_last_of_it()
    {
        await using var receiver = await Receiver.Start();
        await using var gateway = await Start();
        await gateway.Tenant("flapping", CapOfOne);
        await gateway.Webhook("stops", receiver.Url, "\"cap.reached\"");
        await Flap(gateway, "flapping", 10);
        var all = await After(gateway, Interval, some => some.Count == 2, "stops");
        Assert.All(all, one => Assert.Equal("cap.reached", (string?)one["type"]));
        Assert.Equal(9, (int)all[0]["payload"]!["data"]!["count"]!);
    }

    [Fact]
    public async Task What_is_held_survives_a_restart_and_comes_before_webhooks_change()
    {
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        var clock = new FakeClock();
        await using var receiver = await Receiver.Start();
        await using (var gateway = await Start(directory, clock))
        {
            await gateway.Tenant("flapping", CapOfOne);
            await gateway.Webhook("desk", receiver.Url);
            await Flap(gateway, "flapping", 20);
            await After(gateway, TimeSpan.Zero, all => all.Count == 2);
        }
        await using (var again = await Start(directory, clock))
        {
            // Told in all: as many as there were, the last one last. Whoever starts anew tells one more of each type:
            // of silos that end one after the other, each does.
            var all = await After(again, Interval, some => some.Sum(Count) == 40);
            Assert.InRange(all.Count, 6, 12);
            Assert.Equal("cap.cleared", (string?)all[0]["type"]);
            Assert.Equal(all.Max(one => (long)one["sequence"]!), (long)all[0]["sequence"]!);

            await Flap(again, "flapping", 2);
            await again.Webhook("late", receiver.Url, tenants: "[\"flapping\"]");
            await After(again, TimeSpan.Zero, all => all.Sum(Count) == 44);
            Assert.Empty(await again.Deliveries("late"));
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Who_asks_for_changes_again_and_again_has_nothing_told_that_is_held_N4()
    {
        await using var receiver = await Receiver.Start();
        await using var gateway = await Start();
        await gateway.Tenant("flapping", CapOfOne);
        await gateway.Tenant("other");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Webhook("others", receiver.Url, tenants: "[\"other\"]");
        using var buyer = await gateway.Role("finance", "flapping");
        await Flap(gateway, "flapping", 10);
        await After(gateway, TimeSpan.Zero, all => all.Count == 2);
        for (var i = 0; i < 3; i++)
        {
            await gateway.Admin.Put("/v1/webhooks/desk",
                $$"""{"url":"{{receiver.Url}}","events":["*"],"tenants":"*"}""").Is(HttpStatusCode.OK); // as it is
            await gateway.Admin.Delete("/v1/webhooks/none").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
            await buyer.Delete("/v1/tenants/flapping/webhooks/none")
                .IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
            // Another tenant's, which changes.
            await gateway.Admin.Put("/v1/webhooks/others",
                $$"""{"url":"{{receiver.Url}}/{{i}}","events":["*"],"tenants":["other"]}""").Is(HttpStatusCode.OK);
            await Flap(gateway, "flapping", 10);
        }
        await After(gateway, TimeSpan.Zero, all => all.Count == 2);
        await After(gateway, Interval, all => all.Count == 4 && all.Sum(Count) == 80);
    }

    private static Task<Gateway> Start(string? directory = null, FakeClock? clock = null) =>
        WebhooksTestBed.Start(directory, clock, settings: ("CapAlertsEvery", Interval.ToString()));

    /// <summary>
    /// The flapping tenant's deliveries, newest first, when all that came before was seen, so much time has passed, and
    /// they are as they should be.
    /// </summary>
    private static async Task<List<JsonNode>> After(Gateway gateway, TimeSpan time,
        Func<List<JsonNode>, bool> so, string webhook = "desk")
    {
        // What came after it is behind it.
        var last = "last-" + Guid.NewGuid().ToString("N");
        await gateway.Tenant(last);
        await gateway.Alert(last);
        await gateway.Until(webhook,
            all => all.Exists(one => (string?)one["tenant"] == last && one.Status() == "delivered"));
        gateway.Clock.Advance(time);
        List<JsonNode> mine = [];
        await gateway.Until(webhook, all =>
        {
            mine = all.FindAll(one => (string?)one["tenant"] == "flapping");
            return so(mine) && mine.TrueForAll(one => one.Status() == "delivered");
        });
        return mine;
    }

    private static int Count(JsonNode delivery) => (int?)delivery["payload"]!["data"]!["count"] ?? 1;

    private static long Sequence(Received one) => (long)one.Json["data"]!["sequence"]!;

    /// <summary>Fills the cap and empties it again, so many times, in one batch.</summary>
    private static async Task Flap(Gateway gateway, string tenant, int pairs)
    {
        var events = new StringBuilder();
        var batch = Guid.NewGuid().ToString("N");
        for (var i = 0; i < pairs; i++)
            events.Append(Event(tenant, $"{batch}-{i}", "reported",
                    $$"""{"outcome_type":"support.resolution","outcome_id":"{{batch}}-{{i}}"}""")).Append('\n')
                .Append(Event(tenant, $"{batch}-{i}-r", "reopened", $$"""{"outcome_id":"{{batch}}-{{i}}"}"""))
                .Append('\n');
        using var body = new StringContent(events.ToString(), Encoding.UTF8, "application/x-ndjson");
        using var answer = await gateway.Admin.PostAsync(new Uri("/v1/events", UriKind.Relative), body);
        var result = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(2 * pairs, (int)result["accepted"]!);
    }

    private static Task Report(Gateway gateway, string tenant, string id) => Send(gateway, Event(tenant, id, "reported",
        $$"""{"outcome_type":"support.resolution","outcome_id":"{{id}}"}"""));

    private static Task Reopen(Gateway gateway, string tenant, string id) =>
        Send(gateway, Event(tenant, id + "-r", "reopened", $$"""{"outcome_id":"{{id}}"}"""));

    private static async Task Send(Gateway gateway, string one)
    {
        using var body = new StringContent(one, Encoding.UTF8, "application/cloudevents+json");
        using var answer = await gateway.Admin.PostAsync(new Uri("/v1/events", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    private static string Event(string tenant, string id, string what, string data) =>
        $$"""{"specversion":"1.0","id":"{{id}}","source":"/desk","type":"outcome.{{what}}","subject":"{{tenant}}","data":{{data}}}""";
}
