using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;
using Xunit.Abstractions;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// A tenant whose keys do the worst that the default limits allow, and a quiet tenant beside it: that one
/// gets its answers, or is told to come back (N4). How quickly is printed, and nothing is judged by it: a machine that
/// others share says nothing about time.
/// </summary>
public sealed class NeighbourTests(ITestOutputHelper output) : IDisposable
{
    private const int Seconds = 15;
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"}],
         "activities":[{"id":"call","price":"0.10"}],
         "caps":[{"id":"money","limit":{"amount":"1000000.00"}},{"id":"units","limit":{"units":1000000}}]}
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private long _numbers;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_quiet_tenant_gets_its_answers_beside_one_that_does_the_worst_allowed_N4()
    {
        using var server = Start();
        using var administrator = Client(server, GatewayServer.AdminKey);
        await Made(administrator, HttpMethod.Put, "/v1/plans/p", Plan);
        foreach (var tenant in (string[])["noisy", "quiet"])
            await Made(administrator, HttpMethod.Put, $"/v1/tenants/{tenant}",
                $$"""{"name":"{{tenant}}","plan":"p"}""");
        using var noisy = Client(server, await Key(administrator, "agent", "noisy"));
        using var buyer = Client(server, await Key(administrator, "finance", "noisy"));
        using var bound = Client(server, await Key(administrator, "admin", "noisy"));
        using var quiet = Client(server, await Key(administrator, "agent", "quiet"));
        using var finance = Client(server, await Key(administrator, "finance", "quiet"));

        var alone = await Quiet(quiet, finance, TimeSpan.FromSeconds(4));
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(Seconds));
        // Keys that the bound one makes have no more, with it, than four of them.
        var readers = new List<HttpClient>();
        for (var i = 0; i < 6; i++) readers.Add(Client(server, await Key(bound, "finance", "noisy")));
        var worst = Worst(noisy, buyer, bound).Concat(Reads(readers, bound)).Select(work => Forever(work, end.Token))
            .ToList();
        var beside = await Quiet(quiet, finance, TimeSpan.FromSeconds(Seconds - 2));
        await end.CancelAsync();
        var answers = (await Task.WhenAll(worst)).SelectMany(one => one).GroupBy(one => one)
            .OrderBy(same => same.Key).ToList();

        output.WriteLine("the noisy tenant: "
            + string.Join(", ", answers.Select(same => $"{same.Count()} x {same.Key}")));
        foreach (var (what, times) in alone) Print($"{what}, alone", times);
        foreach (var (what, times) in beside) Print($"{what}, beside it", times);
        Assert.Contains(answers, same => same.Key == 200); // it was let do its worst
        Assert.DoesNotContain(answers, same => same.Key is 500 or 502);
        Assert.False(server.Process.HasExited);
        Assert.All(beside.Values, times => Assert.NotEmpty(times));
        readers.ForEach(reader => reader.Dispose());
        await Made(quiet, HttpMethod.Post, "/v1/tenants/quiet/check", """{"outcome_type":"support.resolution"}""");
        Assert.Equal(0, server.Process.Stop());
    }

    /// <summary>What an agent's key, a buyer's, and a bound administrator's can ask for again and again.</summary>
    private IEnumerable<Func<CancellationToken, Task<HttpResponseMessage>>> Worst(HttpClient agent, HttpClient buyer,
        HttpClient bound)
    {
        const string resolved = "\"outcome_type\":\"support.resolution\"";
        // Batches into one session, up to its limit; the same outcome reopened; facts; sessions of their own.
        yield return end => Batch(agent, 500,
            i => Event($"s{i}", "outcome.reported", $"{resolved},\"session\":\"one\""), end);
        yield return end => Batch(agent, 500, i => i % 2 == 0
            ? Event($"r{i}", "outcome.reported", $"{resolved},\"session\":\"loop\"")
            : Event($"r{i}", "outcome.reopened", $"\"outcome_id\":\"r{i - 1}\""), end);
        yield return end => Batch(agent, 500, i => Event($"f{i}", "outcome.escalated", "\"outcome_id\":\"s1\""), end);
        yield return end => Batch(agent, 500, i => Event($"n{i}", "outcome.reported", resolved), end);
        // Back-dated, under caps on money.
        yield return end => Batch(agent, 200, i => Event($"b{i}", "outcome.reported", resolved,
            DateTime.UtcNow.AddSeconds(-i % 3600)), end);
        yield return end => Batch(agent, 500, i => Event($"a{i}", "activity.reported",
            $"\"activity\":\"{new string('x', 200)}{i}\",\"agent\":\"{i}\",\"session\":\"{i}\""), end);
        yield return end => agent.PostAsync("/v1/tenants/noisy/reservations",
            Json("""{"outcome_type":"support.resolution","quantity":1,"ttl":"PT24H"}"""), end);
        // Names as long as they may be, each another one.
        var name = new string('x', 200);
        yield return end => Batch(agent, 500, i => Event($"{name}{i}", "outcome.reported",
            $"{resolved},\"session\":\"{name}{i}\",\"agent\":\"{name}{i}\",\"workflow\":\"{name}{i}\""), end);
        // Changes that wait for each other: more than one key may have under way.
        for (var at = 0; at < 150; at++)
            yield return end => bound.PutAsync("/v1/tenants/noisy/caps/flood", Json(
                $$$"""{"limit":{"units":{{{1_000_000 + Number()}}}},"at_limit":{"action":"pause"}}"""), end);
        // Oversized names, and what is no event.
        yield return end => agent.PostAsync("/v1/events",
            Json($$"""[{"specversion":"1.0","{{new string('n', 2_000_000)}}":1}]""",
                "application/cloudevents-batch+json"), end);
        yield return end => agent.PostAsync("/v1/events",
            Json("[" + string.Join(',', Enumerable.Repeat("1", 50_000)) + "]",
                "application/cloudevents-batch+json"), end);
        // Listings, tables, figures, and streams that are left open for a moment.
        yield return end => buyer.GetAsync("/v1/tenants/noisy/outcomes?limit=1000", end);
        yield return end => Table(buyer, end);
        yield return end => buyer.GetAsync("/v1/tenants/noisy/usage", end);
        yield return end => buyer.GetAsync("/v1/tenants/noisy/statements/current", end);
        yield return end => agent.GetAsync("/v1/tenants/noisy/signals", HttpCompletionOption.ResponseHeadersRead, end);
    }

    /// <summary>
    /// What costs most to read, with more than each key may have under way; some of it is never taken.
    /// </summary>
    private static IEnumerable<Func<CancellationToken, Task<HttpResponseMessage>>> Reads(
        IReadOnlyList<HttpClient> readers, HttpClient bound)
    {
        string[] paths = ["outcomes?limit=1000&session=none", "outcomes?limit=1000&changed_after=1", Series(),
            "statements/current?lines=outcomes&limit=1000", "quality", "alerts?limit=1000", "disputes?limit=1000"];
        foreach (var reader in readers)
        {
            foreach (var path in paths) yield return end => reader.GetAsync($"/v1/tenants/noisy/{path}", end);
            yield return end => Table(reader, end);
            yield return end => reader.PostAsync("/v1/tenants/noisy/caps/preview", Json("""{"caps":[]}"""), end);
            for (var at = 0; at < 10; at++) yield return end => Unread(reader, "outcomes?limit=1000", end);
            yield return end => Unread(reader, "statements/current?lines=outcomes&limit=1000", end);
        }
        yield return end => bound.GetAsync("/v1/tenants/noisy/entries?limit=1000", end);
        yield return end => bound.GetAsync("/v1/attention", end);
        yield return end => bound.GetAsync("/v1/webhooks", end);
    }

    private static string Series()
    {
        var (from, to) = (DateTime.UtcNow.Date.AddDays(-30), DateTime.UtcNow.Date.AddDays(1));
        return string.Create(CultureInfo.InvariantCulture,
            $"usage/series?by=hour&from={from:yyyy-MM-ddTHH:mm:ssZ}&to={to:yyyy-MM-ddTHH:mm:ssZ}");
    }

    /// <summary>Asks for a page, and takes nothing of it for a while.</summary>
    private static async Task<HttpResponseMessage> Unread(HttpClient reader, string path, CancellationToken end)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4_096 };
        await socket.ConnectAsync("127.0.0.1", reader.BaseAddress!.Port, end);
        var head = $"GET /v1/tenants/noisy/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: "
            + $"{reader.DefaultRequestHeaders.Authorization}\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head), end);
        await Task.Delay(TimeSpan.FromSeconds(3), end);
        return new HttpResponseMessage(HttpStatusCode.NoContent);
    }

    private static async Task<List<int>> Forever(Func<CancellationToken, Task<HttpResponseMessage>> work,
        CancellationToken end)
    {
        var statuses = new List<int>();
        while (!end.IsCancellationRequested)
            try
            {
                using var answer = await work(end);
                statuses.Add((int)answer.StatusCode);
            }
            catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException)
            {
                // The end, or a connection that was closed on it.
            }
        return statuses;
    }

    /// <summary>
    /// What a quiet tenant does, at a quiet pace: its answers are 2xx, 429 or 503, and how long each took in ms.
    /// </summary>
    private async Task<Dictionary<string, List<double>>> Quiet(HttpClient http, HttpClient finance, TimeSpan time)
    {
        var all = new Dictionary<string, List<double>>();
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < time;)
        {
            await Timed("check", () => http.PostAsync("/v1/tenants/quiet/check",
                Json("""{"outcome_type":"support.resolution"}""")));
            await Timed("event", () => http.PostAsync("/v1/events", Json(
                Event($"q{Number()}", "outcome.reported", "\"outcome_type\":\"support.resolution\"", of: "quiet"),
                "application/cloudevents+json")));
            await Timed("change", () => finance.PutAsync("/v1/tenants/quiet/caps/own", Json(
                $$$"""{"limit":{"units":{{{1_000_000 + Number()}}}},"at_limit":{"action":"pause"}}""")));
            await Timed("usage", () => finance.GetAsync("/v1/tenants/quiet/usage"));
            await Timed("outcomes", () => finance.GetAsync("/v1/tenants/quiet/outcomes?limit=10"));
            await Timed("/health/live", () => http.GetAsync("/health/live"));
            await Task.Delay(10);
        }
        return all;

        async Task Timed(string what, Func<Task<HttpResponseMessage>> ask)
        {
            var asked = Stopwatch.GetTimestamp();
            using var answer = await ask();
            Assert.True((int)answer.StatusCode is (>= 200 and < 300) or 429 or 503,
                $"{what}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            if (!all.TryGetValue(what, out var times)) all[what] = times = [];
            times.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
        }
    }

    private void Print(string what, List<double> times)
    {
        times.Sort();
        var (half, most) = (times[times.Count / 2], times[times.Count * 99 / 100]);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what,-24} {times.Count,6} answers; ms: p50 {half:0.0}, p99 {most:0.0}, max {times[^1]:0.0}"));
    }

    private static async Task<HttpResponseMessage> Table(HttpClient http, CancellationToken end)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/tenants/noisy/outcomes");
        request.Headers.Add("Accept", "text/csv");
        return await http.SendAsync(request, end);
    }

    private Task<HttpResponseMessage> Batch(HttpClient http, int many, Func<long, string> one, CancellationToken end)
    {
        var first = Interlocked.Add(ref _numbers, many) - many;
        return http.PostAsync("/v1/events?results=rejected", Json(
            string.Join('\n', Enumerable.Range(0, many).Select(i => one(first + i))), "application/x-ndjson"), end);
    }

    private long Number() => Interlocked.Increment(ref _numbers);

    private static string Event(string id, string type, string data, DateTime? time = null, string of = "noisy")
    {
        var at = time is { } given ? $"\"time\":\"{given.ToString("O", CultureInfo.InvariantCulture)}\"," : "";
        var head = $"\"id\":\"{id}\",\"type\":\"{type}\",\"subject\":\"{of}\",{at}";
        return $$"""{"specversion":"1.0","source":"/desk",{{head}}"data":{ {{data}} } }""";
    }

    private static StringContent Json(string text, string type = "application/json") => new(text, Encoding.UTF8, type);

    private static async Task<JsonNode> Made(HttpClient http, HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = Json(body) };
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    private static async Task<string> Key(HttpClient http, string role, string tenant) => (string)(await Made(http,
        HttpMethod.Post, "/v1/keys", $$"""{"role":"{{role}}","tenants":["{{tenant}}"]}"""))["key"]!;

    /// <summary>With its default limits.</summary>
    private GatewayServer Start() => GatewayServer.Over(ServerProcess.Start(null, "dotnet",
        [Options.DefaultDll(), "serve", "--urls", "http://127.0.0.1:0", "--data-directory",
            Path.Combine(_directory, "store")],
        new Dictionary<string, string>
        {
            ["METERING__ADMINKEY"] = GatewayServer.AdminKey, ["Logging__LogLevel__Default"] = "Warning",
        }));

    private static HttpClient Client(GatewayServer server, string key)
    {
        var http = new HttpClient
        {
            BaseAddress = new Uri($"http://127.0.0.1:{server.Port}"), Timeout = TimeSpan.FromSeconds(60),
        };
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + key);
        return http;
    }
}
