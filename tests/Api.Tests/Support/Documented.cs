using System.Text.RegularExpressions;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// Stands between every test and the product, and compares each answer with the OpenAPI document: its status, its media
/// type, its header fields, its problem code, and that its members are those of the schema, no more and no fewer.
/// </summary>
public sealed class Documented(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Header fields of ours that are documented wherever they are sent.</summary>
    private static readonly string[] Told = ["request-id", "ETag", "Location", "RateLimit", "RateLimit-Policy",
        "Retry-After", "WWW-Authenticate"];

    private static readonly SemaphoreSlim Reading = new(1, 1);
    private static JsonObject? _document;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var media = response.Content.Headers.ContentType?.MediaType;
        const string stream = "application/x-ndjson";
        var isStream = request.Content?.Headers.ContentType?.MediaType == stream || media == stream;
        if (isStream || request.Method == HttpMethod.Head || media is null
            || !media.EndsWith("json", StringComparison.Ordinal)
            || request.RequestUri!.AbsolutePath.StartsWith("/openapi", StringComparison.Ordinal)) return response;
        var all = await Document(request.RequestUri, cancellationToken);
        if (Operation(all, request) is { } operation)
            await Compare(all, operation, response, $"{request.Method} {request.RequestUri.AbsolutePath}");
        else Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed,
            $"{request.Method} {request.RequestUri} is not documented");
        return response;
    }

    private async Task<JsonObject> Document(Uri uri, CancellationToken cancellation)
    {
        await Reading.WaitAsync(cancellation);
        try
        {
            if (_document is not null) return _document;
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(uri, "/openapi/v1.json"));
            using var response = await base.SendAsync(request, cancellation);
            return _document = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))!.AsObject();
        }
        finally
        {
            Reading.Release();
        }
    }

    private static JsonNode? Operation(JsonObject all, HttpRequestMessage request) => all["paths"]!.AsObject()
        .Where(path => Regex.IsMatch(request.RequestUri!.AbsolutePath,
            "^" + Regex.Replace(path.Key, @"\{\w+\}", "[^/]+") + "$"))
        .OrderBy(path => path.Key.Count(letter => letter == '{'))
        .Select(path => path.Value![request.Method.Method.ToLowerInvariant()]).FirstOrDefault();

    private static async Task Compare(JsonObject all, JsonNode operation, HttpResponseMessage response, string what)
    {
        await response.Content.LoadIntoBufferAsync();
        var status = ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var isFault = response.StatusCode == HttpStatusCode.InternalServerError;
        var documented = operation["responses"]![isFault ? "default" : status];
        Assert.True(documented is not null,
            $"{what}: {status} is not documented: {await response.Content.ReadAsStringAsync()}");
        foreach (var field in Told.Where(field => response.Headers.Contains(field)))
            Assert.True(documented["headers"]?[field] is not null, $"{what}: {status} has {field}, not documented");
        var schema = documented["content"]?[response.Content.Headers.ContentType!.MediaType!]?["schema"];
        Assert.True(schema is not null, $"{what}: {status} {response.Content.Headers.ContentType} is not documented");
        var answer = JsonNode.Parse(await response.Content.ReadAsByteArrayAsync());
        Compare(all, schema, answer, $"{what} {status}");
        if (documented["x-problem-codes"]?.AsArray() is { } codes)
            Assert.True(codes.Any(code => (string?)code == (string?)answer!["code"]),
                $"{what}: {status} {answer!["code"]} is not documented");
    }

    private static void Compare(JsonObject all, JsonNode schema, JsonNode? value, string where)
    {
        while (schema["$ref"] is { } reference)
            schema = all["components"]!["schemas"]![((string)reference!).Split('/')[^1]]!;
        var choices = schema["oneOf"]?.AsArray() ?? schema["anyOf"]?.AsArray();
        if (value is null)
        {
            var nullable = choices?.Any(one => (string?)one!["type"] == "null") == true
                || schema["type"] is JsonArray types && types.Any(type => (string?)type == "null");
            Assert.True(nullable || schema["type"] is null && choices is null,
                $"{where} is null, which is not documented");
        }
        else if (choices is not null)
        {
            var kinds = choices.Where(one => (string?)one!["type"] != "null").ToList();
            if (kinds.Count == 1) Compare(all, kinds[0]!, value, where);
            else Assert.Contains(kinds, one => Record.Exception(() => Compare(all, one!, value, where)) is null);
        }
        else if (value is JsonObject members && schema["properties"] is JsonObject properties)
        {
            foreach (var (name, member) in members)
            {
                Assert.True(properties.ContainsKey(name), $"{where}/{name} is not documented");
                Compare(all, properties[name]!, member, $"{where}/{name}");
            }
            foreach (var name in schema["required"]?.AsArray() ?? [])
                Assert.True(members.ContainsKey((string)name!), $"{where}/{name} is missing");
        }
        else if (value is JsonArray items && schema["items"] is { } item)
            foreach (var one in items) Compare(all, item, one, $"{where}/*");
    }
}
