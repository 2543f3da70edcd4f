using MeteringGateway.Api.Caps;

namespace MeteringGateway.Api.Tests;

/// <summary>What other caps would have let through (C1); nothing of it is kept.</summary>
public class CapPreviewTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Caps = """[{"id":"two","limit":{"units":2}},{"id":"dear","scope":{"outcome_type":"lead"},"limit":{"amount":"5"},"period":"day"}]""";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task C1_a_preview_says_what_a_tenant_with_these_caps_would_have_and_changes_nothing()
    {
        await Live("preview-free", """[{"id":"loose","limit":{"units":1000}}]""");
        await Live("preview-capped", Caps);
        var before = await Entries();

        var preview = await _gateway.Admin.Post("/v1/tenants/preview-free/caps/preview", $$"""{"caps":{{Caps}}}""")
            .Is(HttpStatusCode.OK);

        var same = await _gateway.Admin.Post("/v1/tenants/preview-capped/caps/preview", $$"""{"caps":{{Caps}}}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal(["2026-12-01", "2026-11-01"], preview["data"]!.AsArray().Select(one => (string?)one!["period"]));
        Assert.Equal(("closed", """{"admitted":8,"refused":0,"spend":"26.00","total":"26.00"}"""),
            ((string?)preview["data"]![1]!["status"], preview["data"]![1]!["actual"]!.ToJsonString()));
        Assert.Equal("""{"admitted":2,"refused":6,"spend":"5.00","total":"5.00"}""",
            preview["data"]![1]!["preview"]!.ToJsonString());
        Assert.Equal("""{"admitted":1,"refused":0,"spend":"1.00","total":"1.00"}""",
            preview["data"]![0]!["preview"]!.ToJsonString());
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(same["data"]![i]!["actual"]!.ToJsonString(), preview["data"]![i]!["preview"]!.ToJsonString());
            Assert.Equal(same["data"]![i]!["actual"]!.ToJsonString(), same["data"]![i]!["preview"]!.ToJsonString());
        }
        Assert.Equal(before, await Entries());

        async Task<string> Entries() => (await _gateway.Admin.Get("/v1/tenants/preview-free/entries?limit=1000")
            .Is(HttpStatusCode.OK)).ToJsonString();
    }

    [Fact]
    public async Task C1_disputes_are_decided_again_as_they_were()
    {
        const string loose = """[{"id":"loose","limit":{"units":1000}}]""", tenant = "/v1/tenants/preview-disputed";
        await Live("preview-disputed", loose);
        foreach (var outcome in (string[])["l-0", "o-9"]) // of a period that is closed, and of the open one
        {
            if (outcome == "o-9")
                await _gateway.Admin.Post(tenant + "/clock", """{"advance":"PT2H"}""").Is(HttpStatusCode.OK);
            var id = (string)(await _gateway.Admin.Post($"{tenant}/outcomes/{outcome}/disputes",
                """{"reason":"wrong"}""").Is(HttpStatusCode.Created))["id"]!;
            await _gateway.Admin.Post($"{tenant}/disputes/{id}/resolve", """{"resolution":"credited","note":"yes"}""")
                .Is(HttpStatusCode.OK);
        }
        var preview = await _gateway.Admin.Post(tenant + "/caps/preview", $$"""{"caps":{{loose}}}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("0.00", (string?)preview["data"]![0]!["actual"]!["spend"]);
        Assert.All(preview["data"]!.AsArray(), one =>
            Assert.Equal(one!["actual"]!.ToJsonString(), one["preview"]!.ToJsonString()));
    }

    [Fact]
    public void C1_a_preview_beside_another_one_of_its_tenant_is_told_so_and_not_that_something_is_wrong_N4()
    {
        var none = new Core.CapPreview("USD", 7, TooLong: false, []);
        var busy = CapPreviewEndpoints.Refuse(none with { Busy = true }, TimeSpan.FromSeconds(10))!;
        Assert.Equal((503, "busy", 5), (busy.Status, busy.Code, busy.RetryAfter));
        Assert.StartsWith("Another preview of this tenant is under way", busy.Detail, StringComparison.Ordinal);
        var late = CapPreviewEndpoints.Refuse(none with { GivenUp = true }, TimeSpan.FromSeconds(10))!;
        Assert.Equal((422, "preview_given_up", null), (late.Status, late.Code, late.RetryAfter));
        Assert.Contains("in 10 seconds", late.Detail, StringComparison.Ordinal);
        Assert.Null(CapPreviewEndpoints.Refuse(none, TimeSpan.FromSeconds(10)));
    }

    private async Task Live(string tenant, string caps)
    {
        await _gateway.Tenant(tenant, $$"""
            {"currency":"USD","caps":{{caps}},"outcome_types":[{"id":"support.resolution","price":"1","measurement_window":"PT1H"},
             {"id":"lead","price":"4","measurement_window":"PT0S"}]}
            """, ""","test_clock":{"start":"2026-11-10T00:00:00Z"}""");
        for (var i = 0; i < 3; i++) await Send($"o-{i}", "support.resolution");
        for (var i = 0; i < 4; i++) await Send($"l-{i}", "lead");
        await _gateway.Admin.PostAs(One, "/v1/events",
            Report.Event("outcome.reopened", "f-1", tenant, "\"outcome_id\":\"o-1\"")).Is(HttpStatusCode.Created);
        for (var i = 4; i < 6; i++) await Send($"l-{i}", "lead");
        await _gateway.Admin.Post($"/v1/tenants/{tenant}/clock", """{"to":"2026-12-10T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
        await Send("o-9", "support.resolution");

        Task<JsonObject> Send(string id, string type) => _gateway.Admin.PostAs(One, "/v1/events",
            Report.Event("outcome.reported", id, tenant, $"\"outcome_type\":\"{type}\"")).Is(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("{}", "/caps", "is required")]
    [InlineData("""{"caps":[{"id":"a","limit":{"units":1},"scope":{"outcome_type":"nothing"}}]}""",
        "/caps/0/scope/outcome_type", "names no outcome type")]
    [InlineData("""{"caps":[{"id":"a","limit":{"units":1}},{"id":"a","limit":{"units":2}}]}""", "/caps/1/id",
        "is there twice")]
    [InlineData("""{"caps":[{"id":"a"}]}""", "/caps/0/limit", "")]
    public async Task C1_caps_that_cannot_be_are_named(string body, string pointer, string why)
    {
        var tenant = $"preview-{body.Length}";
        await _gateway.Tenant(tenant);
        var problem = await _gateway.Admin.Post($"/v1/tenants/{tenant}/caps/preview", body)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        var error = problem["errors"]!.AsArray().Single(one => (string?)one!["pointer"] == pointer)!;
        Assert.Contains(why, (string?)error["detail"], StringComparison.Ordinal);
    }
}
