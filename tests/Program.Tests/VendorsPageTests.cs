using System.Text.RegularExpressions;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary><c>docs/vendors.md</c> as somebody types it: from the first plan to a statement that is final.</summary>
public sealed class VendorsPageTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("metering-vendor-");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task What_the_page_for_vendors_says_to_type_comes_to_the_statement_that_it_says()
    {
        var page = Repository.Read("docs/vendors.md");
        var typed = string.Join('\n', Regex.Matches(page, "```sh\n(.*?)```", RegexOptions.Singleline)
            .Select(block => block.Groups[1].Value));
        using var gateway = GatewayServer.Start(Options.DefaultDll(), Path.Combine(_home.FullName, "data"),
            settings: new Dictionary<string, string> { ["METERING__ADMINKEY"] = "walk-through-admin-key" });

        var (code, output, error) = await Shell.Run("set -uo pipefail\n"
            + typed.Replace("127.0.0.1:8080", $"127.0.0.1:{gateway.Port}", StringComparison.Ordinal),
            ("HOME", _home.FullName), ("TMPDIR", _home.FullName),
            ("PATH", $"{Path.GetDirectoryName(Options.DefaultDll())}:{Environment.GetEnvironmentVariable("PATH")}"));

        Assert.True(code == 0, output + error);
        Assert.Equal("", error);
        Assert.DoesNotContain("\"code\"", output, StringComparison.Ordinal); // no problem was answered
        foreach (var told in (string[])["\"pending\":\\s*5", "\"status\":\\s*\"credited\"",
            "\"verdict\":\\s*\"too_few\"", "\"total\":\\s*\"60.99\"", ",total,Total,,,,60.99",
            "outcome call-1 of tenant rivera: billable"])
            Assert.Matches(told, output);
        Assert.EndsWith("good; not compared with the journal (--entries)", output, StringComparison.Ordinal);
    }
}
