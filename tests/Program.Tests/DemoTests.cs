namespace MeteringGateway.Program.Tests;

/// <summary>The demo as a newcomer runs it, without a terminal.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_shows_the_signal_the_hand_off_the_raise_and_the_resume_and_ends_well()
    {
        var (code, output, error) = await Metering.Run("demo");
        Assert.True(code == 0, output + error);
        Assert.Contains("signal handoff", output, StringComparison.Ordinal);
        Assert.Matches("harbor-books: never above the cap of [0-9]+; [1-9][0-9]* conversations went to people", output);
        Assert.Contains("raises the cap", output, StringComparison.Ordinal);
        Assert.Contains("signal resume", output, StringComparison.Ordinal);
        Assert.Contains("Try next", output, StringComparison.Ordinal);
    }
}
