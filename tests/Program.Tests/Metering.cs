using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>What a command said, and with which code it ended.</summary>
internal sealed record Ended(int Code, string Output, string Error);

/// <summary>The real program, as an operator runs it.</summary>
internal static class Metering
{
    public const string Plan =
        """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT0S"}]}""";

    /// <summary>Runs a command to its end.</summary>
    public static Task<Ended> Run(params IEnumerable<string> arguments) =>
        Run(new ProcessStartInfo("dotnet", [Options.DefaultDll(), .. arguments]));

    public static Task<Ended> RunIn(string directory, params IEnumerable<string> arguments) =>
        Run(new ProcessStartInfo("dotnet", [Options.DefaultDll(), .. arguments]) { WorkingDirectory = directory });

    public static async Task<Ended> Run(ProcessStartInfo command)
    {
        (command.RedirectStandardOutput, command.RedirectStandardError) = (true, true);
        using var process = Process.Start(command)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Ended(process.ExitCode, output.TrimEnd(), (await error).TrimEnd());
    }

    /// <summary>A silo, alone in its cluster.</summary>
    public static GatewayServer Silo(RedisServer redis, params IEnumerable<string> settings) =>
        SiloOf(Options.DefaultDll(), redis, settings);

    /// <summary>A silo of the program that is in that file.</summary>
    public static GatewayServer SiloOf(string dll, RedisServer redis, params IEnumerable<string> settings) =>
        GatewayServer.Over(ServerProcess.Start(null, "dotnet",
        [
            dll, "serve", "--urls", "http://127.0.0.1:0", "--redis", Address(redis),
            "--Metering:Cluster:AdvertisedAddress=127.0.0.1", $"--Metering:Cluster:SiloPort={RedisServer.FreePort()}",
            .. settings,
        ], new Dictionary<string, string>
        {
            ["METERING__ADMINKEY"] = GatewayServer.AdminKey,
            ["ASPNETCORE_CONTENTROOT"] = Path.GetDirectoryName(dll)!, // its own settings, whatever lies here
        }));

    public static string Address(RedisServer redis) =>
        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{redis.Process.Port}");

    /// <summary>A tenant with that many outcomes.</summary>
    public static async Task Fill(GatewayServer server, string tenant, int outcomes)
    {
        await server.PutPlan("support", Plan);
        await server.PutTenant(tenant, "support");
        var lines = Enumerable.Range(0, outcomes).Select(i => $$$"""
            {"specversion":"1.0","id":"{{{tenant}}}-{{{i}}}","source":"/desk","type":"outcome.reported","subject":"{{{tenant}}}","data":{"outcome_type":"support.resolution","end_customer":"u-{{{i}}}"}}
            """);
        using var events = new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson");
        using var http = Administrator(server);
        using var answer = await http.PostAsync(new Uri("/v1/events", UriKind.Relative), events);
        answer.EnsureSuccessStatusCode();
    }

    public static HttpClient Administrator(GatewayServer server)
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + GatewayServer.AdminKey);
        return http;
    }

    /// <summary>Without the forecast, which moves with the clock.</summary>
    public static string Counted(JsonNode usage) => $"{usage["sequence"]} {usage["outcome_types"]!.ToJsonString()}";
}
