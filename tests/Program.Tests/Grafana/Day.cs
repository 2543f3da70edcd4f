using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests.Grafana;

/// <summary>
/// A working day at one gateway, a round at a time: agents ask, report and acknowledge, a buyer judges, somebody has no
/// key, and something cannot be read.
/// </summary>
internal sealed class Day : IDisposable
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT0S"}]}
        """;

    private readonly HttpClient _admin;
    private readonly HttpClient _stranger;
    private readonly Task _listening;
    private readonly CancellationTokenSource _over = new();
    private long _acknowledged;
    private int _round;

    private Day(GatewayServer server)
    {
        _admin = Metering.Administrator(server);
        _stranger = new HttpClient { BaseAddress = _admin.BaseAddress };
        _listening = Task.Run(Listen);
    }

    /// <summary>Signals that were acknowledged so far.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <param name="hook">Where alerts are sent; null: nowhere.</param>
    public static async Task<Day> Begin(GatewayServer server, Uri? hook = null)
    {
        await server.PutPlan("support", Plan);
        foreach (var tenant in (string[])["busy", "full"]) await server.PutTenant(tenant, "support");
        var day = new Day(server);
        if (hook is not null)
            await day.Put("/v1/webhooks/desk", $$"""{"url":"{{hook}}","events":["*"],"tenants":"*"}""");
        // The one at its limit, with a buyer who agrees.
        await day.Put("/v1/tenants/full/caps/monthly",
            """{"limit":{"units":1},"at_limit":{"action":"handoff","to":"queue:tier1"}}""");
        await day.Put("/v1/tenants/full/caps/budget", """{"limit":{"amount":"9.90"},"at_limit":{"action":"pause"}}""");
        await day.Report("outcome.reported", "full", "f-1", """ "outcome_type":"support.resolution" """);
        await day.Report("outcome.verdict", "full", "f-2", """ "outcome_id":"f-1","verdict":"accepted" """);
        return day;
    }

    public async Task Round()
    {
        var round = ++_round;
        foreach (var tenant in (string[])["busy", "full"])
            await Post($"/v1/tenants/{tenant}/check", """{"outcome_type":"support.resolution"}""");
        await Post("/v1/tenants/busy/reservations", """{"outcome_type":"support.resolution"}""");
        await Report("outcome.reported", "busy", $"b-{round}", """ "outcome_type":"support.resolution" """);
        await Report("outcome.reported", "busy", $"x-{round}", """ "outcome_type":"nothing.of.the.plan" """);
        await Post("/v1/events", "{", "application/cloudevents+json");
        await Post("/v1/tenants/busy/pause", """{"action":"pause","reason":"lunch"}""");
        await Post("/v1/tenants/busy/resume", "{}");
        using var refused = await _stranger.GetAsync(new Uri("/v1/tenants", UriKind.Relative));
        Assert.Contains(refused.StatusCode, (HttpStatusCode[])[HttpStatusCode.Unauthorized,
            HttpStatusCode.TooManyRequests]);
    }

    public void Dispose()
    {
        _over.Cancel();
        try
        {
            _listening.Wait();
        }
        catch (AggregateException)
        {
            // It was cut off.
        }
        _over.Dispose();
        _admin.Dispose();
        _stranger.Dispose();
    }

    private async Task Listen()
    {
        using var response = await _admin.GetAsync(new Uri("/v1/tenants/busy/signals", UriKind.Relative),
            HttpCompletionOption.ResponseHeadersRead, _over.Token);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(_over.Token));
        while (await lines.ReadLineAsync(_over.Token) is { } line)
            if (line.StartsWith("data: ", StringComparison.Ordinal)
                && JsonNode.Parse(line[6..]) is JsonObject { } told && told["action"] is not null)
            {
                using var answer = await Post($"/v1/tenants/busy/signals/{told["sequence"]}/ack",
                    """{"agent":"bot-1"}""");
                if (answer.IsSuccessStatusCode) Interlocked.Increment(ref _acknowledged);
            }
    }

    private Task Report(string type, string tenant, string id, string data) => Post("/v1/events",
        $$$"""
        {"specversion":"1.0","id":"{{{id}}}","source":"/desk","type":"{{{type}}}","subject":"{{{tenant}}}",
         "data":{{{{data}}}}}
        """,
        "application/cloudevents+json");

    private async Task Put(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await _admin.PutAsync(new Uri(path, UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
    }

    private async Task<HttpResponseMessage> Post(string path, string json, string type = "application/json")
    {
        using var content = new StringContent(json, Encoding.UTF8, type);
        return await _admin.PostAsync(new Uri(path, UriKind.Relative), content);
    }
}
