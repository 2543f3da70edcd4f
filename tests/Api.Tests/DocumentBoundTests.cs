namespace MeteringGateway.Api.Tests;

/// <summary>N4: what one document or event may hold is taken up to its limit, and refused beyond it.</summary>
public class DocumentBoundTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData("types", 200)]
    [InlineData("activities", 200)]
    [InlineData("prices", 100)]
    [InlineData("tiers", 100)]
    [InlineData("required_criteria", 32)]
    [InlineData("commitments", 100)]
    [InlineData("packs", 100)]
    [InlineData("caps", 100)]
    [InlineData("thresholds", 100)]
    public async Task Lists_of_a_plan_have_so_many_elements_and_no_more_N4(string list, int most)
    {
        await _gateway.Admin.Put($"/v1/plans/most-{list}", Plan(list, most)).Is(HttpStatusCode.Created);
        await _gateway.Admin.Put($"/v1/plans/more-{list}", Plan(list, most + 1))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task Documents_have_so_much_of_everything_and_no_more_N4()
    {
        await _gateway.Tenant("bounds");
        await _gateway.Admin.Put("/v1/tenants/" + new string('a', 64), Named("a")).Is(HttpStatusCode.Created);
        await Invalid(_gateway.Admin.Put("/v1/tenants/" + new string('a', 65), Named("a")));
        await _gateway.Admin.Put("/v1/tenants/named", Named(new string('a', 256))).Is(HttpStatusCode.Created);
        await Invalid(_gateway.Admin.Put("/v1/tenants/named", Named(new string('a', 257))));
        await _gateway.Admin.Post("/v1/tenants/bounds/grants", Grant(1000)).Is(HttpStatusCode.Created);
        await Invalid(_gateway.Admin.Post("/v1/tenants/bounds/grants", Grant(1001)));
        await _gateway.Admin.Get("/v1/tenants?limit=1000").Is(HttpStatusCode.OK);
        await Invalid(_gateway.Admin.Get("/v1/tenants?limit=1001"));
        foreach (var (path, most) in new[] { ("check", 1_000_000), ("reservations", 100_000) })
            await Invalid(_gateway.Admin.Post($"/v1/tenants/bounds/{path}",
                $$"""{"outcome_type":"support.resolution","quantity":{{most + 1}}}"""));
        await Invalid(_gateway.Admin.Post("/v1/tenants/bounds/reservations",
            """{"outcome_type":"support.resolution","ttl":"PT24H0.001S"}"""));
        var tenants = Many(1001, i => $"\"t{i}\"");
        await Invalid(_gateway.Admin.Post("/v1/keys", $$"""{"role":"agent","tenants":[{{tenants}}]}"""));
        using var longKey = await _gateway.Admin.Post("/v1/keys", """{"role":"agent","tenants":["bounds"]}""",
            ("Idempotency-Key", new string('k', 256)));
        Assert.Equal(HttpStatusCode.BadRequest, longKey.StatusCode);
        using var deep = await _gateway.Admin.Put("/v1/plans/deep", new string('[', 33) + new string(']', 33));
        Assert.Equal(HttpStatusCode.BadRequest, deep.StatusCode);
        await Sent("most-metadata", Metadata(4096)).Is(HttpStatusCode.Created);
        await Malformed(Sent("more-metadata", Metadata(4097)));
        await Malformed(Sent("units", "\"quantity\":1000001"));
    }

    [Fact]
    public async Task What_is_stored_apart_for_one_event_has_so_many_bytes_N4()
    {
        await _gateway.Tenant("apart");
        // Names and addresses are bounded in characters, of which JSON may make six bytes each.
        string Escaped(int characters) => string.Concat(Enumerable.Repeat("\\u00e9", characters));
        await Sent("much", $"\"source_url\":\"{Escaped(2048)}\",\"end_customer\":\"{Escaped(256)}\"", "apart")
            .Is(HttpStatusCode.Created);
        var problem = await Sent("too-much",
            $"\"source_url\":\"{Escaped(2048)}\",\"end_customer\":\"{Escaped(256)}\",{Metadata(4096)}", "apart")
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "detail_too_large");
        Assert.Contains("16384 bytes", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_that_sign_at_one_time_are_five_N4()
    {
        await _gateway.Admin.Put("/v1/webhooks/secrets",
            """{"url":"https://example.com","events":["*"],"tenants":"*"}""").Is(HttpStatusCode.Created);
        for (var i = 0; i < 4; i++)
            await _gateway.Admin.Post("/v1/webhooks/secrets/rotate", null).Is(HttpStatusCode.OK);
        await _gateway.Admin.Post("/v1/webhooks/secrets/rotate", null)
            .IsProblem(HttpStatusCode.Conflict, "rotated_too_often");
    }

    private static Task Invalid(Task<HttpResponseMessage> answer) =>
        answer.IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");

    private static Task Malformed(Task<HttpResponseMessage> answer) =>
        answer.IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event");

    private Task<HttpResponseMessage> Sent(string id, string more, string tenant = "bounds") =>
        _gateway.Admin.PostAs(One, "/v1/events", Support.Report.Event("outcome.reported", id, tenant,
            $"\"outcome_type\":\"support.resolution\",{more}"));

    private static string Metadata(int bytes) => $"\"metadata\":{{\"a\":\"{new string('x', bytes - 8)}\"}}";

    private static string Named(string name) => $$"""{"name":"{{name}}","plan":"bounds"}""";

    private static string Grant(int note) =>
        $$"""{"amount":"1","kind":"promotional","note":"{{new string('n', note)}}"}""";

    private static string Many(int many, Func<int, string> one) =>
        string.Join(',', Enumerable.Range(0, many).Select(one));

    private static string Plan(string list, int many)
    {
        var type = list switch
        {
            "prices" => "\"price\":\"1\",\"prices\":["
                + Many(many, i => $$$"""{"when":{"workflow":"w{{{i}}}"},"price":"2"}""") + "]",
            "tiers" => "\"tiers\":["
                + Many(many - 1, i => $$"""{"up_to":{{i + 1}},"price":"2"}""") + ",{\"price\":\"1\"}]",
            "required_criteria" => $"\"price\":\"1\",\"required_criteria\":[{Many(many, i => $"\"c{i}\"")}]",
            "packs" => "\"price\":\"1\",\"credits\":\"1\"",
            _ => "\"price\":\"1\"",
        };
        var types = list == "types" ? Many(many, i => $$"""{"id":"t{{i}}","price":"1"}""")
            : $"{{\"id\":\"t0\",{type}}}";
        var more = list switch
        {
            "activities" => $",\"activities\":[{Many(many, i => $$"""{"id":"a{{i}}","price":"1"}""")}]",
            "commitments" => ",\"commitments\":["
                + Many(many, _ => """{"outcome_type":"t0","units":1,"price":"1"}""") + "]",
            "packs" => $",\"top_ups\":[{Many(many, i => $$"""{"id":"p{{i}}","credits":"1","price":"1"}""")}]",
            "caps" => $",\"caps\":[{Many(many, i => $$$"""{"id":"c{{{i}}}","limit":{"units":1}}""")}]",
            "thresholds" => ",\"thresholds\":["
                + Many(many, i => $$$"""{"id":"h{{{i}}}","of":"spend","at":{"amount":"1"}}""") + "]",
            _ => "",
        };
        return $"{{\"currency\":\"USD\",\"outcome_types\":[{types}]{more}}}";
    }
}
