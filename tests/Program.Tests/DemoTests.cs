using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

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

    [FactIfRedis]
    public async Task On_three_silos_one_is_killed_the_story_goes_on_and_the_Redis_is_left_as_it_was()
    {
        using var redis = new RedisServer(null);
        RespConnection.Ask(redis.Process.Port, "SET", "somebody-elses", "1");

        var (code, output, error) = await Metering.Run("demo", "--redis", Metering.Address(redis));

        Assert.True(code == 0, output + error);
        Assert.Matches("silo [1-3], home to [1-3] of 3 tenants, is killed", output);
        Assert.Contains("signal handoff", output, StringComparison.Ordinal);
        Assert.Contains("signal resume", output, StringComparison.Ordinal);
        Assert.Matches("ok  silo [1-3] was killed on the way, and the others went on", output);
        Assert.Equal("1", RespConnection.Ask(redis.Process.Port, "DBSIZE"));
    }
}
