namespace MeteringGateway.Console.Browser.Tests;

/// <summary>The day of somebody in finance, in a browser that runs scripts and in one that does not.</summary>
public sealed class DayTests(Desk desk) : IClassFixture<Desk>
{
    [TheoryIfInstalled("chromium")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cap_is_seen_reached_and_raised_and_agents_go_on(bool script)
    {
        var accounts = await Accounts.Open(desk.Gateway, script ? "raise" : "raise-plain");
        await using var finance = await desk.Someone(script);
        await finance.Page.Clock.InstallAsync();
        await finance.Open(await finance.Link("finance", accounts.Capped, accounts.Prepaid));
        await finance.Reads($"signs you in as finance of {accounts.Capped}, {accounts.Prepaid}");
        await finance.Press("Sign in");
        await finance.Reads("What needs attention");
        await finance.Reads("The cap monthly: 5 units of 5 units used. A cap is reached.");
        Assert.Equal("handoff", await accounts.Agent.Decision(accounts.Capped));

        await finance.Follow("Acme Bicycles");
        await finance.Reads("5 units of 5 units used, 0 units left");
        await finance.Follow("Change monthly");
        await finance.Fill("Limit", "50");
        await finance.Press("Show the effect");
        await finance.Reads("There would be room for 45 units more at once.");
        Assert.Equal("handoff", await accounts.Agent.Decision(accounts.Capped));
        await finance.Press("Set the cap");
        await finance.Reads("The cap is set");
        Assert.Equal("allow", await accounts.Agent.Decision(accounts.Capped));
        await FiguresMove(finance, accounts, script);
        Assert.Empty(finance.Complaints);
    }

    [TheoryIfInstalled("chromium")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pack_is_bought_with_its_price_shown_before_and_agents_go_on(bool script)
    {
        var accounts = await Accounts.Open(desk.Gateway, script ? "pack" : "pack-plain");
        await using var finance = await desk.Someone(script);
        await finance.SignIn("finance", accounts.Capped, accounts.Prepaid);
        await finance.Follow("Globex Hiring");
        await finance.Follow("Buy credits");
        await finance.Press("Show price and effect of pack-100");
        await finance.Reads("25.00\u00a0USD, a line of this period's statement");
        await finance.Reads("Balance afterwards");
        Assert.Equal("pause", await accounts.Agent.Decision(accounts.Prepaid));
        await finance.Press("Buy for 25.00 USD");
        await finance.Reads("The pack is bought");
        await finance.Reads("Credits: 100 left");
        Assert.Equal("allow", await accounts.Agent.Decision(accounts.Prepaid));
        Assert.Empty(finance.Complaints);
    }

    [TheoryIfInstalled("chromium")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_statement_is_read_a_line_opened_and_one_of_its_outcomes_disputed(bool script)
    {
        var accounts = await Accounts.Open(desk.Gateway, script ? "read" : "read-plain");
        await using var finance = await desk.Someone(script);
        await finance.SignIn("finance", accounts.Capped);
        await finance.Follow("Acme Bicycles");
        await finance.Follow("Statements");
        await finance.Follow("From 1 Nov 2026");
        await finance.Reads("3.96"); // one is included, four cost 0.99
        await finance.Follow("Open the outcomes behind the lines");
        await finance.Follow("case-2");
        await finance.Reads("It is charged: achieved, and not taken back in time.");
        await finance.Fill("Why should it not be charged?", "the customer wrote again");
        await finance.Press("Dispute the outcome");
        await finance.Reads("The outcome is disputed");
        await finance.Reads("Open: the customer wrote again");
        var dispute = (await desk.Gateway.Admin.Get($"/v1/tenants/{accounts.Capped}/outcomes/case-2").Json())["dispute"];
        Assert.Equal("the customer wrote again", (string)dispute!["reason"]!);
        Assert.Empty(finance.Complaints);
    }

    /// <summary>With script by themselves, while the page stays; without it when it is opened again.</summary>
    private static async Task FiguresMove(Viewer finance, Accounts accounts, bool script)
    {
        await finance.Reads("5 units of 50 units used, 45 units left");
        await accounts.Agent.Report(accounts.Capped, "case-6");
        if (!script)
        {
            await finance.Page.ReloadAsync();
            await finance.Reads("6 units of 50 units used, 44 units left");
            return;
        }
        await finance.Page.EvaluateAsync("document.body.dataset.same = 'yes'");
        await finance.Page.Clock.RunForAsync(3_000);
        await finance.Reads("6 units of 50 units used, 44 units left");
        Assert.Equal("yes", await finance.Page.EvaluateAsync<string>("document.body.dataset.same"));
    }
}
