namespace MeteringGateway.Console.Tests;

/// <summary>What a role may not do is not offered, and is refused if it is tried.</summary>
public class RoleTests(WithPages started) : IClassFixture<WithPages>
{
    private static readonly string[] Doing =
        ["Set a new cap", "Change monthly", "Stop the agents", "Buy credits", "What goes beyond the plan"];

    private const string Packs = """
        {"currency":"USD",
         "outcome_types":[{"id":"support.resolution","price":"0.99"},{"id":"interview","credits":"10"}],
         "caps":[{"id":"monthly","limit":{"units":3},"at_limit":{"action":"handoff","to":"queue:tier1"}}],
         "top_ups":[{"id":"pack-100","credits":"100","price":"25.00"}]}
        """;

    private Gateway Gateway => started.Gateway;

    [Theory]
    [InlineData("customer")]
    [InlineData("auditor")]
    public async Task Those_who_only_look_are_offered_nothing_to_change(string role)
    {
        var tenant = $"look-{role}";
        await Gateway.Tenant(tenant, Packs);
        using var person = await Person.Of(Gateway, role, tenant);
        await person.Open($"/console/tenants/{tenant}");
        Assert.All(Doing, what => Assert.False(person.Offers(what), what));
        Assert.False(person.Offers("Webhooks"));
        var token = person.Token;
        foreach (var (page, fields) in new[]
        {
            ("pause", new[] { ("action", "pause"), ("reason", "x") }),
            ("resume", []),
            ("cap/monthly", [("do", "set"), ("limit", "9"), ("unit", "units"), ("action", "pause")]),
            ("cap/monthly/remove", []),
            ("overage", [("for", "period")]),
            ("top-ups", [("do", "buy"), ("pack", "pack-100"), ("once", "abc")]),
            ("thresholds", [("id", "x"), ("of", "cap:monthly"), ("at", "50"), ("unit", "percent")]),
        })
        {
            await person.Force($"/console/tenants/{tenant}/{page}", [("token", token), .. fields]);
            Assert.Equal(HttpStatusCode.Forbidden, person.Status);
            Assert.Contains("lacks the permission", person.Text);
        }
    }

    [Fact]
    public async Task Finance_is_offered_what_finance_does_and_no_webhooks()
    {
        await Gateway.Tenant("fin", Packs);
        using var person = await Person.Of(Gateway, "finance", "fin");
        await person.Open("/console/tenants/fin");
        Assert.All(Doing, what => Assert.True(person.Offers(what), what));
        Assert.False(person.Offers("Webhooks"));
        await person.Open("/console/webhooks");
        Assert.Equal(HttpStatusCode.Forbidden, person.Status);
    }

    [Fact]
    public async Task Packs_are_offered_where_the_plan_sells_any()
    {
        await Gateway.Tenant("no-packs");
        using var person = await Person.Of(Gateway, "finance", "no-packs");
        await person.Open("/console/tenants/no-packs");
        Assert.True(person.Offers("Stop the agents"));
        Assert.False(person.Offers("Buy credits"));
    }

    [Fact]
    public async Task The_vendor_sets_caps_and_stops_nobody()
    {
        await Gateway.Tenant("ven", Packs);
        using var person = await Person.Of(Gateway, "billing", "ven");
        await person.Open("/console/tenants/ven");
        Assert.True(person.Offers("Set a new cap"));
        Assert.False(person.Offers("Stop the agents"));
        Assert.False(person.Offers("Buy credits"));
    }

    [Fact]
    public async Task Another_account_is_as_one_that_is_not_there()
    {
        await Gateway.Tenant("mine");
        await Gateway.Tenant("theirs");
        using var person = await Person.Of(Gateway, "finance", "mine");
        await person.Open("/console");
        Assert.Contains("mine", person.Text);
        Assert.DoesNotContain("theirs", person.Text);
        foreach (var page in new[] { "", "/outcomes", "/statements", "/alerts", "/changes", "/quality", "/cap/monthly",
            "/overage", "/top-ups", "/thresholds", "/outcomes.csv", "/statements/current.csv" })
        {
            await person.Open($"/console/tenants/theirs{page}");
            Assert.Equal(HttpStatusCode.NotFound, person.Status);
            Assert.Contains("There is no such tenant", person.Page.DocumentElement.TextContent);
        }
    }

    [Fact]
    public async Task An_agents_key_sees_nothing()
    {
        await Gateway.Tenant("ag");
        using var person = Person.Before(Gateway);
        await person.SignIn(await Gateway.Key("agent", "ag"));
        Assert.Equal(HttpStatusCode.Forbidden, person.Status);
        Assert.Contains("lacks the permission", person.Text);
    }
}
