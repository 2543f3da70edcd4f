using System.Globalization;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Campaigns;
using Xunit.Abstractions;

namespace MeteringGateway.Kafka.Tests;

/// <summary>
/// An agent and the gateway, both killed with <c>kill -9</c> in random order while the one reports to the other.
/// METERING_AGENT_KILLS sets how often each is killed.
/// </summary>
public sealed class AgentsKilledTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Whatever_an_agent_reported_over_its_outbox_and_over_Kafka_is_counted_once_whoever_is_killed()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("METERING_AGENT_KILLS") ?? "5",
            CultureInfo.InvariantCulture);
        using var told = new StringWriter();
        var report = await AgentsKill.Run(rounds, 1_000 * rounds, Environment.TickCount & 0xFFFFFF,
            Options.DefaultDll(), told);
        output.WriteLine(told.ToString());
        Assert.True(report.Passed, told.ToString());
        Assert.True(report.AtWork > 0, "nothing was killed at work");
    }
}
