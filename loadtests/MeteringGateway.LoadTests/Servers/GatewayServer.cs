using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>The real <c>metering serve</c> on a data directory, and what its administrator does.</summary>
public sealed class GatewayServer : IDisposable
{
    public const string AdminKey = "load-test-administrator";
    private readonly HttpClient _http;

    private GatewayServer(ServerProcess process)
    {
        Process = process;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{process.Port}"),
            Timeout = TimeSpan.FromSeconds(60) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
    }

    public ServerProcess Process { get; }
    public int Port => Process.Port;

    /// <param name="dll">Path of <c>metering.dll</c>.</param>
    /// <param name="port">0 for any.</param>
    public static GatewayServer Start(string dll, string dataDirectory, string? cores = null, int port = 0,
        IReadOnlyDictionary<string, string>? settings = null) =>
        Over(Serve(dll, dataDirectory, cores, port, settings, []));

    /// <summary>The same under a program that runs it; it listens, and need not be ready.</summary>
    /// <param name="under">The program and its arguments, which the server's follow.</param>
    public static ServerProcess Under(IReadOnlyList<string> under, string dll, string dataDirectory) =>
        Serve(dll, dataDirectory, null, 0, null, under);

    private static ServerProcess Serve(string dll, string dataDirectory, string? cores, int port,
        IReadOnlyDictionary<string, string>? settings, IReadOnlyList<string> under)
    {
        // The driver sends as fast as it can with one key; that a key may be throttled is not what is measured.
        var environment = new Dictionary<string, string>
        {
            ["METERING__ADMINKEY"] = AdminKey, ["METERING__LIMITS__REQUESTSPERSECOND"] = "0",
            ["METERING__LIMITS__EVENTSPERSECOND"] = "0",
            ["Logging__LogLevel__Default"] = "Warning",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>()) environment[name] = value;
        string[] command = [.. under, "dotnet", dll, "serve", "--urls", $"http://127.0.0.1:{port}",
            "--data-directory", dataDirectory];
        return ServerProcess.Start(cores, command[0], command[1..], environment);
    }

    /// <summary>A server that listens, once it says that it is ready. Disposed with this.</summary>
    public static GatewayServer Over(ServerProcess process)
    {
        var gateway = new GatewayServer(process);
        gateway.WaitUntilReady();
        return gateway;
    }

    /// <summary>Calls with the administrator's key.</summary>
    public HttpClient Administrator()
    {
        var http = new HttpClient { BaseAddress = _http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = _http.DefaultRequestHeaders.Authorization;
        return http;
    }

    public Task PutPlan(string id, string json) => Put($"/v1/plans/{id}", json);

    /// <param name="clock">Where its test clock starts; null: it lives in real time.</param>
    public Task PutTenant(string id, string plan, string? clock = null) => Put($"/v1/tenants/{id}",
        clock is null ? $$"""{"name":"{{id}}","plan":"{{plan}}"}"""
            : $$$"""{"name":"{{{id}}}","plan":"{{{plan}}}","test_clock":{"start":"{{{clock}}}"}}""");

    /// <summary>Null: there is no such tenant or period.</summary>
    public async Task<JsonNode?> Usage(string tenant, string? period = null)
    {
        using var response = await _http.GetAsync(
            new Uri($"/v1/tenants/{tenant}/usage{(period is null ? "" : "?period=" + period)}", UriKind.Relative));
        if (response.StatusCode == System.Net.HttpStatusCode.NotFound) return null;
        await Check(response);
        return await response.Content.ReadFromJsonAsync<JsonNode>();
    }

    /// <summary>The sum over the series of a metric, and of those whose names go on after it.</summary>
    public async Task<double> Metric(string name)
    {
        var text = await _http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>Ids of all tenants.</summary>
    public async Task<List<string>> Tenants()
    {
        var ids = new List<string>();
        for (string? cursor = "",
            query = "?limit=1000"; cursor is not null; query = "?limit=1000&cursor="
                + Uri.EscapeDataString(cursor ?? ""))
        {
            var page = (await _http.GetFromJsonAsync<JsonNode>(new Uri("/v1/tenants" + query, UriKind.Relative)))!;
            ids.AddRange(page["data"]!.AsArray().Select(t => (string)t!["id"]!));
            cursor = (string?)page["next_cursor"];
        }
        return ids;
    }

    public void Dispose()
    {
        _http.Dispose();
        Process.Dispose();
    }

    private async Task Put(string path, string json)
    {
        using var response = await _http.PutAsync(new Uri(path, UriKind.Relative),
            new StringContent(json, new MediaTypeHeaderValue("application/json")));
        await Check(response);
    }

    private static async Task Check(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException(
                $"{response.RequestMessage?.RequestUri}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    private void WaitUntilReady()
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            using var response = _http.GetAsync(new Uri("/health/ready", UriKind.Relative)).GetAwaiter().GetResult();
            if (response.IsSuccessStatusCode) return;
            Thread.Sleep(50);
        }
        throw Process.Failure("was not ready within 30 s");
    }
}
