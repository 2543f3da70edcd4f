namespace MeteringGateway.Api.Operations;

/// <summary>
/// Moves entries and outcomes of closed periods into segments by itself: once an hour every tenant is looked at, one
/// after the other. Who was closed less than <see cref="JournalSettings.SealAfter"/> ago has to wait.
/// </summary>
internal sealed class Sealing(MeteringSettings settings, TimeProvider clock, ILogger<Sealing> log) : IDoneOnce
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public Task Start(IStore from, ITenants of, CancellationToken cancellation)
    {
        _loop = Task.Run(() => Loop((SegmentedStore)from), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task Loop(SegmentedStore store)
    {
        var sealer = new Sealer(store);
        for (; ; await Task.Delay(Every, clock, _stop.Token))
        {
            try
            {
                var sum = await sealer.SealAll([], Core.Instant.From(clock.GetUtcNow()),
                    settings.Journal.SealAfter!.Value, inSteps: true, Told, _stop.Token);
                if (sum != SealedSum.Nothing)
                    log.LogInformation("{Entries} entries and {Outcomes} outcomes of closed periods went into "
                        + "{Segments} segments, {Bytes} bytes", sum.Entries, sum.Outcomes, sum.Segments, sum.Bytes);
            }
#pragma warning disable CA1031 // Nothing is lost: it is tried again in an hour.
            catch (Exception failure) when (!_stop.IsCancellationRequested)
#pragma warning restore CA1031
            {
                log.LogError(failure, "Nothing can be sealed at present");
                Instruments.NotSealed.Add(1);
            }
        }
    }

    private void Told(string tenant, Exception why)
    {
        Instruments.NotSealed.Add(1);
        log.LogError("Entries of tenant {Tenant} could not be sealed, and stay where they are: {Why}", tenant,
            why.Message);
    }
}
