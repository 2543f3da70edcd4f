using System.Globalization;
using System.Text.Json.Nodes;
using MeteringGateway.Core.Tests.DeskLogs;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Campaigns;
using Xunit.Abstractions;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// A real service desk's log through <c>metering serve</c> and <c>metering replay</c>, against the oracle's count of
/// the file.
/// </summary>
public sealed class DeskLogTests(ITestOutputHelper output)
{
    [LogFact]
    public async Task The_log_comes_to_the_oracles_figures_in_order_twice_shuffled_and_through_a_kill()
    {
        var file = DeskLog.Find()!;
        using var told = new StringWriter();
        var figures = await LogCampaign.Run(file, Options.DefaultDll(), 2016, told);
        output.WriteLine(told.ToString());
        Assert.True(figures is not null, told.ToString());
        var compared = 0;
        foreach (var tenant in DeskLog.Read(File.ReadLines(file)).GroupBy(line => line.Tenant))
            foreach (var period in Periods(DeskLog.Expected(tenant.Select(line => line.Event))))
            {
                Assert.Equal(period.Figures, Counted(JsonNode.Parse(figures[$"{tenant.Key} {period.Id}"])!));
                compared++;
            }
        Assert.True(compared > 81, $"only {compared} figures were compared");
    }

    /// <summary>
    /// The oracle's lines of a tenant: "2016-03-01 reported 12 pending 0 settled 11 Reopened 1 amount 10.89".
    /// </summary>
    private static IEnumerable<(string Id, (long, long, long, string) Figures)> Periods(string lines) =>
        from line in lines.Split('\n')
        where char.IsAsciiDigit(line[0]) && line.Contains(" reported ", StringComparison.Ordinal)
        let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        select (words[0], (Number(words[2]), Number(words[4]), Number(words[6]), words[^1]));

    private static (long, long, long, string) Counted(JsonNode usage)
    {
        var type = usage["outcome_types"]![0]!;
        return ((long)type["reported"]!, (long)type["pending"]!, (long)type["settled"]!, (string)type["amount"]!);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
