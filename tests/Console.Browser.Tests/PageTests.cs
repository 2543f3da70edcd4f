using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;

namespace MeteringGateway.Console.Browser.Tests;

/// <summary>
/// Each page, wide and on a phone, light and dark: nothing that axe finds against WCAG 2.2 AA, nothing that the browser
/// complains of, nothing off-screen; and a picture of it, kept.
/// </summary>
public sealed class PageTests(Office office) : IClassFixture<Office>
{
    private const string Acme = "/console/tenants/acme", Globex = "/console/tenants/globex";

    private static readonly AxeRunOptions Rules = new()
    {
        RunOnly = new RunOnlyOptions
        {
            Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
        },
    };

    private static readonly (int Width, ColorScheme Colours)[] Screens =
    [
        (1280, ColorScheme.Light), (1280, ColorScheme.Dark), (390, ColorScheme.Dark), (390, ColorScheme.Light),
    ];

    [TheoryIfInstalled("chromium")]
    [InlineData("sign-in", null, "/console/sign-in")]
    [InlineData("price", null, "/v1/plans/acme/page")]
    [InlineData("accounts", "finance", "/console")]
    [InlineData("account", "finance", Acme)]
    [InlineData("account-prepaid", "finance", Globex)]
    [InlineData("account-to-read", "auditor", Acme)]
    [InlineData("cap", "finance", $"{Acme}/cap/monthly")]
    [InlineData("cap-effect", "finance", $"{Acme}/cap/monthly", "Show the effect")]
    [InlineData("cap-new", "finance", $"{Acme}/cap")]
    [InlineData("pause", "finance", $"{Acme}/pause")]
    [InlineData("overage", "finance", $"{Globex}/overage")]
    [InlineData("packs", "finance", $"{Globex}/top-ups")]
    [InlineData("pack", "finance", $"{Globex}/top-ups", "Show price and effect of pack-100")]
    [InlineData("levels", "finance", $"{Acme}/thresholds")]
    [InlineData("outcomes", "finance", $"{Acme}/outcomes")]
    [InlineData("outcome", "finance", $"{Acme}/outcomes/case-112")]
    [InlineData("outcome-disputed", "finance", $"{Acme}/outcomes/case-103")]
    [InlineData("certificate", "finance", $"{Acme}/outcomes/case-101/certificate")]
    [InlineData("statements", "finance", $"{Acme}/statements")]
    [InlineData("statement", "finance", $"{Acme}/statements/2026-11-01?lines=outcomes")]
    [InlineData("alerts", "finance", $"{Acme}/alerts")]
    [InlineData("changes", "finance", $"{Acme}/changes")]
    [InlineData("receivers", "finance", $"{Acme}/receivers")]
    [InlineData("receiver", "finance", $"{Acme}/receivers/webhooks/books")]
    [InlineData("quality", "finance", $"{Acme}/quality")]
    [InlineData("webhooks", "admin", "/console/webhooks")]
    [InlineData("deliveries", "admin", "/console/webhooks/finance-desk")]
    public async Task A_page_is_for_everybody(string name, string? role, string address, string? press = null)
    {
        await using var person = await office.Desk.Someone();
        if (role is not null) await person.SignIn(role);
        await person.Open(address);
        if (press is not null) await person.Press(press);
        var found = new List<string>();
        foreach (var (width, colours) in Screens)
        {
            await person.Page.SetViewportSizeAsync(width, 844);
            await person.Page.EmulateMediaAsync(new() { ColorScheme = colours });
            await person.Page.ScreenshotAsync(new()
            {
                Path = Desk.Kept("pages", $"{name}-{width}-{colours}.png".ToLowerInvariant()), FullPage = true,
            });
            found.AddRange(await Look(person.Page, $"{width} {colours}"));
        }
        Assert.Empty(found);
        Assert.Empty(person.Complaints);
    }

    [TheoryIfInstalled("chromium")]
    [InlineData("/console/nothing-of-the-kind")]
    [InlineData("/console/tenants/nobody")]
    public async Task What_is_not_there_is_told_on_a_page_that_is_for_everybody_too(string address)
    {
        await using var person = await office.Desk.Someone("finance", Office.Acme);
        await person.Open(address);
        Assert.Empty(await Look(person.Page, address));
        Assert.Contains("404", Assert.Single(person.Complaints));
    }

    private static async Task<IEnumerable<string>> Look(IPage page, string screen)
    {
        var beyond = await page.EvaluateAsync<int>(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth");
        var wrong = (await page.RunAxe(Rules)).Violations.SelectMany(rule => rule.Nodes
            .Select(node => $"{screen}: {rule.Id}: {node.Html} {node.Any.FirstOrDefault()?.Message}"));
        return beyond > 0 ? wrong.Prepend($"{screen}: {beyond} pixels are off-screen") : wrong;
    }
}
