using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MeteringGateway.Sdk.Tests;

/// <summary>One line in a host.</summary>
public class HostTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_host_listens_while_it_runs_and_gives_back_what_is_held_when_it_stops()
    {
        await _gateway.Tenant("host");
        var key = await _gateway.Key("agent", "host");
        var directory = Directory.CreateTempSubdirectory("outbox-");
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton<TimeProvider>(_gateway.Clock);
        builder.Services.AddMeteringGateway(options =>
        {
            (options.Address, options.Key) = (_gateway.Address, key);
            options.Tenants.Add("host");
            options.OutboxFile = Path.Combine(directory.FullName, "outbox");
        });
        using var host = builder.Build();
        await host.StartAsync();
        var metering = host.Services.GetRequiredService<Metering>();
        Assert.Same(metering.Gate, host.Services.GetRequiredService<Gate>());
        await Caller.Until(() => metering.Gate.Ask("host", Question.Outcome(Caller.Type)).MayAct, () => "ready");

        var allowance = metering.Allowance("host", Question.Outcome(Caller.Type),
            new AllowanceOptions { OnUnavailable = OnUnavailable.HandOff });
        var permit = await allowance.DecideAsync();
        await metering.Outbox!.EnqueueAsync(allowance, permit, Caller.Report("host", "c-1"));
        await Caller.Until(() => metering.Outbox.Count == 0, () => "sent");
        Assert.Throws<ArgumentException>(() => metering.Allowance("other", Question.Outcome(Caller.Type),
            new AllowanceOptions { OnUnavailable = OnUnavailable.Deny }));
        await host.StopAsync();

        var type = (await _gateway.Admin.Get("/v1/tenants/host/usage").Json())["outcome_types"]![0]!;
        Assert.Equal((1, 0), ((int)type["pending"]!, (int)type["reserved"]!));
        Assert.False(metering.Gate.IsLive);
        directory.Delete(recursive: true);
    }

    [Fact]
    public void What_is_missing_is_said_before_the_host_starts() => Assert.Throws<ArgumentException>(() =>
        new ServiceCollection().AddMeteringGateway(options => options.Key = "a-key"));
}
