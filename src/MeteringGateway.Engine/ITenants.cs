using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// The one seam to where tenants live: in this process, or in a cluster. Whatever comes back is durable: no answer
/// leaves before the entries it is based on are on disk. Throws <see cref="StoreFailedException"/> when the store has
/// failed and the outcome is unknown, <see cref="TenantUnavailableException"/> when that is so for one tenant and for a
/// while, and <see cref="TenantFailedException"/> when one tenant cannot be served.
/// </summary>
public interface ITenants
{
    /// <summary>
    /// Decides one command in the tenant's turn. <see cref="Refusal.UnknownTenant"/> if there is no such tenant.
    /// </summary>
    ValueTask<Answer> Execute(string tenant, Command command, CancellationToken cancellation = default);

    /// <summary>
    /// Decides the commands in order, one answer a command; in one turn and one flush, unless it takes so long that
    /// others of the tenant get theirs in between. A refusal never touches its neighbours.
    /// </summary>
    ValueTask<IReadOnlyList<Answer>> Execute(string tenant, IReadOnlyList<Command> commands,
        CancellationToken cancellation = default);

    /// <summary>
    /// As <see cref="Execute(string,Command,CancellationToken)"/>, at most once for a key within 24 hours of real time:
    /// the same key with the same content is answered as the first time.
    /// </summary>
    ValueTask<Once> ExecuteOnce(string tenant, Command command, IdempotencyKey key,
        CancellationToken cancellation = default);

    /// <summary>
    /// May I? Answered from memory as of the last flush; changes nothing (A3). Null: no such tenant, or no such outcome
    /// type in its plan.
    /// </summary>
    ValueTask<Decision?> Check(string tenant, Question question, CancellationToken cancellation = default);

    /// <summary>Null: no such tenant.</summary>
    ValueTask<TenantFigure?> Tenant(string tenant, CancellationToken cancellation = default);

    /// <summary>Null: no such tenant or period. A null <paramref name="period"/> is the open one.</summary>
    ValueTask<Usage?> Usage(string tenant, DateOnly? period, CancellationToken cancellation = default);

    /// <summary>How good a period's outcomes were (Q1). Null: no such tenant or period. A null
    /// <paramref name="period"/> is the open one.</summary>
    ValueTask<Quality?> Quality(string tenant, DateOnly? period, CancellationToken cancellation = default);

    /// <summary>Usage by hour or day (Q3); null: no such tenant.</summary>
    ValueTask<UsageSeries?> Series(string tenant, SeriesQuestion question, CancellationToken cancellation = default);

    /// <summary>
    /// What the open period, and up to three before it, would have come to under these caps instead: the journal is
    /// replayed apart, and nothing changes. Null: no such tenant.
    /// </summary>
    ValueTask<CapPreview?> PreviewCaps(string tenant, IReadOnlyList<Cap> caps,
        CancellationToken cancellation = default);

    /// <summary>A session that is remembered (I4); null: no such tenant or session.</summary>
    ValueTask<SessionFigure?> Session(string tenant, string session, CancellationToken cancellation = default);

    /// <summary>Null: no such tenant or period. A null <paramref name="period"/> is the open one.</summary>
    ValueTask<StatementRow?> Statement(string tenant, DateOnly? period, CancellationToken cancellation = default);

    /// <summary>Newest period first; null: no such tenant.</summary>
    /// <param name="before">Null, or the day number that <see cref="Page{T}.Next"/> of the page before is: only earlier
    /// periods.</param>
    ValueTask<Page<StatementRow>?> Statements(string tenant, DateOnly? before, int limit,
        CancellationToken cancellation = default);

    /// <summary>
    /// Every grant, also those that ended, in the order in which they were issued; null: no such tenant.
    /// </summary>
    ValueTask<IReadOnlyList<GrantFigure>?> Grants(string tenant, CancellationToken cancellation = default);

    /// <summary>Null: no such tenant.</summary>
    ValueTask<IReadOnlyList<ThresholdFigure>?> Thresholds(string tenant, CancellationToken cancellation = default);

    /// <summary>
    /// Alerts that were raised, newest first, as long as their period's statement is kept (S7); null: no such tenant,
    /// or no such period.
    /// </summary>
    /// <param name="period">Null: of all periods.</param>
    /// <param name="before">Only those with a lower number; null: all.</param>
    ValueTask<IReadOnlyList<RaisedAlert>?> Alerts(string tenant, DateOnly? period, long? before, int limit,
        CancellationToken cancellation = default);

