using System.Text.RegularExpressions;

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
                "caps", "thresholds", "top_ups", "top_up_limit", "training", "max_lateness", "page",
            ],
            plan);
    }

    [Fact]
    public async Task Every_operation_has_a_name_of_its_own_and_the_header_fields_that_it_reads()
    {
        var paths = (await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK))["paths"]!;
        var names = paths.AsObject().SelectMany(path => path.Value!.AsObject())
            .Select(operation => (string?)operation.Value!["operationId"]).ToList();
        Assert.All(names, name => Assert.Matches("^[a-z][A-Za-z]+$", name));
        Assert.Equal(names.Count, names.Distinct().Count());
        string[] Fields(string path, string method) => [.. paths[path]![method]!["parameters"]!.AsArray()
            .Where(one => (string?)one!["in"] == "header").Select(one => (string)one!["name"]!)];
        Assert.Equal("checkAllowance", (string?)paths["/v1/tenants/{tenant}/check"]!["post"]!["operationId"]);
        Assert.Equal("reportEvents", (string?)paths["/v1/events"]!["post"]!["operationId"]);
        Assert.Equal(["Idempotency-Key"], Fields("/v1/tenants/{tenant}/outcomes", "post"));
        Assert.Equal(["If-Match"], Fields("/v1/tenants/{tenant}/caps/{cap}", "put"));
        Assert.Equal(["If-None-Match"], Fields("/v1/tenants/{tenant}/caps/{cap}", "get"));
        Assert.Equal(["Last-Event-ID"], Fields("/v1/tenants/{tenant}/signals", "get"));
    }

    [Fact]
    public async Task Requests_require_only_what_is_required_and_each_media_type_of_events_has_its_form()
    {
        var document = await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK);
        var schemas = document["components"]!["schemas"]!;
        string[] Required(string form) => [.. schemas[form]!["required"]?.AsArray().Select(one => (string)one!) ?? []];
        Assert.Equal(["specversion", "id", "source", "type", "subject", "data"], Required("CloudEvent"));
        Assert.Empty(Required("EventData"));
        Assert.Equal(["outcome_type"], Required("NewOutcome"));
        Assert.Equal(["method"], Required("Verification"));
        var content = document["paths"]!["/v1/events"]!["post"]!["requestBody"]!["content"]!;
        string? Form(string media) => (string?)content[media]!["schema"]!["$ref"];
        Assert.Equal("#/components/schemas/CloudEvent", Form("application/cloudevents+json"));
        Assert.Equal("#/components/schemas/EventBatch", Form("application/cloudevents-batch+json"));
        Assert.Equal("#/components/schemas/EventData", Form("application/json"));
        Assert.Equal("string", (string?)content["application/x-ndjson"]!["schema"]!["type"]);
        Assert.Equal("array", (string?)schemas["EventBatch"]!["type"]);
        Assert.Equal("#/components/schemas/CloudEvent", (string?)schemas["EventBatch"]!["items"]!["$ref"]);
        var answer = document["paths"]!["/v1/events"]!["post"]!["responses"]!["200"]!["content"]!["application/json"]!;
        Assert.Equal("#/components/schemas/EventAnswer", (string?)answer["schema"]!["$ref"]);
    }

    [Fact]
    public async Task Each_operation_lists_its_problem_codes_and_together_they_are_all_that_there_are()
    {
        var document = await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK);
        List<string> Codes(JsonNode operation, string status) =>
            [.. operation["responses"]![status]?["x-problem-codes"]?.AsArray().Select(one => (string)one!) ?? []];
        var cap = document["paths"]!["/v1/tenants/{tenant}/caps/{cap}"]!["put"]!;
        Assert.Equal(["cap_below_exposure", "tenant_closed", "too_many_caps"], Codes(cap, "409"));
        Assert.Equal(["precondition_failed"], Codes(cap, "412"));
        Assert.Equal(["unknown_tenant"], Codes(cap, "404"));
        Assert.Contains("`too_many_caps`", (string?)cap["responses"]!["409"]!["description"]);
        Assert.Equal(["Retry-After", "request-id"],
            cap["responses"]!["429"]!["headers"]!.AsObject().Select(field => field.Key));
        var listed = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject())
            .SelectMany(operation => operation.Value!["responses"]!.AsObject()
                .SelectMany(response => Codes(operation.Value, response.Key)));
        // Of no operation: a fault, and what is asked of an address or in a way that there is not.
        string[] others = ["internal", "method_not_allowed", "not_found"];
        Assert.Equal(Regex.Matches(Repository.Read("docs/agents.md"), @"^\| `(\w+)` \| \d{3} \|",
                RegexOptions.Multiline).Select(row => row.Groups[1].Value).Order(StringComparer.Ordinal),
            listed.Concat(others).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Members_with_a_few_values_list_them_and_null_where_it_is_one()
    {
        var schemas = (await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK))["components"]!["schemas"]!;
        List<string?> Values(string form, string member) =>
            [.. schemas[form]!["properties"]![member]!["enum"]!.AsArray().Select(one => (string?)one)];
        Assert.Equal<string?>(["allow", "pause", "handoff"], Values("Decision", "decision"));
        Assert.Contains("cap_reached", Values("Decision", "reason"));
        Assert.Contains("outcome.reported", Values("CloudEvent", "type"));
        Assert.Contains("agent", Values("NewKey", "role"));
        Assert.Equal<string?>(["pending", "billable", "non_billable", "credited"], Values("OutcomeSummary", "status"));
        Assert.Null(Values("OutcomeSummary", "reason")[^1]);
        Assert.DoesNotContain("none", Values("OutcomeSummary", "reason"));
    }

    [Fact]
    public async Task What_the_document_tells_people_has_no_names_of_the_code_and_every_form_that_it_names_is_there()
    {
        var document = await _gateway.Anyone.Get("/openapi/v1.json").Is(HttpStatusCode.OK);
        Walk(document);

        void Walk(JsonNode? node)
        {
            foreach (var one in node as JsonArray ?? []) Walk(one);
            foreach (var (name, value) in node as JsonObject ?? [])
            {
                if (name == "description" && value is JsonValue)
                    Assert.DoesNotMatch(@"<|Wire\b|\w\.[A-Z]\w|\bPlanReader\b", (string)value!);
                if (name == "$ref") Assert.NotNull(((string)value!).Split('/')[1..].Aggregate(document, (at, part) =>
                    at[part]!.AsObject()));
                Walk(value);
            }
        }
    }
}
