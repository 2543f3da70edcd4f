using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// What one tenant adds in the flush to come: whole turns, each added as it ends, until the committer takes it. Nobody
/// needs the tenant's turn for that: whoever adds or takes holds this, for as long as a copy takes. Everybody whose
/// answer rests on it waits for <see cref="Durable"/>.
/// </summary>
internal sealed class Pending(TenantHost host, long firstSequence, byte[] previousHash) : IDisposable
{
    private static readonly DetailRow[] NoDetails = [];
    private static readonly ArchivedRow[] NoArchived = [];
    private static readonly IdempotencyRow[] NoIdempotency = [];
    private static readonly Alert[] NoAlerts = [];
    private readonly TaskCompletionSource _durable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly BlockWriter _block = new();
    private readonly byte[] _lastHash = new byte[Chain.HashLength];
    private List<DetailRow>? _details;
    private List<ArchivedRow>? _archived;
    private List<IdempotencyRow>? _idempotency;
    private List<Alert>? _outbox;
    private List<Document>? _documents;
    private List<long>? _erased;
    private Instant? _due;
    private LimitState? _severity;
    private bool _isTaken;

    public TenantHost Host { get; } = host;
    public int Count { get; private set; }
    public int Bytes { get; private set; }
    public List<Signal>? Signals { get; private set; }

    /// <summary>Turns that are of a trace; null: none is.</summary>
    public List<TracedTurn>? Traced { get; private set; }
    public Task Durable => _durable.Task;

    /// <summary>What checks are answered from when this is on disk; null: it is made when one is asked.</summary>
    public Allowance? View { get; private set; }

    /// <summary>Adds what a turn took, and how it left the tenant. False: the committer has this already.</summary>
    public bool TryAdd(Taken taken, int bytes, in Hash lastHash, Instant? due, LimitState? severity, Allowance? view)
    {
        lock (_block)
        {
            if (_isTaken) return false;
            if (taken.Count > 0) _block.AddFramed(taken.Block.Written.Span);
            if (taken.Turn is { } turn) (Traced ??= []).Add(new TracedTurn(turn, firstSequence + Count, taken.Count));
            (Count, Bytes) = (Count + taken.Count, Bytes + bytes);
            Add(ref _details, taken.Details);
            Add(ref _archived, taken.Archived);
            Add(ref _idempotency, taken.Idempotency);
            Add(ref _outbox, taken.Outbox);
            Add(ref _documents, taken.Documents);
            Add(ref _erased, taken.Erased);
            if (taken.Signals.Count > 0) (Signals ??= []).AddRange(taken.Signals);
            ((ReadOnlySpan<byte>)lastHash).CopyTo(_lastHash);
            (_due, _severity, View) = (due, severity, view);
            return true;
        }
    }

    private static void Add<T>(ref List<T>? to, List<T> rows)
    {
        if (rows.Count > 0) (to ??= []).AddRange(rows);
    }

    /// <summary>From now on turns fill another.</summary>
    public TenantBatch Take()
    {
        lock (_block) _isTaken = true;
        return new TenantBatch(Host.Id, previousHash, firstSequence, Count, _block.Written, _lastHash, _due,
            (IReadOnlyList<DetailRow>?)_details ?? NoDetails, (IReadOnlyList<ArchivedRow>?)_archived ?? NoArchived,
            (IReadOnlyList<IdempotencyRow>?)_idempotency ?? NoIdempotency, (IReadOnlyList<Alert>?)_outbox ?? NoAlerts)
        {
            Severity = _severity, Documents = (IReadOnlyList<Document>?)_documents ?? [],
            Erased = (IReadOnlyList<long>?)_erased ?? [],
        };
    }

    public void Complete()
    {
        Dispose();
        _durable.TrySetResult();
    }

    public void Dispose() => _block.Dispose();

    /// <summary>Whoever waits is told; what a failed write may still be reading is not given back.</summary>
    public void Fail(Exception why)
    {
        if (_durable.TrySetException(why)) _ = _durable.Task.Exception; // seen, even if nobody waits
    }
}
