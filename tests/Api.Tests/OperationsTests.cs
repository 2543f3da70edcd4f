using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Api.Tests;

public sealed class OperationsTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public void Measurements_are_written_as_Prometheus_wants_them()
    {
        using var text = new PrometheusText();
        using var meter = new Meter("MeteringGateway");
        var counter = meter.CreateCounter<long>("test.things.done", "{thing}", "What was \\ done\nso far");
        counter.Add(2, new KeyValuePair<string, object?>("who", "a\"b\\c\nd"));
        counter.Add(3, new KeyValuePair<string, object?>("who", "a\"b\\c\nd"));
        meter.CreateObservableGauge("test.level", () => 1.5, "By");
        var histogram = meter.CreateHistogram("test.wait", "s", null, null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var seconds in new[] { 0.1, 0.5, 7 }) histogram.Record(seconds);

        var written = text.Write();

        Assert.Contains(
            """
            # HELP test_things_done_total What was \\ done\nso far
            # TYPE test_things_done_total counter
            test_things_done_total{who="a\"b\\c\nd"} 5

            """.ReplaceLineEndings("\n"), written, StringComparison.Ordinal);
        Assert.Contains("# TYPE test_level_bytes gauge\ntest_level_bytes 1.5\n", written, StringComparison.Ordinal);
        Assert.Contains(
            """
            # TYPE test_wait_seconds histogram
            test_wait_seconds_bucket{le="0.1"} 1
            test_wait_seconds_bucket{le="1"} 2
            test_wait_seconds_bucket{le="+Inf"} 3
            test_wait_seconds_sum 7.6
            test_wait_seconds_count 3

            """.ReplaceLineEndings("\n"), written, StringComparison.Ordinal);
    }

    [FactIfInstalled("promtool")]
    public async Task Promtool_finds_nothing_to_say_about_the_metrics()
    {
        await _gateway.Tenant("measured");
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("m-1", "measured"))
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post("/v1/tenants/measured/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
        var metrics = await _gateway.Anyone.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Contains("metering_events_total{", metrics, StringComparison.Ordinal);
        Assert.Contains("metering_decisions_total{decision=\"allow\",reason=\"ok\"}", metrics,
            StringComparison.Ordinal);

        using var promtool = Process.Start(
            new ProcessStartInfo("promtool", "check metrics") { RedirectStandardInput = true,
                RedirectStandardError = true, RedirectStandardOutput = true })!;
        await promtool.StandardInput.WriteAsync(string.Join('\n', metrics.Split('\n').Where(OurOwn)) + "\n");
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.Equal("", said);
        Assert.Equal(0, promtool.ExitCode);
    }

    [FactIfInstalled("prometheus")]
    public async Task A_real_Prometheus_scrapes_the_metrics_and_gives_a_figure_back()
    {
        await _gateway.Tenant("scraped");
        await _gateway.Admin.Post("/v1/tenants/scraped/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
        var directory = Directory.CreateTempSubdirectory("prometheus-");
        var config = Path.Combine(directory.FullName, "prometheus.yml");
        // The job that is shipped, pointed at this test's server, and asked for more often.
        var shipped = await File.ReadAllTextAsync(Root("prometheus.yml"));
        await File.WriteAllTextAsync(config,
            shipped.Replace("127.0.0.1:8080", _gateway.Address.Authority, StringComparison.Ordinal)
                .Replace("15s", "1s", StringComparison.Ordinal));
        var port = FreePort();
        using var prometheus = Process.Start(new ProcessStartInfo(
            "prometheus",
            $"--config.file={config} --storage.tsdb.path={directory.FullName}/data --web.listen-address=127.0.0.1:{port} --log.level=error"))!;
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            Assert.True(await Figure(client, "sum(metering_decisions_total{job=\"metering\"})") >= 1);
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync();
            directory.Delete(recursive: true);
        }
    }

    // Asks again until there is one: Prometheus starts and scrapes in its own time.
    private static async Task<double> Figure(HttpClient prometheus, string query)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            try
            {
                var answer = await prometheus.GetFromJsonAsync<JsonObject>(
                    new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative), patience.Token);
                if (answer!["data"]!["result"]!.AsArray() is [{ } found, ..])
                    return double.Parse((string)found["value"]![1]!, System.Globalization.CultureInfo.InvariantCulture);
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
        }
    }

    // The runtime's own names are Microsoft's affair, and promtool has opinions about some.
    private static bool OurOwn(string line) => line.Contains("metering_", StringComparison.Ordinal);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Root(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "MeteringGateway.sln")))
                return Path.Combine(folder.FullName, file);
        throw new InvalidOperationException("no solution above the tests");
    }
}
