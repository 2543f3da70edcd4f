using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Api.Tests;

/// <summary>What cannot be decided, in an answer that has begun, is told of each event; else of the answer.</summary>
public class EventGroupTests
{
    private static readonly Principal Anybody = new("k", "admin", Permission.All, null, null, []);

    [Fact]
    public Task A_full_disk_is_told_of_each_event_of_a_part() =>
        Told(new StoreFullException("no room"), "insufficient_storage");

    [Fact]
    public Task A_tenant_that_is_away_is_told_of_each_event_of_a_part() =>
        Told(new TenantUnavailableException("it moves"), "unavailable");

    private static async Task Told(Exception failure, string code)
    {
        var part = Group(failure, isPart: true, "acme", "acme");
        await part.Execute(default);
        Assert.Equal([code, code], new[] { 0, 1 }.Select(i => part.Result(i).Problem?.Code));

        var several = Group(failure, isPart: false, "acme", "zoo");
        await several.Execute(default);
        Assert.Equal([code, code], new[] { 0, 1 }.Select(i => several.Result(i).Problem?.Code));

        var whole = Group(failure, isPart: false, "acme", "acme");
        Assert.Same(failure, await Record.ExceptionAsync(() => whole.Execute(default)));
    }

    private static EventGroup Group(Exception failure, bool isPart, params string[] tenants)
    {
        var refused = new RefusedEvents(TimeProvider.System, NullLogger<RefusedEvents>.Instance);
        var group = new EventGroup(WebhooksAwayTests.Away.From(null!, _ => failure), Anybody, refused, isPart);
        var reader = new EventReader(new MeteringLimits());
        foreach (var tenant in tenants)
            group.Add(reader.Read(System.Text.Encoding.UTF8.GetBytes(Support.Report.Outcome("o", tenant))));
        return group;
    }
}
