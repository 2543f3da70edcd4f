using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests.Agents;

/// <summary>The clients of <c>samples/agents</c>, each of which must behave alike, against the real program.</summary>
public sealed class AgentClientTests : IAsyncLifetime
{
    private const string Type = "support.resolution";

    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"},
          {"id":"support.deflection","price":"0.10","measurement_window":"PT0S"}],
         "caps":[{"id":"monthly","scope":{"outcome_type":"support.resolution"},"limit":{"units":3},
                  "at_limit":{"action":"handoff","to":"queue:tier1","message":"budget used up"}}]}
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private GatewayServer _server = null!;
    private Between _between = null!;
    private HttpClient _admin = null!;
    private string _key = null!;

    public async Task InitializeAsync()
    {
        _server = GatewayServer.Start(Options.DefaultDll(), _directory);
        _between = await Between.Start(_server.Port);
        _admin = Metering.Administrator(_server);
        await _server.PutPlan("support", Plan);
        await _server.PutTenant("acme", "support");
        using var asked = Json("""{"role":"agent","tenants":["acme"]}""");
        using var made = await _admin.PostAsync(new Uri("/v1/keys", UriKind.Relative), asked);
        _key = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["key"]!;
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        await _between.DisposeAsync();
        _server.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task It_asks_reports_and_hands_off(string language)
    {
        using var agent = await Connected(language);
        await Says(agent, "check", new { type = Type, agent = "bot", channel = "chat" },
            """{"action":"allow","reason":"ok","remaining":3,"queue":null}""");
        await Says(agent, "report", new { type = Type, id = "c-1", session = "c-1" },
            """{"status":"accepted","outcome":"pending","reason":null,"code":null}""");
        await Says(agent, "report", new { type = Type, id = "c-2", result = "abandoned" },
            """{"status":"accepted","outcome":"non_billable","reason":"abandoned","code":null}""");
        await Says(agent, "reserve", new { type = Type, quantity = 2 },
            """{"action":"allow","reason":"ok","remaining":0,"queue":null,"held":2}""");
        await Says(agent, "guard", new { type = Type, on_unavailable = "pause" },
            """{"acted":false,"action":"handoff","reason":"cap_reached","queue":"queue:tier1","word":"hello"}""");
        await Says(agent, "guard", new { type = Type, on_unavailable = "pause", awaited = true },
            """{"acted":false,"action":"handoff","reason":"cap_reached","queue":"queue:tier1","word":"hello"}""");
        await Says(agent, "report_held", new { type = Type, id = "c-3" },
            """{"status":"accepted","outcome":"pending","reason":null,"code":null}""");
        await Says(agent, "release", null, "{}");
        await Says(agent, "guard", new { type = Type, on_unavailable = "pause" }, """{"acted":true,"word":"hello"}""");
        await Says(agent, "guard", new { type = Type, on_unavailable = "pause", awaited = true },
            """{"acted":true,"word":"hello"}""");
        await Says(agent, "reserve", new { type = Type, quantity = 2 },
            """{"action":"handoff","reason":"cap_reached","remaining":1,"queue":"queue:tier1","held":null}""");
        await Says(agent, "confirm", new { id = "c-1" },
            """{"status":"accepted","outcome":"billable","reason":"confirmed","code":null}""");
        await Says(agent, "reverse", new { id = "c-3", why = "escalated" },
            """{"status":"accepted","outcome":"non_billable","reason":"escalated","code":null}""");
        await Says(agent, "activity", new { activity = "conversation", id = "a-1" },
            """{"status":"accepted","outcome":null,"reason":null,"code":null}""");
        await Says(agent, "check_activity", new { activity = "conversation" },
            """{"action":"allow","reason":"ok","remaining":null,"queue":null}""");
        Assert.Equal(3, await Reported());
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task What_is_refused_says_why_and_refuses_no_neighbour(string language)
    {
        using var agent = await Connected(language);
        await Says(agent, "check", new { type = "nope" }, """{"problem":"unknown_outcome_type","status":422}""");
        await Says(agent, "report", new { type = "nope", id = "c-1" },
            """{"problem":"unknown_outcome_type","status":422}""");
        await Says(agent, "report", new { type = Type, id = "c-2", quantity = 0 },
            """{"problem":"malformed_event","status":422}""", "problem");
        await Says(agent, "send",
            new { events = new[] { new { id = "b-1", type = Type }, new { id = "b-2", type = "nope" }, new { id = "b-3", type = Type } } },
            """
            [{"status":"accepted","outcome":"pending","reason":null,"code":null},
             {"status":"rejected","outcome":null,"reason":null,"code":"unknown_outcome_type"},
             {"status":"accepted","outcome":"pending","reason":null,"code":null}]
            """);
        await agent.Do("connect", new { url = _between.Url, key = "mg_not_a_key", tenant = "acme", patience = 1 });
        await Says(agent, "check", new { type = Type }, """{"problem":"unauthorized","status":401}""");
        await agent.Do("connect", new { url = _between.Url, key = _key, tenant = "somebody", patience = 1 });
        await Says(agent, "check", new { type = Type }, """{"problem":"unknown_tenant","status":404}""");
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task I1_what_was_not_answered_is_sent_again_and_counts_once(string language)
    {
        using var agent = await Connected(language);
        foreach (var fault in Instead.Names)
        {
            _between.Lose(2, Instead.By(fault));
            await Says(agent, "report", new { type = "support.deflection" },
                """{"status":"duplicate","outcome":"billable","reason":"immediate","code":null}""", after: fault);
            _between.Lose(2, Instead.By(fault));
            await Says(agent, "reserve", new { type = Type, quantity = 2 },
                """{"action":"allow","reason":"ok","remaining":1,"queue":null,"held":2}""", after: fault);
            await agent.Do("release");
        }
        Assert.Equal(Instead.Names.Count(), await Reported("support.deflection"));
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task What_answers_in_the_gateways_place_is_no_answer_and_the_caller_has_said_what_is_done(
        string language)
    {
        using var agent = await Connected(language, patience: 0.05);
        foreach (var fault in Instead.Names)
        {
            _between.Lose(int.MaxValue, Instead.By(fault));
            await Says(agent, "check", new { type = Type }, """{"unavailable":true}""", after: fault);
            await Says(agent, "report", new { type = Type, id = "c-1" }, """{"unavailable":true}""", after: fault);
            await Says(agent, "guard", new { type = Type, on_unavailable = "allow" },
                """{"acted":true,"word":"hello"}""", after: fault);
            await Says(agent, "guard", new { type = Type, on_unavailable = "handoff" },
                """{"acted":false,"action":"handoff","reason":"unavailable","queue":null,"word":"hello"}""",
                after: fault);
        }
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task What_is_to_be_asked_again_after_a_date_beyond_the_patience_is_not_waited_for(string language)
    {
        using var agent = await Connected(language);
        _between.Lose(int.MaxValue, Instead.By("a 503 until a date") with
        {
            RetryAfter = DateTimeOffset.UtcNow.AddHours(1).ToString("r", CultureInfo.InvariantCulture),
        });
        await Says(agent, "check", new { type = Type }, """{"unavailable":true}""");
        Assert.Equal(1, _between.Requests);
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task I1_the_same_call_again_is_the_same_event_whenever_it_is_made(string language)
    {
        using var agent = await Connected(language);
        await agent.Do("report", new { type = Type, id = "again" });
        await Task.Delay(5); // the agent's clock is real: another millisecond
        await Says(agent, "report", new { type = Type, id = "again" },
            """{"status":"duplicate","outcome":"pending","reason":null,"code":null}""");
        await agent.Do("reverse", new { id = "again", why = "failed" });
        await Task.Delay(5);
        var reversed = await agent.Do("reverse", new { id = "again", why = "failed" });
        Assert.Equal("duplicate", (string?)reversed["status"]);
        Assert.Equal(1, await Reported());
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task When_nobody_answers_the_caller_has_said_what_is_done(string language)
    {
        using var agent = await Connected(language);
        var nobody = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{RedisServer.FreePort()}");
        await agent.Do("connect", new { url = nobody, key = _key, tenant = "acme", patience = 0.2 });
        await Says(agent, "check", new { type = Type }, """{"unavailable":true}""");
        await Says(agent, "guard", new { type = Type, on_unavailable = "allow" }, """{"acted":true,"word":"hello"}""");
        await Says(agent, "guard", new { type = Type, on_unavailable = "handoff" },
            """{"acted":false,"action":"handoff","reason":"unavailable","queue":null,"word":"hello"}""");
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task S6_signals_stop_and_resume_it_also_over_a_stream_that_breaks(string language)
    {
        using var agent = await Connected(language);
        await Says(agent, "listen", null, """{"ready":true}""");
        for (var i = 0; i < 3; i++) await agent.Do("report", new { type = Type, id = $"c-{i}" });
        const string stopped = """{"action":"handoff","reason":"cap_reached","remaining":0,"queue":"queue:tier1"}""";
        await Says(agent, "until", new { type = Type, action = "handoff" }, stopped);
        await Says(agent, "until", new { type = "support.deflection", action = "allow" },
            """{"action":"allow","reason":"ok","remaining":null,"queue":null}""");
        _between.MovesPlaces = true; // the store was moved meanwhile, say
        await _between.Cut();
        await Put("/v1/tenants/acme/caps/monthly", """{"limit":{"units":10},"at_limit":{"action":"pause"}}""");
        await Says(agent, "until", new { type = Type, action = "allow" },
            """{"action":"allow","reason":"ok","remaining":null,"queue":null}""");
        using var why = Json("""{"action":"pause","reason":"a drill"}""");
        using var paused = await _admin.PostAsync(new Uri("/v1/tenants/acme/pause", UriKind.Relative), why);
        await Says(agent, "until", new { type = "support.deflection", action = "pause" },
            """{"action":"pause","reason":"tenant_paused","remaining":0,"queue":null}""");
        await Says(agent, "guard", new { type = Type, on_unavailable = "allow", gated = true },
            """{"acted":false,"action":"pause","reason":"tenant_paused","queue":null,"word":"hello"}""");
    }

    [TheoryIfInstalled("python3", "node", "tsc")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task S6_a_signal_that_cannot_be_read_was_not_told_and_is_asked_for_again(string language)
    {
        using var agent = await Connected(language);
        await Says(agent, "listen", null, """{"ready":true}""");
        _between.Unreadable = 1;
        using var why = Json("""{"action":"pause","reason":"a drill"}""");
        using var paused = await _admin.PostAsync(new Uri("/v1/tenants/acme/pause", UriKind.Relative), why);
        await Says(agent, "until", new { type = Type, action = "pause" },
            """{"action":"pause","reason":"tenant_paused","remaining":0,"queue":null}""");
        Assert.Equal(0, _between.Unreadable);
    }

    private async Task<Agent> Connected(string language, double patience = 30)
    {
        var agent = await Agent.Start(language);
        await agent.Do("connect", new { url = _between.Url, key = _key, tenant = "acme", patience });
        return agent;
    }

    private static async Task Says(Agent agent, string what, object? asked, string expected, string? only = null,
        string? after = null)
    {
        var (told, should) = (await agent.Do(what, asked), JsonNode.Parse(expected)!);
        Assert.True(JsonNode.DeepEquals(only is null ? should : should[only], only is null ? told : told[only]),
            $"{what} {after}: {told.ToJsonString()} is not {should.ToJsonString()}");
    }

    private async Task<long> Reported(string of = Type)
    {
        var types = (await _server.Usage("acme"))!["outcome_types"]!.AsArray();
        return types.Where(type => (string)type!["id"]! == of).Sum(type => (long)type!["reported"]!);
    }

    private async Task Put(string path, string json)
    {
        using var body = Json(json);
        using var answer = await _admin.PutAsync(new Uri(path, UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
