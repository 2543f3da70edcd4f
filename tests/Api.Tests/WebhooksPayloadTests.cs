namespace MeteringGateway.Api.Tests;

/// <summary>What receivers are told, word for word as <c>docs/webhooks.md</c> shows it (S5).</summary>
public class WebhooksPayloadTests
{
    private const string Plan = """
        {"currency":"USD","credit_value":"0.02","platform_fee":"50.00",
         "outcome_types":[{"id":"support.resolution","price":"0.99","credits":"50","measurement_window":"PT0S"}],
         "credits":{"period_grant":"100"},"overage":{"mode":"bill","price":"1.20"},
         "caps":[{"id":"monthly","limit":{"units":3},"at_limit":{"action":"handoff","to":"queue:tier1"}}],
         "thresholds":[{"id":"eighty","of":"cap:monthly","at":{"percent":80}}]}
        """;

    [Fact]
    public async Task Each_type_says_what_a_receiver_needs()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme", Plan, ""","test_clock":{"start":"2026-11-01T09:00:00Z"}""");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Admin.Post("/v1/tenants/acme/grants",
            """{"amount":"20","kind":"promotional","expires_at":"2026-11-20T00:00:00Z"}""").Is(HttpStatusCode.Created);
        for (var i = 1; i <= 3; i++)
            await gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"c-{i}", "acme"))
                .Is(HttpStatusCode.Created);
        await gateway.Admin.Post("/v1/tenants/acme/outcomes/c-3/verdict", """{"verdict":"rejected"}""")
            .Is(HttpStatusCode.Created);
        var dispute = (await gateway.Admin.Get("/v1/tenants/acme/disputes").Is(HttpStatusCode.OK))["data"]![0]!["id"];
        await gateway.Admin.Post("/v1/tenants/acme/clock", """{"to":"2026-12-15T00:00:00Z"}""").Is(HttpStatusCode.OK);
        await gateway.Admin.Post($"/v1/tenants/acme/disputes/{dispute}/resolve",
            """{"resolution":"credited","note":"the buyer is right"}""").Is(HttpStatusCode.OK);
        var told = new Dictionary<string, JsonObject>();
        while (told.Count < 9) told.TryAdd((await receiver.Next()) is var one ? one.Type : "", one.Json);

        Says(told, "threshold.crossed",
            """{"threshold":"eighty","of":"cap:monthly","at":{"percent":80},"level":{"units":3},"limit":{"units":3},"period":"2026-11-01"}""");
        Says(told, "cap.reached",
            """{"key":"cap:monthly","action":"handoff","stops":[{"on":"outcome"}],"scope":{},"cap":"monthly","limit":{"units":3},"reason":"cap_reached","handoff":{"to":"queue:tier1","message":null},"at":"2026-11-01T09:00:00.000Z","resets_at":"2026-12-01T00:00:00.000Z"}""");
        Says(told, "cap.cleared",
            """{"key":"cap:monthly","action":"resume","stops":[],"scope":{},"cap":"monthly","limit":{"units":3},"reason":"ok","handoff":null,"at":"2026-12-01T00:00:00.000Z","resets_at":"2027-01-01T00:00:00.000Z"}""");
        Says(told, "credits.exhausted", """{"period":"2026-11-01"}""");
        Says(told, "overage.started", """{"outcome_type":null,"period":"2026-11-01"}""");
        Says(told, "grant.expiring", """{"remaining":"20","expires_at":"2026-11-20T00:00:00.000Z"}""", "grant");
        Says(told, "dispute.opened", """{"outcome_id":"c-3","reason":"rejected by the buyer"}""", "dispute");
        Says(told, "dispute.resolved",
            """{"outcome_id":"c-3","status":"credited","note":"the buyer is right","amount":"1.20","period":"2026-12-01"}""",
            "dispute");
        Says(told, "statement.final",
            """{"period":"2026-11-01","currency":"USD","total":"51.20","unrounded_total":"51.20","credits_used":"100"}""", "head");
        var final = told["statement.final"]["data"]!;
        var statement = await gateway.Admin.Get("/v1/tenants/acme/statements/2026-11-01").Is(HttpStatusCode.OK);
        foreach (var member in new[] { "total", "unrounded_total", "credits_used", "currency", "head" })
            Assert.True(JsonNode.DeepEquals(statement[member], final[member]), member);
        await gateway.Until("desk", all => all.TrueForAll(one => one.Status() == "delivered"));
    }

    [Fact]
    public async Task That_the_buyer_agrees_with_too_little_is_told_and_listed_O8()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme", """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1"}]}""");
        await gateway.Webhook("desk", receiver.Url, "\"agreement.low\"");
        for (var i = 1; i <= 20; i++)
        {
            await gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"c-{i}", "acme"))
                .Is(HttpStatusCode.Created);
            await gateway.Admin.Post($"/v1/tenants/acme/outcomes/c-{i}/verdict",
                i % 10 == 0 ? """{"verdict":"rejected","csat":1}""" : """{"verdict":"accepted"}""")
                .Is(HttpStatusCode.Created);
        }
        var told = await receiver.Next();
        Says(new() { [told.Type] = told.Json }, "agreement.low",
            """{"outcome_type":"support.resolution","period":"2026-11-01","agreed":18,"total":20}""");
        var alert = (await gateway.Admin.Get("/v1/tenants/acme/alerts").Is(HttpStatusCode.OK))["data"]![0]!;
        Assert.Equal(("agreement.low", "agreement:support.resolution", """{"units":18}""", """{"units":20}"""),
            ((string?)alert["type"], (string?)alert["of"], alert["level"]!.ToJsonString(),
                alert["limit"]!.ToJsonString()));
    }

    /// <param name="given">A member whose value is the product's to choose.</param>
    private static void Says(Dictionary<string, JsonObject> told, string type, string data, string? given = null)
    {
        var payload = told[type];
        Assert.Equal(["type", "timestamp", "data"], payload.Select(member => member.Key));
        var actual = payload["data"]!.DeepClone().AsObject();
        Assert.Equal("acme", (string?)actual["tenant"]);
        Assert.True((long)actual["sequence"]! > 0);
        foreach (var member in new[] { "tenant", "sequence", given })
            if (member is not null) Assert.True(actual.Remove(member), $"{type} has no {member}");
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(data), actual), $"{type}: {actual.ToJsonString()}");
    }
}
