namespace MeteringGateway.Api.Tests;

/// <summary>Which methods an address has, and what every answer carries whatever was asked (RFC 9110).</summary>
public class MethodTests(Started started) : IClassFixture<Started>
{
    private static readonly string[] OfTheMoment = ["Date", "Request-Id", "Transfer-Encoding"];

    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task HEAD_is_answered_wherever_GET_is_with_the_same_fields_and_no_body() // 9.3.2
    {
        await Things("heads");
        var readable = Mapped.All(_gateway).Where(one => one.Method == HttpMethod.Get).ToList();
        Assert.True(readable.Count > 20);
        var found = 0;
        foreach (var path in readable.Select(one => one.Path("heads"))
            .Append("/v1/tenants/heads/statements/current").Append("/v1/tenants/nobody/usage").Append("/v1/nowhere"))
            foreach (var accept in new[] { "*/*", "text/csv", "text/html" })
            {
                using var got = await Ask(HttpMethod.Get, path, accept);
                using var head = await Ask(HttpMethod.Head, path, accept);
                Assert.Equal(($"{path} {accept}", got.StatusCode), ($"{path} {accept}", head.StatusCode));
                // What is measured is longer the next time.
                var but = path == "/metrics" ? "Content-Length" : "";
                Assert.Equal(Fields(got, but), Fields(head, but));
                Assert.Empty(await head.Content.ReadAsByteArrayAsync());
                if (head.IsSuccessStatusCode) found++;
            }
        Assert.True(found > 60, $"{found} of them were there");
    }

    [Fact]
    public async Task Another_method_is_answered_with_those_that_there_are() // 15.5.6
    {
        var all = Mapped.All(_gateway);
        foreach (var routes in all.GroupBy(one => one.Path("acme")))
        {
            // What is an address of its own may be a thing's, too: a cap may be called 'preview'.
            var there = all.Where(one => one.IsAskedBy(routes.First().Route)).Select(one => one.Method.Method).ToHashSet();
            if (there.Contains("GET")) there.Add("HEAD");
            foreach (var method in new[] { "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE" })
            {
                if (there.Contains(method)) continue;
                using var response = await _gateway.Admin.Send(new HttpMethod(method), routes.Key, null, "");
                Assert.Equal((routes.Key, method, HttpStatusCode.MethodNotAllowed),
                    (routes.Key, method, response.StatusCode));
                Assert.Equal(there.Order(), response.Content.Headers.Allow.Order());
            }
        }
    }

    [Fact]
    public async Task Every_answer_says_that_it_is_of_no_other_type_and_is_kept_by_nobody()
    {
        await Things("kept");
        foreach (var endpoint in Mapped.All(_gateway))
            foreach (var client in new[] { _gateway.Admin, _gateway.Anyone })
            {
                using var response = await Ask(endpoint.Method, endpoint.Path("kept"), "*/*", client);
                Assert.Equal("nosniff", Field(response, "X-Content-Type-Options"));
                Assert.NotNull(Field(response, "request-id"));
                if (!endpoint.IsOpen || !response.IsSuccessStatusCode)
                    Assert.Contains("no-store", Field(response, "Cache-Control"), StringComparison.Ordinal);
            }
        foreach (var path in new[] { "/v1/nowhere", "/nowhere", "/v1/tenants/%zz" })
        {
            using var call = await RawCall.Open(_gateway, "GET", path, null);
            Assert.Contains("X-Content-Type-Options: nosniff", await call.HearUntil("\"detail\""),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Keys_and_secrets_are_kept_by_nobody()
    {
        using var key = await _gateway.Admin.Post("/v1/keys", """{"role":"agent","tenants":"*"}""");
        using var secret = await _gateway.Admin.Put("/v1/webhooks/secret",
            """{"url":"https://a.example","events":["*"],"tenants":"*"}""");
        using var rotated = await _gateway.Admin.Post("/v1/webhooks/secret/rotate", null);
        foreach (var response in new[] { key, secret, rotated })
        {
            Assert.True(response.IsSuccessStatusCode);
            Assert.Equal("no-store", Field(response, "Cache-Control"));
        }
    }

    private async Task Things(string tenant)
    {
        await _gateway.Tenant(tenant);
        await _gateway.Admin.Put("/v1/plans/thing", Gateway.Plan);
        await _gateway.Admin.Put("/v1/webhooks/thing", """{"url":"https://a.example","events":["*"],"tenants":"*"}""");
        await _gateway.Admin.Put($"/v1/tenants/{tenant}/caps/thing", """{"limit":{"units":9}}""")
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Put($"/v1/tenants/{tenant}/thresholds/thing", """{"of":"spend","at":{"amount":"9"}}""")
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("thing", tenant))
            .Is(HttpStatusCode.Created);
    }

    private async Task<HttpResponseMessage> Ask(HttpMethod method, string path, string accept, HttpClient? who = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await (who ?? _gateway.Admin).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static List<string> Fields(HttpResponseMessage response, string but) =>
    [
        .. response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .Where(field => field.Key != but && !OfTheMoment.Contains(field.Key))
            .Select(field => $"{field.Key}: {field.Value}").Order(),
    ];

    private static string? Field(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
}
