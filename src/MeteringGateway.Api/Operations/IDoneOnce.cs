namespace MeteringGateway.Api.Operations;

/// <summary>
/// What one process at a time does for all: alone it is this one, of silos the one that keeps house. It goes on from
/// where the store stands, whoever did it before.
/// </summary>
internal interface IDoneOnce : IAsyncDisposable
{
    Task Start(IStore from, ITenants of, CancellationToken cancellation);
}
