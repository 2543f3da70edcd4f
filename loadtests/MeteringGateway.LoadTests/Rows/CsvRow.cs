using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>A tenant's outcomes as CSV over HTTP against <c>sqlite3 -csv</c> selecting the same columns.</summary>
internal static class CsvRow
{
    private const int Most = 1_000_000;

    public static async Task<Row> Measure(Options options)
    {
        var outcomes = Math.Min(options.Outcomes, Most);
        using var bed = await Bed.Start(options, 0);
        await BigTenant.Make(bed.Gateway);
        BigTenant.Fill(bed.Gateway.Port, 0, outcomes);
        var file = Path.Combine(bed.Directory, "outcomes.csv");
        var database = Path.Combine(bed.Directory, "plain.db");
        await Download(bed.Gateway.Port, BigTenant.Name, file);
        BigTenant.Sqlite(database, $".import --csv {file} outcomes");
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var i = 0; i < options.Pairs; i++)
            foreach (var mine in i % 2 == 0 ? [true, false] : new[] { false, true })
            {
                var began = Stopwatch.GetTimestamp();
                var rows = mine ? await Download(bed.Gateway.Port, BigTenant.Name, null) : Select(database);
                (mine ? ours : theirs).Add(rows / Stopwatch.GetElapsedTime(began).TotalSeconds);
            }
        return new Row("outcomes as CSV, rows/s", "sqlite3 -csv selecting the same columns from a plain table", 0.2,
            0.5, 1, [.. ours.Zip(theirs, (o, t) => o / t)],
            [string.Create(CultureInfo.InvariantCulture,
                $"gateway: {Statistics.Median(ours):N0} rows a second, sqlite3: {Statistics.Median(theirs):N0}; {outcomes:N0} outcomes")]);
    }

    /// <summary>All outcomes of a tenant; how many rows they are, the header among them.</summary>
    /// <param name="to">File; null: they are read and forgotten.</param>
    internal static async Task<long> Download(int port, string tenant, string? to)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(30) };
        using var request = new HttpRequestMessage(HttpMethod.Get,
            new Uri($"http://127.0.0.1:{port}/v1/tenants/{tenant}/outcomes"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", GatewayServer.AdminKey);
        request.Headers.Accept.ParseAdd("text/csv");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync();
        await using var file = to is null ? Stream.Null : File.Create(to);
        var (buffer, rows) = (new byte[128 * 1024], 0L);
        while (await body.ReadAsync(buffer) is > 0 and var read)
        {
            rows += buffer.AsSpan(0, read).Count((byte)'\n');
            await file.WriteAsync(buffer.AsMemory(0, read));
        }
        return rows;
    }

    private static long Select(string database)
    {
        using var sqlite = Process.Start(new ProcessStartInfo("sqlite3", ["-csv", database, "SELECT * FROM outcomes"])
        {
            RedirectStandardOutput = true,
        })!;
        var (buffer, rows) = (new byte[128 * 1024], 0L);
        while (sqlite.StandardOutput.BaseStream.Read(buffer) is > 0 and var read)
            rows += buffer.AsSpan(0, read).Count((byte)'\n');
        sqlite.WaitForExit();
        return rows;
    }
}
