using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Api.Tests;

public class OperationsTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Measurements_are_written_as_Prometheus_wants_them()
    {
        using var page = new MetricsPage(new HttpTimes(), NullLogger<MetricsPage>.Instance);
        using var meter = new Meter("MeteringGateway");
        var counter = meter.CreateCounter<long>("test.things.done", "{thing}", "What was done so far.");
        counter.Add(2, new KeyValuePair<string, object?>("who", "a\"b\\c\nd"));
        counter.Add(3, new KeyValuePair<string, object?>("who", "a\"b\\c\nd"));
        meter.CreateObservableGauge("test.level", () => 1.5, "By", "How full it is.");
        var histogram = meter.CreateHistogram("test.wait", "s", "How long it took.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var seconds in new[] { 0.1, 0.5, 7 }) histogram.Record(seconds);

        var written = await Written(page);

        Assert.Contains(
            """
            # HELP test_things_done_total What was done so far.
            # TYPE test_things_done_total counter
            test_things_done_total{who="a\"b\\c\nd"} 5

            """.ReplaceLineEndings("\n"), written, StringComparison.Ordinal);
        Assert.Contains("# TYPE test_level_bytes gauge\ntest_level_bytes 1.5\n", written, StringComparison.Ordinal);
        Assert.Contains("# TYPE test_wait_seconds histogram\n", written, StringComparison.Ordinal);
        foreach (var line in (string[])["bucket{le=\"0.1\"} 1", "bucket{le=\"1\"} 2", "bucket{le=\"+Inf\"} 3",
            "sum 7.6",
            "count 3"])
            Assert.Contains($"\ntest_wait_seconds_{line}\n", written, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_figure_that_cannot_be_read_does_not_hide_the_others()
    {
        using var page = new MetricsPage(new HttpTimes(), NullLogger<MetricsPage>.Instance);
        using var meter = new Meter("MeteringGateway");
        meter.CreateObservableGauge("test.broken", Broken);
        meter.CreateObservableGauge("test.whole", () => 7);

        Assert.Contains("\ntest_whole 7\n", await Written(page), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_figure_says_what_it_means()
    {
        await Measured("explained");
        var help = (await Metrics()).Split('\n')
            .Where(line => line.StartsWith("# HELP ", StringComparison.Ordinal)).ToList();

        Assert.True(help.Count > 20);
        // A sentence, and not the name once more.
        Assert.All(help, line => Assert.Matches("^# HELP [a-z0-9_]+ [A-Z][A-Za-z]+ .*[^ ]$", line));
        Assert.All(help, line => Assert.DoesNotContain("MeteringGateway", line, StringComparison.Ordinal));
    }

    [FactIfInstalled("promtool")]
    public async Task Promtool_finds_nothing_to_say_about_the_metrics()
    {
        await Measured("measured");
        var metrics = await Metrics();
        Assert.Contains("metering_events_total{", metrics, StringComparison.Ordinal);
        Assert.Contains("metering_decisions_total{decision=\"allow\",reason=\"ok\"}", metrics,
            StringComparison.Ordinal);
        Assert.Contains("# TYPE dotnet_thread_pool_threads gauge", metrics, StringComparison.Ordinal);

        using var promtool = Process.Start(
            new ProcessStartInfo("promtool", "check metrics") { RedirectStandardInput = true,
                RedirectStandardError = true, RedirectStandardOutput = true })!;
        await promtool.StandardInput.WriteAsync(metrics);
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.Equal("", said);
        Assert.Equal(0, promtool.ExitCode);
    }

    [FactIfInstalled("promtool")]
    public async Task Promtool_finds_the_alerts_raised_when_they_should_be()
    {
        using var promtool = Process.Start(
            new ProcessStartInfo("promtool", ["test", "rules", Repository.File("docker/rules.test.yml")]) {
                RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.True(promtool.ExitCode == 0, said);
    }

    [FactIfInstalled("systemd-analyze")]
    public async Task Systemd_finds_nothing_to_say_about_the_unit()
    {
        var directory = Directory.CreateTempSubdirectory("unit-");
        try
        {
            var unit = Path.Combine(directory.FullName, "metering.service");
            // The program is not installed here.
            await File.WriteAllTextAsync(unit, Repository.Read("docker/metering.service")
                .Replace("=/opt/metering/metering", "=/bin/true", StringComparison.Ordinal));
            using var verify = Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", unit]) {
                RedirectStandardError = true, RedirectStandardOutput = true })!;
            var said = await verify.StandardError.ReadToEndAsync() + await verify.StandardOutput.ReadToEndAsync();
            await verify.WaitForExitAsync();
            Assert.Equal(("", 0), (said, verify.ExitCode));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [FactIfInstalled("prometheus")]
    public async Task A_real_Prometheus_scrapes_the_metrics_and_gives_a_figure_back()
    {
        await _gateway.Tenant("scraped");
        await _gateway.Admin.Post("/v1/tenants/scraped/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
        var directory = Directory.CreateTempSubdirectory("prometheus-");
        var config = Path.Combine(directory.FullName, "prometheus.yml");
        // The job that is shipped, pointed at this test's server, and asked for more often; not so often that a page
        // would be late that waits its 2 s for a store of another test in this process.
        var shipped = Repository.Read("prometheus.yml");
        await File.WriteAllTextAsync(config,
            shipped.Replace("127.0.0.1:8080", _gateway.Address.Authority, StringComparison.Ordinal)
                .Replace("15s", "4s", StringComparison.Ordinal));
        var port = FreePort.Find();
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

    private async Task Measured(string tenant)
    {
        await _gateway.Tenant(tenant);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("m-1", tenant))
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post($"/v1/tenants/{tenant}/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
    }

    private static long Broken() => throw new StoreException("away");

    private Task<string> Metrics() => _gateway.Anyone.GetStringAsync(new Uri("/metrics", UriKind.Relative));

    private static async Task<string> Written(MetricsPage page)
    {
        using var text = new MemoryStream();
        await page.Write(text, default);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
