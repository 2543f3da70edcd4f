using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>What a replay must say at its end; null: whatever it says.</summary>
internal sealed record Expectation(int? Accepted, int? Duplicates, int? Refused)
{
    public bool Holds(int accepted, int duplicates, int refused) =>
        accepted >= 0 && (Accepted ?? accepted) == accepted && (Duplicates ?? duplicates) == duplicates
            && (Refused ?? refused) == refused;
}

/// <summary>Replays of a file into servers, each with a data directory of its own.</summary>
internal sealed partial class Runs(string meteringDll, string work, string start, TextWriter output)
{
    private string _directory = "";
    private int _number;

    /// <summary>False once a replay did not end as expected.</summary>
    public bool Good { get; private set; } = true;

    /// <param name="kill">Null, or after how many acknowledged events the server is killed and started again.</param>
    /// <returns>Usage of every tenant and period, without what is only a position in the journal.</returns>
    public Task<Dictionary<string, string>> Fresh(string name, string file, int? kill, Expectation then)
    {
        _directory = Directory.CreateDirectory(
            Path.Combine(work, "data-" + (++_number).ToString(CultureInfo.InvariantCulture))).FullName;
        return Run(name, file, kill, then);
    }

    public Task<Dictionary<string, string>> Again(string name, string file, Expectation then) =>
        Run(name, file, null, then);

    private async Task<Dictionary<string, string>> Run(string name, string file, int? kill, Expectation then)
    {
        var server = GatewayServer.Start(meteringDll, _directory);
        try
        {
            using var replay = Replay(file, server.Port);
            var text = replay.StandardOutput.ReadToEndAsync();
            var error = replay.StandardError.ReadToEndAsync();
            if (kill is { } after)
            {
                var port = server.Port;
                while (await Accepted(server) < after && !replay.HasExited) await Task.Delay(20);
                if (replay.HasExited) Fail($"{name}: the replay was over before the server could be killed");
                server.Process.KillHard();
                server.Dispose();
                server = GatewayServer.Start(meteringDll, _directory, port: port);
            }
            await replay.WaitForExitAsync();
            var summary = await text;
            output.WriteLine($"{name}: {summary.Split('\n')[0]}");
            if (!then.Holds(Figure(summary, "accepted"), Figure(summary, "duplicates"), Figure(summary, "refused")))
                Fail($"{name}: replay ended with {replay.ExitCode}: {summary} {await error}");
            return await Figures(server);
        }
        finally
        {
            server.Process.Stop();
            server.Dispose();
        }
    }

    private Process Replay(string file, int port) => Process.Start(new ProcessStartInfo("dotnet",
        [meteringDll, "replay", file, "--url", $"http://127.0.0.1:{port}", "--key", GatewayServer.AdminKey, "--plan",
        Path.Combine(work, "desk.json"),
         "--create-tenants", "desk", "--test-clock", start, "--follow-events", "--chunk", "100"])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private void Fail(string what)
    {
        Good = false;
        output.WriteLine(what);
    }

    private static int Figure(string summary, string what) =>
        Numbers().Matches(summary).Where(m => m.Groups["what"].Value == what)
            .Select(m => int.Parse(m.Groups["number"].Value.Replace(",", "", StringComparison.Ordinal),
                CultureInfo.InvariantCulture)).FirstOrDefault(-1);

    /// <summary>Events of the open periods: enough to know how far the replay has come.</summary>
    private static async Task<long> Accepted(GatewayServer server)
    {
        var sum = 0L;
        foreach (var tenant in await server.Tenants())
            if (await server.Usage(tenant) is { } usage) sum += (long)usage["sequence"]!;
        return sum;
    }

    private static async Task<Dictionary<string, string>> Figures(GatewayServer server)
    {
        var figures = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tenant in await server.Tenants())
        {
            for (var month = new DateOnly(2016, 2, 1); month <= new DateOnly(2017, 2, 1); month = month.AddMonths(1))
            {
                var period = month.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
                if (await server.Usage(tenant, period) is not JsonObject usage) continue;
                usage.Remove("sequence");
                figures[$"{tenant} {period}"] = usage.ToJsonString();
            }
        }
        return figures;
    }

    [GeneratedRegex(@"(?<number>[0-9][0-9,]*) (?<what>[a-z]+)")]
    private static partial Regex Numbers();
}
