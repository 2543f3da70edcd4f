using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace MeteringGateway.Program.Tests;

/// <summary><c>/mcp</c>, as somebody else's client of the protocol uses it.</summary>
public sealed class McpTests : IAsyncLifetime
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT0S"}],
         "caps":[{"id":"monthly","limit":{"units":2},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private GatewayServer _server = null!;
    private HttpClient _admin = null!;

    public async Task InitializeAsync()
    {
        _server = GatewayServer.Start(Options.DefaultDll(), Path.Combine(_directory, "store"),
            settings: new Dictionary<string, string> { ["METERING__MCP__ENABLED"] = "true" });
        _admin = Metering.Administrator(_server);
        await _server.PutPlan("desk", Plan);
        foreach (var tenant in (string[])["acme", "globex"]) await _server.PutTenant(tenant, "desk");
    }

    public Task DisposeAsync()
    {
        _admin.Dispose();
        _server.Dispose();
        Directory.Delete(_directory, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task An_agent_asks_reports_and_is_told_when_to_stop()
    {
        await using var agent = await Client(await Key("agent", "acme"));
        var tools = await agent.ListToolsAsync();
        Assert.Equal(["check_allowance", "report_outcome"], tools.Select(tool => tool.Name).Order());
        Assert.All(tools, tool => Assert.Equal("object", (string?)JsonNode.Parse(
            tool.JsonSchema.GetRawText())!["type"]));

        // Its key is for one tenant, so it need not be named.
        Assert.Equal(("allow", 2), Decision(await Call(agent, "check_allowance", ("outcome_type", Type))));
        var first = await Call(agent, "report_outcome", ("outcome_type", Type), ("outcome_id", "c-1"),
            ("session", "c-1"), ("verification", null));
        Assert.Equal(("accepted", "billable", 1),
            ((string?)first["status"], (string?)first["outcome"]!["status"], (int)first["remaining"]!));
        var again = await Call(agent, "report_outcome", ("outcome_type", Type), ("outcome_id", "c-1"),
            ("session", "c-1"));
        Assert.Equal("duplicate", (string?)again["status"]);
        await Call(agent, "report_outcome", ("tenant", "acme"), ("outcome_type", Type), ("outcome_id", "c-2"));
        var refused = await Call(agent, "check_allowance", ("outcome_type", Type), ("agent", "bot"));
        Assert.Equal(("handoff", 0), Decision(refused));
        Assert.Equal("queue:tier1", (string?)refused["handoff"]!["to"]);
        Assert.Equal(2, (int)(await _server.Usage("acme"))!["outcome_types"]![0]!["reported"]!);

        await using var admin = await Client(GatewayServer.AdminKey);
        Assert.Equal(["check_allowance", "report_outcome", "usage"],
            (await admin.ListToolsAsync()).Select(tool => tool.Name).Order());
        var usage = await Call(admin, "usage", ("tenant", "acme"));
        Assert.Equal(("acme", "1.98"), ((string?)usage["tenant"], (string?)usage["spend"]));
    }

    [Fact]
    public async Task What_is_wrong_is_told_so_that_a_model_can_mend_it()
    {
        await using var agent = await Client(await Key("agent", "acme"));
        await Refused(agent, "unknown_tenant", "", "check_allowance", ("tenant", "globex"), ("outcome_type", Type));
        await Refused(agent, "unknown_tenant", "", "report_outcome", ("tenant", "../x"), ("outcome_type", Type),
            ("outcome_id", "c"));
        await Refused(agent, "unknown_outcome_type", "it has 'support.resolution'", "check_allowance",
            ("outcome_type", "sales.lead"));
        await Refused(agent, "unknown_outcome_type", "it has 'support.resolution'", "report_outcome",
            ("outcome_type", "sales.lead"), ("outcome_id", "c"));
        await Refused(agent, "invalid", "exactly one of outcome_type and activity", "check_allowance");
        await Refused(agent, "invalid", "is not a known argument", "check_allowance", ("outcome_typ", Type));
        await Refused(agent, "invalid", "/outcome_id", "report_outcome", ("outcome_type", Type));
        await Refused(agent, "malformed_event", "quantity", "report_outcome", ("outcome_type", Type),
            ("outcome_id", "c"), ("quantity", 0));
        await Refused(agent, "malformed_event", "result", "report_outcome", ("outcome_type", Type),
            ("outcome_id", "c"), ("result", "splendid"));

        await using var admin = await Client(GatewayServer.AdminKey);
        await Refused(admin, "invalid", "is required", "usage");
        await Refused(admin, "unknown_period", "", "usage", ("tenant", "acme"), ("period", "2001-01-01"));
        await Refused(admin, "unknown_tenant", "", "usage", ("tenant", "nobody"));
    }

    [Fact]
    public async Task A_key_sees_and_uses_the_tools_that_it_may_and_without_one_there_are_none()
    {
        await using var auditor = await Client(await Key("auditor", "acme"));
        Assert.Equal(["usage"], (await auditor.ListToolsAsync()).Select(tool => tool.Name));
        await Assert.ThrowsAnyAsync<McpException>(() => auditor.CallToolAsync("report_outcome",
            new Dictionary<string, object?> { ["outcome_type"] = Type, ["outcome_id"] = "c" }).AsTask());
        Assert.Equal(0, (int)(await _server.Usage("acme"))!["outcome_types"]![0]!["reported"]!);

        Assert.Equal(HttpStatusCode.Unauthorized, await Status(null));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status("mk_wrong"));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(await Key("ops", "*")));
    }

    [Fact]
    public async Task A_request_has_so_many_bytes_N4()
    {
        var key = await Key("agent", "acme");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await Status(key, new string(' ', 65_536)));
        using var large = new HttpRequestMessage(HttpMethod.Post, "/mcp")
        {
            Content = new StringContent(new string(' ', 65_537), Encoding.UTF8, "application/json"),
        };
        large.Headers.Add("Accept", "application/json, text/event-stream");
        using var refused = await _admin.SendAsync(large);
        Assert.Contains("65536 bytes", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await using var agent = await Client(key);
        await Assert.ThrowsAnyAsync<Exception>(() => agent.CallToolAsync("check_allowance",
            new Dictionary<string, object?> { ["outcome_type"] = new string('x', 70_000) }).AsTask());
        // It goes on.
        Assert.Equal("allow", (string?)(await Call(agent, "check_allowance", ("outcome_type", Type)))["decision"]);
    }

    private const string Type = "support.resolution";

    private async Task<string> Key(string role, string tenant)
    {
        using var body = new StringContent($$"""
            {"role":"{{role}}","tenants":{{(tenant == "*" ? "\"*\"" : $"[\"{tenant}\"]")}}}
            """, Encoding.UTF8, "application/json");
        using var made = await _admin.PostAsync(new Uri("/v1/keys", UriKind.Relative), body);
        return (string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["key"]!;
    }

    private Task<McpClient> Client(string key) => McpClient.CreateAsync(new HttpClientTransport(
        new HttpClientTransportOptions
        {
            Endpoint = new Uri($"http://127.0.0.1:{_server.Port}/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {key}" },
        }));

    private async Task<HttpStatusCode> Status(string? key, string more = "")
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_server.Port}") };
        if (key is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var body = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""" + more, Encoding.UTF8,
            "application/json");
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json, text/event-stream");
        using var answer = await http.PostAsync(new Uri("/mcp", UriKind.Relative), body);
        return answer.StatusCode;
    }

    private static async Task<JsonNode> Call(McpClient client, string tool,
        params (string Name, object? Value)[] arguments)
    {
        var (isError, content) = await Answer(client, tool, arguments);
        Assert.False(isError, content.ToJsonString());
        return content;
    }

    private static async Task Refused(McpClient client, string code, string words, string tool,
        params (string Name, object? Value)[] arguments)
    {
        var (isError, problem) = await Answer(client, tool, arguments);
        Assert.True(isError, problem.ToJsonString());
        Assert.Equal(code, (string?)problem["code"]);
        Assert.Contains(words, JsonSerializer.Serialize(problem, Plainly), StringComparison.Ordinal);
    }

    private static readonly JsonSerializerOptions Plainly =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static async Task<(bool IsError, JsonNode Content)> Answer(McpClient client, string tool,
        (string Name, object? Value)[] arguments)
    {
        var result = await client.CallToolAsync(tool,
            arguments.ToDictionary(argument => argument.Name, argument => argument.Value));
        // As text for models, and as what it is for programs.
        var text = JsonNode.Parse(((TextContentBlock)Assert.Single(result.Content)).Text)!;
        Assert.True(JsonNode.DeepEquals(text, JsonNode.Parse(result.StructuredContent!.Value.GetRawText())));
        return (result.IsError == true, text);
    }

    private static (string?, int) Decision(JsonNode answer) =>
        ((string?)answer["decision"], (int)answer["remaining"]!);
}
