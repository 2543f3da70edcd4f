namespace MeteringGateway.Api.Tests;

/// <summary>Who made, changed and ended the keys, the plan and the receivers of a tenant (D4).</summary>
public class SetupChangeTests(Started started) : IClassFixture<Started>
{
    private const string Url = "https://hooks.example/";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task D4_keys_plan_and_webhooks_are_told_with_who_and_what_was_before_and_without_their_secrets()
    {
        await _gateway.Tenant("setup");
        _gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        var ada = await Then(_gateway.Admin.Post("/v1/keys",
            """{"role":"finance","tenants":["setup"],"label":"Ada Lovelace"}""").Is(HttpStatusCode.Created));
        using var finance = _gateway.As((string)ada["key"]!);
        await Then(finance.Put("/v1/tenants/setup/webhooks/books", $$"""{"url":"{{Url}}a","events":["*"]}""")
            .Is(HttpStatusCode.Created));
        await Then(finance.Put("/v1/tenants/setup/webhooks/books", $$"""{"url":"{{Url}}b","events":["*"]}""")
            .Is(HttpStatusCode.OK));
        await Then(finance.Delete("/v1/tenants/setup/webhooks/books").Is(HttpStatusCode.NoContent));
        await Then(_gateway.Admin.Delete($"/v1/keys/{ada["id"]}").Is(HttpStatusCode.NoContent));

        using var auditor = await _gateway.Role("auditor", "setup");
        var told = await auditor.Get("/v1/tenants/setup/setup-changes").Is(HttpStatusCode.OK);
        Assert.Equal(
            [
                "key - -> auditor by settings", "key finance -> finance, ended by settings",
                "webhook b -> - by Ada Lovelace", "webhook a -> b by Ada Lovelace", "webhook - -> a by Ada Lovelace",
                "key - -> finance by settings", "plan - -> USD by settings",
            ], told["data"]!.AsArray().Select(Words));
        var page = await auditor.Get("/v1/tenants/setup/setup-changes?limit=4").Is(HttpStatusCode.OK);
        var rest = await auditor.Get($"/v1/tenants/setup/setup-changes?cursor={page["next_cursor"]}")
            .Is(HttpStatusCode.OK);
        Assert.Equal(told["data"]!.AsArray().Select(Words),
            page["data"]!.AsArray().Concat(rest["data"]!.AsArray()).Select(Words));
        foreach (var secret in new[] { "whsec_", "hash", "mk_" })
            Assert.DoesNotContain(secret, told.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task D4_of_another_tenant_nothing_is_told_and_not_to_everybody()
    {
        await _gateway.Tenant("setup-mine");
        await _gateway.Tenant("setup-theirs");
        _gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        await _gateway.Admin.Post("/v1/keys", """{"role":"finance","tenants":["setup-mine","setup-theirs"]}""")
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Put("/v1/webhooks/setup-all", $$"""{"url":"{{Url}}","events":["*"],"tenants":"*"}""")
            .Is(HttpStatusCode.Created);
        using var mine = await _gateway.Role("finance", "setup-mine");
        var told = await mine.Get("/v1/tenants/setup-mine/setup-changes").Is(HttpStatusCode.OK);
        Assert.Equal(["key - -> finance by settings", "plan - -> USD by settings"],
            told["data"]!.AsArray().Select(Words));
        await mine.Get("/v1/tenants/setup-theirs/setup-changes")
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        using var customer = await _gateway.Role("customer", "setup-mine");
        await customer.Get("/v1/tenants/setup-mine/setup-changes").IsProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    /// <summary>It is done, and the next thing comes later.</summary>
    private async Task<T> Then<T>(Task<T> done)
    {
        var answer = await done;
        _gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        return answer;
    }

    private static string Words(JsonNode? one) => $"{one!["of"]} {Short(one["before"])} -> {Short(one["after"])} by "
        + ((string?)one["by"]!["label"] ?? (string)one["by"]!["key_id"]!);

    private static string Short(JsonNode? of) => of is null ? "-"
        : (string?)of["url"] is { } url ? url[Url.Length..]
        : (string?)of["role"] is { } role ? role + (of["revoked_at"] is null ? "" : ", ended")
        : (string)of["currency"]!;
}
