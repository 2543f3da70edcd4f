using MeteringGateway.Cluster.Wire;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace MeteringGateway.Cluster.Grains;

/// <summary>
/// A tenant's stay on this silo: a thin shell over the same tenant as on one machine. The engine's lock makes the
/// turns, so the grain is reentrant: one caller's flush does not hold up another's turn. Nothing rests on this being
/// the only activation: an append from a state that is out of date is refused by the store's fence, and what is
/// answered from memory needs the silo's lease. Most checks do not come here: see <see cref="Stays"/>.
/// </summary>
/// <remarks>
/// Placed where there is most room (memory first: a tenant is memory more than CPU), with a preference for the silo
/// that was asked.
/// </remarks>
[Reentrant, ResourceOptimizedPlacement, GrainType("tenant"), ReadsMessages]
internal sealed class TenantGrain(LocalTenants tenants, Stays stays, SiloLease lease, TimeProvider clock,
    IHostApplicationLifetime lifetime) : Grain, ITenantGrain, IDisposable
{
    private const int MostSignals = 1000;

    private long _calledAt;
    private volatile bool _leaving;

    /// <summary>
    /// Timestamp of the clock at the last call, 0 before the first: it was valid then, as calls reach no other
    /// activation.
    /// </summary>
    public long CalledAt => Volatile.Read(ref _calledAt);

    public string Id { get; private set; } = "";

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Id = this.GetPrimaryKeyString();
        // What an activation before this one may have left here was another stay.
        await tenants.Release(Id);
        stays.Begin(Id, this);
    }

    /// <summary>The directory's entry goes only when this is over.</summary>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stays.End(Id, this);
        return tenants.Release(Id);
    }

    /// <summary>However the activation ended.</summary>
    public void Dispose() => stays.End(Id, this);

    /// <summary>Ends the stay as soon as those who have been let in are answered. Any thread may call it.</summary>
    /// <param name="to">Where the tenant is to live then; null: wherever it is next asked for.</param>
    public void Leave(SiloAddress? to = null)
    {
        _leaving = true;
        if (to is null) GrainContext.Deactivate(new(DeactivationReasonCode.ApplicationRequested, "it lives elsewhere"));
        else GrainContext.Migrate(new() { [IPlacementDirector.PlacementHintKey] = to });
        // Nobody waits for signals meanwhile: the others would have to wait for that.
        tenants.CloseReaders(Id);
    }

    public async Task<Answer[]> Execute(Command[] commands, CancellationToken cancellation)
    {
        await Called();
        var answers = (Answer[])await tenants.Execute(Id, commands, cancellation);
        await lease.Held();
        return answers;
    }

    public async Task<Once> ExecuteOnce(Command command, IdempotencyKey key, CancellationToken cancellation)
    {
        await Called();
        var once = await tenants.ExecuteOnce(Id, command, key, cancellation);
        await lease.Held();
        return once;
    }

    public async ValueTask<Decision?> Check(Question question, CancellationToken cancellation)
    {
        await Called();
        var decision = await tenants.Check(Id, question, cancellation);
        await lease.Held();
        return decision;
    }

    public Task<TenantFigure?> Tenant(CancellationToken cancellation) =>
        Ask(() => tenants.Tenant(Id, cancellation));

    public Task<Usage?> Usage(DateOnly? period, CancellationToken cancellation) =>
        Ask(() => tenants.Usage(Id, period, cancellation));

    public Task<Quality?> Quality(DateOnly? period, CancellationToken cancellation) =>
        Ask(() => tenants.Quality(Id, period, cancellation));

    public Task<UsageSeries?> Series(SeriesQuestion question, CancellationToken cancellation) =>
        Ask(() => tenants.Series(Id, question, cancellation));

    public Task<CapPreview?> PreviewCaps(Cap[] caps, CancellationToken cancellation) =>
        Ask(() => tenants.PreviewCaps(Id, caps, cancellation));

    public Task<SessionFigure?> Session(string session, CancellationToken cancellation) =>
        Ask(() => tenants.Session(Id, session, cancellation));

    public Task<StatementRow?> Statement(DateOnly? period, CancellationToken cancellation) =>
        Ask(() => tenants.Statement(Id, period, cancellation));

    public Task<Page<StatementRow>?> Statements(DateOnly? before, int limit, CancellationToken cancellation) =>
        Ask(() => tenants.Statements(Id, before, limit, cancellation));

    public Task<GrantFigure[]?> Grants(CancellationToken cancellation) =>
        AskForAll(() => tenants.Grants(Id, cancellation));

    public Task<ThresholdFigure[]?> Thresholds(CancellationToken cancellation) =>
        AskForAll(() => tenants.Thresholds(Id, cancellation));

    public Task<RaisedAlert[]?> Alerts(DateOnly? period, long? before, int limit, CancellationToken cancellation) =>
        AskForAll(() => tenants.Alerts(Id, period, before, limit, cancellation));

    public Task<Page<Dispute>?> Disputes(DisputeStatus? status, long? before, int limit,
        CancellationToken cancellation) =>
        Ask(() => tenants.Disputes(Id, status, before, limit, cancellation));

    public Task<Need?> Need(CancellationToken cancellation) => Ask(() => tenants.Need(Id, cancellation));

    public Task<Page<OutcomeRow>?> Outcomes(OutcomeFilter filter, long? cursor, int limit,
        CancellationToken cancellation) =>
        Ask(() => tenants.Outcomes(Id, filter, cursor, limit, cancellation));

    public Task<OutcomeRow?> Outcome(string outcomeId, CancellationToken cancellation) =>
        Ask(() => tenants.Outcome(Id, outcomeId, cancellation));

    public Task<Inspected?> Inspect(string outcomeId, CancellationToken cancellation) =>
        Ask(() => tenants.Inspect(Id, outcomeId, cancellation));

    public Task<JournalEntry[]?> History(string outcomeId, CancellationToken cancellation) =>
        AskForAll(() => tenants.History(Id, outcomeId, cancellation));

    public Task<Page<JournalEntry>?> Entries(long after, int limit, CancellationToken cancellation) =>
        Ask(() => tenants.Entries(Id, after, limit, cancellation));

    public Task<EntryProof?> ProveOutcome(string outcomeId, CancellationToken cancellation) =>
        Ask(() => tenants.ProveOutcome(Id, outcomeId, cancellation));

    public Task<EntryProof?> ProveEntry(long sequence, CancellationToken cancellation) =>
        Ask(() => tenants.ProveEntry(Id, sequence, cancellation));

    public Task<Page<DayHead>?> Heads(DateOnly? before, int limit, CancellationToken cancellation) =>
        Ask(() => tenants.Heads(Id, before, limit, cancellation));

    public Task<ReservationFigure?> Reservation(string id, CancellationToken cancellation) =>
        Ask(() => tenants.Reservation(Id, id, cancellation));

    public Task<HeldFigure[]?> Reservations(string? after, int limit, CancellationToken cancellation) =>
        AskForAll(() => tenants.Reservations(Id, after, limit, cancellation));

    public async Task<SignalBatch?> Signals(long? after, TimeSpan patience, CancellationToken cancellation)
    {
        await Called();
        if (await tenants.Tenant(Id, cancellation) is not { } tenant) return null;
        using var reader = await tenants.Signals(Id, after, cancellation);
        if (reader is null) return null;
        var signals = new List<ToldSignal>();
        Take(reader, signals);
        // One that leaves has ended its readers before this one came, and the others wait for its end.
        if (signals.Count == 0 && reader.Start.Keys is null && patience > TimeSpan.Zero && !_leaving)
        {
            // A silo that stops does not wait for signals that may never come.
            using var waited = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping,
                cancellation);
            waited.CancelAfter(patience);
            if (await Any(reader, waited.Token)) Take(reader, signals);
        }
        // Without any, all there was when the reader came has been told; one that came since is told to whoever asks
        // next.
        return new SignalBatch(tenant, [.. signals.Select(told => told.Signal)],
            signals.Count > 0 ? signals[^1].Signal.Sequence : reader.Start.Sequence, reader.Start,
            [.. signals.Select(told => told.DurableAt)]);
    }

    private static void Take(SignalReader reader, List<ToldSignal> signals)
    {
        while (signals.Count < MostSignals && reader.Signals.TryRead(out var signal)) signals.Add(signal);
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
        await Called();
        await tenants.Wake(Id);
    }

    private ValueTask Called()
    {
        Volatile.Write(ref _calledAt, clock.GetTimestamp());
        return lease.Held();
    }

    /// <summary>
    /// What is answered from memory needs the lease when it is answered, however long the answer took: held then, the
    /// silo has belonged to the cluster all the while.
    /// </summary>
    private async Task<T?> Ask<T>(Func<ValueTask<T?>> ask) where T : class
    {
        await Called();
        var answer = await ask();
        await lease.Held();
        return answer;
    }

    private Task<T[]?> AskForAll<T>(Func<ValueTask<IReadOnlyList<T>?>> ask) =>
        Ask<T[]>(async () => await ask() is { } all ? [.. all] : null);
}
