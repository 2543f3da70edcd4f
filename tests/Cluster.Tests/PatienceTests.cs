using System.Reflection;
using MeteringGateway.Api.Operations;
using MeteringGateway.Cluster.Grains;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;

namespace MeteringGateway.Cluster.Tests;

/// <summary>A caller waits for as long as the settings say, whatever it is that does not answer.</summary>
public sealed class PatienceTests
{
    private static readonly Command Pause = new Command.Pause(AtLimit.Pause, "why");

    public static TheoryData<Exception> Passing() =>
    [
        new TimeoutException("late"), new OrleansException("rejected"), new TenantUnavailableException("moving"),
        new StoreException("no answer"), new StoreFailedException("failed"), new TaskCanceledException("closing"),
        new ObjectDisposedException("silo"),
    ];

    [Xunit.Fact]
    public async Task A_call_that_is_never_answered_ends_when_the_time_is_up()
    {
        var silent = Grains.That(fail: null);
        foreach (var call in Calls(silent.Tenants)) await Assert.ThrowsAsync<TenantUnavailableException>(call);
    }

    [Xunit.Theory]
    [MemberData(nameof(Passing))]
    public async Task What_passes_is_unavailable_in_the_end_and_asked_again_only_where_that_is_safe(Exception failure)
    {
        foreach (var call in Calls(Grains.That(failure).Tenants))
            await Assert.ThrowsAsync<TenantUnavailableException>(call);

        var grains = Grains.That(failure);
        await Assert.ThrowsAsync<TenantUnavailableException>(async () => await grains.Tenants.Execute("acme", Pause));
        Assert.Equal(1, grains.Asked);
        await Assert.ThrowsAsync<TenantUnavailableException>(async () => await grains.Tenants.Usage("acme", null));
        Assert.InRange(grains.Asked, 3, int.MaxValue);
    }

    [Xunit.Fact]
    public async Task That_there_is_no_room_is_said_at_once_whoever_is_asked()
    {
        var grains = Grains.That(new StoreFullException("no room"));
        await Assert.ThrowsAsync<StoreFullException>(async () => await grains.Tenants.Usage("acme", null));
        Assert.Equal(1, grains.Asked);
    }

    [Xunit.Fact]
    public async Task What_another_version_cannot_say_is_unavailable_and_not_asked_again()
    {
        var grains = Grains.That(new Orleans.Serialization.CodecNotFoundException("what is that?"));
        await Assert.ThrowsAsync<TenantUnavailableException>(async () => await grains.Tenants.Usage("acme", null));
        Assert.Equal(1, grains.Asked);
    }

    [Xunit.Fact]
    public async Task A_caller_that_goes_away_is_not_told_that_the_tenant_is_unavailable()
    {
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        var grains = Grains.That(new TaskCanceledException("as it was told"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await grains.Tenants.Usage("acme", null, gone.Token));
    }

    [Xunit.Fact]
    public async Task A_key_that_runs_since_the_call_before_is_waited_for_and_that_of_somebody_else_is_not()
    {
        var (running, answered) = (new Once.StillRunning(), new Once.Answered(new Answer.Done(), Replayed: true));
        var key = new IdempotencyKey("k", [1]);
        var moving = Grains.That(new TimeoutException("late"), running, running, answered);
        Assert.Same(answered, await moving.Tenants.ExecuteOnce("acme", Pause, key));
        Assert.Same(running, await Grains.That(null, running).Tenants.ExecuteOnce("acme", Pause, key));
    }

    private static IEnumerable<Func<Task>> Calls(ITenants tenants) =>
    [
        async () => await tenants.Execute("acme", Make.Report("a")),
        async () => await tenants.Execute("acme", Pause),
        async () => await tenants.ExecuteOnce("acme", Pause, new IdempotencyKey("k", [1])),
        async () => await tenants.Usage("acme", null),
        async () => await tenants.Signals("acme", null),
    ];

    /// <summary>
    /// Grains of which every call fails, or, where there is no failure, never ends; but for what was told to follow.
    /// </summary>
    public class Grains : DispatchProxy
    {
        private readonly Queue<Once> _then = [];
        private Exception? _fail;
        private TimeSpan _patience;
        private object? _grain;

        public int Asked { get; private set; }

        /// <param name="then">Answers that follow the one failure, if there is any.</param>
        internal static Grains That(Exception? fail, params IReadOnlyList<Once> then)
        {
            var grain = (Grains)(object)Create<ITenantGrain, Grains>();
            grain._fail = fail;
            // No test waits for the longer one: what follows is an answer.
            grain._patience = then.Count > 0 ? TimeSpan.FromMinutes(1) : TimeSpan.FromMilliseconds(100);
            foreach (var once in then) grain._then.Enqueue(once);
            return grain;
        }

        internal ClusterTenants Tenants
        {
            get
            {
                var factory = Create<IGrainFactory, Grains>();
                ((Grains)(object)factory)._grain = this;
                return new ClusterTenants(factory, null!, null!, null!, null!, new EngineOptions(),
                    new ClusterSettings { Patience = _patience }, null!);
            }
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (_grain is not null) return _grain;
            Asked++;
            return typeof(Grains).GetMethod(nameof(Ended), BindingFlags.NonPublic | BindingFlags.Instance)!
                .MakeGenericMethod(targetMethod!.ReturnType.GenericTypeArguments[0]).Invoke(this, []);
        }

        private Task<T> Ended<T>()
        {
            if (_fail is not null && (Asked == 1 || _then.Count == 0)) return Task.FromException<T>(_fail);
            return _then.TryDequeue(out var once) ? Task.FromResult((T)(object)once)
                : new TaskCompletionSource<T>().Task;
        }
    }
}
