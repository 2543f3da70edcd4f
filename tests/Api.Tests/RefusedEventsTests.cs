using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests;

/// <summary>Events that are refused are a line in the log, and however many they are, few lines.</summary>
public class RefusedEventsTests
{
    private const string Ndjson = "application/x-ndjson";

    [Fact]
    public async Task The_log_says_whose_events_were_refused_and_as_what_and_nothing_that_they_wrote()
    {
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("refusing");
        var made = await gateway.Admin.Post("/v1/keys", """{"role":"agent","tenants":["refusing"]}""")
            .Is(HttpStatusCode.Created);
        using var agent = gateway.As((string)made["key"]!);
        const string Secret = "jane@doe.example";
        await agent.PostAs("application/cloudevents+json", "/v1/events",
            Report.Event("outcome.reported", Secret, "refusing", $"\"outcome_type\":\"{Secret}\"")).Json();
        await agent.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("a", Secret)).Json();
        await agent.Post("/v1/tenants/refusing/outcomes", $$"""{"outcome_type":"{{Secret}}"}""").Json();
        await agent.Post("/v1/tenants/refusing/outcomes", $$"""{"{{Secret}}":1}""").Json();

        var lines = Told(gateway);
        Assert.Equal(
            ["unknown_outcome_type: 1", "unknown_tenant: 1", "malformed_event: 1"],
            lines.Select(line => line.Split(" as ")[1].Split(" in ")[0]));
        Assert.All(lines, line => Assert.Contains($"key {made["id"]} (agent)", line, StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Contains(Secret, StringComparison.Ordinal)
            || line.Contains((string)made["key"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task N4_a_flood_of_them_is_a_line_for_each_power_of_ten_in_a_minute()
    {
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("flooding");
        var flood = string.Join('\n', Enumerable.Range(0, 400).Select(i => $"no event {i}"));
        for (var i = 0; i < 3; i++) await gateway.Admin.PostAs(Ndjson, "/v1/events", flood).Is(HttpStatusCode.OK);
        for (var i = 0; i < 30; i++)
            await gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("a", "nobody"))
                .Is(HttpStatusCode.NotFound);
        // 1,200 that are no event: up to four lines, and 30 for a tenant that is not there: two.
        Assert.InRange(Told(gateway).Count, 4, 6);
        Assert.Contains(Told(gateway), line => Regex.IsMatch(line, ": 1[0-2][0-9]{2} in this minute"));

        gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        var before = Told(gateway).Count;
        await gateway.Admin.PostAs(Ndjson, "/v1/events", "no event").Is(HttpStatusCode.OK);
        Assert.Equal(before + 1, Told(gateway).Count);
    }

    [Fact]
    public async Task A_level_that_does_not_ask_for_them_has_none()
    {
        await using var gateway = await Gateway.Start(lowest: LogLevel.Error);
        await gateway.Admin.PostAs(Ndjson, "/v1/events", "no event").Is(HttpStatusCode.OK);
        Assert.Empty(Told(gateway));
    }

    private static List<string> Told(Gateway gateway) =>
        [.. gateway.Log.Lines.Where(line => line.Contains("were refused as", StringComparison.Ordinal))];
}
