using System.Security.Cryptography;

namespace MeteringGateway.Core;

/// <summary>What certificates say of the state beside an outcome (D2).</summary>
public sealed partial class TenantState
{
    /// <summary>
    /// SHA-256 of the rule set for what is timed then: the terms' bytes, as they are in <c>tenant_created</c> and
    /// <c>terms_set</c> entries, without their length.
    /// </summary>
    public byte[] RulesAt(Instant time)
    {
        var written = new Writer();
        TermsWire.Write(written, TermsAt(time));
        return SHA256.HashData(new Reader(written.Written).Bytes());
    }

    /// <summary>
    /// Units that are pending or settled, of the type and in the period of the outcome that an entry reports or
    /// changes; null where it does neither, or the outcome has left memory.
    /// </summary>
    public long? UnitsCountedWith(Entry entry) => entry switch
    {
        Entry.OutcomeReported e => UnitsCounted(e.Period, e.OutcomeType),
        Entry.OutcomeChanged e => Find(e.OutcomeId) is { } outcome ? UnitsCounted(outcome.Period, outcome.Type) : null,
        _ => null,
    };

    private long? UnitsCounted(DateOnly period, string type)
    {
        for (var i = _books.Count - 1; i >= 0; i--)
            if (_books[i].Period.Id == period) return _books[i].Counted(type);
        return null;
    }
}