    /// <summary>
    /// Disputes, newest first (D3): those that are open, and the newest that were decided; null: no such tenant.
    /// </summary>
    /// <param name="status">Null: any.</param>
    /// <param name="before">Null, or <see cref="Page{T}.Next"/> of the page before.</param>
    ValueTask<Page<Dispute>?> Disputes(string tenant, DisputeStatus? status, long? before, int limit,
        CancellationToken cancellation = default);

    /// <summary>
    /// Tenants that are not <see cref="LimitState.Active"/>, the most severe first, then by id: as of what is durable,
    /// and without waking any.
    /// </summary>
    /// <param name="among">Null: all.</param>
    /// <param name="after">Null, or the last row of the page before.</param>
    ValueTask<IReadOnlyList<TenantInNeed>> Attention(
        IReadOnlyCollection<string>? among, TenantInNeed? after, int limit, CancellationToken cancellation = default);

    /// <summary>
    /// What the tenant is in need of now, as <see cref="Attention"/> lists it; null: nothing, or there is no such
    /// tenant. One that nobody uses is loaded.
    /// </summary>
    ValueTask<Need?> Need(string tenant, CancellationToken cancellation = default);

    /// <summary>
    /// A page of outcomes, newest first (by first sequence), or with <see cref="OutcomeFilter.ChangedAfter"/> oldest
    /// change first.
    /// </summary>
    /// <param name="cursor">Null, or <see cref="Page{T}.Next"/> of the page before.</param>
    ValueTask<Page<OutcomeRow>?> Outcomes(string tenant, OutcomeFilter filter, long? cursor, int limit,
        CancellationToken cancellation = default);

    ValueTask<OutcomeRow?> Outcome(string tenant, string outcomeId, CancellationToken cancellation = default);

    /// <summary>All that is shown of an outcome (D1), of one state. Null: no such tenant.</summary>
    ValueTask<Inspected?> Inspect(string tenant, string outcomeId, CancellationToken cancellation = default);

    /// <summary>The entries that made or changed an outcome, in order.</summary>
    ValueTask<IReadOnlyList<JournalEntry>?> History(string tenant, string outcomeId,
        CancellationToken cancellation = default);

    /// <summary>Entries with a higher sequence than <paramref name="after"/>, in order.</summary>
    ValueTask<Page<JournalEntry>?> Entries(string tenant, long after, int limit,
        CancellationToken cancellation = default);

    /// <summary>
    /// What a certificate says (D2) of the newest entry that reports or changes the outcome, and of the outcome as it
    /// stands. Null: no such tenant or outcome.
    /// </summary>
    ValueTask<EntryProof?> ProveOutcome(string tenant, string outcomeId, CancellationToken cancellation = default);

    /// <summary>What a certificate says of one entry (D2). Null: no such tenant or entry.</summary>
    ValueTask<EntryProof?> ProveEntry(string tenant, long sequence, CancellationToken cancellation = default);

    /// <summary>
    /// The last entry of each day (UTC, by the tenant's clock) that had any and is over: nothing can come to it any
    /// more. Newest first; null: no such tenant.
    /// </summary>
    /// <param name="before">Null, or the day number that <see cref="Page{T}.Next"/> of the page before is.</param>
    ValueTask<Page<DayHead>?> Heads(string tenant, DateOnly? before, int limit,
        CancellationToken cancellation = default);

    /// <summary>
    /// Removes what is stored apart for an end customer's events (D2): the chain, counters and statements stay as they
    /// are. What is reported later is stored anew. One that ends halfway, whatever ends it, has erased what it noted
    /// and noted what it erased: the same call once more goes on with the rest.
    /// </summary>
    /// <param name="actor">Who does it.</param>
    ValueTask<Erased> Erase(string tenant, string endCustomer, Actor actor,
        CancellationToken cancellation = default);

    /// <summary>A reservation that still holds, or null.</summary>
    ValueTask<ReservationFigure?> Reservation(string tenant, string id, CancellationToken cancellation = default);

    /// <summary>Reservations that still hold, in the order in which they were made; null: no such tenant.</summary>
    /// <param name="after">Id of the last one of the page before; null: from the first on.</param>
    ValueTask<IReadOnlyList<HeldFigure>?> Reservations(string tenant, string? after, int limit,
        CancellationToken cancellation = default);

