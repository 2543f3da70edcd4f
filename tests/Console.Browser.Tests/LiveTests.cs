namespace MeteringGateway.Console.Browser.Tests;

/// <summary>Figures move while somebody reads, and take nothing from them.</summary>
public sealed class LiveTests(Desk desk) : IClassFixture<Desk>
{
    [FactIfInstalled("chromium")]
    public async Task What_is_selected_stays_selected_and_moves_on_when_it_is_no_more()
    {
        var accounts = await Accounts.Open(desk.Gateway, "select");
        await using var finance = await At(accounts);
        await finance.Page.EvaluateAsync("getSelection().selectAllChildren(document.querySelector('.tiles dd'))");
        var selected = await finance.Page.EvaluateAsync<string>("getSelection().toString()");
        Assert.Contains("USD", selected, StringComparison.Ordinal);
        await accounts.Agent.Report(accounts.Capped, "case-6");
        await Refresh(finance);
        Assert.Equal(selected, await finance.Page.EvaluateAsync<string>("getSelection().toString()"));
        await finance.Page.EvaluateAsync("getSelection().removeAllRanges()");
        await Refresh(finance);
        await finance.Reads("1 no cap had room for it");
    }

    [FactIfInstalled("chromium")]
    public async Task Where_the_keyboard_was_and_is_no_more_it_is_at_the_pages_beginning_and_not_before_it()
    {
        var accounts = await Accounts.Open(desk.Gateway, "gone");
        await using var finance = await At(accounts);
        await finance.Page.GetByRole(AriaRole.Link, new() { Name = "Change monthly" }).FocusAsync();
        using var admin = await desk.Gateway.Role("finance", accounts.Capped);
        await admin.Delete($"/v1/tenants/{accounts.Capped}/caps/monthly").Is(HttpStatusCode.NoContent);
        await Refresh(finance);
        await finance.Reads("No cap is set");
        Assert.Equal("main", await finance.Page.EvaluateAsync<string>("document.activeElement.id"));
    }

    [FactIfInstalled("chromium")]
    public async Task Who_has_signed_out_elsewhere_is_told_so_and_is_not_left_before_an_empty_page()
    {
        var accounts = await Accounts.Open(desk.Gateway, "elsewhere");
        await using var finance = await At(accounts);
        var other = await finance.Page.Context.NewPageAsync();
        await other.GotoAsync("/console");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await finance.Page.Clock.RunForAsync(3_000);
        await Expect(finance.Page.GetByLabel("Key")).ToBeVisibleAsync();
    }

    /// <summary>So nothing that is half typed can be taken away.</summary>
    [FactIfInstalled("chromium")]
    public async Task Nothing_is_typed_where_figures_move()
    {
        var accounts = await Accounts.Open(desk.Gateway, "typed");
        await using var admin = await desk.Someone("admin");
        var at = $"/console/tenants/{accounts.Capped}";
        foreach (var page in new[] { "/console", at, $"{at}/alerts" })
        {
            await admin.Open(page);
            Assert.Equal(1, await admin.Page.Locator("#live").CountAsync());
            Assert.Equal(0, await admin.Page
                .Locator("#live :is(input:not([type=hidden]), select, textarea, [contenteditable])").CountAsync());
        }
    }

    [FactIfInstalled("chromium")]
    public async Task Spend_forecast_and_budget_are_drawn_and_stand_in_a_table()
    {
        var accounts = await Accounts.Open(desk.Gateway, "drawn");
        using var keeper = await desk.Gateway.Role("finance", accounts.Capped);
        await keeper.Put($"/v1/tenants/{accounts.Capped}/caps/budget",
            """{"limit":{"amount":"10.00"},"at_limit":{"action":"pause"}}""")
            .Is(HttpStatusCode.Created);
        await using var finance = await At(accounts);
        var chart = finance.Page.GetByRole(AriaRole.Img, new() { Name = "Spent: 3.96" });
        await Expect(chart).ToBeVisibleAsync();
        await Expect(chart).ToHaveAccessibleNameAsync(new System.Text.RegularExpressions.Regex(
            "Spent: 3\\.96.USD.*Forecast to .*Budget: 10\\.00.USD"));
        await finance.Page.GetByText("Spend as a table").ClickAsync();
        await Expect(finance.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "3.96" }).First)
            .ToContainTextAsync("39");
    }

    private async Task<Viewer> At(Accounts accounts)
    {
        var finance = await desk.Someone();
        await finance.Page.Clock.InstallAsync();
        await finance.SignIn("finance", accounts.Capped);
        await finance.Follow("Acme Bicycles");
        return finance;
    }

    /// <summary>Back when the page was asked for again, and what came was looked at.</summary>
    private static async Task Refresh(Viewer viewer)
    {
        await viewer.Page.EvaluateAsync("""
            () => { window.looked = new Promise(done => document.addEventListener('htmx:afterRequest', done, { once: true })) }
            """);
        await viewer.Page.Clock.RunForAsync(3_000);
        await viewer.Page.EvaluateAsync("() => window.looked.then(() => true)");
    }
}
