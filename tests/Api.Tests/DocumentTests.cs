namespace MeteringGateway.Api.Tests;

/// <summary>
/// The OpenAPI document says what is served, no more and no less. That every answer is as documented is checked on
/// every answer of every test: see Support/Documented.cs.
/// </summary>
public class DocumentTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Every_endpoint_is_documented_with_its_permission_body_and_problems()
    {
        var document = await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK);
        Assert.StartsWith("3.1", (string?)document["openapi"], StringComparison.Ordinal);
        var documented = document["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject()
            .Select(one => ($"{one.Key.ToUpperInvariant()} {path.Key}", one.Value!))).ToDictionary();
        var mapped = Mapped.All(_gateway).Where(one => one.Route != "/openapi/v1.json").ToList();

        Assert.Equal(mapped.Select(one => one.ToString()).Order(StringComparer.Ordinal),
            documented.Keys.Order(StringComparer.Ordinal));
        foreach (var endpoint in mapped)
        {
            var operation = documented[endpoint.ToString()];
            Assert.False(string.IsNullOrEmpty((string?)operation["summary"]), endpoint.ToString());
            Assert.NotNull(operation["responses"]!["default"]!["content"]!["application/problem+json"]!["schema"]);
            Assert.Equal(!endpoint.IsOpen, operation["security"] is not null);
            Assert.Equal(endpoint.Takes?.MediaTypes ?? [],
                operation["requestBody"]?["content"]?.AsObject().Select(content => content.Key) ?? []);
            var parameters = operation["parameters"]?.AsArray().Select(parameter => (string)parameter!["name"]!)
                .ToList() ?? [];
            Assert.All(endpoint.Endpoint.RoutePattern.Parameters,
                parameter => Assert.Contains(parameter.Name, parameters));
        }
    }

    [Fact]
    public async Task Query_parameters_have_the_names_that_are_read_and_say_whether_they_must_be_there()
    {
        var document = await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK);
        var series = document["paths"]!["/v1/tenants/{tenant}/usage/series"]!["get"]!["parameters"]!.AsArray();
        Assert.Equal(["tenant True", "from True", "to True", "by False", "group False"], series.Select(one =>
            $"{one!["name"]} {(bool?)one["required"] ?? false}"));
        Assert.All(document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject())
            .SelectMany(operation => operation.Value!["parameters"]?.AsArray() ?? [])
            .Where(parameter => (string?)parameter!["in"] == "query").Select(parameter => (string)parameter!["name"]!),
            name => Assert.Equal(name.ToLowerInvariant(), name));
    }

    [Fact]
    public async Task A_plans_members_are_those_that_this_version_serves()
    {
        var document = await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK);
        var plan = document["components"]!["schemas"]!["Plan"]!["properties"]!.AsObject().Select(member => member.Key);
        Assert.Equal(
            [
                "currency", "credit_value", "outcome_types", "activities", "platform_fee", "implementation_fee",
                "commitments", "credits", "overage",
                "caps", "thresholds", "top_ups", "top_up_limit", "training", "max_lateness",
            ],
            plan);
    }
}
