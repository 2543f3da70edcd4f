using System.Collections.Concurrent;
using System.Threading.Channels;
using MeteringGateway.Core;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Engine;

/// <summary>
/// Takes and stores snapshots, in steps among what is <see cref="Lane.Bulk"/>, and without any tenant's turn: of a
/// tenant that goes on, what is stored of it is folded again (the newest snapshot and what came after it); of one that
/// has left, the state that it had is written. So it is of one sequence whatever is decided meanwhile, and of entries
/// that are durable.
/// </summary>
internal sealed class SnapshotWriter(LocalTenants engine, IStore store, ILogger log) : IDisposable
{
    /// <summary>After a failure.</summary>
    public static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(1);

    private readonly Channel<TenantHost> _requests =
        Channel.CreateUnbounded<TenantHost>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<string, bool> _tenants = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private Task _taking = Task.CompletedTask;

    public void Start() => _taking = InSteps(Loop);

    public void Request(TenantHost host) => _requests.Writer.TryWrite(host);

    /// <summary>Ends, in the middle of one if there is one: the one before it is in force.</summary>
    public async Task Stop()
    {
        _requests.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _taking;
    }

    public void Dispose() => _stopping.Dispose();

    /// <summary>Stores the state of a tenant that has left. Whatever becomes of it, the tenant can be loaded.</summary>
    public Task Save(string tenant, LastState last, CancellationToken cancellation = default) =>
        InSteps(() => Store(tenant, last.State, last.Hash, cancellation));

    private async Task Loop()
    {
        await foreach (var host in _requests.Reader.ReadAllAsync())
            await engine.Guarded(() => Take(host));
    }

    private async Task Take(TenantHost host)
    {
        var (sequence, bytes) = (0L, -1L);
        try
        {
            if (await Recovery.Load(store, host.Id, log, _stopping.Token, new Steps()) is { } folded)
                (sequence, bytes) = (folded.State.Sequence,
                    await Store(host.Id, folded.State, folded.Hash, _stopping.Token));
        }
        catch (Exception e) when (e is StoreException or JournalCorruptException)
        {
            engine.ToldOfNoSnapshot(host.Id, e);
        }
        await host.InTurn(Lane.Bulk, isShort: true, (sequence, bytes), static (host, stored) => stored.bytes < 0
            ? host.WasNotStored() : host.WasStored(stored.sequence, stored.bytes));
    }

    /// <summary>How many bytes were stored; below 0: it is not there, which was said and counted.</summary>
    private async Task<long> Store(string tenant, TenantState state, byte[] hash, CancellationToken cancellation)
    {
        if (!_tenants.TryAdd(tenant, true)) return -1; // another is being stored
        try
        {
            var bytes = 0L;
            var snapshot = SnapshotSeal.Take(tenant, state, hash, engine.Options.SnapshotPart);
            var counted = snapshot with { Parts = snapshot.Parts.Select(part =>
            {
                bytes += part.Length;
                return part;
            }) };
            if (await store.SaveSnapshot(tenant, counted, cancellation)) return bytes;
            engine.ToldOfNoSnapshot(tenant, null);
        }
        catch (Exception e) when (e is StoreFullException or SnapshotTooLargeException)
        {
            // It would have saved time at the next load, and nothing else.
            engine.ToldOfNoSnapshot(tenant, e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A write failed: what the store would do with the next one is not known.
            engine.Stop(new StoreFailedException($"A snapshot could not be stored: {e.Message}", e));
            throw;
        }
        finally
        {
            _tenants.TryRemove(tenant, out _);
        }
        return -1;
    }

    private static Task InSteps(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None,
        TaskCreationOptions.DenyChildAttach, Workers.Shared[Lane.Bulk]).Unwrap();
}
