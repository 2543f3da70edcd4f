using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>
/// One tenant with very many outcomes, and a hundred small ones beside it: what the small ones feel of whatever is done
/// with the large one. It lives on a test clock, so that its month can end.
/// </summary>
internal sealed class BigTenant(Options options, TextWriter output)
{
    public const string Name = "big";
    private const int Small = 100;
    private const int AtOnce = 500;
    private const int Looks = 20;

    private static readonly string[] Pages =
    [
        "", "/usage", "/outcomes?limit=100", "/outcomes?limit=100&status=pending", "/outcomes/b77", "/quality",
        "/quality?check=pricing", "/usage/series?from=2026-11-01&to=2026-11-30", "/disputes", "/alerts",
        "/statements/current",
    ];
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(10);
    private readonly string _data = Directory.CreateTempSubdirectory("metering-big-").FullName;
    private double _quiet;

    public async Task Run()
    {
        output.WriteLine(options.Machine);
        Line($"{options.Outcomes:N0} outcomes of one tenant, {Small} small ones; load of the machine {LoadNow()}");
        try
        {
            // None is taken while it is filled: it is to be seen by itself.
            using (var server = Start(options.Outcomes + 5_000))
            {
                await Prepare(server);
                using var probe = new Probe(server.Port, Small);
                await Beside(probe, "nothing else", () => Task.CompletedTask);
                var began = Stopwatch.GetTimestamp();
                Fill(server.Port, 0, options.Outcomes, "");
                Line($"filled in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s; {Resident(server)}");
                await Beside(probe, "nothing else, the large one in memory", () => Task.CompletedTask);
                await Beside(probe, "snapshot", () => Snapshot(server.Port));
                await Beside(probe, $"what people look at, {Looks} times each", () => Look(server.Port));
                await Beside(probe, "CSV", () => Csv(server.Port));
                Line($"  {Resident(server)}");
                await Beside(probe, $"a session of {options.Session:N0}, in batches of {AtOnce}", () =>
                    Task.Run(() => Fill(server.Port, options.Outcomes + 20_000, options.Session, "one")));
                await Beside(probe, "month's end", () => MonthEnd(server.Port));
                Line($"{Resident(server)}; load of the machine {LoadNow()}");
                server.Process.KillHard();
            }
            await Restart();
        }
        finally
        {
            Directory.Delete(_data, recursive: true);
        }
    }

    private async Task Restart()
    {
        var began = Stopwatch.GetTimestamp();
        using var server = Start(options.Outcomes + 5_000);
        Line($"restart after kill -9: ready in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
        using var probe = new Probe(server.Port, Small);
        await Beside(probe, "loading the large one, until its first answer", () => Get(server.Port, "", 1));
        Line($"{Resident(server)}");
    }

    /// <param name="snapshotEntries">After how many entries a snapshot is taken.</param>
    private GatewayServer Start(int snapshotEntries) => GatewayServer.Start(options.MeteringDll, _data,
        options.Machine.ServerCores, settings: new Dictionary<string, string>
        {
            ["METERING__SNAPSHOTENTRIES"] = Text(snapshotEntries),
            ["METERING__LIMITS__SESSIONOUTCOMES"] = Text(Math.Max(1_000, options.Session)),
        });

    public static async Task Prepare(GatewayServer server)
    {
        await server.PutPlan("load", Plans.Load);
        for (var i = 0; i < Small; i++) await server.PutTenant(Probe.Tenant(i), "load");
        await server.PutTenant(Name, "load", "2026-11-21T09:30:00Z");
    }

    private async Task Beside(Probe probe, string what, Func<Task> work)
    {
        var began = Stopwatch.GetTimestamp();
        var took = TimeSpan.Zero;
        var measured = await probe.Beside(async () =>
        {
            await work();
            took = Stopwatch.GetElapsedTime(began);
        }, Least);
        var slowest = measured.Percentile(0.999);
        if (_quiet == 0) _quiet = slowest;
        Line($"- {what} ({took.TotalSeconds:0.0} s): small ones p50 {measured.Percentile(0.5):0.0} ms, p99 {measured.Percentile(0.99):0.0} ms, p99.9 {slowest:0.0} ms ({slowest / _quiet:0.0} times), worst {measured.Percentile(1):0} ms");
    }

    /// <summary>Reports outcomes of the large tenant with new ids, from a number on.</summary>
    /// <param name="session">Empty: none has one.</param>
    public static void Fill(int port, int from, int count, string session)
    {
        var (next, last) = (from, from + count);
        HttpConnection[] connections = [.. Enumerable.Range(0, session.Length > 0 ? 1 : 4)
            .Select(_ => new HttpConnection(port))];
        Loops.Closed(connections, _ => Batch(), TimeSpan.FromHours(2), count / AtOnce);
        foreach (var connection in connections) connection.Dispose();

        byte[] Batch()
        {
            var body = new StringBuilder("[");
            var more = session.Length > 0 ? $",\"session\":\"{session}\"" : "";
            for (var i = 0; i < AtOnce; i++, next++)
                body.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $$$"""
                    {"specversion":"1.0","id":"b{{{next}}}","source":"/load","type":"outcome.reported","subject":"{{{Name}}}","data":{"outcome_type":"support.resolution","result":"success","agent":"agent-{{{next % 50}}}","channel":"chat"{{{more}}}}}
                    """);
            return HttpConnection.Format("POST", "/v1/events?results=rejected", GatewayServer.AdminKey,
                "application/cloudevents-batch+json", Encoding.UTF8.GetBytes(body.Append(']').ToString()));
        }
    }

