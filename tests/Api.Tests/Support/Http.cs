using System.Text;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>Requests and answers as a test wants to write them.</summary>
public static class Http
{
    public static Task<HttpResponseMessage> Get(this HttpClient client, string path) =>
        client.GetAsync(new Uri(path, UriKind.Relative));

    public static Task<HttpResponseMessage> Delete(this HttpClient client, string path,
        params (string Name, string Value)[] headers) =>
        client.Send(HttpMethod.Delete, path, null, "application/json", headers);

    public static Task<HttpResponseMessage> Put(this HttpClient client, string path, string body,
        params (string Name, string Value)[] headers) =>
        client.Send(HttpMethod.Put, path, body, "application/json", headers);

    public static Task<HttpResponseMessage> Post(this HttpClient client, string path, string? body,
        params (string Name, string Value)[] headers) =>
        client.Send(HttpMethod.Post, path, body, "application/json", headers);

    public static Task<HttpResponseMessage> Post(this HttpClient client, string path, JsonNode body,
        params (string Name, string Value)[] headers) =>
        client.Post(path, body.ToJsonString(), headers);

    public static Task<HttpResponseMessage> PostAs(this HttpClient client, string mediaType, string path, string body,
        params (string Name, string Value)[] headers) =>
        client.Send(HttpMethod.Post, path, body, mediaType, headers);

    public static async Task<HttpResponseMessage> Send(
        this HttpClient client, HttpMethod method, string path, string? body, string mediaType,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        }
        foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return await client.SendAsync(request);
    }

    public static async Task<JsonObject> Json(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.False(string.IsNullOrEmpty(text), $"{(int)response.StatusCode} with no body");
        return JsonNode.Parse(text)!.AsObject();
    }

    public static async Task<JsonObject> Json(this Task<HttpResponseMessage> response) => await (await response).Json();

    /// <summary>Demands this status, and gives the answer.</summary>
    public static async Task<JsonObject> Is(this Task<HttpResponseMessage> sent, HttpStatusCode status)
    {
        var response = await sent;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode} instead of {(int)status}: {text}");
        return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>Demands a problem with this status and code, and gives it.</summary>
    public static async Task<JsonObject> IsProblem(this Task<HttpResponseMessage> sent, HttpStatusCode status,
        string code)
    {
        var problem = await sent.Is(status);
        Assert.Equal("application/problem+json", (await sent).Content.Headers.ContentType?.MediaType);
        Assert.Equal(code, (string?)problem["code"]);
        Assert.Equal((int)status, (int?)problem["status"]);
        return problem;
    }

    public static IEnumerable<string> Pointers(this JsonObject problem) =>
        problem["errors"]!.AsArray().Select(error => (string)error!["pointer"]!);
}
