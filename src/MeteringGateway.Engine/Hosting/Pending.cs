using System.Diagnostics;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// What one tenant adds in the flush to come: filled in the tenant's turns, then taken by the committer, which
/// completes <see cref="Durable"/> when it is on disk. Everybody whose answer rests on it waits for that one task.
/// </summary>
internal sealed class Pending(TenantHost host, long firstSequence, byte[] previousHash) : IDisposable
{
    private static readonly DetailRow[] NoDetails = [];
    private static readonly ArchivedRow[] NoArchived = [];
    private static readonly IdempotencyRow[] NoIdempotency = [];
    private static readonly Alert[] NoAlerts = [];
    private readonly TaskCompletionSource _durable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly BlockWriter _block = new();
    private List<DetailRow>? _details;
    private int _apart;
    private List<ArchivedRow>? _archived;
    private List<IdempotencyRow>? _idempotency;
    private List<Alert>? _outbox;

    public TenantHost Host { get; } = host;
    public long FirstSequence { get; } = firstSequence;
    public int Count { get; private set; }
    /// <summary>What waits for the disk: entries, and what is stored apart from them.</summary>
    public int Bytes => _block.Length + _apart;
    public long Began { get; } = Stopwatch.GetTimestamp();
    public List<Signal>? Signals { get; private set; }
    public Task Durable => _durable.Task;

    /// <summary>What checks are answered from when this is on disk; null: there is no view from then on.</summary>
    public Allowance? View { get; private set; }

    /// <param name="hash">The chain's, after the entry.</param>
    public void Add(Entry entry, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> hash)
    {
        var sequence = FirstSequence + Count++;
        _block.Add(bytes);
        if (Alerts.TypeOf(entry) is { } type)
            (_outbox ??= []).Add(new Alert(sequence, type, entry.At, hash.ToArray(), bytes.ToArray()));
        if (entry is Entry.StateChanged changed) (Signals ??= []).Add(changed.ToSignal(sequence));
    }

    public (int Count, int Bytes, int Signals, int Outbox) Mark() =>
        (Count, _block.Length, Signals?.Count ?? 0, _outbox?.Count ?? 0);

    /// <summary>Forgets the entries that were added since <paramref name="mark"/>.</summary>
    public void CutBack((int Count, int Bytes, int Signals, int Outbox) mark)
    {
        Count = mark.Count;
        _block.CutBack(mark.Bytes);
        Signals?.RemoveRange(mark.Signals, Signals.Count - mark.Signals);
        _outbox?.RemoveRange(mark.Outbox, _outbox.Count - mark.Outbox);
    }

    public void Add(DetailRow row)
    {
        (_details ??= []).Add(row);
        _apart += row.Json.Length;
    }

    public void Add(IdempotencyRow row) => (_idempotency ??= []).Add(row);

    public void Archive(IReadOnlyList<Outcome> departed)
    {
        foreach (var outcome in departed)
            (_archived ??= []).Add(new ArchivedRow(LocalTenants.Archived(outcome)!, EntryCodec.WriteOutcome(outcome)));
    }

    public TenantBatch ToBatch(byte[] lastHash, Instant? due, LimitState? severity, Allowance? view)
    {
        View = view;
        return new TenantBatch(
            Host.Id, previousHash, FirstSequence, Count, _block.Written, lastHash, due,
            (IReadOnlyList<DetailRow>?)_details ?? NoDetails,
            (IReadOnlyList<ArchivedRow>?)_archived ?? NoArchived, (IReadOnlyList<IdempotencyRow>?)_idempotency
                ?? NoIdempotency,
            (IReadOnlyList<Alert>?)_outbox ?? NoAlerts)
        {
            Severity = severity,
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
