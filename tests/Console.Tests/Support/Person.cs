using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace MeteringGateway.Console.Tests.Support;

/// <summary>
/// Somebody with a browser that has no script: opens addresses, follows links by their text, fills in what is labelled,
/// presses buttons by what stands on them.
/// </summary>
public sealed class Person : IDisposable
{
    private readonly HttpClient _http;
    private readonly CookieContainer _cookies = new();
    private readonly IReadOnlyList<Uri> _processes;
    private int _asked;
    private Uri _at;

    private Person(IReadOnlyList<Uri> processes, string language)
    {
        var gateway = processes[0];
        _processes = processes;
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = _cookies, AllowAutoRedirect = false })
        {
            BaseAddress = gateway,
        };
        _http.DefaultRequestHeaders.Add("Accept-Language", language);
        _http.DefaultRequestHeaders.Add("Accept", "text/html");
        _at = gateway;
    }

    public static Person Before(Gateway gateway, string language = "en") => new(gateway.Addresses, language);

    /// <summary>Signed in with a key of this role.</summary>
    public static async Task<Person> Of(Gateway gateway, string role, params string[] tenants)
    {
        var person = Before(gateway);
        await person.SignIn(await gateway.Key(role, tenants));
        Assert.Equal(HttpStatusCode.OK, person.Status);
        return person;
    }

    public IHtmlDocument Page { get; private set; } = null!;
    public HttpResponseMessage Response { get; private set; } = null!;
    public HttpStatusCode Status => Response.StatusCode;
    public string Address => _at.PathAndQuery;
    public CookieCollection Cookies => _cookies.GetCookies(new Uri(_http.BaseAddress!, "/console"));

    /// <summary>All that can be read, with one space between words.</summary>
    public string Text => Words(Page.QuerySelector("main") ?? Page.DocumentElement);

    public string Heading => Page.QuerySelector("h1") is { } heading ? Words(heading) : Page.DocumentElement.TextContent;

    /// <summary>A copy of somebody else's session.</summary>
    public void Take(string cookie) =>
        _cookies.Add(new Cookie("metering-console", cookie, "/console", _http.BaseAddress!.Host));

    public async Task SignIn(string key)
    {
        await Open("/console/sign-in");
        await Press("Sign in", ("Key", key));
    }

    public async Task Open(string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_at, address));
        await Send(request);
    }

    public Task Follow(string link) => Open(((IHtmlAnchorElement)One("a", link)).GetAttribute("href")!);

    public bool Offers(string linkOrButton) =>
        Page.QuerySelectorAll("a, button, summary").Any(one => Words(one) == linkOrButton);

    /// <summary>Fills in what the labels name, and sends the form of the button.</summary>
    public async Task Press(string button, params (string Label, string Value)[] typed)
    {
        var pressed = One("button", button);
        var form = (IHtmlFormElement)pressed.Closest("form")!;
        foreach (var (label, value) in typed) Fill(form, label, value);
        var fields = Fields(form, pressed);
        var action = new Uri(_at, form.GetAttribute("action") is { Length: > 0 } to ? to : _at.PathAndQuery);
        if (!string.Equals(form.GetAttribute("method"), "post", StringComparison.OrdinalIgnoreCase))
        {
            var query = string.Join('&', fields.Select(one =>
                $"{Uri.EscapeDataString(one.Key)}={Uri.EscapeDataString(one.Value)}"));
            await Open($"{action.AbsolutePath}?{query}");
            return;
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, action);
        request.Content = new FormUrlEncodedContent(fields);
        await Send(request);
    }

    /// <summary>Sends what no page offers.</summary>
    public async Task Force(string address, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_at, address));
        request.Content = new FormUrlEncodedContent(fields.Select(one =>
            KeyValuePair.Create(one.Name, one.Value)));
        await Send(request);
    }

    /// <summary>What forms of this session repeat.</summary>
    public string Token => Page.QuerySelector("input[name=token]")!.GetAttribute("value")!;

    public void Dispose() => _http.Dispose();

    public static string Words(IElement element)
    {
        var text = new System.Text.StringBuilder();
        Read(element, text);
        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>What stands in boxes of its own does not run together.</summary>
    private static void Read(INode node, System.Text.StringBuilder text)
    {
        foreach (var child in node.ChildNodes)
        {
            if (child is IText words) text.Append(words.Data);
            Read(child, text);
            if (child is IElement { LocalName: not ("a" or "span" or "strong" or "code" or "time") }) text.Append(' ');
        }
    }

    private async Task Send(HttpRequestMessage request)
    {
        _at = request.RequestUri!;
        request.RequestUri = Next();
        Response = await _http.SendAsync(request);
        for (var turns = 0; Response.StatusCode == HttpStatusCode.SeeOther; turns++)
        {
            Assert.True(turns < 5, "led round and round");
            _at = new Uri(_at, Response.Headers.Location!);
            Response = await _http.GetAsync(Next());
        }
        Page = new HtmlParser().ParseDocument(await Response.Content.ReadAsStringAsync());
    }

    /// <summary>Where there are several processes, each request is to another one than that before.</summary>
    private Uri Next() => new(_processes[_asked++ % _processes.Count], _at.PathAndQuery);

    private IElement One(string kind, string text)
    {
        var found = Page.QuerySelectorAll(kind).Where(one => Words(one) == text).ToList();
        Assert.True(found.Count > 0, $"there is no {kind} '{text}' on {Address} ({(int)Status}): {Text}");
        return found[0];
    }

    private static void Fill(IHtmlFormElement form, string label, string value)
    {
        var labels = form.QuerySelectorAll("label").OfType<IHtmlLabelElement>().ToList();
        var found = labels.FirstOrDefault(one => Words(one) == label)
            ?? labels.FirstOrDefault(one => Words(one).StartsWith(label, StringComparison.Ordinal));
        Assert.True(found is not null, $"no field is labelled '{label}'");
        switch (found!.Control ?? found.QuerySelector("input, select, textarea"))
        {
            case IHtmlInputElement { Type: "radio" } radio:
                foreach (var other in form.QuerySelectorAll($"input[name='{radio.Name}']").OfType<IHtmlInputElement>())
                    other.IsChecked = false;
                radio.IsChecked = true;
                break;
            case IHtmlInputElement { Type: "checkbox" } box: box.IsChecked = value == "on"; break;
            case IHtmlInputElement input: input.Value = value; break;
            case IHtmlSelectElement select: select.Value = value; break;
            case IHtmlTextAreaElement area: area.Value = value; break;
            default: Assert.Fail($"'{label}' labels nothing"); break;
        }
    }

    private static List<KeyValuePair<string, string>> Fields(IHtmlFormElement form, IElement pressed)
    {
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var one in form.QuerySelectorAll("input, select, textarea"))
        {
            if (one.GetAttribute("name") is not { Length: > 0 } name) continue;
            if (one is IHtmlInputElement { Type: "radio" or "checkbox", IsChecked: false }) continue;
            var value = one switch
            {
                IHtmlInputElement input => input.Value,
                IHtmlSelectElement select => select.Value,
                IHtmlTextAreaElement area => area.Value,
                _ => null,
            };
            fields.Add(KeyValuePair.Create(name, value ?? ""));
        }
        if (pressed.GetAttribute("name") is { Length: > 0 } own)
            fields.Add(KeyValuePair.Create(own, pressed.GetAttribute("value") ?? ""));
        return fields;
    }
}
