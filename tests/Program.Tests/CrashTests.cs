using System.Globalization;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Campaigns;
using Xunit.Abstractions;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// The real program, killed with <c>kill -9</c> at random moments under load. METERING_CRASHES sets the rounds.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Nothing_acknowledged_is_lost_and_nothing_is_counted_twice_whenever_the_process_is_killed()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("METERING_CRASHES") ?? "12",
            CultureInfo.InvariantCulture);
        using var told = new StringWriter();
        var report = await CrashCampaign.Run(rounds, Environment.TickCount & 0xFFFFFF, Options.DefaultDll(), told);
        output.WriteLine(told.ToString());
        Assert.True(report.Passed, told.ToString());
        Assert.True(report.Acknowledged > 0 && report.InFlight > 0, "the server was never killed under load");
    }
}
