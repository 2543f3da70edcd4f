namespace MeteringGateway.Api.Tests;

/// <summary>What an administrator, or a finance one, does is an entry with who, when, before and after (D4).</summary>
public class AdministratorTests(Started started) : IClassFixture<Started>
{
    private const string Tenant = "administered";
    private readonly Gateway _gateway = started.Gateway;
    private int _seen;

    [Fact]
    public async Task What_an_administrator_does_is_an_entry_with_who_when_before_and_after_D4()
    {
        await _gateway.Tenant(Tenant);
        await _gateway.Admin.Put("/v1/plans/other-plan", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","included_units":1}],
             "overage":{"requires_authorization":true},
             "caps":[{"id":"monthly","limit":{"units":3},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
            """).Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
            Report.Outcome("o-1", Tenant, """ "end_customer":"u-9" """)).Is(HttpStatusCode.Created);
        using var finance = await _gateway.Role("finance", Tenant);
        using var billing = await _gateway.Role("billing", Tenant);
        await Entries();

        const string cap = $"/v1/tenants/{Tenant}/caps/desk";
        await finance.Put(cap, """{"limit":{"units":5}}""").Is(HttpStatusCode.Created);
        await Says("cap_set", "finance", """{"units":5}""", data => data["cap"]!["limit"], null, data => data["before"]);
        await finance.Put(cap, """{"limit":{"units":9}}""").Is(HttpStatusCode.OK);
        await Says("cap_set", "finance", """{"units":9}""", data => data["cap"]!["limit"], """{"units":5}""",
            data => data["before"]!["limit"]);
        using (await finance.Delete(cap)) { }
        await Says("cap_removed", "finance", """{"units":9}""", data => data["before"]!["limit"]);

        const string threshold = $"/v1/tenants/{Tenant}/thresholds/half";
        await finance.Put(threshold, """{"of":"spend","at":{"amount":"5.00"}}""").Is(HttpStatusCode.Created);
        await Says("threshold_set", "finance", null, data => data["before"]);
        await finance.Put(threshold, """{"of":"spend","at":{"amount":"6.00"}}""").Is(HttpStatusCode.OK);
        await Says("threshold_set", "finance", """{"amount":"5.00"}""", data => data["before"]!["at"]);

        await _gateway.Admin.Put($"/v1/tenants/{Tenant}",
            $$"""{"name":"Another Name","plan":"{{Tenant}}"}""").Is(HttpStatusCode.OK);
        await Says("tenant_changed", "admin", "\"Another Name\"", data => data["name"], $"\"{Tenant}\"",
            data => data["name_before"]);
        await _gateway.Admin.Put($"/v1/tenants/{Tenant}", """{"name":"Another Name","plan":"other-plan"}""")
            .Is(HttpStatusCode.OK);
        await Says("terms_set", "admin", "\"other-plan\"", data => data["plan"]!["id"], $"\"{Tenant}\"",
            data => data["before"]!["id"]);

        var grant = await billing.Post($"/v1/tenants/{Tenant}/grants", """{"amount":"20","kind":"promotional"}""")
            .Is(HttpStatusCode.Created);
        await Says("grant_issued", "billing", "\"20.00\"", data => data["amount"]);
        await billing.Delete($"/v1/tenants/{Tenant}/grants/{grant["id"]}").Is(HttpStatusCode.OK);
        await Says("grant_ended", "billing", "\"20.00\"", data => data["taken"]);

        const string overage = $"/v1/tenants/{Tenant}/overage";
        await finance.Post($"{overage}/authorize", """{"for":"standing"}""").Is(HttpStatusCode.OK);
        await Says("overage_authorized", "finance", null, data => data["before"]);
        await finance.Post($"{overage}/authorize", """{"for":"period","limit":{"amount":"7.00"}}""")
            .Is(HttpStatusCode.OK);
        await Says("overage_authorized", "finance", """{"period":null,"limit":null}""", data => data["before"]);
        using (await finance.Delete($"{overage}/authorization")) { }
        await Says("authorization_withdrawn", "finance", """{"amount":"7.00"}""", data => data["before"]!["limit"]);

        await _gateway.Admin.Delete($"/v1/tenants/{Tenant}/end-customers/u-9").Is(HttpStatusCode.OK);
        await Says("detail_erased", "admin", "1", data => data["events"]);
    }

    private Task Says(string kind, string role, string? value, Func<JsonNode, JsonNode?> member) =>
        Says(kind, role, value, member, null, _ => null);

    private async Task Says(string kind, string role, string? after, Func<JsonNode, JsonNode?> where, string? before,
        Func<JsonNode, JsonNode?> whereBefore)
    {
        var entry = (await Entries()).Single(one => (string?)one["kind"] == kind);
        Assert.Equal(role, (string?)entry["actor"]!["role"]);
        Assert.False(string.IsNullOrEmpty((string?)entry["actor"]!["key_id"]));
        Assert.Equal("2026-11-21T12:00:00.000Z", (string?)entry["at"]);
        Assert.Equal(after, where(entry["data"]!)?.ToJsonString());
        Assert.Equal(before, whereBefore(entry["data"]!)?.ToJsonString());
    }

    /// <summary>Those since they were last asked for.</summary>
    private async Task<List<JsonNode>> Entries()
    {
        var page = await _gateway.Admin.Get($"/v1/tenants/{Tenant}/entries?limit=1000&after={_seen}")
            .Is(HttpStatusCode.OK);
        var entries = page["data"]!.AsArray().Select(entry => entry!).ToList();
        _seen += entries.Count;
        return entries;
    }
}
