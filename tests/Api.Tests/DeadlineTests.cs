using System.Text;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Operations;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// Where processes share a store, whoever administers is answered within one time, whatever is asked on the way.
/// </summary>
public sealed class DeadlineTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly FakeClock _clock = new();
    private readonly CancellationTokenSource _caller = new();
    private readonly Readiness _readiness = new();

    public DeadlineTests() => _readiness.Ready();

    public void Dispose() => _caller.Dispose();

    [Fact]
    public async Task When_the_time_is_up_the_answer_is_unavailable_and_nothing_is_waited_for()
    {
        var context = Request(Permission.PlansWrite);
        var served = Gate().Invoke(context);
        _clock.Advance(Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(served.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await served;

        var body = JsonNode.Parse(Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()))!;
        Assert.Equal((503, "unavailable"), (context.Response.StatusCode, (string?)body["code"]));
        Assert.Equal("1", context.Response.Headers.RetryAfter);
        Assert.False(context.RequestAborted.IsCancellationRequested);
    }

    [Fact]
    public async Task A_caller_that_goes_away_is_told_nothing()
    {
        var context = Request(Permission.PlansWrite);
        var served = Gate().Invoke(context);
        await _caller.CancelAsync();
        await served;

        Assert.Equal((200, 0), (context.Response.StatusCode, context.Response.Body.Length));
    }

    [Theory]
    [InlineData(nameof(Permission.EventsWrite))]
    [InlineData(nameof(Permission.Signals))]
    [InlineData(nameof(Permission.Allowance))]
    public async Task Those_who_ask_and_report_all_the_time_have_a_time_of_the_tenants(string permission)
    {
        var served = Gate().Invoke(Request(Enum.Parse<Permission>(permission)));
        _clock.Advance(Patience * 2);
        Assert.False(served.IsCompleted);
        await _caller.CancelAsync();
        await served;
    }

    private Gate Gate() => new(_ => Task.CompletedTask, _readiness, null!, new Silent(),
        new MeteringSettings { Cluster = { Patience = Patience } }, _clock, NullLogger<Gate>.Instance);

    private DefaultHttpContext Request(Permission permission)
    {
        var context = new DefaultHttpContext
        {
            RequestAborted = _caller.Token,
            RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider(),
            Request = { Path = "/v1/plans/support" },
            Response = { Body = new MemoryStream() },
        };
        context.SetEndpoint(new RouteEndpoint(_ => Task.CompletedTask, RoutePatternFactory.Parse("/v1/plans/{plan}"),
            order: 0, new EndpointMetadataCollection(new SeesBooks(), new Demands(permission)), displayName: null));
        return context;
    }

    /// <summary>The store that it would ask does not answer.</summary>
    private sealed class Silent() : Books(null!, null!)
    {
        public override bool AreShared => true;

        public override Task CatchUp(CancellationToken cancellation) =>
            Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
    }
}
