using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster.Grains;

/// <summary>Turns that hold for all silos. Who has one knows all that was stored before it.</summary>
internal sealed class ClusterTurns(IGrainFactory grains, Books books) : ITurns
{
    public ValueTask<IAsyncDisposable> Take(string thing, CancellationToken cancellation)
    {
        var grain = grains.GetGrain<ITurnGrain>(thing);
        return Take(grain.Take, grain.End, cancellation);
    }

    public ValueTask<IAsyncDisposable> TakeWebhooks(CancellationToken cancellation)
    {
        var grain = grains.GetGrain<IHousekeeperGrain>(IHousekeeperGrain.TheOne);
        return Take(grain.TakeWebhooks, grain.EndWebhooks, cancellation);
    }

    private async ValueTask<IAsyncDisposable> Take(Func<Task<Guid>> take, Func<Guid, Task> end,
        CancellationToken cancellation)
    {
        try
        {
            var turn = new Turn(await Take(take(), end, cancellation), end, cancellation);
            try
            {
                await books.CatchUp(cancellation);
                return turn;
            }
            catch
            {
                await turn.DisposeAsync();
                throw;
            }
        }
        catch (Exception failure) when (ClusterTenants.IsPassing(failure, cancellation))
        {
            throw new TenantUnavailableException("its turn could not be had", failure);
        }
    }

    /// <summary>Whoever has no more time does not keep those who wait behind it: its turn ends as it comes.</summary>
    private static async Task<Guid> Take(Task<Guid> taking, Func<Guid, Task> end, CancellationToken cancellation)
    {
        try
        {
            var ticket = await taking.WaitAsync(cancellation);
            return ticket != Guid.Empty ? ticket : throw new ProblemException(Problem.Busy());
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _ = taking.ContinueWith(late => late.IsCompletedSuccessfully ? end(late.Result) : Task.CompletedTask,
                TaskScheduler.Default);
            throw;
        }
    }

    private sealed class Turn(Guid ticket, Func<Guid, Task> end, CancellationToken cancellation) : IAsyncDisposable
    {
        // If it does not arrive, the turn ends by time.
        public async ValueTask DisposeAsync() =>
            await end(ticket).WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
