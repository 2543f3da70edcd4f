using System.Collections.Concurrent;
using System.Diagnostics;
using MeteringGateway.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Engine;

/// <summary>
/// The tenants that live in this process. Call <see cref="StartAsync"/> once before anything else. The store is not
/// disposed with it. In the embedded edition the store is this process's alone. Where others share it, the cluster says
/// which tenants live here, and a tenant that was written from elsewhere in between is loaded anew.
/// </summary>
public sealed partial class LocalTenants : ITenants, IAsyncDisposable
{
    /// <summary>Why nothing is answered when memory ran out (<see cref="Failure"/>).</summary>
    public const string NoMemory = "Memory has run out";

    private readonly ConcurrentDictionary<string, TenantHost> _hosts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<TenantHost?>>> _loading = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _running = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource<string> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IStore _store;
    private readonly ILogger _log;
    private readonly Eviction _eviction;
    private StoreFailedException? _failure;
    private long _replayed;
    private bool _started;
    private bool _stopping;

    public LocalTenants(
        IStore store, EngineOptions options, TimeProvider? time = null, ILogger<LocalTenants>? log = null,
        Calendar? calendar = null, bool shared = false, Trails? trails = null)
    {
        (IsShared, Trails) = (shared, trails ?? new Trails());
        (_store, Options, Time, _log) =
            (store, options, time ?? TimeProvider.System, log ?? NullLogger<LocalTenants>.Instance);
        Calendar = calendar ?? IanaCalendar.PeriodOf;
        Committer = new Committer(this, store);
        Snapshots = new SnapshotWriter(this, store, _log);
        Timers = new Timers(this, store);
        Faults = new Faults(this, _log);
        Watch = new Watch(this, store);
        _eviction = new Eviction(this);
    }

    /// <summary>
    /// Completes with the reason when the store has failed, or memory has run out: the process should
    /// say so and end with an error.
    /// </summary>
    public Task<string> Failed => _failed.Task;

    /// <summary>
    /// After a flush that wrote to the outbox, on the thread that writes: a handler must return at once.
    /// </summary>
    public event Action? OutboxGrew;

    /// <summary>
    /// Another process has written to a tenant, before anybody is told; on the thread that writes: a handler must
    /// return at once.
    /// </summary>
    public event Action<string>? FenceLost;

    /// <summary>Why nothing is answered any more; null as long as all is well.</summary>
    public string? Failure => Volatile.Read(ref _failure)?.Message;

    /// <summary>
    /// True from the end of <see cref="StartAsync"/> until the store fails or the engine is disposed.
    /// </summary>
    public bool IsReady => Volatile.Read(ref _started) && Failure is null && !Volatile.Read(ref _stopping);

    /// <summary>From the call of <see cref="StartAsync"/> to its end.</summary>
    public TimeSpan RecoveryTime { get; private set; }

    /// <summary>Entries folded since the start to bring tenants into memory.</summary>
    public long EntriesReplayed => Interlocked.Read(ref _replayed);

    /// <summary>Entries waiting for the disk.</summary>
    public long QueueDepth => Committer.Entries;

    public int TenantsLoaded => _hosts.Count;

    public int Failing => Faults.Count;

    public string? Trouble => Committer.Trouble;

    /// <summary>Other processes have tenants in this store too: nothing that is only there is done from here.</summary>
    internal bool IsShared { get; }

    internal EngineOptions Options { get; }

    /// <summary>Which spans wrote what, for those who tell of it.</summary>
    internal Trails Trails { get; }
    internal TimeProvider Time { get; }
    internal Calendar Calendar { get; }
    internal Committer Committer { get; }
    internal SnapshotWriter Snapshots { get; }
    internal Timers Timers { get; }
    internal Faults Faults { get; }
    internal Watch Watch { get; }
    internal ICollection<TenantHost> Hosts => _hosts.Values;
    internal TenantHost? Loaded(string tenant) => _hosts.GetValueOrDefault(tenant);
    internal Instant Now => Instant.From(Time.GetUtcNow());

