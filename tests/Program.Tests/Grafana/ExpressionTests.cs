using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests.Grafana;

/// <summary>
/// Every expression of every panel, and every metric that a rule asks for, asked of a real Prometheus that scrapes the
/// real program while it is used: alone, with Kafka, and as a silo.
/// </summary>
public sealed class ExpressionTests : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("expressions-");

    public void Dispose() => _directory.Delete(recursive: true);

    [FactIfInstalled("prometheus", "redis-server")]
    public async Task Every_expression_of_every_panel_and_rule_has_something_to_show()
    {
        using var brokers = new Brokers();
        using var redis = new RedisServer(null);
        using var alone = GatewayServer.Start(Options.DefaultDll(), Path.Combine(_directory.FullName, "data"),
            settings: new Dictionary<string, string>
            {
                ["METERING__LIMITS__FAILEDKEYSPERMINUTE"] = "3", ["METERING__WEBHOOKS__ALLOWPRIVATE"] = "true",
                ["METERING__KAFKA__BOOTSTRAPSERVERS"] = brokers.Address,
            });
        using var silo = Metering.Silo(redis);
        // Nobody listens there, so that attempts fail.
        using var first = await Day.Begin(alone, new Uri($"http://127.0.0.1:{RedisServer.FreePort()}/"));
        using var second = await Day.Begin(silo);
        var port = RedisServer.FreePort();
        using var prometheus = ServerProcess.StartOn(port, null, "prometheus", [$"--config.file={Config(alone, silo)}",
            $"--storage.tsdb.path={_directory.FullName}/tsdb", $"--web.listen-address=127.0.0.1:{port}"]);
        using var asked = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        var open = Dashboards.OfPanels().Concat(Dashboards.OfRules()).Distinct().ToList();
        Assert.True(open.Count > 90);
        using var patience = new CancellationTokenSource(Longest);
        while (open.Count > 0 && !patience.IsCancellationRequested)
        {
            await first.Round();
            await second.Round();
            foreach (var one in open.ToArray()) if (await HasSeries(asked, one.Expression)) open.Remove(one);
        }

        Assert.True(open.Count == 0, "Nothing to show:\n" + string.Join('\n',
            open.Select(one => $"{one.Where}\n    {one.Expression}")));
        Assert.True(first.Acknowledged > 0 && second.Acknowledged > 0);
    }

    /// <summary>The job that is shipped, more often, and of these two; the rules as they are shipped.</summary>
    private string Config(params GatewayServer[] servers)
    {
        var file = Path.Combine(_directory.FullName, "prometheus.yml");
        File.WriteAllText(file, $"""
            global: {"{"} scrape_interval: 1s, evaluation_interval: 1s {"}"}
            rule_files: ["{Repository.File("docker/rules.yml")}"]
            scrape_configs:
              - job_name: metering
                metrics_path: /metrics
                static_configs: [{"{"} targets: [{string.Join(", ", servers.Select(server =>
                    $"\"127.0.0.1:{server.Port}\""))}] {"}"}]
            """);
        return file;
    }

    /// <summary>False while Prometheus has not scraped enough.</summary>
    private static async Task<bool> HasSeries(HttpClient prometheus, string expression)
    {
        try
        {
            using var answer = await prometheus.GetAsync(
                new Uri($"/api/v1/query?query={Uri.EscapeDataString(expression)}", UriKind.Relative));
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable) return false;
            var body = await answer.Content.ReadFromJsonAsync<JsonObject>();
            Assert.True((string?)body!["status"] == "success", $"{expression}: {body.ToJsonString()}");
            return body["data"]!["result"] is JsonArray { Count: > 0 };
        }
        catch (HttpRequestException)
        {
            return false; // It does not listen yet.
        }
    }
}
