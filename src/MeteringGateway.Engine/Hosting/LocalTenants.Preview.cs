using System.Collections.Concurrent;
using System.Diagnostics;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

public sealed partial class LocalTenants
{
    /// <summary>Entries that are read at one time; others have the worker after each, and after a slice.</summary>
    private const int PreviewPiece = 500;

    /// <summary>Tenants whose journals are replayed at one time: a state is held for each.</summary>
    private const int PreviewsAtOnce = 2;

    /// <summary>Of them, and of those that wait: each holds nothing but its place.</summary>
    private const int MostPreviews = 100;

    private readonly ConcurrentDictionary<string, CapPreview> _previewed = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _previewing = new(PreviewsAtOnce);

    /// <summary>Beside all turns, piece by piece. Tenants wait for each other in the order of their coming, each with
    /// one at most, and for no longer than two take.</summary>
    public async ValueTask<CapPreview?> PreviewCaps(string tenant, IReadOnlyList<Cap> caps,
        CancellationToken cancellation = default)
    {
        var stands = await Ask(tenant, state => new BeforePreview(CapReplay.Standing(state), state.Now), cancellation,
            Lane.Bulk);
        if (stands is null) return null;
        if (stands.Figures.TooLong) return stands.Figures with { Periods = [] };
        var busy = stands.Figures with { Periods = [], Busy = true };
        if (_previewed.Count >= MostPreviews || !_previewed.TryAdd(tenant, stands.Figures)) return busy;
        try
        {
            if (!await Within(2 * Options.PreviewTime, _previewing.WaitAsync, cancellation)) return busy;
            try
            {
                var preview = stands.Figures with { Periods = [], GivenUp = true };
                await Within(Options.PreviewTime, async stop =>
                    preview = await Replay(tenant, caps, stands, stop), cancellation);
                return preview;
            }
            finally
            {
                _previewing.Release();
            }
        }
        finally
        {
            _previewed.TryRemove(tenant, out _);
        }
    }

    /// <summary>False: the time was over before it was done, and it has ended.</summary>
    private async Task<bool> Within(TimeSpan time, Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(time, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            await work(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<CapPreview> Replay(string tenant, IReadOnlyList<Cap> caps, BeforePreview stands,
        CancellationToken cancellation)
    {
        var replay = new CapReplay([.. caps], Calendar, Options.Limits,
            cancellation.ThrowIfCancellationRequested);
        var preview = stands.Figures;
        await Workers.Shared.Run(Lane.Bulk, async () =>
        {
            for (long after = 0; after < stands.Figures.Sequence;)
            {
                cancellation.ThrowIfCancellationRequested();
                var read = await ReadEntries(tenant, after, PreviewPiece, cancellation);
                var began = Stopwatch.GetTimestamp();
                foreach (var entry in read)
                {
                    if (entry.Sequence <= after || entry.Sequence > stands.Figures.Sequence) continue;
                    replay.Take(entry.Entry);
                    if (Stopwatch.GetElapsedTime(began) < Workers.Slice) continue;
                    await Task.Yield();
                    began = Stopwatch.GetTimestamp();
                }
                after = read[^1].Sequence;
                await Task.Yield();
            }
            preview = replay.Against(stands.Figures, stands.Now);
        });
        return preview;
    }

    private sealed record BeforePreview(CapPreview Figures, Instant Now);
}
