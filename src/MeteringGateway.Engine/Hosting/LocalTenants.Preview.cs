using System.Collections.Concurrent;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

public sealed partial class LocalTenants
{
    /// <summary>Entries that are replayed before others have the worker.</summary>
    private const int PreviewPiece = 500;

    /// <summary>Tenants whose journals are replayed at one time: a state is held for each.</summary>
    private const int PreviewsAtOnce = 2;

    /// <summary>Of them, and of those that wait: each holds nothing but its place.</summary>
    private const int MostPreviews = 100;

    private static readonly TimeSpan PreviewAgain = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, CapPreview> _previewed = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _previewing = new(PreviewsAtOnce);

    /// <summary>Beside all turns, piece by piece. Tenants wait for each other in the order of their coming, each with
    /// one at most.</summary>
    public async ValueTask<CapPreview?> PreviewCaps(string tenant, IReadOnlyList<Cap> caps,
        CancellationToken cancellation = default)
    {
        var stands = await Ask(tenant, state => new BeforePreview(CapReplay.Standing(state), state.Now), cancellation,
            Lane.Bulk);
        if (stands is null) return null;
        if (stands.Figures.TooLong) return stands.Figures with { Periods = [] };
        if (_previewed.Count >= MostPreviews || !_previewed.TryAdd(tenant, stands.Figures))
            throw new TenantFailedException(tenant, PreviewAgain);
        try
        {
            await _previewing.WaitAsync(cancellation);
            try
            {
                return await Replay(tenant, caps, stands, cancellation);
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

    private async Task<CapPreview> Replay(string tenant, IReadOnlyList<Cap> caps, BeforePreview stands,
        CancellationToken cancellation)
    {
        var replay = new CapReplay([.. caps], Calendar, Options.Limits);
        var preview = stands.Figures;
        await Workers.Shared.Run(Lane.Bulk, async () =>
        {
            for (long after = 0; after < stands.Figures.Sequence;)
            {
                cancellation.ThrowIfCancellationRequested();
                var read = await ReadEntries(tenant, after, PreviewPiece, cancellation);
                foreach (var entry in read)
                    if (entry.Sequence > after && entry.Sequence <= stands.Figures.Sequence) replay.Take(entry.Entry);
                after = read[^1].Sequence;
                await Task.Yield();
            }
            preview = replay.Against(stands.Figures, stands.Now);
        });
        return preview;
    }

    private sealed record BeforePreview(CapPreview Figures, Instant Now);
}
