namespace MeteringGateway.Api.Tests;

/// <summary>What a session holds (I4), and the five questions of timing answered for it.</summary>
public class SessionTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task I4_a_session_says_when_it_began_what_counts_in_it_and_until_when_it_is_remembered()
    {
        await _gateway.Tenant("sessions", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"2","measurement_window":"PT72H","window_restarts_on_activity":true},
             {"id":"lead","once_per_session":false,"after_window":"credit","measurement_window":"PT0S"}]}
            """, ""","test_clock":{"start":"2026-11-10T00:00:00Z"}""");
        await _gateway.Admin.Get("/v1/tenants/sessions/sessions/s-1")
            .IsProblem(HttpStatusCode.NotFound, "unknown_session");
        await Send("activity.reported", "a-1", "\"activity\":\"chat\",\"session\":\"s-1\"");
        await Clock("PT1H");
        await Send("outcome.reported", "o-1", "\"outcome_type\":\"support.resolution\",\"session\":\"s-1\"");
        await Clock("PT1H");
        await Send("outcome.reported", "o-2", "\"outcome_type\":\"support.resolution\",\"session\":\"s-1\"");
        await Send("outcome.reported", "o-3", "\"outcome_type\":\"lead\",\"session\":\"s-1\"");

        var session = await Session();
        Assert.Equal(("2026-11-10T00:00:00.000Z", "2026-11-10T02:00:00.000Z", "2026-12-10T02:00:00.000Z", 1, false),
            ((string?)session["began_at"], (string?)session["last_event_at"], (string?)session["remembered_until"],
                (int)session["activities"]!, (bool)session["handed_off"]!));
        var (lead, resolution) = (session["groups"]![0]!, session["groups"]![1]!);
        Assert.Equal(("o-1", null), ((string?)resolution["holder"], (string?)lead["holder"]));
        Assert.Equal("o-1", (string?)session["outcomes"]![1]!["duplicate_of"]);
        Assert.Equal("duplicate_in_session", (string?)session["outcomes"]![1]!["reason"]);
        var rules = resolution["rules"]!;
        Assert.Contains("at 2026-11-10T00:00:00.000Z", (string?)rules["start"], StringComparison.Ordinal);
        Assert.Contains("until 2026-12-10T02:00:00.000Z", (string?)rules["end"], StringComparison.Ordinal);
        Assert.Contains("'o-1' closes at 2026-11-13T01:00:00.000Z, and every activity starts it anew",
            (string?)rules["wait"], StringComparison.Ordinal);
        Assert.Contains("after it it is recorded", (string?)rules["reversal"], StringComparison.Ordinal);
        Assert.Contains("credited", (string?)lead["rules"]!["reversal"], StringComparison.Ordinal);
        Assert.Equal("A further success is a duplicate of 'o-1'.", (string?)rules["next"]);
        Assert.Equal("A further success is an outcome of its own.", (string?)lead["rules"]!["next"]);

        await Clock("PT1H");
        await Send("outcome.escalated", "f-1", "\"outcome_id\":\"o-1\""); // o-2 takes its place
        session = await Session();
        Assert.True((bool)session["handed_off"]!);
        Assert.Equal("o-2", (string?)session["groups"]![1]!["holder"]);
        await Clock("PT1H");
        await Send("outcome.reopened", "f-2", "\"outcome_id\":\"o-2\"");
        session = await Session();
        Assert.Null(session["groups"]![1]!["holder"]);
        Assert.Equal("A further success continues 'o-2'.", (string?)session["groups"]![1]!["rules"]!["next"]);
        await Clock("P31D");
        await _gateway.Admin.Get("/v1/tenants/sessions/sessions/s-1")
            .IsProblem(HttpStatusCode.NotFound, "unknown_session");
        await _gateway.Admin.Get("/v1/tenants/nobody/sessions/s-1")
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");

        Task<JsonObject> Session() => _gateway.Admin.Get("/v1/tenants/sessions/sessions/s-1").Is(HttpStatusCode.OK);

        Task<JsonObject> Send(string type, string id, string data) =>
            _gateway.Admin.PostAs(One, "/v1/events", Report.Event(type, id, "sessions", data))
                .Is(HttpStatusCode.Created);

        Task<JsonObject> Clock(string by) =>
            _gateway.Admin.Post("/v1/tenants/sessions/clock", $$"""{"advance":"{{by}}"}""").Is(HttpStatusCode.OK);
    }
}
