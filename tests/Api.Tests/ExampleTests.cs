using System.Text.RegularExpressions;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// The examples of the API document, sent in their order to a gateway that is new: each gets the status that it is
/// there with, and what the document requires of a request is what the gateway requires.
/// </summary>
public sealed class ExampleTests : IAsyncLifetime
{
    /// <summary>What one form cannot say, since it depends on something else.</summary>
    private static readonly Dictionary<string, string> Depends = new()
    {
        ["putPlan "] = "a tenant's own terms have the same form, and need neither currency nor types",
        ["putTenant "] = "a tenant that is changed needs neither name nor plan",
        ["previewCaps /caps/0"] = "a cap that is to come is told with nothing but that",
        ["reportEvents "] = "what is wrong with an event is told one by one",
        ["reportEvents /data"] = "it depends on the type of the event",
    };

    private readonly Dictionary<string, string> _made = [];
    private Gateway _gateway = null!;
    private JsonObject _document = null!;
    private Dictionary<string, (string Method, string Path, JsonObject Operation)> _operations = null!;

    public async Task InitializeAsync()
    {
        _gateway = await Gateway.Start(new()
        {
            // Nobody is there: an example mails nothing.
            ["Metering:Email:Host"] = "127.0.0.1", ["Metering:Email:Port"] = "1",
            ["Metering:Email:From"] = "alerts@metering.example",
            ["Metering:Email:PublicUrl"] = "https://metering.example",
        });
        _document = await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK);
        _operations = _document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()
            .Select(one => (Method: one.Key.ToUpperInvariant(), Path: path.Key, Operation: one.Value!.AsObject())))
            .ToDictionary(one => (string)one.Operation["operationId"]!);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Every_operation_has_an_example_and_each_gets_its_status()
    {
        var examples = Examples();
        Assert.Equal(_operations.Keys.Order(StringComparer.Ordinal),
            examples.Select(Name).Distinct().Order(StringComparer.Ordinal));
        foreach (var example in examples) await Send(example, example["body"], exactly: true);
    }

    [Fact]
    public async Task What_the_document_requires_the_gateway_requires_and_nothing_else()
    {
        var said = new List<string>();
        foreach (var example in Examples())
        {
            var (_, _, operation) = _operations[Name(example)];
            if (example["body"] is JsonObject body)
                foreach (var (pointer, form) in Objects(Form(operation, Media(example))!, body, ""))
                {
                    var without = body.DeepClone().AsObject();
                    if (pointer.Length == 0) without.Clear();
                    else Of(without, pointer).Clear();
                    var required = form["required"]?.AsArray().Select(one => $"{pointer}/{one}").ToList() ?? [];
                    var missed = await Missed(example, without, pointer);
                    if (!Depends.ContainsKey($"{Name(example)} {pointer}")
                        && !required.Order(StringComparer.Ordinal).SequenceEqual(missed.Order(StringComparer.Ordinal)))
                        said.Add($"{Name(example)} {pointer}: documented [{string.Join(' ', required)}], "
                            + $"refused for want of [{string.Join(' ', missed)}]");
                }
            await Send(example, example["body"], exactly: false);
        }
        Assert.True(said.Count == 0, string.Join('\n', said));
    }

    [Fact]
    public void The_document_shows_them()
    {
        var reserve = _operations["reserve"].Operation;
        Assert.Equal("""{"outcome_type":"support.resolution","quantity":5,"ttl":"PT1H"}""",
            reserve["requestBody"]!["content"]!["application/json"]!["example"]!.ToJsonString());
        Assert.Equal(["acme", "hold-conv-1"],
            reserve["parameters"]!.AsArray().Select(one => (string?)one!["example"]));
        var events = _operations["reportEvents"].Operation["requestBody"]!["content"]!.AsObject();
        Assert.All(events, media => Assert.NotNull(media.Value!["example"]));
        foreach (var (name, (_, _, operation)) in _operations)
            Assert.All(operation["parameters"]?.AsArray().Where(one => (bool?)one!["required"] == true) ?? [],
                one => Assert.True(one!["example"] is not null, $"{name} {one["name"]}"));
    }

    private static List<JsonObject> Examples()
    {
        using var file = typeof(MeteringApi).Assembly.GetManifestResourceStream("Examples.json")!;
        return [.. JsonNode.Parse(file)!.AsArray().Select(one => one!.AsObject())];
    }

    private static string Name(JsonObject example) => (string)example["operation"]!;

    private string Media(JsonObject example) => (string?)example["media"]
        ?? _operations[Name(example)].Operation["requestBody"]?["content"]?.AsObject().First().Key
        ?? "application/json";

    /// <summary>Until what it makes is there, where something else in the gateway makes it.</summary>
    /// <param name="exactly">False: what it makes may be there already.</param>
    private async Task Send(JsonObject example, JsonNode? body, bool exactly)
    {
        var made = example["makes"]?.AsObject().ToDictionary(one => one.Key, one => (string)one.Value!) ?? [];
        for (var until = DateTime.UtcNow.AddSeconds(60); ;)
        {
            using var request = Request(example, body);
            using var response = await _gateway.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var isStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
            var text = isStream ? "" : await response.Content.ReadAsStringAsync();
            Assert.True((int)example["status"]! == (int)response.StatusCode
                || !exactly && response.IsSuccessStatusCode,
                $"{request.Method} {request.RequestUri}: {(int)response.StatusCode} {text}");
            if (made.Count == 0) return;
            foreach (var (name, pointer) in made.ToList())
                if (Find(JsonNode.Parse(text), pointer) is { } value && made.Remove(name))
                    _made[name] = value.ToString();
            if (made.Count == 0) return;
            Assert.True(DateTime.UtcNow < until, $"{request.RequestUri} never has {made.First()}: {text}");
            await Task.Yield();
        }
    }

    private async Task<List<string>> Missed(JsonObject example, JsonNode body, string within)
    {
        using var request = Request(example, body);
        request.Headers.Remove("Idempotency-Key");
        if (Name(example) == "buyTopUp") request.Headers.Add("Idempotency-Key", "of-nothing");
        using var response = await _gateway.Admin.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode is < 300 or 400 or 404 or 409 or 422, text);
        if (response.IsSuccessStatusCode || text.Length == 0) return [];
        return [.. (JsonNode.Parse(text)!["errors"]?.AsArray() ?? [])
            .Where(one => ((string)one!["detail"]!).StartsWith("is required", StringComparison.Ordinal))
            .Select(one => (string)one!["pointer"]!)
            .Where(pointer => pointer[..pointer.LastIndexOf('/')] == within)];
    }

    private HttpRequestMessage Request(JsonObject example, JsonNode? body)
    {
        var (method, path, operation) = _operations[Name(example)];
        var query = new List<string>();
        var request = new HttpRequestMessage { Method = new HttpMethod(method) };
        foreach (var (name, given) in example["parameters"]?.AsObject() ?? [])
        {
            var place = (string?)operation["parameters"]?.AsArray()
                .FirstOrDefault(one => (string)one!["name"]! == name)?["in"] ?? "header";
            var value = given is JsonArray list ? (string)list[0]! : (string)given!;
            value = _made.GetValueOrDefault(value, value);
            if (place == "path") path = path.Replace($"{{{name}}}", value, StringComparison.Ordinal);
            else if (place == "query") query.Add($"{name}={value}");
            else request.Headers.Add(name, value);
        }
        request.RequestUri = new Uri(path + (query.Count > 0 ? "?" + string.Join('&', query) : ""), UriKind.Relative);
        if (body is null) return request;
        var text = body is JsonValue ? (string)body! : body.ToJsonString();
        foreach (var (name, value) in _made)
            text = Regex.Replace(text, $"\"{Regex.Escape(name)}\"", $"\"{value}\"");
        request.Content = new StringContent(text, null, Media(example));
        request.Content.Headers.ContentType!.CharSet = null;
        return request;
    }

    private JsonNode? Form(JsonObject operation, string media) =>
        Named(operation["requestBody"]?["content"]?[media]?["schema"]);

    private JsonNode? Named(JsonNode? form)
    {
        while (form?["$ref"] is { } reference)
            form = _document["components"]!["schemas"]![((string)reference!).Split('/')[^1]];
        var kinds = form?["oneOf"]?.AsArray().Where(one => (string?)one!["type"] != "null").ToList();
        return kinds is [var only] ? Named(only) : form;
    }

    /// <summary>The objects in a body that have a form of their own, each by its pointer.</summary>
    private IEnumerable<(string Pointer, JsonNode Form)> Objects(JsonNode form, JsonNode value, string pointer)
    {
        if (value is JsonArray { Count: > 0 } items && Named(form["items"]) is { } item)
            foreach (var found in Objects(item, items[0]!, $"{pointer}/0")) yield return found;
        if (value is not JsonObject members || form["properties"] is not JsonObject properties) yield break;
        yield return (pointer, form);
        foreach (var (name, member) in members)
            if (member is not null && Named(properties[name]) is { } one)
                foreach (var found in Objects(one, member, $"{pointer}/{name}")) yield return found;
    }

    private static JsonObject Of(JsonNode value, string pointer) => Walk(value, pointer)!.AsObject();

    private static JsonNode? Find(JsonNode? value, string pointer) => value is null ? null : Walk(value, pointer);

    private static JsonNode? Walk(JsonNode? value, string pointer)
    {
        foreach (var part in pointer.Split('/')[1..])
            value = value is JsonArray list ? (int.Parse(part) < list.Count ? list[int.Parse(part)] : null)
                : value?[part];
        return value;
    }
}
