using MeteringGateway.Api.Json;
using MeteringGateway.Core;

namespace MeteringGateway.Api.Tests;

/// <summary>What is said of bad input tells which of its faults it is: a stranger mends it without asking.</summary>
public class WordsOfErrorsTests(Started started) : IClassFixture<Started>
{
    private const string Event =
        """{"specversion":"1.0","id":"e","source":"/s","type":"outcome.reported","subject":"t","data":""";

    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData("99999999999999999999", true)]
    [InlineData("9223372036854.775808", true)]
    [InlineData("9223372036855", true)]
    [InlineData("10000000000000.5", true)]
    [InlineData("9223372036854.775807", false)] // it is one
    [InlineData("99999999999999999999.1234567", false)]
    [InlineData("99999999999999999999.", false)]
    [InlineData("9999999999999999999x", false)]
    [InlineData("-99999999999999999999", false)]
    [InlineData("1e30", false)]
    [InlineData("", false)]
    [InlineData(".5", false)]
    [InlineData("00000000000000000001", false)]
    public void An_amount_is_too_large_when_its_form_is_that_of_one(string text, bool isTooLarge)
    {
        Assert.Equal(isTooLarge, Amount.IsTooLarge(text));
        Assert.False(isTooLarge && Amount.TryParse(text, out _));
    }

    [Theory]
    [InlineData("P40000D", true)]
    [InlineData("PT9999999999999999999999H", true)]
    [InlineData("P99999999999999999999999999999D", false)]
    [InlineData("P36500D", false)] // it is one
    [InlineData("PT999999999999X", false)]
    [InlineData("P40000DT", false)]
    public void A_duration_is_too_long_when_its_form_is_that_of_one(string text, bool isTooLong)
    {
        var isRead = Durations.TryParse(text, out _, out var tooLong);
        Assert.Equal(isTooLong, tooLong);
        Assert.False(isRead && tooLong);
    }

    [Theory]
    [InlineData("price", "\"99999999999999999999\"", "is too large: at most 9223372036854.775807")]
    [InlineData("price", "\"1,50\"", "must be a decimal string with at most 6 fraction digits, 0 or more, such as "
        + "\"0.99\"")]
    [InlineData("credits", "\"99999999999999999999\"", "is too large: at most 9223372036854.775807")]
    [InlineData("measurement_window", "\"P40000D\"", "is too long: at most ")]
    [InlineData("measurement_window", "\"72 hours\"", "must be an ISO 8601 duration, such as ")]
    [InlineData("measurement_window", "72", "must be a string, in quotes: an ISO 8601 duration, such as \"PT60S\"")]
    [InlineData("included_units", "99999999999999999999", "is too large: at most 9223372036854775807")]
    [InlineData("included_units", "-99999999999999999999", "is too small")]
    [InlineData("included_units", "1.5", "must be a whole number")]
    [InlineData("included_units", "1e3", "must be a whole number")]
    [InlineData("included_units", "\"10\"", "must be a number, without quotes")]
    [InlineData("once_per_session", "1", "must be true or false")]
    [InlineData("price", "0.99", "must be a string, in quotes")]
    [InlineData("prices", "{}", "must be a list, in [ ]")]
    [InlineData("prices", "[1]", "must be a JSON object with when, price")]
    [InlineData("description", "\"\\ud800\"", "holds half of a surrogate pair")]
    [InlineData("prise", "\"1\"", "is not a known member: did you mean price?")]
    [InlineData("Price", "\"1\"", "is not a known member: did you mean price?")]
    [InlineData("entirely_other", "1", "is not a known member")]
    public async Task A_member_is_told_what_it_must_be(string member, string value, string why)
    {
        var answer = await _gateway.Admin.Put("/v1/plans/words",
            $$"""{"currency":"USD","outcome_types":[{"id":"a",{{"\n"}}"{{member}}":{{value}}}]}""").Json();
        Assert.InRange((int)answer["status"]!, 400, 422);
        var error = Assert.Single(answer["errors"]!.AsArray(),
            one => ((string)one!["pointer"]!).StartsWith("/outcome_types/0/" + member, StringComparison.Ordinal))!;
        var detail = (string)error["detail"]!;
        Assert.True(why.EndsWith(' ') ? detail.StartsWith(why, StringComparison.Ordinal) : detail == why, detail);
    }

    [Theory]
    [InlineData("", "The body is empty: it must be a JSON object")]
    [InlineData("[]", "The body must be a JSON object")]
    [InlineData("null", "The body must be a JSON object, not null")]
    [InlineData("7", "The body must be a JSON object")]
    [InlineData("\"\\ud800\"", "The body must be a JSON object")]
    [InlineData("{\n\"name\":}", "/name is not JSON (line 2, position 8)")]
    [InlineData("{\"timezone\":\"UTC\"}", "/timezone is not a known member: did you mean time_zone?")]
    [InlineData("{\"name\":\"\\udc00\"}", "/name holds half of a surrogate pair")]
    public async Task A_document_that_is_none_is_told_what_it_must_be(string body, string why)
    {
        var answer = await _gateway.Admin.Put("/v1/tenants/words", body).Json();
        Assert.Equal(why, (string?)answer["detail"]);
        Assert.Equal(why[0] == '/' ? why.Split(' ')[0] : "", (string?)answer["errors"]![0]!["pointer"]);
    }

    [Fact]
    public async Task A_type_that_there_is_none_of_is_told_with_those_that_there_are_wherever_it_is_named()
    {
        await _gateway.Tenant("typed", """{"currency":"USD","outcome_types":[{"id":"a"},{"id":"b"}]}""");
        const string why = "the plan has no outcome type 'c'; it has 'a', 'b'";
        foreach (var (path, body) in new[]
        {
            ("check", """{"outcome_type":"c"}"""), ("check", """{"outcome_type":"c","record":true}"""),
            ("reservations", """{"outcome_type":"c","quantity":1,"ttl":"PT60S"}"""),
            ("outcomes", """{"outcome_type":"c","outcome_id":"x"}"""),
        })
        {
            var answer = await _gateway.Admin.Post($"/v1/tenants/typed/{path}", body)
                .Is(HttpStatusCode.UnprocessableEntity);
            Assert.Equal(("unknown_outcome_type", why), ((string?)answer["code"], (string?)answer["detail"]));
        }
        var refused = await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
            Report.Event("outcome.reported", "x", "typed", "\"outcome_type\":\"c\""))
            .Is(HttpStatusCode.UnprocessableEntity);
        Assert.Equal(why, (string?)refused["detail"]);
        // What names one by its place says so there.
        const string cap = """{"limit":{"units":1},"scope":{"outcome_type":"c"}}""";
        foreach (var named in new[]
        {
            _gateway.Admin.Put("/v1/tenants/typed/caps/x", cap),
            _gateway.Admin.Post("/v1/tenants/typed/caps/preview",
                $$"""{"caps":[{"id":"x",{{cap[1..]}}]}"""),
            _gateway.Admin.Put("/v1/plans/typed",
                $$"""{"currency":"USD","outcome_types":[{"id":"a"},{"id":"b"}],"caps":[{"id":"x",{{cap[1..]}}]}"""),
        })
            Assert.EndsWith("'c'; it has 'a', 'b'", (string?)(await named.Is(HttpStatusCode.UnprocessableEntity))
                ["errors"]![0]!["detail"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "The event is empty: it must be a JSON object")]
    [InlineData("[]", "The event must be a JSON object; a list of events has the content type "
        + "application/cloudevents-batch+json")]
    [InlineData("{}\n{}", "The event is followed by something else (line 2, byte 0); events that stand on lines have "
        + "the content type application/x-ndjson")]
    [InlineData("{\n\"id\":}", "The event is not JSON (line 2, byte 5)")]
    [InlineData("""{"outcome_type":"a"}""", "/outcome_type is not a known member here: it goes into data")]
    [InlineData("""{"time":1795262400}""", "/time must be an RFC 3339 time with an offset, such as "
        + "\"2026-11-21T09:30:00Z\"")]
    [InlineData("""{"time":"2026-11-21 09:30"}""", "/time must be an RFC 3339 time with an offset, such as "
        + "\"2026-11-21T09:30:00Z\"")]
    [InlineData("""{"id":17}""", "/id must be a string, in quotes")]
    [InlineData(Event + """{"quantity":"1"}}""", "/data/quantity must be a number, without quotes")]
    [InlineData("null", "The event must be a JSON object")]
    [InlineData("{", "The event is not JSON (byte 1)")]
    [InlineData("""{"id":"\ud800"}""", "The event holds half of a surrogate pair (byte 6)")]
    [InlineData("""{"Subject":"t"}""", "/Subject is not a known member: did you mean subject?")]
    [InlineData(Event + """{"outcome_typ":"a"}}""", "/data/outcome_typ is not a known member: did you mean "
        + "outcome_type?")]
    [InlineData(Event + """{"verification":{"methods":"a"}}}""", "/data/verification/methods is not a known member: "
        + "did you mean method?")]
    [InlineData(Event + """{"quantity":99999999999}}""", "/data/quantity must be a whole number from 1 to 1000000")]
    public async Task An_event_that_is_none_is_told_what_it_must_be(string body, string why)
    {
        var answer = await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", body).Json();
        Assert.Equal(why, (string?)answer["detail"]);
    }

    [Theory]
    [InlineData("PUT", "tenants/worded", "{\"plan\":\"words-plam\"}", "/plan",
        "names no plan 'words-plam': did you mean words-plan?")]
    [InlineData("PUT", "tenants/worded", "{\"plan\":\"entirely-another-one\"}", "/plan",
        "names no plan 'entirely-another-one'")]
    [InlineData("PUT", "tenants/worded", "{\"plan\":\"words-plan\",\"plan_version\":9}", "/plan_version",
        "is no version of the plan 'words-plan'")]
    [InlineData("POST", "keys", "{\"tenants\":\"acme\"}", "/tenants", "must be \"*\" or a list of tenants' ids")]
    [InlineData("POST", "keys", "{\"tenants\":{}}", "/tenants", "must be \"*\" or a list of tenants' ids")]
    [InlineData("POST", "tenants/worded/check", "{\"outcome_type\":\"a\",\"agnet\":\"x\"}", "/agnet",
        "is not a known member: did you mean agent?")]
    [InlineData("POST", "tenants/worded/check", "{\"outcome\":\"a\"}", "/outcome",
        "is not a known member: did you mean outcome_type?")]
    [InlineData("POST", "tenants/worded/check", "{\"outcome_type\":\"a\",\"session_id\":\"x\"}", "/session_id",
        "is not a known member: did you mean session?")]
    [InlineData("POST", "tenants/worded/outcomes", "{\"outcome\":\"a\"}", "/outcome",
        "is not a known member: did you mean outcome_type or outcome_id?")]
    [InlineData("POST", "tenants/worded/reservations", "{\"outcome_type\":\"a\",\"units\":2}", "/units",
        "is not a known member: did you mean quantity?")]
    [InlineData("POST", "tenants/worded/reservations", "{\"outcome_type\":\"a\",\"quantity\":2,\"ttl\":60}", "/ttl",
        "must be a string, in quotes: an ISO 8601 duration, such as \"PT60S\"")]
    [InlineData("POST", "tenants/worded/reservations", "{\"outcome_type\":\"a\",\"quantity\":2,\"ttl\":\"60s\"}",
        "/ttl", "must be an ISO 8601 duration, such as \"PT60S\" or \"PT24H\", from PT1S to PT24H, without years and "
        + "months")]
    [InlineData("POST", "tenants/worded/reservations", "{\"outcome_type\":\"a\",\"quantity\":2}", "/ttl",
        "is required: an ISO 8601 duration, such as \"PT60S\"")]
    [InlineData("POST", "tenants/worded/clock", "{\"now\":\"2026-12-01T00:00:00Z\"}", "/now",
        "is not a known member: there is advance and to")]
    [InlineData("PUT", "tenants/worded/caps/c", "{\"limit\":3}", "/limit", "must be a JSON object with units, amount")]
    [InlineData("PUT", "tenants/worded/caps/c", "{\"limit\":{\"amount\":5}}", "/limit/amount",
        "must be a string, in quotes")]
    [InlineData("PUT", "tenants/worded/caps/c", "{\"limit\":{\"amount\":\"5\",\"currency\":\"USD\"}}",
        "/limit/currency", "is not a known member: there is units and amount")]
    [InlineData("PUT", "tenants/worded/caps/c", "{\"limit\":{\"units\":3},\"at_limit\":\"pause\"}", "/at_limit",
        "must be a JSON object with action, to, message")]
    [InlineData("PUT", "tenants/worded/thresholds/t", "{\"of\":\"cap:monthly\",\"at\":{\"percent\":50}}", "/of",
        "names no cap of this tenant: 'monthly'; it has none")]
    [InlineData("PUT", "webhooks/w", "{\"url\":\"http://localhost:9000/\",\"events\":[\"*\"],\"tenants\":\"*\"}",
        "/url", "must be a public address, unless the operator sets Metering:Webhooks:AllowPrivate to true")]
    [InlineData("PUT", "webhooks/w", "{\"url\":\"a.example\",\"events\":[\"*\"],\"tenants\":\"*\"}",
        "/url", "must be an absolute http or https address, such as \"https://finance.example/hooks\"")]
    [InlineData("PUT", "webhooks/w", "{\"url\":\"https://a.example\",\"events\":\"*\",\"tenants\":\"*\"}",
        "/events", "must be a list, in [ ]")]
    [InlineData("PUT", "plans/words-euro", "{\"currency\":\"eur\",\"outcome_types\":[{\"id\":\"a\"}]}", "/currency",
        "must be an ISO 4217 code in capital letters, such as \"USD\"")]
    [InlineData("POST", "tenants/worded/clock", "{}", "", "must have exactly one of advance and to")]
    public async Task A_request_is_told_what_it_meant(string method, string path, string body, string pointer,
        string why)
    {
        await _gateway.Admin.Put("/v1/plans/words-plan",
            """{"currency":"USD","outcome_types":[{"id":"a","price":"1"}]}""");
        await _gateway.Admin.Put("/v1/tenants/worded",
            """{"name":"w","plan":"words-plan","test_clock":{"start":"2026-11-11T00:30:00Z"}}""");
        var answer = await (method == "PUT" ? _gateway.Admin.Put("/v1/" + path, body)
            : _gateway.Admin.Post("/v1/" + path, body)).Json();
        Assert.Contains(answer["errors"]!.AsArray(), one =>
            ((string?)one!["pointer"], (string?)one["detail"]) == (pointer, why));
        if (answer["errors"]!.AsArray().Count == 1)
            Assert.Equal($"{(pointer.Length == 0 ? "The body" : pointer)} {why}", (string?)answer["detail"]);
    }

    [Theory]
    [InlineData(null, "A key is needed: Authorization: Bearer <key>.")]
    [InlineData("mk_nonsense", "The Authorization field must be the word Bearer, a space and the key.")]
    [InlineData("Basic YTpi", "The Authorization field must be the word Bearer, a space and the key.")]
    [InlineData("Bearer mk_nonsense", "There is no such key, or it has expired or was revoked.")]
    public async Task Who_has_no_key_is_told_what_is_wrong_with_it(string? authorization, string why)
    {
        using var asked = new HttpRequestMessage(HttpMethod.Get, "/v1/tenants");
        if (authorization is not null) asked.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var answer = await _gateway.Anyone.SendAsync(asked);
        Assert.Equal(why,
            (string?)(await Task.FromResult(answer).IsProblem(HttpStatusCode.Unauthorized, "unauthorized"))["detail"]);
    }

    [Theory]
    [InlineData("GET", "/tenants", 404, "What there is, is in /openapi/v1.json; most of it begins with /v1/.")]
    [InlineData("POST", "/v1/tenants", 405, "One of them is made with PUT /v1/tenants/ID.")]
    [InlineData("POST", "/v1/tenants/worded-x/caps", 405,
        "One of them is made with PUT /v1/tenants/worded-x/caps/ID.")]
    [InlineData("POST", "/v1/tenants/worded-x", 405, "Allowed here: DELETE, GET, PUT, HEAD.")]
    [InlineData("GET", "/v1/tenants/worded-x", 404, "There is no such tenant, or none that this key may see.")]
    public async Task Who_went_to_the_wrong_address_is_told_where_to_go(string method, string address, int status,
        string why)
    {
        using var asked = new HttpRequestMessage(new HttpMethod(method), address);
        using var answer = await _gateway.Admin.SendAsync(asked);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.EndsWith(why, (string)(await Task.FromResult(answer).Json())["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_refused_of_an_event_or_a_key_says_whose_it_is()
    {
        await _gateway.Tenant("worded-role");
        await _gateway.Admin.Put("/v1/tenants/elsewhere", """{"name":"E","plan":"worded-role"}""");
        using var agent = await _gateway.Role("agent", "worded-role");
        await Refuses(agent.Put("/v1/tenants/worded-role/caps/c", """{"limit":{"units":1}}"""),
            "The key lacks the permission limits:write or terms:write; of the roles have it: admin, billing, finance.");
        // One that is there and one that is not look the same to who may see neither.
        foreach (var subject in new[] { "nowhere", "elsewhere" })
        {
            var problem = await Refuses(Event(Report.Outcome("o", subject)),
                $"/subject names no tenant that this key may see: '{subject}'");
            Assert.Equal(["/subject"], problem.Pointers());
        }
        await Refuses(agent.PostAs("application/cloudevents-batch+json", "/v1/events", "{}"),
            "A batch must be a JSON list; one event has the content type application/cloudevents+json.");
        await Refuses(agent.PostAs("application/x-www-form-urlencoded", "/v1/tenants/worded-role/check", "{}"),
            "Content-Type must be application/json, not application/x-www-form-urlencoded.");
        var old = await Event(Report.Outcome("o", "worded-role").Replace("\"data\"",
            "\"time\":\"2020-01-01T00:00:00Z\",\"data\"", StringComparison.Ordinal)).Json();
        Assert.Contains("(max_lateness, 72 hours)", (string)old["detail"]!, StringComparison.Ordinal);

        Task<HttpResponseMessage> Event(string body) =>
            agent.PostAs("application/cloudevents+json", "/v1/events", body);

        static async Task<JsonObject> Refuses(Task<HttpResponseMessage> sent, string why)
        {
            var problem = await sent.Json();
            Assert.Equal(why, (string?)problem["detail"]);
            return problem;
        }
    }

    [Fact]
    public async Task A_cap_below_what_stands_is_told_which_member_says_what_to_do()
    {
        await _gateway.Tenant("worded-cap", """{"currency":"USD","outcome_types":[{"id":"a","price":"1"}]}""");
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
            Report.Event("outcome.reported", "o-1", "worded-cap", "\"outcome_type\":\"a\",\"quantity\":3"))
            .Is(HttpStatusCode.Created);
        var problem = await _gateway.Admin.Put("/v1/tenants/worded-cap/caps/c",
            """{"limit":{"units":1},"at_limit":{"action":"pause"}}""")
            .IsProblem(HttpStatusCode.Conflict, "cap_below_exposure");
        Assert.EndsWith("; say in when_below_exposure whether it holds now or from next_period on",
            (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void The_nearest_name_is_told_when_it_is_near()
    {
        string[] names = ["price", "prices", "time_zone"];
        Assert.Equal("time_zone", Nearest.To("timezone", names, 2));
        Assert.Equal("price", Nearest.To("rpice", names, 1));
        Assert.Null(Nearest.To("tz", names, 2));
        Assert.Null(Nearest.To("x", [], 9));
        Assert.Equal("", Nearest.Meant(new string('p', 10_000), names[..1].Concat(["a", "b", "c"]).ToList()));
    }

    [Fact]
    public async Task A_document_of_more_values_than_may_be_is_refused_as_it_is_read_N4()
    {
        static string Types(int count) =>
            $$"""{"currency":"USD","outcome_types":[{{string.Join(',', Enumerable.Repeat("{}", count))}}]}""";
        var problem = await _gateway.Admin.Put("/v1/plans/vast", Types(100_000))
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "too_large");
        Assert.Equal("The body holds more than 100000 values.", (string?)problem["detail"]);
        await _gateway.Admin.Put("/v1/plans/vast", Types(1_000))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }
}
