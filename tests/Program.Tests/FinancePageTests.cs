using System.Globalization;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>docs/finance.md as somebody types it behind README's start: what it shows is what its comments say.</summary>
public sealed class FinancePageTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("metering-home-");
    private readonly string _port = RedisServer.FreePort().ToString(CultureInfo.InvariantCulture);

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task What_the_page_for_finance_says_to_type_shows_what_it_says()
    {
        var serve = Typed.Blocks("README.md").Find(block => block.Contains("metering serve", StringComparison.Ordinal))!;
        using var gateway = Shell.Start(Typed.Here(serve, _port).Replace("$(mktemp -d)",
            Path.Combine(_home.FullName, "data"), StringComparison.Ordinal));
        for (var i = 0; i < 100 && (await Metering.Run("health", $"127.0.0.1:{_port}")).Code != 0; i++) { }
        var page = string.Join('\n', Typed.Blocks("docs/finance.md").Select(block => Typed.Here(block, _port)));
        var (code, output, error) = await Shell.Run($"set -uo pipefail\n{page}", ("HOME", _home.FullName));
        gateway.Stop();

        Assert.True(code == 0, output + error);
        Assert.Equal("", error);
        Assert.Equal(["cap_below_exposure"], // the one refusal that the page shows
            Regex.Matches(output, """
                "code":\s*"(\w+)"
                """).Select(one => one.Groups[1].Value));
        Assert.Equal(
            [
                "allow ok 2", "handoff overage_not_authorized 0", "allow ok 5", "handoff overage_limit_reached 0",
                "handoff cap_reached 0", "allow ok 2", "handoff tenant_paused 2", "allow ok 2",
                "pause credits_exhausted 0", "allow ok 10",
            ],
            Regex.Matches(output, """
                "decision":\s*"(\w+)",\s*"reason":\s*"(\w+)",\s*"remaining":\s*(\d+)
                """)
                .Select(one => $"{one.Groups[1]} {one.Groups[2]} {one.Groups[3]}"));
        ReadmeTests.InOrder(output, ReadmeTests.Member("type", "threshold.crossed"),
            ReadmeTests.Member("type", "overage.started"), ReadmeTests.Member("type", "cap.reached"), "\"scheduled\"",
            "\"withdrawn\"", ReadmeTests.Member("remaining", "20.40"), ReadmeTests.Member("amount", "9.60"),
            ReadmeTests.Member("total", "84.60"), ReadmeTests.Member("non_billable_reason", "rejected"),
            ReadmeTests.Member("status", "open"), ReadmeTests.Member("status", "final"),
            ReadmeTests.Member("total", "83.40"), ",total,Total,,,,83.40", ReadmeTests.Member("status", "credited"),
            ReadmeTests.Member("amount", "-1.20"), ReadmeTests.Member("total", "48.80"));
    }
}
