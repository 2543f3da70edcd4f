namespace MeteringGateway.Console.Tests;

/// <summary>What a finance admin does about limits, and what agents are told right afterwards.</summary>
public class LimitTests(WithPages started) : IClassFixture<WithPages>
{
    private const string Credits = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","credits":"10"}],
         "credits":{"period_grant":"20"},
         "top_ups":[{"id":"pack-100","credits":"100","price":"25.00","expires_after":"P30D"}]}
        """;

    private Gateway Gateway => started.Gateway;

    [Fact]
    public async Task A_cap_that_is_reached_is_what_needs_attention_and_raising_it_lets_agents_go_on()
    {
        await Gateway.Tenant("raise");
        using var agent = await Gateway.Role("agent", "raise");
        await agent.Report("raise", "r-1", "r-2", "r-3");
        Assert.Equal("handoff", await agent.Decision("raise"));

        using var finance = await Person.Of(Gateway, "finance", "raise");
        await finance.Open("/console");
        Assert.Contains("What needs attention", finance.Text);
        Assert.Contains("The cap monthly: 3 units of 3 units used. A cap is reached.", finance.Text);
        await finance.Follow("raise");
        Assert.Contains("3 units of 3 units used, 0 units left", finance.Text);
        Assert.Contains("At the limit: Agents hand over to queue:tier1.", finance.Text);
        await finance.Follow("Change monthly");
        await finance.Press("Show the effect", ("Limit", "50"));
        Assert.Contains("There would be room for 47 units more at once.", finance.Text);
        Assert.Equal("handoff", await agent.Decision("raise")); // only looked at
        await finance.Press("Set the cap");
        Assert.Contains("The cap is set", finance.Text);
        Assert.Contains("3 units of 50 units used, 47 units left", finance.Text);
        Assert.Equal("allow", await agent.Decision("raise"));
    }

    [Fact]
    public async Task What_a_cap_does_at_its_limit_stays_as_it_is_when_only_the_limit_is_changed()
    {
        await Gateway.Tenant("stays");
        using var finance = await Person.Of(Gateway, "finance", "stays");
        await finance.Open("/console/tenants/stays/cap/monthly");
        await finance.Press("Set the cap", ("Limit", "7"));
        var cap = await Gateway.Admin.Get("/v1/tenants/stays/caps/monthly").Json();
        Assert.Equal("queue:tier1", (string)cap["at_limit"]!["to"]!);
        Assert.Equal(7, (int)cap["limit"]!["units"]!);
    }

    [Fact]
    public async Task A_cap_below_what_is_used_asks_when_it_is_to_hold_and_does_what_was_chosen()
    {
        await Gateway.Tenant("lower");
        using var agent = await Gateway.Role("agent", "lower");
        await agent.Report("lower", "l-1", "l-2");
        using var finance = await Person.Of(Gateway, "finance", "lower");
        await finance.Open("/console/tenants/lower/cap/monthly");
        await finance.Press("Set the cap", ("Limit", "1"));
        Assert.Equal(HttpStatusCode.Conflict, finance.Status);
        Assert.Contains("More is used than this limit: 2 units. When is it to hold?", finance.Text);
        await finance.Press("Set the cap", ("From the next period on", ""));
        Assert.Contains("when the next period begins", finance.Text);
        Assert.Contains("To come: 1 unit from", finance.Text);
        Assert.Equal("allow", await agent.Decision("lower"));
    }

    [Fact]
    public async Task A_new_cap_on_money_is_set_and_removed()
    {
        await Gateway.Tenant("budget");
        using var finance = await Person.Of(Gateway, "finance", "budget");
        await finance.Open("/console/tenants/budget");
        await finance.Follow("Set a new cap");
        await finance.Press("Set the cap", ("Name", "budget"), ("Limit", "1,250.50"), ("In", "amount"));
        Assert.Contains("Budget (budget) 1,250.50 USD", finance.Text);
        await finance.Follow("Change budget");
        await finance.Press("Remove the cap");
        Assert.Contains("The cap is removed", finance.Text);
        Assert.DoesNotContain("Budget (budget)", finance.Text);
    }

    [Fact]
    public async Task Stopping_by_hand_needs_a_reason_and_lasts_until_somebody_lets_them_go_on()
    {
        await Gateway.Tenant("stop");
        using var agent = await Gateway.Role("agent", "stop");
        using var finance = await Person.Of(Gateway, "finance", "stop");
        await finance.Open("/console/tenants/stop");
        await finance.Follow("Stop the agents");
        await finance.Press("Stop the agents");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, finance.Status);
        await finance.Press("Stop the agents", ("Reason", "a wrong answer <b>to</b> many"));
        Assert.Contains("The agents are stopped", finance.Text);
        Assert.Equal("pause", await agent.Decision("stop"));
        await finance.Open("/console/tenants/stop/changes");
        Assert.Contains("Stopped the agents: a wrong answer <b>to</b> many.", finance.Text);
        await finance.Open("/console/tenants/stop");
        await finance.Press("Let the agents go on");
        Assert.Equal("allow", await agent.Decision("stop"));
        Assert.True(finance.Offers("Stop the agents"));
    }

    [Fact]
    public async Task A_pack_shows_its_price_and_effect_before_it_is_bought_and_is_bought_once()
    {
        await Gateway.Tenant("pack", Credits);
        using var agent = await Gateway.Role("agent", "pack");
        await agent.Report("pack", "p-1", "p-2");
        Assert.Equal("pause", await agent.Decision("pack"));
        using var finance = await Person.Of(Gateway, "finance", "pack");
        await finance.Open("/console/tenants/pack");
        await finance.Follow("Buy credits");
        Assert.Contains("100 credits for 25.00 USD, good for 30 days from the purchase on", finance.Text);
        await finance.Press("Show price and effect of pack-100", ("How many", "2"));
        Assert.Contains("Price 50.00 USD", finance.Text);
        Assert.Contains("Balance afterwards 200 credits", finance.Text);
        Assert.Equal("pause", await agent.Decision("pack"));
        var once = finance.Page.QuerySelector("input[name=once]")!.GetAttribute("value")!;
        var token = finance.Token;
        await finance.Press("Buy for 50.00 USD", ("Note", "spring"));
        Assert.Contains("The pack is bought", finance.Text);
        Assert.Contains("200 left", finance.Text);
        Assert.Equal("allow", await agent.Decision("pack"));
        await finance.Force("/console/tenants/pack/top-ups", ("token", token), ("once", once), ("do", "buy"),
            ("pack", "pack-100"), ("quantity", "2"), ("note", "spring"));
        Assert.Contains("200 left", finance.Text);
    }

    [Fact]
    public async Task Going_beyond_the_plan_is_authorised_and_taken_back()
    {
        await Gateway.Tenant("beyond", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"2.00","included_units":1}],
             "overage":{"mode":"bill","requires_authorization":true}}
            """);
        using var agent = await Gateway.Role("agent", "beyond");
        await agent.Report("beyond", "b-1");
        Assert.Equal("pause", await agent.Decision("beyond"));
        using var finance = await Person.Of(Gateway, "finance", "beyond");
        await finance.Open("/console/tenants/beyond");
        Assert.Contains("it waits for an authorisation", finance.Text);
        await finance.Follow("What goes beyond the plan");
        await finance.Press("Authorise", ("Up to", "10.00"));
        Assert.Contains("is authorised", finance.Text);
        Assert.Equal("allow", await agent.Decision("beyond"));
        await finance.Open("/console/tenants/beyond/overage");
        Assert.Contains("For this period, up to 10.00 USD", finance.Text);
        await finance.Press("Take the authorisation back");
        Assert.Equal("pause", await agent.Decision("beyond"));
    }

    [Fact]
    public async Task A_level_is_set_crossed_told_of_and_removed()
    {
        await Gateway.Tenant("level");
        using var finance = await Person.Of(Gateway, "finance", "level");
        await finance.Open("/console/tenants/level/thresholds");
        await finance.Press("Set the level", ("Name", "two-thirds"), ("Of", "cap:monthly"), ("Level", "60"));
        Assert.Contains("The level is set", finance.Text);
        using var agent = await Gateway.Role("agent", "level");
        await agent.Report("level", "t-1", "t-2");
        await finance.Open("/console/tenants/level/alerts");
        Assert.Contains("A level was reached: the cap monthly, 2 units of 3 units", finance.Text);
        await finance.Open("/console/tenants/level/thresholds");
        Assert.Contains("2 units, crossed", finance.Text);
        await finance.Press("Remove two-thirds");
        Assert.Contains("No level is set", finance.Text);
    }
}
