using MeteringGateway.Core;

namespace MeteringGateway.Engine;

public sealed partial class LocalTenants
{
    /// <summary>Entries that are replayed before others have the worker.</summary>
    private const int PreviewPiece = 500;

    private static readonly TimeSpan PreviewAgain = TimeSpan.FromSeconds(5);

    private int _previews;

    /// <summary>Beside all turns, piece by piece, one at a time: a journal is read again, and a state held for
    /// it.</summary>
    public async ValueTask<CapPreview?> PreviewCaps(string tenant, IReadOnlyList<Cap> caps,
        CancellationToken cancellation = default)
    {
        var stands = await Ask(tenant, state => new BeforePreview(CapReplay.Standing(state), state.Now), cancellation,
            Lane.Bulk);
        if (stands is null) return null;
        var standing = stands.Figures;
        if (standing.TooLong) return standing with { Periods = [] };
        if (Interlocked.CompareExchange(ref _previews, 1, 0) != 0)
            throw new TenantFailedException(tenant, PreviewAgain);
        try
        {
            CapPreview? preview = null;
            await Workers.Shared.Run(Lane.Bulk, async () =>
            {
                var replay = new CapReplay([.. caps], Calendar, Options.Limits);
                for (long after = 0; after < standing.Sequence;)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var read = await ReadEntries(tenant, after, PreviewPiece, cancellation);
                    foreach (var entry in read)
                        if (entry.Sequence > after && entry.Sequence <= standing.Sequence) replay.Take(entry.Entry);
                    after = read[^1].Sequence;
                    await Task.Yield();
                }
                preview = replay.Against(standing, stands.Now);
            });
            return preview;
        }
        finally
        {
            Volatile.Write(ref _previews, 0);
        }
    }

    private sealed record BeforePreview(CapPreview Figures, Instant Now);
}
