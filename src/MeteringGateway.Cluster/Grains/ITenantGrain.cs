using MeteringGateway.Core;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster.Grains;

/// <summary>
/// A tenant, wherever it lives; the key is its id. The members are those of <see cref="ITenants"/>. Calls interleave:
/// what is decided in one turn waits for its flush while others take theirs. A caller that goes away ends the waiting,
/// on whichever silo it is; what was decided is written all the same.
/// </summary>
[Alias("metering.tenant")]
internal interface ITenantGrain : IGrainWithStringKey
{
    [Alias("execute")]
    Task<Answer[]> Execute(Command[] commands, CancellationToken cancellation);

    [Alias("execute-once")]
    Task<Once> ExecuteOnce(Command command, IdempotencyKey key, CancellationToken cancellation);

    [Alias("check"), ResponseTimeout("00:00:03")]
    ValueTask<Decision?> Check(Question question, CancellationToken cancellation);

    [Alias("tenant")]
    Task<TenantFigure?> Tenant(CancellationToken cancellation);

    [Alias("usage")]
    Task<Usage?> Usage(DateOnly? period, CancellationToken cancellation);

    [Alias("quality")]
    Task<Quality?> Quality(DateOnly? period, CancellationToken cancellation);

    [Alias("series")]
    Task<UsageSeries?> Series(SeriesQuestion question, CancellationToken cancellation);

    [Alias("preview-caps"), ResponseTimeout("00:02:00")]
    Task<CapPreview?> PreviewCaps(Cap[] caps, CancellationToken cancellation);

    [Alias("session")]
    Task<SessionFigure?> Session(string session, CancellationToken cancellation);

    [Alias("statement")]
    Task<StatementRow?> Statement(DateOnly? period, CancellationToken cancellation);

    [Alias("statements")]
    Task<Page<StatementRow>?> Statements(DateOnly? before, int limit, CancellationToken cancellation);

    [Alias("grants")]
    Task<GrantFigure[]?> Grants(CancellationToken cancellation);

    [Alias("thresholds")]
    Task<ThresholdFigure[]?> Thresholds(CancellationToken cancellation);

    [Alias("alerts")]
    Task<RaisedAlert[]?> Alerts(DateOnly? period, long? before, int limit, CancellationToken cancellation);

    [Alias("disputes")]
    Task<Page<Dispute>?> Disputes(DisputeStatus? status, long? before, int limit, CancellationToken cancellation);

    [Alias("need")]
    Task<Need?> Need(CancellationToken cancellation);

    [Alias("outcomes")]
    Task<Page<OutcomeRow>?> Outcomes(OutcomeFilter filter, long? cursor, int limit, CancellationToken cancellation);

    [Alias("outcome")]
    Task<OutcomeRow?> Outcome(string outcomeId, CancellationToken cancellation);

    [Alias("inspect")]
    Task<Inspected?> Inspect(string outcomeId, CancellationToken cancellation);

    [Alias("history")]
    Task<JournalEntry[]?> History(string outcomeId, CancellationToken cancellation);

    [Alias("entries")]
    Task<Page<JournalEntry>?> Entries(long after, int limit, CancellationToken cancellation);

    [Alias("prove-outcome")]
    Task<EntryProof?> ProveOutcome(string outcomeId, CancellationToken cancellation);

    [Alias("prove-entry")]
    Task<EntryProof?> ProveEntry(long sequence, CancellationToken cancellation);

    [Alias("heads")]
    Task<Page<DayHead>?> Heads(DateOnly? before, int limit, CancellationToken cancellation);

    [Alias("reservation")]
    Task<ReservationFigure?> Reservation(string id, CancellationToken cancellation);

    [Alias("reservations")]
    Task<HeldFigure[]?> Reservations(string? after, int limit, CancellationToken cancellation);

    /// <summary>
    /// The signals after sequence <paramref name="after"/>: at once if there are any, else when the first one comes,
    /// and none when <paramref name="patience"/> is over. Who cannot go on from there is told the keys at once. Null:
    /// no such tenant.
    /// </summary>
    /// <param name="after">Null: nothing was seen.</param>
    [Alias("signals"), ResponseTimeout("00:00:20")]
    Task<SignalBatch?> Signals(long? after, TimeSpan patience, CancellationToken cancellation);

    /// <summary>Does what is due.</summary>
    [Alias("wake")]
    Task Wake();
}

/// <param name="Tenant">For silos of before signals said what they stop.</param>
/// <param name="Sequence">Everything up to it has been told: what comes after it comes next.</param>
/// <param name="Start">Null, from a silo of before then.</param>
/// <param name="DurableAt">Of each signal, as <see cref="ToldSignal"/> has it; null, from a silo that did not
/// say.</param>
[GenerateSerializer, Immutable, Alias("metering.signals")]
internal sealed record SignalBatch([property: Id(0)] TenantFigure Tenant, [property: Id(1)] Signal[] Signals,
    [property: Id(2)] long Sequence, [property: Id(3)] SignalStart? Start, [property: Id(4)] long[]? DurableAt = null);
