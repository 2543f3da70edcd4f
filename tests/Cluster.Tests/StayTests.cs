using System.Collections.Concurrent;
using MeteringGateway.Cluster.Grains;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Cluster.Tests;

/// <summary>A1: what a silo answers from its own memory, without a call of the tenant's grain, and when no longer.</summary>
[Collection(SharedRedis.Name)]
public sealed class StayTests(RedisServer redis)
{
    private const string Acme = "acme";
    private readonly string _service = Guid.NewGuid().ToString("N");
    private readonly Calls _calls = new();

    private Task<SiloCluster> Start(int size, TimeProvider? clock = null) => SiloCluster.Start(redis, _service,
        new Dictionary<string, string?> { ["Metering:IdleAfter"] = "00:08:00" }, clock, size: size,
        services: services => services.AddSingleton<IIncomingGrainCallFilter>(_calls));

    [Fact]
    public async Task A_tenant_that_lives_on_the_asked_silo_is_asked_without_a_call_but_for_one_in_a_while()
    {
        var clock = new FakeClock();
        await using var cluster = await Start(size: 1, clock);
        await cluster.Tenants.Execute(Acme, Make.Tenant());

        for (var i = 0; i < 20; i++) await Allowed(cluster.Tenants);
        Assert.Equal(1, _calls.Of(nameof(ITenantGrain.Check))); // the first, before there was anything to answer from

        // As long as it is asked it has to stay, and only calls keep it.
        clock.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 20; i++) await Allowed(cluster.Tenants);
        Assert.Equal(2, _calls.Of(nameof(ITenantGrain.Check)));
    }

    [Fact]
    public async Task A_tenant_that_lives_on_another_silo_is_asked_there()
    {
        await using var cluster = await Start(size: 2);
        await cluster.Tenants.Execute(Acme, Make.Tenant());
        var other = Tenants(cluster.Silos.Single(silo => !HasAcme(silo)));

        for (var i = 1; i <= 5; i++)
        {
            await Allowed(other);
            Assert.Equal(i, _calls.Of(nameof(ITenantGrain.Check)));
        }
    }

    [Fact]
    public async Task A_check_knows_what_was_reported_before_it_while_the_tenant_moves()
    {
        await using var cluster = await Start(size: 3);
        await cluster.Tenants.Execute(Acme, Make.Tenant());
        var (reported, checks, stop) = (0L, 0L, false);
        var checkers = cluster.Silos.Select(silo => Task.Run(async () =>
        {
            while (!Volatile.Read(ref stop))
            {
                var known = Interlocked.Read(ref reported);
                var decision = await Tenants(silo).Check(Acme, Make.One);
                Assert.True(decision!.Sequence >= known, $"as of {decision.Sequence}, {known} was acknowledged before");
                Interlocked.Increment(ref checks);
            }
        })).ToList();

        for (var move = 0; move < 12; move++)
        {
            for (var i = 0; i < 5; i++)
            {
                var answer = await cluster.Tenants.Execute(Acme, Make.Report($"o{move}-{i}"));
                Interlocked.Exchange(ref reported, Assert.IsType<Answer.Accepted>(answer).Sequence);
            }
            var home = cluster.Silos.Single(HasAcme);
            var next = cluster.Silos[(cluster.Silos.ToList().IndexOf(home) + 1) % 3];
            var before = Interlocked.Read(ref checks);
            Stays(home).All.Single().Leave(next.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress);
            await Until(() => HasAcme(next) && Interlocked.Read(ref checks) > before + 10, checkers);
        }
        Volatile.Write(ref stop, true);
        await Task.WhenAll(checkers);

        Assert.Equal(60, (await cluster.Tenants.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
    }

    [Fact]
    public async Task A_second_activation_answers_nothing_when_its_silos_lease_is_over()
    {
        await using var cluster = await Start(size: 2);
        var (stale, home) = await SecondActivation(cluster, cap: 1);
        await Tenants(home).Execute(Acme, Make.Report("a"));
        Assert.Equal(DecisionKind.Allow, (await Tenants(stale).Check(Acme, Make.One))!.Kind); // within the lease

        var lease = stale.Services.GetRequiredService<SiloLease>();
        await lease.StoppedAsync(default); // it sees no more that it belongs to the cluster
        await Until(() => !lease.IsHeld);

        Assert.Equal(DecisionKind.Pause, (await Tenants(stale).Check(Acme, Make.One))!.Kind);
    }

    [Fact]
    public async Task A_second_activation_answers_nothing_when_it_has_lost_the_fence()
    {
        await using var cluster = await Start(size: 2);
        var (stale, home) = await SecondActivation(cluster, cap: 2);
        await Tenants(home).Execute(Acme, Make.Report("a"));

        var late = await stale.Services.GetRequiredService<LocalTenants>().Execute(Acme, Make.Report("b"));
        Assert.Equal(0, Assert.IsType<Answer.Accepted>(late).Remaining); // decided again, after what the other has written
        Assert.False(Stays(stale).MayAnswer(Acme));

        await Tenants(home).Execute(Acme, Make.Fact("r", "a", FactKind.Reopened));
        Assert.Equal(1, (await Tenants(stale).Check(Acme, Make.One))!.Remaining);
    }

    [Fact]
    public async Task S2_whoever_waits_for_signals_does_not_hold_a_tenant_that_moves()
    {
        await using var cluster = await Start(size: 2);
        await cluster.Tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 1)));
        var (home, other) = (cluster.Silos.Single(HasAcme), cluster.Silos.Single(silo => !HasAcme(silo)));
        var grain = other.Services.GetRequiredService<IGrainFactory>().GetGrain<ITenantGrain>(Acme);
        var waiting = grain.Signals(1, TimeSpan.FromHours(1), default);
        await Until(() => _calls.Of(nameof(ITenantGrain.Signals)) == 1);

        Stays(home).All.Single().Leave(other.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress);

        Assert.Empty((await waiting)!.Signals);
        await other.Services.GetRequiredService<ITenants>().Execute(Acme, Make.Report("a"));
        Assert.True(HasAcme(other));
    }

    [Fact]
    public async Task A_caller_that_goes_away_ends_its_waiting_on_the_tenants_silo()
    {
        await using var cluster = await Start(size: 2);
        await cluster.Tenants.Execute(Acme, Make.Tenant());
        var other = cluster.Silos.Single(silo => !HasAcme(silo));
        using var gone = new CancellationTokenSource();
        var grain = other.Services.GetRequiredService<IGrainFactory>().GetGrain<ITenantGrain>(Acme);
        var waiting = grain.Signals(1, TimeSpan.FromHours(1), gone.Token);
        await Until(() => _calls.Of(nameof(ITenantGrain.Signals)) == 1);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Until(() => _calls.Ended(nameof(ITenantGrain.Signals)) == 1);
    }

    /// <summary>
    /// A silo that has the tenant in memory and takes itself for its home, as after a death that it has not heard of;
    /// and the silo that is.
    /// </summary>
    private static async Task<(WebApplication Stale, WebApplication Home)> SecondActivation(SiloCluster cluster,
        long cap)
    {
        await cluster.Tenants.Execute(Acme, Make.Tenant(Make.Terms(cap, window: TimeSpan.FromHours(1))));
        var (stale, home) = (cluster.Silos.Single(silo => !HasAcme(silo)), cluster.Silos.Single(HasAcme));
        await stale.Services.GetRequiredService<LocalTenants>().Check(Acme, Make.One);
        Stays(stale).Begin(Acme, Stays(home).All.Single());
        Assert.True(Stays(stale).MayAnswer(Acme));
        return (stale, home);
    }

    private static async Task Allowed(ITenants tenants) =>
        Assert.Equal(DecisionKind.Allow, (await tenants.Check(Acme, Make.One))!.Kind);

    private static ITenants Tenants(WebApplication silo) => silo.Services.GetRequiredService<ITenants>();

    private static Stays Stays(WebApplication silo) => silo.Services.GetRequiredService<Stays>();

    private static bool HasAcme(WebApplication silo) => Stays(silo).All.Any(stay => stay.Id == Acme);

    private static async Task Until(Func<bool> condition, IReadOnlyList<Task>? beside = null)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            foreach (var broken in beside?.Where(task => task.IsFaulted) ?? []) await broken;
            await Task.Yield();
        }
    }

    /// <summary>Counts the calls of tenants' grains.</summary>
    private sealed class Calls : IIncomingGrainCallFilter
    {
        private readonly ConcurrentDictionary<string, (int Begun, int Ended)> _calls = new();

        public int Of(string method) => _calls.GetValueOrDefault(method).Begun;
        public int Ended(string method) => _calls.GetValueOrDefault(method).Ended;

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.Grain is not TenantGrain)
            {
                await context.Invoke();
                return;
            }
            _calls.AddOrUpdate(context.MethodName, (1, 0), (_, counts) => (counts.Begun + 1, counts.Ended));
            try
            {
                await context.Invoke();
            }
            finally
            {
                _calls.AddOrUpdate(context.MethodName, (0, 1), (_, counts) => (counts.Begun, counts.Ended + 1));
            }
        }
    }
}
