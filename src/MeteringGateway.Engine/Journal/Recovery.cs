using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using MeteringGateway.Core;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Engine;

/// <summary>
/// A tenant as the store has it: the state, the hash after its last entry, and how much came after the last snapshot.
/// </summary>
internal sealed record Recovered(TenantState State, byte[] Hash, int SnapshotBytes, long TailBytes, int TailEntries)
{
    public static Recovered New(string tenant) => new(new TenantState(), Chain.Genesis(tenant), 0, 0, 0);
}

/// <summary>
/// Loads a tenant: its snapshot, the entries after it, and the proof that the chain between is whole.
/// </summary>
internal static class Recovery
{
    /// <summary>Bytes below which threads of its own cost more than they save.</summary>
    private const long Large = 1 << 20;

    /// <summary>Parts of a snapshot that are verified before they are read, and arrays that they are in.</summary>
    private const int PartsAhead = 8;

    /// <summary>Null: the tenant was never written.</summary>
    /// <param name="steps">Null: as fast as it goes. Otherwise others have their turn between its steps.</param>
    /// <exception cref="JournalCorruptException">What is stored cannot be this tenant's journal.</exception>
    public static async Task<Recovered?> Load(IStore store, string tenant, ILogger log, CancellationToken cancellation,
        Steps? steps = null)
    {
        var stored = await store.Load(tenant, cancellation);
        if (stored is null) return null;
        if (steps is not null || SizeOf(stored) < Large) return await Make(store, tenant, stored, log, steps,
            cancellation);
        // The pool's threads answer others meanwhile.
        return await Task.Factory.StartNew(() => Make(store, tenant, stored, log, null, cancellation),
            cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    private static long SizeOf(StoredTenant stored) =>
        stored.Tail.Sum(block => (long)block.Entries.Length) + (stored.Snapshot is { } snapshot ? Least(snapshot) : 0);

    /// <summary>Of its parts, but of no more than make it large: the others may still be in the store.</summary>
    private static long Least(StoredSnapshot snapshot)
    {
        var bytes = 0L;
        foreach (var part in snapshot.Parts)
            if ((bytes += part.Length) >= Large) break;
        return bytes;
    }

    private static async Task<Recovered> Make(IStore store, string tenant, StoredTenant stored, ILogger log,
        Steps? steps, CancellationToken cancellation)
    {
        var (state, bytesOfSnapshot) = (new TenantState(), 0L);
        if (stored.Snapshot is { } snapshot)
            try
            {
                (state, bytesOfSnapshot) = steps is not null || Least(snapshot) < Large
                    ? await Open(tenant, snapshot, steps, cancellation)
                    : await OpenLarge(tenant, snapshot, cancellation);
            }
#pragma warning disable CA1031 // A snapshot only saves time: whatever is wrong with it, the entries are what counts.
            catch (Exception e) when (e is not (OperationCanceledException or StoreException
                or ObjectDisposedException))
#pragma warning restore CA1031
            {
                log.LogWarning(e,
                    "The snapshot of tenant {Tenant} cannot be read: it is folded from all of its entries", tenant);
                state = new TenantState();
                stored = stored with { Snapshot = null,
                    Tail = await store.Read(tenant, 0, int.MaxValue, cancellation) };
            }
        var bytes = stored.Tail.Sum(block => (long)block.Entries.Length);
        var entries = await Fold(tenant, stored, state, bytes, steps, cancellation);
        if (steps is null) state.Prepare();
        return new Recovered(state, stored.Hash, (int)Math.Min(bytesOfSnapshot, int.MaxValue), bytes, entries);
    }

    private static async Task<(TenantState, long)> Open(string tenant, StoredSnapshot snapshot, Steps? steps,
        CancellationToken cancellation)
    {
        var opening = new SnapshotSeal.Opening(tenant, snapshot);
        var bytes = 0L;
        foreach (var part in snapshot.Parts)
        {
            opening.Take(part);
            bytes += part.Length;
            if (steps is not null) await steps.Between(cancellation);
        }
        return (opening.Done(), bytes);
    }

    /// <summary>
    /// While one part is put into the tables, the next ones are read and verified on a thread of their own; arrays are
    /// used again, as the first touch of memory would take as long as all else that is done with a part.
    /// </summary>
    private static async Task<(TenantState, long)> OpenLarge(string tenant, StoredSnapshot snapshot,
        CancellationToken cancellation)
    {
        var opening = new SnapshotSeal.Opening(tenant, snapshot);
        var bytes = 0L;
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var verified = new BlockingCollection<(byte[] Array, int Length)>();
        using var free = new BlockingCollection<byte[]>();
        for (var i = 0; i < PartsAhead; i++) free.Add([], cancellation);
        var verifying = Task.Factory.StartNew(Verify, CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        try
        {
            foreach (var (part, length) in verified.GetConsumingEnumerable(cancellation))
            {
                opening.Read(part.AsSpan(0, length));
                bytes += length;
                free.Add(part, cancellation);
            }
        }
        catch
        {
            await givenUp.CancelAsync();
            await verifying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        await verifying;
        return (opening.Done(), bytes);

        void Verify()
        {
            try
            {
                snapshot.Each(part =>
                {
                    opening.Verify(part);
                    var array = free.Take(givenUp.Token);
                    if (array.Length < part.Length)
                        array = GC.AllocateUninitializedArray<byte>(Math.Max(part.Length, SnapshotSeal.PartSize));
                    part.CopyTo(array);
                    verified.Add((array, part.Length));
                });
            }
            finally
            {
                verified.CompleteAdding();
            }
        }
    }

    private static async Task<int> Fold(string tenant, StoredTenant stored, TenantState state, long bytes,
        Steps? steps, CancellationToken cancellation)
    {
        if (steps is not null || bytes < Large)
        {
            await Verification.Verify(tenant, stored, steps, cancellation);
            return await Apply(tenant, stored, state, steps, cancellation);
        }
        // Folding and hashing ask nothing of each other; the state is not used before both are done.
        var verified = Task.Factory.StartNew(() => Verification.Verify(tenant, stored, null, cancellation).AsTask(),
            cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        try
        {
            return await Apply(tenant, stored, state, null, cancellation);
        }
        finally
        {
            // What is not whole is the better explanation of why it cannot be folded.
            await verified;
        }
    }

    private static async ValueTask<int> Apply(string tenant, StoredTenant stored, TenantState state, Steps? steps,
        CancellationToken cancellation)
    {
        var (before, folding) = (state.Sequence, new TenantState.Folding(state));
        if (before == 0) Expect(stored.Tail, folding);
        foreach (var block in stored.Tail)
        {
            Apply(tenant, block, state, folding, before);
            if (steps is not null) await steps.Between(cancellation);
        }
        folding.End();
        if (state.Sequence != stored.Sequence)
            throw new JournalCorruptException(tenant, state.Sequence + 1,
                $"the journal ends here, and should end at {stored.Sequence}");
        return (int)(state.Sequence - before);
    }

    /// <summary>Up to the first close of a period, after which outcomes leave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Expect(IReadOnlyList<EntryBlock> blocks, TenantState.Folding folding)
    {
        var (outcomes, events) = (0, 0);
        for (var i = 0; i < blocks.Count; i++)
        {
            var reader = new BlockReader(blocks[i].Entries);
            try
            {
                while (reader.TryRead(out var entry))
                    switch (EntryCodec.KindOf(entry))
                    {
                        case EntryKind.OutcomeReported:
                            outcomes++;
                            events++;
                            break;
                        case EntryKind.FactReported or EntryKind.ActivityReported:
                            events++;
                            break;
                        case EntryKind.PeriodClosed:
                            i = blocks.Count;
                            break;
                    }
            }
            catch (FormatException)
            {
                break; // folding says what is wrong
            }
        }
        folding.Expect(outcomes, events);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply(string tenant, EntryBlock block, TenantState state, TenantState.Folding folding,
        long before)
    {
        var reader = new BlockReader(block.Entries);
        var sequence = block.FirstSequence;
        try
        {
            for (; reader.TryRead(out var entry); sequence++)
                if (sequence > before)
                    folding.Take(entry);
        }
#pragma warning disable CA1031 // Bytes that are not an entry can fail in any way.
        catch (Exception e)
#pragma warning restore CA1031
        {
            throw new JournalCorruptException(tenant, sequence,
                $"the entry cannot be read: {JournalCorruptException.Why(e)}", e);
        }
        // They were stored with the entries that made them leave.
        state.TakeDeparted();
    }
}

/// <summary>
/// Of what one of the <see cref="Workers"/> does in steps, and nobody waits for: after a slice it rests, twice as long
/// as it worked. What is made of a tenant stays, and the collector moves it while everybody waits: spread out, others
/// feel less of it.
/// </summary>
internal sealed class Steps
{
    private const int Rest = 2;
    private long _began = Stopwatch.GetTimestamp();

    public async ValueTask Between(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var worked = Stopwatch.GetElapsedTime(_began);
        if (worked < Workers.Slice) return;
        await Task.Delay(Rest * worked, cancellation);
        _began = Stopwatch.GetTimestamp();
    }
}
