using System.Text.RegularExpressions;

namespace MeteringGateway.Console.Browser.Tests.Support;

/// <summary>Somebody before a screen, who presses and reads; and what the browser complained of meanwhile.</summary>
public sealed class Viewer : IAsyncDisposable
{
    private readonly Gateway _gateway;
    private readonly IBrowserContext _context;

    private Viewer(Gateway gateway, IBrowserContext context, IPage page) =>
        (_gateway, _context, Page) = (gateway, context, page);

    public IPage Page { get; }

    /// <summary>Errors of scripts, refusals of the policy for content, files that did not come.</summary>
    public List<string> Complaints { get; } = [];

    public static async Task<Viewer> At(Gateway gateway, IBrowserContext context)
    {
        // What the policy refuses is told to the page; the page tells it here.
        await context.AddInitScriptAsync(
            "document.addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))");
        var page = await context.NewPageAsync();
        var viewer = new Viewer(gateway, context, page);
        page.Console += (_, said) =>
        {
            if (said.Type is "error" or "warning") viewer.Complaints.Add($"{page.Url}: {said.Text}");
        };
        page.PageError += (_, error) => viewer.Complaints.Add($"{page.Url}: {error}");
        page.RequestFailed += (_, request) =>
        {
            // Who follows a link before all files of the page have come does not wait for them.
            if (request.Failure != "net::ERR_ABORTED") viewer.Complaints.Add($"{request.Url}: {request.Failure}");
        };
        return viewer;
    }

    public Task Open(string address) => Page.GotoAsync(address);

    /// <summary>By a link, as a portal or an administrator makes it.</summary>
    public async Task SignIn(string role, params string[] tenants)
    {
        await Open(await Link(role, tenants));
        await Press("Sign in");
    }

    public async Task<string> Link(string role, params string[] tenants)
    {
        var bound = new JsonArray([.. tenants.Select(tenant => (JsonNode)tenant!)]);
        var made = await _gateway.Admin.Post("/v1/console-links", tenants.Length == 0
            ? new JsonObject { ["role"] = role } : new JsonObject { ["role"] = role, ["tenants"] = bound })
            .Is(HttpStatusCode.Created);
        return (string)made["url"]!;
    }

    /// <summary>Sends the form that the button belongs to; back when the page that it leads to is there.</summary>
    public Task Press(string button) => ToNextPage(() =>
        Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync());

    /// <summary>Back when the page that the link leads to is there.</summary>
    public Task Follow(string link) => ToNextPage(() =>
        Page.GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).First.ClickAsync());

    /// <summary>By the Enter key, on a link or in a form; back when the page that it leads to is there.</summary>
    public Task Enter() => ToNextPage(() => Page.Keyboard.PressAsync("Enter"));

    public Task Fill(string label, string value) =>
        Page.GetByLabel(label, new() { Exact = true }).FillAsync(value);

    /// <summary>Waits until the words can be read on the page.</summary>
    public Task Reads(string words, TimeSpan? patience = null) => Expect(Page.Locator("main")).ToContainTextAsync(words,
        new() { Timeout = (float)(patience ?? Desk.Patience).TotalMilliseconds });

    public Task Reads(Regex words, TimeSpan patience) => Expect(Page.Locator("main"))
        .ToContainTextAsync(words, new() { Timeout = (float)patience.TotalMilliseconds });

    /// <summary>A button or a link; back when the page that it leads to is there.</summary>
    public Task Choose(string name) => ToNextPage(() => Named(name).First.ClickAsync());

    /// <summary>Whether something on the page can be filled in that is called so.</summary>
    public async Task<bool> CanFill(string label) =>
        await Page.Locator("input, select, textarea").And(Page.GetByLabel(label, new() { Exact = true })).CountAsync()
            > 0;

    public Task<bool> Offers(string linkOrButton) => Named(linkOrButton).First.IsVisibleAsync();

    private ILocator Named(string linkOrButton) =>
        Page.GetByRole(AriaRole.Link, new() { Name = linkOrButton, Exact = true })
            .Or(Page.GetByRole(AriaRole.Button, new() { Name = linkOrButton, Exact = true }));

    /// <summary>By the Tab key to what is called so; all the way it is seen where one is.</summary>
    public async Task TabTo(string name, int within = 60)
    {
        for (var pressed = 0; pressed < within; pressed++)
        {
            await Page.Keyboard.PressAsync("Tab");
            var (at, isSeen) = await Focused();
            Assert.True(isSeen, $"nothing shows that the keyboard is at '{at}' on {Page.Url}");
            if (at == name) return;
        }
        Assert.Fail($"the keyboard does not get to '{name}' on {Page.Url}");
    }

    /// <summary>What has the keyboard, and whether that can be seen.</summary>
    public async Task<(string Name, bool IsSeen)> Focused()
    {
        var found = await Page.EvaluateAsync<string[]>("""
            () => {
              const at = document.activeElement, style = getComputedStyle(at);
              const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
              return [(at.labels?.[0] ?? at).innerText.trim(), String(outlined)];
            }
            """);
        return (found[0], found[1] == "true");
    }

    /// <summary>
    /// Every link and button of the console leads to a page. Who goes on before that has come whole, with its styles and
    /// scripts, acts on the one before it, or on one that does not take keys yet.
    /// </summary>
    private async Task ToNextPage(Func<Task> act)
    {
        var come = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Came(object? sender, IPage page) => come.TrySetResult();
        Page.Load += Came;
        try
        {
            await act();
            await come.Task.WaitAsync(Desk.Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"no other page came after {Page.Url}: {await Page.Locator("main").InnerTextAsync()}");
        }
        finally
        {
            Page.Load -= Came;
        }
    }

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}