    private async Task Snapshot(int port)
    {
        Fill(port, options.Outcomes + 5_000, 6_000, "");
        for (var patience = 0; patience < 6_000; patience++, await Task.Delay(100))
            if (Sqlite(Path.Combine(_data, "metering.db"),
                $"SELECT snapshot_sequence FROM tenants WHERE id='{Name}'").Trim() is not ("" or "0")) return;
        throw new TimeoutException("no snapshot was taken within ten minutes");
    }

    private static async Task Get(int port, string path, int times)
    {
        using var http = Client(port);
        for (var i = 0; i < times; i++)
            (await http.GetAsync(new Uri($"/v1/tenants/{Name}{path}", UriKind.Relative))).EnsureSuccessStatusCode();
    }

    private async Task Look(int port)
    {
        foreach (var path in Pages)
        {
            var began = Stopwatch.GetTimestamp();
            await Get(port, path, Looks);
            Line($"  {path}: {Stopwatch.GetElapsedTime(began).TotalMilliseconds / Looks:0.0} ms each");
        }
    }

    private async Task Csv(int port)
    {
        var began = Stopwatch.GetTimestamp();
        var rows = await CsvRow.Download(port, Name, null);
        Line($"  {rows:N0} rows of CSV, {rows / Stopwatch.GetElapsedTime(began).TotalSeconds:N0} a second");
    }

    /// <summary>To the next month, and far enough into it that nothing late is waited for.</summary>
    private static async Task MonthEnd(int port)
    {
        using var http = Client(port);
        foreach (var days in (int[])[20, 20])
        {
            using var advance = new StringContent($$"""{"advance":"P{{days}}D"}""",
                new MediaTypeHeaderValue("application/json"));
            var answer = await http.PostAsync(new Uri($"/v1/tenants/{Name}/clock", UriKind.Relative), advance);
            if (!answer.IsSuccessStatusCode)
                throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        }
    }

    private static HttpClient Client(int port)
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = TimeSpan.FromMinutes(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", GatewayServer.AdminKey);
        return http;
    }

    internal static string Sqlite(params string[] arguments)
    {
        using var sqlite = Process.Start(new ProcessStartInfo("sqlite3", arguments) { RedirectStandardOutput = true })!;
        var text = sqlite.StandardOutput.ReadToEnd();
        sqlite.WaitForExit();
        return text;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string LoadNow() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string Resident(GatewayServer server) => string.Create(CultureInfo.InvariantCulture,
        $"{server.Process.ResidentBytes / 1048576.0:N0} MiB resident");

    private void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