    /// <summary>Ids in order, from after <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<string>> List(string? after, int limit, CancellationToken cancellation = default);

    /// <summary>
    /// Signals of a tenant as they become durable, each once and in order, starting after sequence
    /// <paramref name="after"/>. If that is null, or signals after it are no longer kept, the reader begins anew: with
    /// what each key was told last. Null: no such tenant. The reader must dispose it.
    /// </summary>
    ValueTask<SignalReader?> Signals(string tenant, long? after, CancellationToken cancellation = default);

    /// <summary>How many tenants are unavailable here (see <see cref="TenantFailedException"/>).</summary>
    int Failing { get; }

    /// <summary>Why the store refused the last write from here, or which part of it is gone; null: neither.</summary>
    string? Trouble { get; }
}

/// <summary>An entry with its place in the chain.</summary>
public sealed record JournalEntry(long Sequence, Entry Entry, byte[] PreviousHash, byte[] Hash);

/// <summary>What a certificate says of an entry, and of the state by which it was issued (D2).</summary>
/// <param name="Bytes">The entry's own, as they are chained.</param>
/// <param name="Outcome">As it stands; null where the certificate is not of one.</param>
/// <param name="RulesAt">The time whose rule set <paramref name="Rules"/> is the hash of.</param>
/// <param name="Head">The newest entry by then, and the chain's hash after it.</param>
public sealed record EntryProof(JournalEntry Entry, byte[] Bytes, OutcomeFigure? Outcome, Instant RulesAt, byte[] Rules,
    string Currency, long Head, byte[] HeadHash);

/// <param name="At">When the day's last entry became true.</param>
public sealed record DayHead(DateOnly Day, long Sequence, Instant At, byte[] Hash);

/// <summary>
/// An outcome and what is stored apart from it: a JSON object, or null where there is none or it was erased.
/// </summary>
public sealed record OutcomeRow(OutcomeFigure Outcome, byte[]? Detail);

/// <summary>An outcome, and the entries that made and changed it up to where it stands, in order.</summary>
/// <param name="Currency">Of the tenant's terms.</param>
/// <param name="Row">Null: the tenant has no such outcome.</param>
public sealed record Inspected(string Currency, OutcomeRow? Row, IReadOnlyList<JournalEntry> History);

/// <summary>A statement, and the journal's head as of it: the entry that made it final, or else the newest.</summary>
public sealed record StatementRow(Statement Statement, long Sequence, byte[] Hash);

/// <param name="State">The most severe of the tenant's states (S1): its own, any cap's, any type's funding. One that is
/// closed needs nobody.</param>
public sealed record TenantInNeed(string Tenant, LimitState State);

/// <param name="Next">Cursor of the next page; null on the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, long? Next);

/// <param name="Key">As the caller sent it, 1 to 255 characters, prefixed by who it was.</param>
/// <param name="Content">SHA-256 of the request's content.</param>
public sealed record IdempotencyKey(string Key, byte[] Content);

public abstract record Once
{
    private Once() { }
    /// <param name="Replayed">True: this is the answer of the first time.</param>
    public sealed record Answered(Answer Answer, bool Replayed) : Once;
    public sealed record KeyReused : Once;
    public sealed record StillRunning : Once;
}

/// <summary>
/// The tenant does not answer at present, and whether what was asked was done is unknown. Whoever asks again with the
/// same event id or idempotency key is told, and it is done once.
/// </summary>
public sealed class TenantUnavailableException(string why, Exception? inner = null)
    : Exception($"The tenant does not answer: {why}.", inner);

/// <summary>
/// Something of ours failed in this tenant, or what is stored of it cannot be read. Of what was asked nothing is known
/// to be done. No other tenant is touched; this one is tried again when a wait is over.
/// </summary>
public sealed class TenantFailedException : Exception
{
    private const string Wait = "retry_after_ms";

    public TenantFailedException(string tenant, TimeSpan retryAfter, Exception? inner = null)
        : base($"The tenant '{tenant}' is unavailable{(inner is null ? "" : $": {inner.Message}")}", inner) =>
        Data[Wait] = (long)retryAfter.TotalMilliseconds; // what is in Data travels between silos

    public TimeSpan RetryAfter => TimeSpan.FromMilliseconds(Data[Wait] as long? ?? 1_000);
}

/// <summary>
/// The store failed: what was being written may or may not be there. The process must restart and recover.
/// </summary>
public sealed class StoreFailedException(string message, Exception? inner = null) : Exception(message, inner);
