using System.Threading.Channels;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster.Grains;

internal sealed partial class ClusterTenants
{
    /// <summary>How long one question for signals waits at the tenant's silo for the first.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The reader asks the tenant's silo for what comes after the last sequence it has, again and again; whichever silo
    /// that is, the sequence says where to go on, so that a move loses and doubles nothing.
    /// </summary>
    public async ValueTask<SignalReader?> Signals(string tenant, long? after, CancellationToken cancellation = default)
    {
        if (await Call(tenant, grain => grain.Signals(after, TimeSpan.Zero, cancellation), mayRepeat: true,
            cancellation) is not { } first) return null;
        var start = first.Start ?? throw new TenantUnavailableException("its silo is of a version that knows no keys");
        var channel = Channel.CreateBounded<ToldSignal>(
            new BoundedChannelOptions(engine.SignalBuffer) { SingleReader = true, SingleWriter = true });
        var stop = new CancellationTokenSource();
        _ = Pull(tenant, first, channel.Writer, stop.Token);
        return new SignalReader(start, channel.Reader, () =>
        {
            stop.Cancel();
            stop.Dispose();
        });
    }

    private async Task Pull(string tenant, SignalBatch first, ChannelWriter<ToldSignal> into, CancellationToken stop)
    {
        try
        {
            for (var batch = first; batch is not null;)
            {
                for (var i = 0; i < batch.Signals.Length; i++)
                    await into.WriteAsync(new ToldSignal(batch.Signals[i], batch.DurableAt?[i] ?? 0), stop);
                var after = batch.Sequence;
                batch = await Call(tenant, grain => grain.Signals(after, AtOnce, stop), mayRepeat: true, stop,
                    longer: AtOnce);
                // Something between is no longer kept, or the journal was cut back: the reader must begin anew.
                if (batch?.Start?.Keys is not null) throw new SlowReaderException();
            }
            into.TryComplete();
        }
        catch (OperationCanceledException)
        {
            into.TryComplete();
        }
#pragma warning disable CA1031 // Whoever reads is told, and continues from the last sequence that it has.
        catch (Exception)
#pragma warning restore CA1031
        {
            into.TryComplete(new SlowReaderException());
        }
    }
}
