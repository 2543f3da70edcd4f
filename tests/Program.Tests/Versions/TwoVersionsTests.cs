using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests.Versions;

/// <summary>
/// What docs/operating.md promises of an upgrade, silo by silo: a silo of an earlier program and one of this, side by
/// side over one Redis, each asked about tenants of both.
/// </summary>
public sealed partial class TwoVersionsTests(EarlierProgram earlier) : IClassFixture<EarlierProgram>, IDisposable
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT0S"}],
         "activities":[{"id":"helpdesk.ticket","price":"0.40"}],
         "thresholds":[{"id":"half","of":"cap:monthly","at":{"percent":50}}],
         "caps":[{"id":"monthly","limit":{"units":5},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
        """;

    private static readonly string[] Tenants = [.. Enumerable.Range(0, 12).Select(i => $"t{i}")];

    private readonly RedisServer _redis = new(null);
    private readonly string _keys = Directory.CreateTempSubdirectory("metering-keys-").FullName;
    private readonly Dictionary<string, int> _reported = [];

    public void Dispose()
    {
        _redis.Dispose();
        Directory.Delete(_keys, recursive: true);
    }

    [FactIfEarlier]
    public async Task Each_answers_for_tenants_of_the_other_and_takes_them_over_when_it_ends()
    {
        using var old = Start(earlier.Dll);
        await Put(old, "/v1/plans/support", Plan);
        foreach (var tenant in Tenants)
        {
            await Put(old, $"/v1/tenants/{tenant}", $$"""{"name":"{{tenant}}","plan":"support"}""");
            await Report(old, tenant);
        }

        // The new one beside it: it gets its share of the tenants while they are used.
        using var young = Start(LoadTests.Options.DefaultDll());
        await Until(async () =>
        {
            await EverythingWorks(old, young);
            return await Living(old) > 0 && await Living(young) > 0;
        });
        await ConfigurationIsShared(old, young);
        await SignalsArrive(old, young);
        await EverythingWorks(old, young);
        await AgreeOn(old, young);

        // Forward: the old one ends, and the new one has them all.
        var before = await Usage(young);
        Assert.Equal(0, old.Process.Stop());
        Assert.Equal(before, await Usage(young));
        foreach (var tenant in Tenants) await Report(young, tenant);

        // And back again, as no entry was written that the old one does not know.
        using var again = Start(earlier.Dll);
        await Until(async () =>
        {
            await EverythingWorks(again, young);
            return await Living(again) > 0 && await Living(young) > 0;
        });
        before = await Usage(young);
        Assert.Equal(0, young.Process.Stop());
        Assert.Equal(before, await Usage(again));
        foreach (var tenant in Tenants) await Report(again, tenant);
        await AgreeOn(again);
        Assert.Equal(0, again.Process.Stop());

        foreach (var tenant in Tenants)
            Assert.Equal(0, (await Metering.Run("journal", "--tenant", tenant, "--digest", "--redis",
                Metering.Address(_redis))).Code);
        var checkedStore = await Metering.Run("journal", "--check", "--redis", Metering.Address(_redis));
        Assert.Equal((0, ""), (checkedStore.Code, checkedStore.Error));
    }

    private GatewayServer Start(string dll) => Metering.SiloOf(dll, _redis, "--Metering:Cluster:BalanceEvery=00:00:01",
        "--Metering:Limits:RequestsPerSecond=0", $"--Metering:KeyDirectory={_keys}");

    /// <summary>Every kind of call, of every tenant, through both: wherever it lives, and however it travels.</summary>
    private async Task EverythingWorks(params GatewayServer[] silos)
    {
        foreach (var silo in silos)
        {
            foreach (var tenant in Tenants)
            {
                await Report(silo, tenant);
                await Put(silo, $"/v1/tenants/{tenant}/caps/monthly",
                    $$$"""{"limit":{"units":{{{_reported[tenant] + 2}}}},"at_limit":{"action":"handoff","to":"queue:tier1"}}""");
                var decision = await Send(silo, HttpMethod.Post, $"/v1/tenants/{tenant}/check",
                    """{"outcome_type":"support.resolution"}""");
                Assert.Equal("allow", (string?)decision!["decision"]);
                foreach (var what in (string[])["", "/usage", "/statements", "/statements/current", "/outcomes",
                    "/entries", "/grants", "/thresholds", "/alerts", $"/outcomes/{tenant}-0"])
                    Assert.NotNull(await Send(silo, HttpMethod.Get, $"/v1/tenants/{tenant}{what}"));
            }
            var held = await Send(silo, HttpMethod.Post, $"/v1/tenants/{Tenants[0]}/reservations",
                """{"outcome_type":"support.resolution","quantity":1,"ttl":"PT5M"}""");
            await Send(silo, HttpMethod.Delete,
                $"/v1/tenants/{Tenants[0]}/reservations/{held!["reservation"]!["id"]}");
            Assert.Equal(Tenants.Length,
                (await Send(silo, HttpMethod.Get, "/v1/tenants"))!["data"]!.AsArray().Count);
            Assert.NotNull(await Send(silo, HttpMethod.Get, "/v1/attention"));
        }
    }

    /// <summary>Plans, keys and webhooks that one writes are the other's too, from then on.</summary>
    private static async Task ConfigurationIsShared(GatewayServer old, GatewayServer young)
    {
        (GatewayServer, GatewayServer, string)[] both = [(old, young, "of-old"), (young, old, "of-young")];
        foreach (var (one, other, name) in both)
        {
            await Put(one, $"/v1/plans/{name}", Plan);
            await Put(other, $"/v1/plans/{name}", Plan.Replace("0.99", "1.99", StringComparison.Ordinal));
            await Put(one, $"/v1/plans/{name}", Plan.Replace("0.99", "2.99", StringComparison.Ordinal));
            var plan = await Send(other, HttpMethod.Get, $"/v1/plans/{name}");
            Assert.Equal("2.99", (string?)plan!["plan"]!["outcome_types"]![0]!["price"]);

            var key = await Send(one, HttpMethod.Post, "/v1/keys", """{"role":"finance","tenants":["t1"]}""");
            using var finance = Metering.Administrator(other);
            finance.DefaultRequestHeaders.Remove("Authorization");
            finance.DefaultRequestHeaders.Add("Authorization", $"Bearer {key!["key"]}");
            Assert.Equal(HttpStatusCode.OK,
                (await finance.GetAsync(new Uri("/v1/tenants/t1/usage", UriKind.Relative))).StatusCode);

            await Put(one, $"/v1/webhooks/{name}",
                """{"url":"https://example.com/hook","events":["statement.final"],"tenants":["t1"]}""");
            Assert.Equal("enabled", (string?)(await Send(other, HttpMethod.Get, $"/v1/webhooks/{name}"))!["state"]);
            await Send(other, HttpMethod.Delete, $"/v1/webhooks/{name}");
        }
    }

    /// <summary>A stream on either hears of tenants wherever they live.</summary>
    private async Task SignalsArrive(GatewayServer old, GatewayServer young)
    {
        foreach (var silo in (GatewayServer[])[old, young])
            foreach (var tenant in Tenants)
            {
                using var http = Metering.Administrator(silo);
                using var stream = new StreamReader(await http.GetStreamAsync(
                    new Uri($"/v1/tenants/{tenant}/signals", UriKind.Relative)));
                await Put(silo, $"/v1/tenants/{tenant}/caps/monthly",
                    $$$"""{"limit":{"units":{{{_reported[tenant]}}}},"at_limit":{"action":"handoff","to":"queue:tier1"}}""");
                await Heard(stream, "handoff");
                await Put(silo, $"/v1/tenants/{tenant}/caps/monthly",
                    $$$"""{"limit":{"units":{{{_reported[tenant] + 1}}}},"at_limit":{"action":"handoff","to":"queue:tier1"}}""");
                await Heard(stream, "resume");
            }
    }

    private static async Task Heard(StreamReader stream, string action)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await stream.ReadLineAsync(patience.Token) is { } line)
            if (line.StartsWith("data:", StringComparison.Ordinal)
                && line.Contains($"\"action\":\"{action}\"", StringComparison.Ordinal)) return;
        Assert.Fail("the stream ended");
    }

    /// <summary>Everything that was reported was counted, once, and everybody says so.</summary>
    private async Task AgreeOn(params GatewayServer[] silos)
    {
        var figures = new List<string>();
        foreach (var silo in silos) figures.Add(await Usage(silo));
        Assert.Single(figures.Distinct());
        foreach (var tenant in Tenants)
            Assert.Equal(_reported[tenant],
                (int)(await silos[0].Usage(tenant))!["outcome_types"]![0]!["reported"]!);
    }

    private static async Task<string> Usage(GatewayServer silo)
    {
        var all = new List<string>();
        foreach (var tenant in Tenants)
            all.Add(tenant + Metering.Counted((await Send(silo, HttpMethod.Get, $"/v1/tenants/{tenant}/usage"))!));
        return string.Join('\n', all);
    }

    private async Task Report(GatewayServer silo, string tenant)
    {
        var number = _reported[tenant] = _reported.GetValueOrDefault(tenant) + 1;
        await Send(silo, HttpMethod.Post, "/v1/events", $$$$"""
            {"specversion":"1.0","id":"{{{{tenant}}}}-{{{{number - 1}}}}","source":"/desk","type":"outcome.reported",
             "subject":"{{{{tenant}}}}","data":{"outcome_type":"support.resolution","agent":"bot","channel":"chat",
             "workflow":"refund","end_customer":"u-{{{{number}}}}","metadata":{"language":"en"}}}
            """, "application/cloudevents+json");
    }

    private static Task<JsonNode?> Put(GatewayServer silo, string path, string body) =>
        Send(silo, HttpMethod.Put, path, body);

    /// <summary>
    /// Until it is done: while a tenant moves its callers may be told that it is unavailable, and send the same again.
    /// Any other answer than that is a failure.
    /// </summary>
    private static async Task<JsonNode?> Send(GatewayServer silo, HttpMethod method, string path, string? body = null,
        string type = "application/json")
    {
        using var http = Metering.Administrator(silo);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
            if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, type);
            using var answer = await http.SendAsync(request, patience.Token);
            var text = await answer.Content.ReadAsStringAsync(patience.Token);
            if (answer.IsSuccessStatusCode) return text.Length == 0 ? null : JsonNode.Parse(text);
            Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable
                && (string?)JsonNode.Parse(text)!["code"] == "unavailable",
                $"{method} {path}: {(int)answer.StatusCode} {text}");
            await Task.Delay(100, patience.Token);
        }
    }

    private static async Task<int> Living(GatewayServer silo)
    {
        using var http = Metering.Administrator(silo);
        return LiveThere().Match(await http.GetStringAsync(new Uri("/metrics", UriKind.Relative)))
            is { Success: true } found ? int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!await condition()) await Task.Delay(200, patience.Token);
    }

    [GeneratedRegex("""^orleans_grains\{grain_type="tenant"\} ([0-9]+)""", RegexOptions.Multiline)]
    private static partial Regex LiveThere();
}
