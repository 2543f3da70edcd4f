using Microsoft.Extensions.Logging;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Keys;

namespace MeteringGateway.Api.Tests;

public class KeyTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public void A_header_that_was_one_keys_is_no_other_keys_of_the_same_id()
    {
        const string key = "a-key-of-somebody", header = $"Bearer {key}";
        var (ended, made) = (Of(key), Of("a-key-that-took-its-place"));

        Assert.True(ended.Proves(header, key));
        Assert.True(ended.Proves(header, key));
        Assert.False(made.Proves(header, key));

        static Principal Of(string key) => new("id", "admin", Permission.All, tenants: null, expiresAt: null,
            KeyRing.Hash(key));
    }

    // The table of http.md, word for word.
    [Theory]
    [InlineData("agent", "allowance,events:write,signals")]
    [InlineData("finance",
        "usage:read,outcomes:read,limits:write,alerts:write,funds:write,verdicts:write,disputes:open,entries:read")]
    [InlineData("customer", "usage:read,outcomes:read,verdicts:write,disputes:open")]
    [InlineData("billing", "usage:read,outcomes:read,terms:write,grants:write,disputes:resolve")]
    [InlineData("auditor", "usage:read,outcomes:read,entries:read")]
    [InlineData("ops", "ops:read")]
    [InlineData("admin",
        "allowance,events:write,signals,usage:read,outcomes:read,limits:write,alerts:write,funds:write,verdicts:write,disputes:open,terms:write,grants:write,disputes:resolve,entries:read,ops:read,tenants:write,plans:write,keys:write,webhooks:write")]
    public void A_role_is_a_bundle_of_permissions(string role, string permissions) =>
        Assert.Equal(permissions.Split(',').Order(StringComparer.Ordinal),
            Permissions.Names(Permissions.Roles[role]).Order(StringComparer.Ordinal));

    [Fact]
    public async Task A_key_is_shown_once_and_kept_only_as_a_hash()
    {
        await _gateway.Tenant("shown-once");
        var made = await _gateway.Admin.Post("/v1/keys",
            """{"role":"agent","tenants":["shown-once"],"label":"runtime"}""")
            .Is(HttpStatusCode.Created);
        var key = (string)made["key"]!;

        Assert.StartsWith($"mk_{made["id"]}_", key, StringComparison.Ordinal);
        var list = await (await _gateway.Admin.Get("/v1/keys")).Content.ReadAsStringAsync();
        Assert.Contains((string)made["id"]!, list, StringComparison.Ordinal);
        Assert.DoesNotContain(key[^43..], list, StringComparison.Ordinal);
        Assert.DoesNotContain("hash", list, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_key_is_ever_logged_at_any_level()
    {
        await using var talkative = await Gateway.Start(lowest: LogLevel.Trace);
        var key = await talkative.Key("agent");
        using var agent = talkative.As(key);
        await agent.Get("/v1/keys").IsProblem(HttpStatusCode.Forbidden, "forbidden");
        using var altered = talkative.As(key[..^1] + "-");
        await altered.Get("/v1/keys").IsProblem(HttpStatusCode.Unauthorized, "unauthorized");

        Assert.True(talkative.Log.Lines.Count() > 20);
        Assert.DoesNotContain(talkative.Log.Lines, line => line.Contains(key[^43..^1], StringComparison.Ordinal)
            || line.Contains(Gateway.AdminKey, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_may_be_given_fewer_permissions_but_no_more()
    {
        var made = await _gateway.Admin.Post("/v1/keys",
            """{"role":"finance","tenants":"*","permissions":["usage:read"]}""").Is(HttpStatusCode.Created);
        using var narrow = _gateway.As((string)made["key"]!);
        await narrow.Get("/v1/tenants").Is(HttpStatusCode.OK);
        await narrow.Post("/v1/tenants/acme/resume", null).IsProblem(HttpStatusCode.Forbidden, "forbidden");

        var more = await _gateway.Admin.Post("/v1/keys",
            """{"role":"agent","tenants":"*","permissions":["keys:write","nonsense"]}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/permissions/0", "/permissions/1"], more.Pointers());
        var none = await _gateway.Admin.Post("/v1/keys", """{"role":"agent","tenants":[],"permissions":[]}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/tenants", "/permissions"], none.Pointers().Order(StringComparer.Ordinal).Reverse());
    }

    [Fact]
    public async Task A_key_gives_away_nothing_that_it_does_not_have()
    {
        await _gateway.Tenant("mine");
        var made = await _gateway.Admin.Post("/v1/keys",
            """{"role":"admin","tenants":["mine"],"permissions":["keys:write"]}""").Is(HttpStatusCode.Created);
        using var narrow = _gateway.As((string)made["key"]!);

        await narrow.Post("/v1/keys", """{"role":"admin","tenants":["mine"]}""")
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await narrow.Post("/v1/keys", """{"role":"admin","tenants":"*","permissions":["keys:write"]}""")
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await narrow.Post("/v1/keys", """{"role":"admin","tenants":["mine"],"permissions":["keys:write"]}""")
            .Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task The_same_request_with_the_same_idempotency_key_gives_the_same_key_again()
    {
        await _gateway.Tenant("again");
        const string body = """{"role":"agent","tenants":["again"]}""";
        var first = await _gateway.Admin.Post("/v1/keys", body, ("Idempotency-Key", "k-1")).Is(HttpStatusCode.Created);
        var again = await _gateway.Admin.Post("/v1/keys", body, ("Idempotency-Key", "k-1")).Is(HttpStatusCode.Created);
        Assert.True(JsonNode.DeepEquals(first, again));

        await _gateway.Admin.Post("/v1/keys", """{"role":"auditor","tenants":["again"]}""", ("Idempotency-Key", "k-1"))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");

        using var another = await _gateway.Role("admin");
        var theirs = await another.Post("/v1/keys", body, ("Idempotency-Key", "k-1")).Is(HttpStatusCode.Created);
        Assert.NotEqual((string)first["key"]!, (string)theirs["key"]!);

        _gateway.Clock.Advance(TimeSpan.FromHours(25));
        var later = await _gateway.Admin.Post("/v1/keys", body, ("Idempotency-Key", "k-1")).Is(HttpStatusCode.Created);
        Assert.NotEqual((string)first["key"]!, (string)later["key"]!);
    }

    [Fact]
    public async Task A_key_for_a_tenant_that_is_not_there_is_refused_by_pointer()
    {
        await _gateway.Tenant("there");
        await _gateway.Tenant("there-too");
        var problem = await _gateway.Admin.Post("/v1/keys",
            """{"role":"agent","tenants":["there","ther","there-","there-too","there-tooo","-","z"]}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/tenants/1", "/tenants/2", "/tenants/4", "/tenants/5", "/tenants/6"], problem.Pointers());
        Assert.Contains("'ther'", (string)problem["errors"]![0]!["detail"]!, StringComparison.Ordinal);
        // Closed, it has its books still.
        await _gateway.Admin.Delete("/v1/tenants/there-too").Is(HttpStatusCode.OK);
        await _gateway.Admin.Post("/v1/keys", """{"role":"auditor","tenants":["there","there-too"]}""")
            .Is(HttpStatusCode.Created);
        // Whoever is bound does not learn which others there are.
        using var bound = await _gateway.Role("admin", "there");
        foreach (var tenant in new[] { "there-too", "nowhere" })
            await bound.Post("/v1/keys", $$"""{"role":"agent","tenants":["{{tenant}}"]}""")
                .IsProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task Everything_wrong_with_a_key_is_said_at_once()
    {
        var problem = await _gateway.Admin.Post("/v1/keys",
            """{"role":"king","tenants":["A B"],"expires_at":"yesterday"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/role", "/expires_at", "/tenants/0"], problem.Pointers());
    }

    [Fact]
    public async Task Keys_are_listed_page_by_page_and_survive_a_restart()
    {
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        string key;
        await using (var first = await Gateway.Start(dataDirectory: directory))
        {
            key = await first.Key("auditor");
            await first.Key("agent");
            await first.Key("agent");
            var page = await first.Admin.Get("/v1/keys?limit=2").Is(HttpStatusCode.OK);
            var rest = await first.Admin.Get($"/v1/keys?limit=2&cursor={page["next_cursor"]}").Is(HttpStatusCode.OK);
            Assert.Equal([2, 1], new[] { page, rest }.Select(one => one["data"]!.AsArray().Count));
            Assert.Null(rest["next_cursor"]);
        }
        await using var second = await Gateway.Start(dataDirectory: directory);
        using var auditor = second.As(key);
        await auditor.Get("/v1/tenants").Is(HttpStatusCode.OK);
    }

    [FactInOneProcess]
    public async Task A_key_that_asks_too_often_is_told_when_to_come_back()
    {
        await using var limited = await Gateway.Start(new() { ["Metering:Limits:RequestsPerSecond"] = "3" });
        for (var i = 0; i < 3; i++) await limited.Admin.Get("/v1/keys").Is(HttpStatusCode.OK);

        using var refused = await limited.Admin.Get("/v1/keys");
        await Task.FromResult(refused).IsProblem(HttpStatusCode.TooManyRequests, "throttled");
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);

        limited.Clock.Advance(TimeSpan.FromSeconds(1));
        await limited.Admin.Get("/v1/keys").Is(HttpStatusCode.OK);
    }
}
