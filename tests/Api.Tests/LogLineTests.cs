using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Api.Tests;

/// <summary>What the log says of an error: a line, unless the place in the program matters.</summary>
public sealed class LogLineTests
{
    public static TheoryData<Exception> Outside() =>
    [
        new TenantUnavailableException("the store did not answer", new TimeoutException("late")),
        new StoreException("Redis has not answered: late"), new TimeoutException("late"),
        new System.Net.Sockets.SocketException(111), new OperationCanceledException("late"),
    ];

    [Theory]
    [MemberData(nameof(Outside))]
    public void What_comes_from_outside_is_one_line_without_a_stack(Exception failure)
    {
        var line = Line("MeteringGateway.Api.Auth.Gate", LogLevel.Warning, "A request was not answered",
            Thrown(failure));

        Assert.Contains($" warning A request was not answered: {failure.Message}", line, StringComparison.Ordinal);
        Assert.Equal(1, line.Count(one => one == '\n'));
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_said_is_not_said_again() =>
        Assert.EndsWith("it broke: The store failed: no disk\n", Line("MeteringGateway.Engine.LocalTenants",
            LogLevel.Error, "it broke",
            Thrown(new StoreFailedException("The store failed: no disk", new IOException("no disk.")))),
            StringComparison.Ordinal);

    [Fact]
    public void An_error_of_our_own_is_told_with_its_place() => Assert.Contains("   at ",
        Line("MeteringGateway.Api.Auth.Gate", LogLevel.Error, "A request failed", Thrown(new KeyNotFoundException())),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("Orleans.Runtime.Watchdog", "Participant check thread has not completed for 00:00:13, potentially")]
    [InlineData("Orleans.Runtime.AsyncTimer.X", "Timer should have fired at 12:00")]
    [InlineData("Microsoft.Orleans.Networking", "Attempting to send message addressed to S127.0.0.1:1:1")]
    [InlineData("Orleans.Runtime.MembershipService.MembershipTableManager", "Detected older version of myself - Marking")]
    [InlineData("Orleans.Runtime.MessageCenter", "Failed to address message Request [S1 sys.client]", LogLevel.Error)]
    public void False_alarms_are_not_told_and_what_else_is_said_there_is(string category, string message,
        LogLevel most = LogLevel.Warning)
    {
        Assert.Equal("", Line(category, most, message, null));
        Assert.NotEqual("", Line(category, most + 1, message, null));
        Assert.NotEqual("", Line(category, LogLevel.Warning, "Something else", null));
        Assert.NotEqual("", Line("MeteringGateway.Api.Auth.Gate", LogLevel.Warning, message, null));
    }

    [Fact]
    public void What_others_say_is_one_line_of_bounded_length()
    {
        var line = Line("Orleans.Runtime.Silo", LogLevel.Warning, "It is unhealthy:" + new string('x', 1000) + "\nmore",
            null);
        Assert.InRange(line.Length, 300, 360);
        Assert.EndsWith("xxx...\n", line, StringComparison.Ordinal);
        Assert.Contains("one\ntwo", Line("MeteringGateway.X", LogLevel.Warning, "one\ntwo", null),
            StringComparison.Ordinal);
    }

    private static string Line(string category, LogLevel level, string message, Exception? failure)
    {
        using var text = new StringWriter { NewLine = "\n" };
        new LogLine().Write(new LogEntry<string>(level, category, default, message, failure, (said, _) => said), null,
            text);
        return text.ToString();
    }

    private static Exception Thrown(Exception failure)
    {
        try
        {
            throw failure;
        }
        catch (Exception thrown)
        {
            return thrown;
        }
    }
}
