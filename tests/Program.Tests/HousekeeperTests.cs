using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;
using Xunit.Abstractions;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// What one silo does for all, tenants that nobody asks for and webhooks, goes on elsewhere when that silo is killed.
/// </summary>
public sealed partial class HousekeeperTests(ITestOutputHelper output)
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT10S"}],
         "caps":[{"id":"monthly","limit":{"units":2},"at_limit":{"action":"pause"}}],
         "thresholds":[{"id":"half","of":"cap:monthly","at":{"percent":50}}]}
        """;

    private static readonly string[] Sleepers = [.. Enumerable.Range(0, 6).Select(i => $"sleeper-{i}")];
    private readonly List<GatewayServer> _silos = [];

    [FactIfRedis]
    public async Task When_its_silo_is_killed_what_is_due_and_what_is_told_is_seen_to_by_another()
    {
        using var redis = new RedisServer(null);
        await using var receiver = await Receiver.Start();
        var keys = Directory.CreateTempSubdirectory("metering-keys-").FullName;
        try
        {
            for (var i = 0; i < 3; i++)
                _silos.Add(Metering.Silo(redis, "--Metering:IdleAfter=00:00:01",
                    "--Metering:Webhooks:AllowPrivate=true", $"--Metering:KeyDirectory={keys}"));
            await Put(_silos[0], "/v1/plans/support", Plan);
            await Put(_silos[0], "/v1/webhooks/desk",
                $$"""{"url":"{{receiver.Url}}","events":["threshold.crossed"],"tenants":"*"}""");
            foreach (var tenant in (string[])[.. Sleepers, "told-before", "told-after"])
                await Put(_silos[0], $"/v1/tenants/{tenant}", $$"""{"name":"{{tenant}}","plan":"support"}""");
            await Report(_silos[0], "told-before");
            await Until(() => Task.FromResult(receiver.All.Any(told => told.Tenant == "told-before")));

            // Their window ends in 10 s; until then they have left memory, and nobody asks for them any more.
            foreach (var tenant in Sleepers) await Report(_silos[1], tenant);
            var before = Sleepers.Select(tenant => Due(redis, tenant)).ToList();
            await Until(async () => await Living("tenant") == 0);

            var home = (await Task.WhenAll(_silos.Select(async silo => (silo, await Living(silo, "housekeeper")))))
                .Single(one => one.Item2 == 1).silo;
            home.Process.KillHard();
            var killed = DateTime.UtcNow;
            _silos.Remove(home);
            home.Dispose();

            await Report(_silos[0], "told-after");
            await Until(() => Task.FromResult(receiver.All.Any(told => told.Tenant == "told-after")));
            Say("a webhook was sent", killed);
            await Until(() => Task.FromResult(!Sleepers.Select(tenant => Due(redis, tenant)).Intersect(before).Any()));
            Say("what was due was done", killed);
            Assert.Equal(1, await Living("housekeeper"));
            foreach (var tenant in Sleepers)
                Assert.Equal("billable",
                    (string?)(await Get(_silos[1], $"/v1/tenants/{tenant}/outcomes/{tenant}"))["status"]);
        }
        finally
        {
            foreach (var silo in _silos) silo.Dispose();
            Directory.Delete(keys, recursive: true);
        }
    }

    private void Say(string what, DateTime since) => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{what} {(DateTime.UtcNow - since).TotalSeconds:0.0} s after the kill"));

    /// <summary>When something is due for it, as the store says; asking the tenant would wake it.</summary>
    private static string Due(RedisServer redis, string tenant) =>
        tenant + " " + RespConnection.Ask(redis.Process.Port, "ZSCORE", "metering:due", tenant);

    private async Task<int> Living(string kind) =>
        (await Task.WhenAll(_silos.Select(silo => Living(silo, kind)))).Sum();

    private static async Task<int> Living(GatewayServer silo, string kind)
    {
        using var http = Metering.Administrator(silo);
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return LiveThere().Matches(metrics).Where(found => found.Groups[1].Value == kind)
            .Sum(found => int.Parse(found.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    private static Task Report(GatewayServer silo, string tenant) => Send(silo, HttpMethod.Post, "/v1/events", $$$"""
        {"specversion":"1.0","id":"{{{tenant}}}","source":"/desk","type":"outcome.reported","subject":"{{{tenant}}}",
         "data":{"outcome_type":"support.resolution"}}
        """, "application/cloudevents+json");

    private static Task Put(GatewayServer silo, string path, string body) => Send(silo, HttpMethod.Put, path, body);

    private static async Task Send(GatewayServer silo, HttpMethod method, string path, string body,
        string type = "application/json")
    {
        using var http = Metering.Administrator(silo);
        await Until(async () =>
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
            request.Content = new StringContent(body, System.Text.Encoding.UTF8, type);
            using var answer = await http.SendAsync(request);
            return answer.IsSuccessStatusCode; // while a tenant moves: send the same again
        });
    }

    private static async Task<JsonNode> Get(GatewayServer silo, string path)
    {
        using var http = Metering.Administrator(silo);
        return JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative)))!;
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition()) await Task.Delay(100, patience.Token);
    }

    [GeneratedRegex("""^orleans_grains\{grain_type="([a-z]+)"\} ([0-9]+)""", RegexOptions.Multiline)]
    private static partial Regex LiveThere();
}
