namespace MeteringGateway.Api.Tests;

/// <summary>Query parameters are what the document says: a typo is no filter that is left out in silence.</summary>
public class QueryTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task An_unknown_query_parameter_is_refused_everywhere_with_those_that_there_are()
    {
        await _gateway.Tenant("queried");
        var document = await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK);
        var all = Mapped.All(_gateway);
        Assert.True(all.Count > 60);
        foreach (var endpoint in all)
        {
            var operation = document["paths"]![endpoint.Route]?[endpoint.Method.Method.ToLowerInvariant()];
            var parameters = (operation?["parameters"]?.AsArray() ?? []).Where(one => (string?)one!["in"] == "query")
                .ToList();
            var known = parameters.Select(one => (string)one!["name"]!).Order(StringComparer.Ordinal).ToList();
            var path = endpoint.Path("queried");
            using var response = await Call(endpoint, $"{path}{(path.Contains('?') ? '&' : '?')}perod=2026-11-01");
            var problem = await response.Json();
            Assert.Equal((endpoint.ToString(), HttpStatusCode.UnprocessableEntity, "invalid",
                "There is no query parameter 'perod' here. "
                + (known.Count == 0 ? "None is known." : $"Known: {string.Join(", ", known)}.")),
                (endpoint.ToString(), response.StatusCode, (string?)problem["code"], (string?)problem["detail"]));
            foreach (var single in parameters.Where(one => !IsList(one!["schema"]!)))
            {
                var name = (string)single!["name"]!;
                using var twice = await Call(endpoint,
                    $"{path}{(path.Contains('?') ? '&' : '?')}{name}=1&{name}=1");
                Assert.Equal($"The query parameter '{name}' is there 2 times.",
                    (string?)(await twice.Json())["detail"]);
            }
        }
    }

    /// <summary>As the document says of <c>tenant</c> of signals, and of what is counted on the price page.</summary>
    private static bool IsList(JsonNode schema) => schema["type"] switch
    {
        JsonArray types => types.Any(type => (string?)type == "array"),
        var type => (string?)type == "array",
    };

    [Fact]
    public async Task What_may_be_there_often_may_and_a_stranger_is_told_nothing()
    {
        await _gateway.Tenant("often-a");
        await _gateway.Tenant("often-b");
        using var request = new HttpRequestMessage(HttpMethod.Get,
            new Uri("/v1/signals?tenant=often-a&tenant=often-b", UriKind.Relative));
        using var response = await _gateway.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await _gateway.Anyone.Get("/v1/tenants?perod=1").IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
        var problem = await _gateway.Admin.Get("/v1/tenants?" + new string('x', 2_000) + "=1")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.InRange(((string)problem["detail"]!).Length, 1, 400);
    }

    private Task<HttpResponseMessage> Call(Mapped endpoint, string path) => _gateway.Admin.Send(endpoint.Method, path,
        endpoint.Takes is null ? null : "{}", endpoint.Takes?.MediaTypes[0] ?? "application/json");

    [Fact]
    public async Task What_is_wrong_is_named_by_where_it_stands_in_the_address_a_parameter_or_a_header()
    {
        await _gateway.Tenant("placed");
        async Task<string?> Detail(HttpRequestMessage request)
        {
            using var response = await _gateway.Admin.SendAsync(request);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
            return (string?)(await response.Json())["detail"];
        }
        HttpRequestMessage Get(string path) => new(HttpMethod.Get, $"/v1/tenants/placed{path}");

        Assert.Equal("The period in the address must be 'current' or a date such as 2026-11-01, not '2026-13-01'.",
            await Detail(Get("/statements/2026-13-01")));
        Assert.Equal("The query parameter 'period' must be a date such as 2026-11-01.",
            await Detail(Get("/usage?period=2026-13-01")));
        Assert.Equal("The header Last-Event-ID is not one of our event ids.",
            await Detail(new HttpRequestMessage(HttpMethod.Get, "/v1/tenants/placed/signals")
            {
                Headers = { { "Last-Event-ID", "x" } },
            }));
        Assert.Equal("The query parameter 'after' is not one of our event ids.", await Detail(Get("/signals?after=x")));
        foreach (var what in (string[])["usage", "alerts"])
            await _gateway.Admin.Get($"/v1/tenants/placed/{what}?period=current").Is(HttpStatusCode.OK);
    }
}