    /// <summary>
    /// Is ready at once: tenants are loaded when somebody asks for them, and what fell due while nothing ran is done
    /// from now on, beside everything else.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        var began = Stopwatch.GetTimestamp();
        Committer.Start();
        Snapshots.Start();
        await _store.Expire(Now, cancellation);
        Timers.Start();
        _eviction.Start();
        RecoveryTime = Stopwatch.GetElapsedTime(began);
        Instruments.Register(this);
        Volatile.Write(ref _started, true);
        _log.LogInformation("Ready after {Seconds:0.000} s: tenants are loaded when something is due, or asked for",
            RecoveryTime.TotalSeconds);
    }

    /// <summary>Refuses new calls, writes what waits, snapshots what would take long to load, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopping, true)) return;
        await Timers.DisposeAsync();
        await _eviction.DisposeAsync();
        await Committer.Stop();
        await Snapshots.Stop();
        foreach (var host in Hosts) host.CloseReaders();
        if (Failure is null) await SnapshotAll();
        Snapshots.Dispose();
        _hosts.Clear();
        Instruments.Unregister(this);
        Watch.Dispose();
        if (Failure is null && Volatile.Read(ref _started))
            _log.LogInformation("Stopped: all that was answered is stored");
    }

    /// <summary>
    /// Memory ran out, for whomever: what is half done is not known, so nothing goes on (a supervisor starts it again).
    /// True if that is what <paramref name="fault"/> says.
    /// </summary>
    internal bool StopsFor(Exception fault)
    {
        if (fault is not OutOfMemoryException) return false;
        Stop(new StoreFailedException(NoMemory, fault));
        return true;
    }

    /// <summary>The store, or the process, failed: from now on every call gets <paramref name="why"/>.</summary>
    internal void Stop(StoreFailedException why)
    {
        if (Interlocked.CompareExchange(ref _failure, why, null) is not null) return;
        _log.LogCritical(why, "{Reason}: nothing is answered any more",
            why.Message == NoMemory ? NoMemory : "The store failed");
        foreach (var host in Hosts) host.Fail(why);
        _failed.TrySetResult(why.Message);
    }

    /// <summary>Runs a piece of the engine's own work; an error is logged and does not end the rest.</summary>
    internal async Task Guarded(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The engine is stopping.
        }
        catch (Exception e) when (e is StoreFullException or TenantFailedException)
        {
            // Said once, when it began. What is due stays so, and the next poll tries again.
        }
#pragma warning disable CA1031 // Nobody waits for it, and one tenant's trouble is not another's.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (!StopsFor(e) && Failure is null) _log.LogError(e, "Work in the background failed");
        }
    }

    internal void ToldOfRoom(StoreFullException? full)
    {
        if (full is null) _log.LogInformation("There is room in the store again: events are taken");
        else _log.LogError("No room in the store: nothing is written, what would be is refused, checks go on ({Why})",
            full.Message);
    }

    internal void ToldOfSlowFlush(TimeSpan took, long entries) =>
        _log.LogWarning("A flush of {Entries} entries took {Seconds:0.0} s", entries, took.TotalSeconds);

    /// <param name="why">Null: the store has said it.</param>
    internal void ToldOfNoSnapshot(string tenant, Exception? why)
    {
        Instruments.NoSnapshot.Add(1);
        if (why is not null) _log.LogWarning("No snapshot of tenant {Tenant}: {Why}", tenant, why.Message);
    }

    /// <summary>About what it takes to load a tenant that is in memory: its snapshot and what came after it.</summary>
    public long BytesToLoad(string tenant) => Loaded(tenant)?.BytesToLoad ?? 0;

    /// <summary>Ends the signals of all readers of a tenant; whoever asks again goes on from where it is.</summary>
    public void CloseReaders(string tenant) => Loaded(tenant)?.CloseReaders();

    internal Task Sweep() => _eviction.Sweep();

    internal void TellOutboxGrew() => Told(() => OutboxGrew?.Invoke());

    internal void TellFenceLost(string tenant) => Told(() => FenceLost?.Invoke(tenant));

    /// <summary>What a handler does wrong is no failure of the store.</summary>
    private void Told(Action tell)
    {
        try
        {
            tell();
        }
#pragma warning disable CA1031 // Whatever it was, it is the handler's.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            _log.LogError(fault, "What was to be told at once after a flush could not be");
        }
    }

    internal void Remove(TenantHost host)
    {
        _hosts.TryRemove(new KeyValuePair<string, TenantHost>(host.Id, host));
    }

    private async Task SnapshotAll()
    {
        using var time = new CancellationTokenSource(Options.ShutdownSnapshots);
        foreach (var host in Hosts)
        {
            if (time.IsCancellationRequested) return;
            await Guarded(async () =>
            {
                var left = await host.InTurn(Lane.Bulk, isShort: false, Options.IdleSnapshotEntries,
                    static (host, entries) => host.Leave(entries));
                if (left.Value is not null && await IsStored(left.Seen))
                    await Snapshots.Save(host.Id, left.Value, time.Token);
            });
        }
    }

    /// <summary>Whether what was seen in a turn is in the journal.</summary>
    private static async Task<bool> IsStored(Task seen)
    {
        await seen.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return seen.IsCompletedSuccessfully;
    }

    private void Guard()
    {
        if (Volatile.Read(ref _failure) is { } failure) throw new StoreFailedException(failure.Message, failure);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _stopping), this);
    }
}
