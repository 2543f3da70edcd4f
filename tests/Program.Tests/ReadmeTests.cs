using System.Globalization;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>README.md as somebody types it, in a home of its own: what it shows is what its comments say.</summary>
public sealed class ReadmeTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("metering-home-");
    private readonly string _port = RedisServer.FreePort().ToString(CultureInfo.InvariantCulture);

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task What_README_says_to_type_works_as_it_stands_and_shows_what_it_says()
    {
        var blocks = Typed.Blocks("README.md");
        Assert.StartsWith("dotnet run -c Release --project src/MeteringGateway -- demo", blocks[0],
            StringComparison.Ordinal);
        var serve = blocks.FindIndex(block => block.Contains("metering serve", StringComparison.Ordinal));
        var elsewhere = blocks.FindIndex(block => block.Contains("--redis", StringComparison.Ordinal));
        Assert.InRange(elsewhere, serve + 10, blocks.Count - 1);

        using var gateway = Shell.Start(Typed.Here(blocks[serve], _port).Replace("$(mktemp -d)",
            Path.Combine(_home.FullName, "data"), StringComparison.Ordinal));
        for (var i = 0; i < 100 && (await Metering.Run("health", $"127.0.0.1:{_port}")).Code != 0; i++) { }
        var second = string.Join('\n', blocks[(serve + 1)..elsewhere].Select(block => Typed.Here(block, _port)));
        var (code, output, error) = await Shell.Run($"set -uo pipefail\n{second}", ("HOME", _home.FullName));
        gateway.Stop();

        Assert.True(code == 0, output + error);
        Assert.DoesNotContain("\"code\"", output, StringComparison.Ordinal); // no problem was answered
        Assert.Equal("", Regex.Replace(error, "(?m)^(bash: line .* Terminated.*|.*events?/s.*)$", "").Trim());
        Assert.Equal(
            [
                "allow ok 3", "handoff cap_reached 0", "allow ok 47", "allow ok 48", "pause cap_reached 0",
                "allow ok 20", "pause credits_exhausted 0", "allow ok 10", "allow ok 6",
            ],
            Regex.Matches(output, """
                "decision":\s*"(\w+)",\s*"reason":\s*"(\w+)",\s*"remaining":\s*(\d+)
                """)
                .Select(one => $"{one.Groups[1]} {one.Groups[2]} {one.Groups[3]}"));
        InOrder(output, "event: handoff", "event: resume");
        InOrder(output, Member("status", "accepted"), Member("status", "duplicate"), Member("reason", "over_cap"),
            Member("non_billable_reason", "reopened"), "cap_set", Member("type", "cap.reached"),
            Member("type", "threshold.crossed"), Member("type", "overage.started"), Member("amount", "4.95"),
            Member("total", "4.95"), Member("uncapped", null), Member("total", "265.00"), ",total,Total,,,,265.00",
            "\"outcomes\":", "whsec_", "river-clinic");
        Assert.Equal(2, Regex.Count(output, "order-1007|spring campaign"));
    }

    /// <summary>A member of an answer, as jq lays it out or as it comes.</summary>
    internal static string Member(string name, string? value) =>
        $"\"{name}\":\\s*{(value is null ? "" : $"\"{Regex.Escape(value)}\"")}";

    internal static void InOrder(string output, params string[] patterns)
    {
        var at = 0;
        foreach (var pattern in patterns)
        {
            var found = Regex.Match(output[at..], pattern);
            Assert.True(found.Success, $"{pattern} is not there after {at}:\n{output}");
            at += found.Index + found.Length;
        }
    }
}
