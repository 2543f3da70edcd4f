using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>A tenant folded from entry 1, with the chain worked out from the entries' own bytes.</summary>
internal sealed class TenantFold(string tenant)
{
    private readonly byte[] _hash = Chain.Genesis(tenant);

    public string Tenant { get; } = tenant;
    public TenantState State { get; } = new();
    public long Sequence => State.Sequence;

    /// <summary>After the last entry; a copy.</summary>
    public byte[] Hash => [.. _hash];

    /// <summary>When something is to be done in real time (T5).</summary>
    public Instant? Due => State.WakeAt;

    public LimitState? Severity => State.Exists ? State.Severity : null;

    /// <exception cref="TransferException">The bytes are not an entry that can follow.</exception>
    public Entry Take(ReadOnlySpan<byte> bytes)
    {
        var sequence = Sequence + 1;
        try
        {
            var entry = EntryCodec.Read(bytes);
            State.Apply(entry);
            Chain.Next(_hash, bytes, _hash);
            return entry;
        }
#pragma warning disable CA1031 // Bytes that are not an entry, or not one that can follow, can fail in any way.
        catch (Exception e)
#pragma warning restore CA1031
        {
            throw new TransferException(
                $"tenant '{Tenant}': entry {sequence} cannot be read: {JournalCorruptException.Why(e)}", e);
        }
    }

    /// <summary>Outcomes that left memory since last asked, as they are stored.</summary>
    public ArchivedRow[] TakeArchived() =>
        [.. State.TakeDeparted().Select(outcome => Row(outcome, EntryCodec.WriteOutcome(outcome)))];

    public ArchivedRow Row(Outcome outcome, byte[] bytes) => new(State.Archived(outcome), bytes);
}
