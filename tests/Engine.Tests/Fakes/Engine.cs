using MeteringGateway.Core;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Engine.Tests;

/// <summary>An engine over a memory store, with its clock in hand.</summary>
internal sealed class TestEngine : IAsyncDisposable
{
    public static readonly Instant Begin = Instant.Parse("2026-11-21T09:30:00Z");

    private TestEngine(MemoryStore store, FakeTime time, LocalTenants tenants) =>
        (Store, Time, Tenants) = (store, time, tenants);

    public MemoryStore Store { get; }
    public FakeTime Time { get; }
    public LocalTenants Tenants { get; }
    public Instant Now => Instant.From(Time.GetUtcNow());

    public static async Task<TestEngine> Start(MemoryStore? store = null, EngineOptions? options = null,
        FakeTime? time = null, Calendar? calendar = null, ILogger<LocalTenants>? log = null)
    {
        time ??= new FakeTime(Begin.ToDateTimeOffset());
        store ??= new MemoryStore();
        var tenants = new LocalTenants(store, options ?? new EngineOptions(), time, log, calendar);
        await tenants.StartAsync();
        return new TestEngine(store, time, tenants);
    }

    /// <summary>The process is gone; a new one starts from what was durable.</summary>
    public async Task<TestEngine> Crash(EngineOptions? options = null)
    {
        var left = MemoryStore.AfterCrash(Store);
        await DisposeAsync();
        return await Start(left, options, Time);
    }

    public async Task<TestEngine> Restart(EngineOptions? options = null)
    {
        await DisposeAsync();
        return await Start(Store, options, Time);
    }

    public ValueTask DisposeAsync() => Tenants.DisposeAsync();

    /// <summary>Waits for something that another thread does.</summary>
    public static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}

/// <summary>Holds the committer where a flush is about to become durable.</summary>
internal sealed class Gate : IDisposable
{
    private readonly ManualResetEventSlim _open = new(true);
    private readonly SemaphoreSlim _arrived = new(0);

    public Gate(MemoryStore store) => store.BeforeDurable = _ =>
    {
        if (_open.IsSet) return;
        _arrived.Release();
        _open.Wait();
    };

    public void Close() => _open.Reset();
    public void Open() => _open.Set();
    public async Task Arrived() => Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(30)));

    public void Dispose()
    {
        _open.Set();
        _arrived.Dispose();
    }
}
