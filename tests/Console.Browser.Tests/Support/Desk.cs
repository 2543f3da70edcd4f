namespace MeteringGateway.Console.Browser.Tests.Support;

/// <summary>The product on a port of its own and a real browser, for all tests of a class.</summary>
public sealed class Desk : IAsyncLifetime
{
    /// <summary>
    /// How long anything may take before it is taken for never: on a machine that is slow and shared.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly WithPages _product = new();
    private IPlaywright? _driver;

    public Gateway Gateway => _product.Gateway;
    public IBrowser Browser { get; private set; } = null!;

    /// <summary>What the tests saw, kept to be looked at: beside the tests' own files, not committed.</summary>
    public static string Kept(params string[] path)
    {
        var file = Path.Combine([AppContext.BaseDirectory, "seen", .. path]);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        return file;
    }

    /// <summary>A person at this desk, who has not signed in.</summary>
    public async Task<Viewer> Someone(bool script = true, int width = 1280)
    {
        var context = await Browser.NewContextAsync(new()
        {
            BaseURL = Gateway.Address.ToString(), JavaScriptEnabled = script, Locale = "en-GB",
            ViewportSize = new() { Width = width, Height = 844 },
        });
        context.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        return await Viewer.At(Gateway, context);
    }

    /// <summary>A person who came in by a link that was made for somebody of this role.</summary>
    public async Task<Viewer> Someone(string role, params string[] tenants)
    {
        var person = await Someone();
        await person.SignIn(role, tenants);
        return person;
    }

    public async Task InitializeAsync()
    {
        if (Installed.Find("chromium") is not { } chromium) return; // every test is skipped, by name
        SetDefaultExpectTimeout((float)Patience.TotalMilliseconds);
        await _product.InitializeAsync();
        _driver = await Playwright.CreateAsync();
        Browser = await _driver.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"] });
    }

    public async Task DisposeAsync()
    {
        if (_driver is null) return;
        await Browser.DisposeAsync();
        _driver.Dispose();
        await _product.DisposeAsync();
    }
}
