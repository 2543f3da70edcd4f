namespace MeteringGateway.Console.Browser.Tests;

/// <summary>Whoever has no mouse.</summary>
public sealed class KeyboardTests(Desk desk) : IClassFixture<Desk>
{
    [FactIfInstalled("chromium")]
    public async Task From_signing_in_to_a_raised_cap_by_keys_alone_and_it_is_seen_where_one_is()
    {
        var accounts = await Accounts.Open(desk.Gateway, "keys");
        await using var finance = await desk.Someone();
        var keys = finance.Page.Keyboard;
        await finance.Open("/console/sign-in");
        await finance.TabTo("Key");
        await keys.TypeAsync(await desk.Gateway.Key("finance", accounts.Capped));
        await finance.Enter();
        await finance.Reads("What needs attention");
        await finance.TabTo("Acme Bicycles");
        await finance.Enter();
        await finance.Reads("5 units of 5 units used, 0 units left");
        await finance.TabTo("Change monthly");
        await finance.Enter();
        await finance.Reads("To whom they hand over");
        await finance.TabTo("Limit");
        await keys.TypeAsync("50"); // what was there is selected
        await finance.TabTo("Set the cap");
        await finance.Enter();
        await finance.Reads("The cap is set");
        Assert.Equal("allow", await accounts.Agent.Decision(accounts.Capped));
    }

    [FactIfInstalled("chromium")]
    public async Task The_first_key_skips_what_every_page_begins_with()
    {
        var accounts = await Accounts.Open(desk.Gateway, "skip");
        await using var finance = await desk.Someone("finance", accounts.Capped);
        await finance.TabTo("Skip to the content", within: 1);
        await finance.Page.Keyboard.PressAsync("Enter");
        await finance.TabTo("Acme Bicycles", within: 1);
    }

    /// <summary>Figures are put into the page while somebody is in the midst of it.</summary>
    [FactIfInstalled("chromium")]
    public async Task When_figures_move_one_stays_where_one_is_and_what_is_open_stays_open()
    {
        var accounts = await Accounts.Open(desk.Gateway, "stay");
        await using var finance = await desk.Someone();
        await finance.Page.Clock.InstallAsync();
        await finance.SignIn("finance", accounts.Capped);
        await finance.Follow("Acme Bicycles");
        await finance.Page.GetByText("The same as a table").ClickAsync();
        await finance.Page.GetByRole(AriaRole.Link, new() { Name = "Change monthly" }).FocusAsync();
        await accounts.Agent.Report(accounts.Capped, "case-6");
        await finance.Page.Clock.RunForAsync(3_000);
        await finance.Reads("1 no cap had room for it");
        Assert.Equal("Change monthly", (await finance.Focused()).Name);
        await Expect(finance.Page.GetByText("Settled so far")).ToBeVisibleAsync();
    }
}
