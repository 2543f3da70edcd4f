using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Campaigns;
using Xunit.Abstractions;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// The real program, whose calls on the store's files fail. METERING_SYSCALLS=all lets each call of 200 operations fail
/// in a run of its own, which takes hours; a number, each so many-th.
/// </summary>
public sealed class SyscallTests(ITestOutputHelper output)
{
    [FactIfTraced]
    public async Task Nothing_acknowledged_is_lost_or_counted_twice_whichever_write_or_sync_fails()
    {
        var asked = Environment.GetEnvironmentVariable("METERING_SYSCALLS");
        var every = asked == "all" ? 1 : int.TryParse(asked, out var number) ? number : 0;
        using var told = new StringWriter();
        SyscallReport[] reports = every > 0 ? [await Fail(200, every)]
            // Amid the operations: what comes before them is the store that opens.
            : [await Fail(8, 13, "pwrite64"), await Fail(8, 8, "fsync", "fdatasync")];
        output.WriteLine(told.ToString());
        Assert.All(reports, report => Assert.True(report.Failures.Count == 0, told.ToString()));
        Assert.All(reports, report => Assert.True(report.Runs >= 4, told.ToString()));

        Task<SyscallReport> Fail(int operations, int every, params string[] only) =>
            new SyscallCampaign(Options.DefaultDll(), operations, every, only, told).Run();
    }
}

/// <summary>Needs <c>strace</c>, and a system that lets it trace.</summary>
internal sealed class FactIfTracedAttribute : FactAttribute
{
    public FactIfTracedAttribute() => Skip = SyscallCampaign.WhyNot();
}
