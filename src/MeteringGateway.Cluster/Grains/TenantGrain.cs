using MeteringGateway.Core;
using MeteringGateway.Engine;
using Orleans.Concurrency;
using Orleans.Placement;

namespace MeteringGateway.Cluster.Grains;

/// <summary>
/// A tenant's stay on this silo: a thin shell over the same tenant as on one machine. The engine's lock makes the
/// turns, so the grain is reentrant: one caller's flush does not hold up another's turn. Nothing rests on this being
/// the only activation: an append from a state that is out of date is refused by the store's fence, and what is
/// answered from memory needs the silo's lease.
/// </summary>
/// <remarks>
/// Placed where there is most room (memory first: a tenant is memory more than CPU), with a preference for the silo
/// that was asked.
/// </remarks>
[Reentrant, ResourceOptimizedPlacement, GrainType("tenant")]
internal sealed class TenantGrain(LocalTenants tenants, SiloLease lease, IHostApplicationLifetime lifetime)
    : Grain, ITenantGrain
{
    private const int MostSignals = 1000;

    private string Id => this.GetPrimaryKeyString();

    // What an activation before this one may have left here was another stay.
    public override Task OnActivateAsync(CancellationToken cancellationToken) => tenants.Release(Id);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        tenants.Release(Id);

    public async Task<Answer[]> Execute(Command[] commands)
    {
        await lease.Held();
        return (Answer[])await tenants.Execute(Id, commands);
    }

    public async Task<Once> ExecuteOnce(Command command, IdempotencyKey key)
    {
        await lease.Held();
        return await tenants.ExecuteOnce(Id, command, key);
    }

    public ValueTask<Decision?> Check(Question question) =>
        lease.IsHeld ? tenants.Check(Id, question) : CheckWhenHeld(question);

    private async ValueTask<Decision?> CheckWhenHeld(Question question)
    {
        await lease.Held();
        return await tenants.Check(Id, question);
    }

    public Task<TenantFigure?> Tenant() => Ask(() => tenants.Tenant(Id));

    public Task<Usage?> Usage(DateOnly? period) => Ask(() => tenants.Usage(Id, period));

    public Task<StatementRow?> Statement(DateOnly? period) => Ask(() => tenants.Statement(Id, period));

    public Task<Page<StatementRow>?> Statements(DateOnly? before, int limit) =>
        Ask(() => tenants.Statements(Id, before, limit));

    public Task<GrantFigure[]?> Grants() => AskForAll(() => tenants.Grants(Id));

    public Task<ThresholdFigure[]?> Thresholds() => AskForAll(() => tenants.Thresholds(Id));

    public Task<Page<OutcomeRow>?> Outcomes(OutcomeFilter filter, long? cursor, int limit) =>
        Ask(() => tenants.Outcomes(Id, filter, cursor, limit));

    public Task<OutcomeRow?> Outcome(string outcomeId) => Ask(() => tenants.Outcome(Id, outcomeId));

    public Task<JournalEntry[]?> History(string outcomeId) => AskForAll(() => tenants.History(Id, outcomeId));

    public Task<Page<JournalEntry>?> Entries(long after, int limit) => Ask(() => tenants.Entries(Id, after, limit));

    public Task<ReservationFigure?> Reservation(string id) => Ask(() => tenants.Reservation(Id, id));

    public async Task<SignalBatch?> Signals(long? after, TimeSpan patience)
    {
        await lease.Held();
        using var reader = await tenants.Signals(Id, after);
        if (reader is null) return null;
        var signals = new List<Signal>();
        if (after is not null)
        {
            // A silo that stops does not wait for signals that may never come.
            using var waited = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
            waited.CancelAfter(patience);
            if (await Any(reader, waited.Token))
                while (signals.Count < MostSignals && reader.Signals.TryRead(out var signal)) signals.Add(signal);
        }
        // Without any, all there was when the reader came has been told; one that came since is told to whoever asks
        // next.
        return new SignalBatch(reader.State, [.. signals],
            signals.Count > 0 ? signals[^1].Sequence : reader.State.Sequence);
    }

    private static async Task<bool> Any(SignalReader reader, CancellationToken waited)
    {
        try
        {
            return await reader.Signals.WaitToReadAsync(waited);
        }
        catch (Exception over) when (over is OperationCanceledException or SlowReaderException)
        {
            return false; // whoever asks, asks again from where it is
        }
    }

    public async Task Wake()
    {
        await lease.Held();
        await tenants.Wake(Id);
    }

    private async Task<T?> Ask<T>(Func<ValueTask<T?>> ask) where T : class
    {
        await lease.Held();
        return await ask();
    }

    private async Task<T[]?> AskForAll<T>(Func<ValueTask<IReadOnlyList<T>?>> ask)
    {
        await lease.Held();
        return await ask() is { } all ? [.. all] : null;
    }
}
