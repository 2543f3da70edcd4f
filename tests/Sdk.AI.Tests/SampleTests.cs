using System.Diagnostics;

namespace MeteringGateway.Sdk.AI.Tests;

/// <summary>The sample, as somebody runs it.</summary>
public class SampleTests(Started started) : IClassFixture<Started>
{
    [Fact]
    public async Task The_sample_acts_until_the_cap_is_reached_and_then_hands_over()
    {
        var gateway = started.Gateway;
        await gateway.Tenant("sample");
        var start = new ProcessStartInfo("dotnet", [Sample(), gateway.Address.ToString(), "sample"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["METERING_KEY"] = await gateway.Key("agent", "sample");
        using var process = Process.Start(start)!;
        var lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync();

        Assert.Equal(0, process.ExitCode);
        Assert.Equal(3, lines.Count(line => line.EndsWith("[solved]", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(line => line.EndsWith("A person takes over (cap_reached, queue:tier1).",
            StringComparison.Ordinal)));
        var type = (await gateway.Admin.Get("/v1/tenants/sample/usage").Json())["outcome_types"]![0]!;
        Assert.Equal((3, 0), ((int)type["pending"]!, (int)type["reserved"]!));
    }

    // Built beside, for the same configuration and framework.
    private static string Sample()
    {
        var here = AppContext.BaseDirectory.TrimEnd('/');
        var configuration = Path.GetFileName(Path.GetDirectoryName(here))!;
        return Path.GetFullPath(Path.Combine(here, "../../../../../samples/agents/dotnet/bin", configuration,
            Path.GetFileName(here), "SampleAgent.dll"));
    }
}
