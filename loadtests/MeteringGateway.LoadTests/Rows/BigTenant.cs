using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using MeteringGateway.LoadTests.Campaigns;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// One tenant with very many outcomes, and a hundred small ones beside it. It lives on a test clock, so that its month
/// can end.
/// </summary>
internal static class BigTenant
{
    public const string Name = "big";
    public const int Small = 100;
    private const int AtOnce = 500;

    /// <summary>The plan is there already.</summary>
    public static async Task Make(GatewayServer server)
    {
        for (var i = 0; i < Small; i++) await server.PutTenant(Probe.Tenant(i), "load");
        await server.PutTenant(Name, "load", "2026-11-21T09:30:00Z");
    }

    /// <summary>Reports outcomes with new ids, from a number on.</summary>
    /// <param name="session">Null: each has one of its own.</param>
    public static void Fill(int port, int from, int count, string? session = null)
    {
        var next = from;
        HttpConnection[] connections = [.. Enumerable.Range(0, 4).Select(_ => new HttpConnection(port))];
        Loops.Closed(connections, _ => Batch(), TimeSpan.FromHours(2), count / AtOnce);
        foreach (var connection in connections) connection.Dispose();

        byte[] Batch()
        {
            var body = new StringBuilder("[");
            for (var i = 0; i < AtOnce; i++, next++)
                body.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $$$"""
                    {"specversion":"1.0","id":"b{{{next}}}","source":"/load","type":"outcome.reported","subject":"{{{Name}}}","data":{"outcome_type":"support.resolution","result":"success","agent":"agent-{{{next % 50}}}","channel":"chat","session":"{{{session ?? $"s{next}"}}}"}}
                    """);
            return HttpConnection.Format("POST", "/v1/events?results=rejected", GatewayServer.AdminKey,
                "application/cloudevents-batch+json", Encoding.UTF8.GetBytes(body.Append(']').ToString()));
        }
    }

    /// <summary>Reports until a snapshot is due, and waits for it.</summary>
    public static async Task Snapshot(Bed bed, int from)
    {
        Fill(bed.Gateway.Port, from, 6_000);
        for (var patience = 0; patience < 18_000; patience++, await Task.Delay(100))
            if (Sqlite(bed.Database, $"SELECT snapshot_sequence FROM tenants WHERE id='{Name}'").Trim()
                is not ("" or "0")) return;
        throw new TimeoutException("no snapshot was taken within half an hour");
    }

    /// <summary>Bytes of its snapshot.</summary>
    public static long SnapshotBytes(Bed bed) => long.Parse(Sqlite(bed.Database,
        $"SELECT sum(length(s.bytes)) FROM snapshots s JOIN tenants t ON t.key=s.tenant WHERE t.id='{Name}'"),
        CultureInfo.InvariantCulture);

    public static async Task Get(Bed bed, string path)
    {
        using var http = Client(bed);
        using var answer = await http.GetAsync(new Uri($"/v1/tenants/{Name}{path}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>To the next month, and far enough into it that nothing late is waited for.</summary>
    public static async Task MonthEnd(Bed bed)
    {
        using var http = Client(bed);
        foreach (var days in (int[])[20, 20])
        {
            using var advance = new StringContent($$"""{"advance":"P{{days}}D"}""",
                new MediaTypeHeaderValue("application/json"));
            using var answer = await http.PostAsync(new Uri($"/v1/tenants/{Name}/clock", UriKind.Relative), advance);
            if (!answer.IsSuccessStatusCode)
                throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        }
    }

    public static string Sqlite(params string[] arguments)
    {
        using var sqlite = Process.Start(new ProcessStartInfo("sqlite3", ["-cmd", ".timeout 60000", .. arguments])
            { RedirectStandardOutput = true })!;
        var text = sqlite.StandardOutput.ReadToEnd();
        sqlite.WaitForExit();
        return text;
    }

    private static HttpClient Client(Bed bed)
    {
        var http = bed.Gateway.Administrator();
        http.Timeout = TimeSpan.FromMinutes(30);
        return http;
    }
}
