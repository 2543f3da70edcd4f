using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Core;

namespace MeteringGateway.Api.Tests;

/// <summary>Whoever says what is not among a few words is told the words.</summary>
public class ClosedSetTests(Started started) : IClassFixture<Started>
{
    private const string Envelope = """{"specversion":"1.0","id":"x","source":"/s","subject":"t","type":""";
    private const string Key = "/v1/keys";
    private const string Plan = "/v1/plans/sets";
    private const string Types =
        "outcome.reported, outcome.confirmed, outcome.reopened, outcome.escalated, outcome.abandoned, outcome.failed, outcome.rejected, outcome.verdict, activity.reported";

    private readonly Gateway _gateway = started.Gateway;

    public static readonly TheoryData<string, string, string, string> Sets = new()
    {
        { "/v1/events", Envelope + """ "outcome.sold","data":{}}""", "/type", Types },
        { "/v1/events", Envelope + """ null,"data":{}}""", "/type", Types },
        { "/v1/events", Envelope + """ "outcome.reported","data":{"outcome_type":"a","result":"won"}}""",
        "/data/result",
            string.Join(", ", Words<Result>()) },
        { "/v1/events", Envelope + """ "outcome.verdict","data":{"outcome_id":"a","verdict":"fine"}}""",
            "/data/verdict", "accepted, rejected" },
        { Key, """{"role":"boss","tenants":"*"}""", "/role", string.Join(", ", Permissions.Roles.Keys.Order()) },
        { Key, """{"tenants":"*"}""", "/role", string.Join(", ", Permissions.Roles.Keys.Order()) },
        { Key, """{"role":"agent","tenants":"*","permissions":["fly"]}""", "/permissions/0",
            "allowance, events:write, signals" },
        { Key, """{"role":"agent","tenants":"*","permissions":["signals","keys:write"]}""", "/permissions/1",
            "allowance, events:write, signals" },
        { "/v1/tenants/sets/pause", """{"action":"stop","reason":"x"}""", "/action", "pause, handoff" },
        { "/v1/tenants/sets/pause", """{"action":"notify","reason":"x"}""", "/action", "pause, handoff" },
        { "/v1/tenants/sets/pause", """{"reason":"x"}""", "/action", "pause, handoff" },
        { "/v1/tenants/sets/overage/authorize", """{"for":"ever"}""", "/for", "period, standing" },
        { "/v1/tenants/sets/overage/authorize", "{}", "/for", "period, standing" },
        { "/v1/tenants/sets/outcomes/a/verdict", """{"verdict":"fine"}""", "/verdict", "accepted, rejected" },
        { "/v1/tenants/sets/outcomes/a/verdict", "{}", "/verdict", "accepted, rejected" },
        { "PUT /v1/tenants/sets/caps/c", """{"limit":{"units":1},"period":"week"}""", "/period",
            string.Join(", ", Words<CapPeriod>()) },
        { "PUT /v1/tenants/sets/caps/c", """{"limit":{"units":1},"at_limit":{"action":"x"}}""", "/at_limit/action",
            "pause, handoff, notify" },
        { "PUT /v1/tenants/sets/caps/c", """{"limit":{"units":1},"when_below_exposure":"later"}""",
            "/when_below_exposure", "now, next_period" },
        { "PUT /v1/tenants/sets", """{"name":"x","plan":"sets","effective":"later"}""", "/effective",
            "now, next_period" },
        { "PUT /v1/webhooks/sets", """{"url":"https://a.example","events":["cap.hit"],"tenants":"*"}""", "/events/0",
            string.Join(", ", WebhookEvents.All) },
        { "PUT /v1/webhooks/sets", """{"url":"https://a.example","tenants":"*"}""", "/events",
            string.Join(", ", WebhookEvents.All) },
        { "PUT " + Plan,
        """{"currency":"USD","outcome_types":[{"id":"a","included_units":1}],"overage":{"at_limit":{"action":"notify"}}}""",
            "/overage/at_limit/action", "pause, handoff" },
    };

    [Theory]
    [MemberData(nameof(Sets))]
    public async Task Whoever_says_another_word_is_told_them(string call, string body, string pointer, string words)
    {
        await _gateway.Admin.Put(Plan, Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/sets", """{"name":"x","plan":"sets"}""");
        var put = call.StartsWith("PUT ", StringComparison.Ordinal);
        using var response = await _gateway.Admin.Send(put ? HttpMethod.Put : HttpMethod.Post, put ? call[4..] : call,
            body, call == "/v1/events" ? "application/cloudevents+json" : "application/json");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        var errors = (await response.Json())["errors"]!.AsArray();
        Assert.Equal(pointer, (string?)Assert.Single(errors)!["pointer"]);
        foreach (var word in words.Split(", "))
            Assert.Contains(word, (string)errors[0]!["detail"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("none", (string)errors[0]!["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status", "great", "pending, billable, non_billable, credited")]
    [InlineData("reason", "bad", "window_closed, escalated, over_cap, overage_limit_reached")]
    [InlineData("reason", "none", "window_closed, escalated, over_cap, overage_limit_reached")]
    public async Task Also_in_a_query(string name, string value, string words)
    {
        await _gateway.Admin.Put(Plan, Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/sets", """{"name":"x","plan":"sets"}""");
        var problem = await _gateway.Admin.Get($"/v1/tenants/sets/outcomes?{name}={value}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        foreach (var word in words.Split(", "))
            Assert.Contains(word, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("none", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_type_of_event_has_its_name() =>
        Assert.Equal(Enum.GetValues<Events.EventType>().Skip(1), Events.EventTypes.All.Select(Events.EventTypes.Parse));

    private static IEnumerable<string> Words<T>() where T : struct, Enum =>
        Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName);
}
