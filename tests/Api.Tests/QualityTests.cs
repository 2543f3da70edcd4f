using System.Text.RegularExpressions;

namespace MeteringGateway.Api.Tests;

/// <summary>How good outcomes are (Q1), and whether they are fit to be paid by.</summary>
public class QualityTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Start = ""","test_clock":{"start":"2026-11-10T00:00:00Z"}""";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Q1_each_figure_has_its_numerator_and_denominator_and_a_ratio_where_there_is_one()
    {
        await _gateway.Tenant("quality", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"2","included_units":1,"measurement_window":"PT1H"},
             {"id":"lead","price":"1","measurement_window":"PT0S"}]}
            """, Start);
        await Send("outcome.reported", "o-1", "\"outcome_type\":\"support.resolution\",\"session\":\"s-1\"");
        await Send("activity.reported", "a-2", "\"activity\":\"chat\",\"session\":\"s-2\",\"handed_off\":true");
        await Send("outcome.reported", "o-3",
            "\"outcome_type\":\"support.resolution\",\"session\":\"s-3\",\"result\":\"escalated\"");
        await Send("outcome.reported", "o-4", "\"outcome_type\":\"support.resolution\",\"quantity\":2");
        await Send("outcome.reopened", "f-4", "\"outcome_id\":\"o-4\"");
        await Send("outcome.reported", "o-5", "\"outcome_type\":\"lead\",\"session\":\"s-1\"");
        await Send("outcome.reported", "o-6", "\"outcome_type\":\"lead\",\"session\":\"s-6\",\"sandbox\":true");
        await _gateway.Admin.Post("/v1/tenants/quality/outcomes/o-5/verdict", """{"verdict":"accepted","csat":4}""")
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post("/v1/tenants/quality/clock", """{"advance":"PT2H"}""").Is(HttpStatusCode.OK);

        var quality = await _gateway.Admin.Get("/v1/tenants/quality/quality").Is(HttpStatusCode.OK);
        Assert.Equal(("2026-11-01", "open", "USD", null), ((string?)quality["period"], (string?)quality["status"],
            (string?)quality["currency"], quality["pricing"]));
        var all = quality["all"]!.AsObject();
        Assert.Equal((4, 0, 4, 1), ((int)all["reported"]!, (int)all["pending"]!, (int)all["sessions"]!,
            (int)all["no_session"]!));
        Told(all, "resolution", 2, 4, 0.5m);
        Told(all, "containment", 2, 4, 0.5m); // s-2 and s-3 were handed off
        Told(all, "escalation", 1, 4, 0.25m);
        Told(all, "reopened", 1, 4, 0.25m);
        Told(all, "first_contact_resolution", 0, 0, null);
        Told(all, "csat", 4, 1, 4m);
        Told(all, "disputes", 0, 2, 0m);
        Told(all, "agreement", 1, 1, 1m);
        Told(all, "time_to_first_outcome_ms", 0, 1, 0m);
        Assert.Equal("""{"numerator":"1.00","denominator":2,"ratio":"0.50"}""",
            all["cost_per_resolution"]!.ToJsonString()); // the other one is included
        Assert.Equal("""{"units":0,"list_amount":"0.00"}""", all["credited"]!.ToJsonString());
        Assert.Equal("""{"reopened":{"units":2,"list_amount":"4.00"}}""", all["forgiven"]!.ToJsonString());
        var lead = quality["outcome_types"]!.AsArray().Single(type => (string?)type!["id"] == "lead")!["figures"]!;
        Told(lead.AsObject(), "resolution", 1, 1, 1m);
        await _gateway.Admin.Get("/v1/tenants/quality/quality?period=2020-01-01")
            .IsProblem(HttpStatusCode.NotFound, "unknown_period");
        await _gateway.Admin.Get("/v1/tenants/quality/quality?check=price")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");

        Task<JsonObject> Send(string type, string id, string data) =>
            _gateway.Admin.PostAs(One, "/v1/events", Report.Event(type, id, "quality", data))
                .Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Q1_who_comes_again_is_recognised_by_a_keyed_hash_and_an_erasure_changes_no_figure()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:FirstContact"] = "true" });
        await gateway.Tenant("contacts", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1","measurement_window":"PT1H"}]}
            """, Start);
        foreach (var (id, customer) in new[] { ("o-1", "u-1"), ("o-2", "u-2"), ("o-3", "u-3") })
            await Send(id, customer, id);
        await gateway.Admin.Post("/v1/tenants/contacts/clock", """{"advance":"PT30M"}""").Is(HttpStatusCode.OK);
        Assert.Equal(1, (int?)(await gateway.Admin.Delete("/v1/tenants/contacts/end-customers/u-2")
            .Is(HttpStatusCode.OK))["erased"]);
        await Send("o-4", "u-2", "another"); // within the window, in another session
        await Send("o-5", "u-3", "o-3"); // in the same
        await gateway.Admin.Post("/v1/tenants/contacts/clock", """{"advance":"PT3H"}""").Is(HttpStatusCode.OK);
        await Send("o-6", "u-1", "later");

        var before = await Figures();
        Told(before, "first_contact_resolution", 3, 4, 0.75m);
        foreach (var customer in (string[])["u-1", "u-2", "u-3"])
            await gateway.Admin.Delete($"/v1/tenants/contacts/end-customers/{customer}").Is(HttpStatusCode.OK);
        Assert.Equal(before.ToJsonString(), (await Figures()).ToJsonString());
        // Who it was is not in the journal, nor the plain hash of it.
        var entries = (await gateway.Admin.Get("/v1/tenants/contacts/entries?limit=1000").Is(HttpStatusCode.OK))
            .ToJsonString();
        Assert.DoesNotContain("u-1", entries, StringComparison.Ordinal);

        async Task<JsonObject> Figures() =>
            (await gateway.Admin.Get("/v1/tenants/contacts/quality").Is(HttpStatusCode.OK))["all"]!.AsObject();

        Task<JsonObject> Send(string id, string customer, string session) =>
            gateway.Admin.PostAs(One, "/v1/events", Report.Outcome(id, "contacts",
                $"\"session\":\"{session}\",\"end_customer\":\"{customer}\"")).Is(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("", "at_risk", "verification,confirmation,longer_window")]
    [InlineData(""","verification_required":true""", "at_risk", "confirmation,longer_window")]
    [InlineData(""","verification_required":true,"settles_on":"confirmation","measurement_window":"P30D" """, "at_risk",
        "activity_price")]
    public async Task Q1_the_pricing_test_names_what_a_definition_still_lacks(string more, string verdict,
        string remedies)
    {
        var tenant = $"risk-{more.Length}";
        await _gateway.Tenant(tenant, $$"""
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1"{{more}}},{"id":"idle"}]}
            """, Start);
        for (var i = 0; i < 20; i++)
        {
            await Send("outcome.reported", $"o-{i}",
                """ "outcome_type":"support.resolution","verification":{"method":"llm","passed":true} """);
            await Send("outcome.confirmed", $"c-{i}", $"\"outcome_id\":\"o-{i}\"");
        }
        await Clock("P1D");
        Assert.Equal(("holds", "20 of 20"), await Check());
        await _gateway.Admin.Post($"/v1/tenants/{tenant}/outcomes/o-1/verdict", """{"verdict":"rejected"}""")
            .Is(HttpStatusCode.Created);
        Assert.Equal(("holds", "19 of 20"), await Check()); // 95 %
        await Send("outcome.reopened", "f-2", "\"outcome_id\":\"o-2\"");
        Assert.Equal((verdict, "18 of 20"), await Check());

        var check = (await Pricing())[1]!;
        Assert.Equal((1, 1), ((int)check["buyer_rejected"]!, (int)check["records_reversed"]!));
        Assert.Equal(remedies,
            string.Join(',', check["remedies"]!.AsArray().Select(one => (string?)one!["remedy"])));
        Assert.All(check["remedies"]!.AsArray(), one => Assert.NotEmpty((string)one!["why"]!));
        Assert.Equal("too_few", (string?)(await Pricing())[0]!["verdict"]);

        async Task<JsonArray> Pricing() => (await _gateway.Admin.Get($"/v1/tenants/{tenant}/quality?check=pricing")
            .Is(HttpStatusCode.OK))["pricing"]!.AsArray();

        async Task<(string?, string)> Check()
        {
            var one = (await Pricing()).Single(type => (string?)type!["outcome_type"] == "support.resolution")!;
            return ((string?)one["verdict"], $"{one["agree"]!["numerator"]} of {one["agree"]!["denominator"]}");
        }

        Task<JsonObject> Send(string type, string id, string data) =>
            _gateway.Admin.PostAs(One, "/v1/events", Report.Event(type, id, tenant, data)).Is(HttpStatusCode.Created);

        Task<JsonObject> Clock(string by) =>
            _gateway.Admin.Post($"/v1/tenants/{tenant}/clock", $$"""{"advance":"{{by}}"}""").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_document_defines_each_member_that_the_answer_has_and_no_other_Q1()
    {
        await _gateway.Tenant("defined");
        var figures = (await _gateway.Admin.Get("/v1/tenants/defined/quality").Is(HttpStatusCode.OK))["all"]!
            .AsObject().Select(member => member.Key);
        var check = (await _gateway.Admin.Get("/v1/tenants/defined/quality?check=pricing").Is(HttpStatusCode.OK))
            ["pricing"]![0]!.AsObject().Select(member => member.Key).Except(["outcome_type"]);
        var text = Repository.Read("docs/quality.md");
        Assert.Equal(figures, Rows("## The figures"));
        Assert.Equal(check.Order(StringComparer.Ordinal),
            Rows("## Is it fit to be paid by?").Except(Remedies()).Order(StringComparer.Ordinal));
        Assert.Equal(Remedies(), Rows("| remedy |"));

        IEnumerable<string> Remedies() =>
            Enum.GetNames<Core.Remedy>().Select(name => Regex.Replace(name, "(?<!^)([A-Z])", "_$1").ToLowerInvariant());

        IEnumerable<string> Rows(string from)
        {
            var part = text[text.IndexOf(from, StringComparison.Ordinal)..];
            var end = part.IndexOf("\n## ", StringComparison.Ordinal);
            return Regex.Matches(end < 0 ? part : part[..end], @"^\| `(\w+)` \|", RegexOptions.Multiline)
                .Select(match => match.Groups[1].Value);
        }
    }

    private static void Told(JsonObject figures, string name, int numerator, int denominator, decimal? ratio) =>
        Assert.Equal((numerator, denominator, ratio), ((int)figures[name]!["numerator"]!,
            (int)figures[name]!["denominator"]!, (decimal?)figures[name]!["ratio"]));
}
