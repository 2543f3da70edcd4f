using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Outcomes;

namespace MeteringGateway.Api.Certificates;

/// <summary>
/// Folds a tenant's journal from entry 1, chains it, and compares it with a certificate or a head on the way: the same
/// entries give the same hashes, counters and outcome, or it says at which entry and member they part (D2).
/// </summary>
public sealed class Comparison(Proof proof)
{
    private readonly TenantState _state = new();
    private byte[] _hash = Chain.Genesis(proof.Tenant);
    private Outcome? _departed;
    private long _decidedBy;

    public long Sequence { get; private set; }

    /// <summary>All that the certificate says was compared; the head of a day with the entry after it, too.</summary>
    public bool IsDone => Sequence >= proof.Last + (proof.Head?.Day is null ? 0 : 1);

    /// <summary>Takes the next entry.</summary>
    /// <param name="stated">The hash after it, as the file says; null: it says none.</param>
    /// <exception cref="CertificateException">Here the journal and the certificate part, or the journal is not
    /// whole.</exception>
    public void Take(ReadOnlySpan<byte> bytes, byte[]? stated)
    {
        var previous = _hash;
        Chain.Next(previous, bytes, _hash = new byte[Chain.HashLength]);
        Sequence++;
        // Before it is read: what was altered in the file is not what the certificate is about.
        if (stated is not null) Same("hash, in the entries' own file", Hex(stated), Hex(_hash));
        Entry entry;
        try
        {
            entry = EntryCodec.Read(bytes);
            Apply(entry);
        }
        catch (Exception e) when (e is not CertificateException)
        {
            throw new EntriesPartException($"entry {Sequence} cannot be read: {e.Message}");
        }
        Place();
        if (proof.Certificate is { } certificate) Compare(certificate, entry, previous, bytes);
        else if (Sequence == proof.Last) Compare(proof.Head!, entry);
        else if (Sequence > proof.Last && entry.At.ToString()[..10] == proof.Head!.Day)
            throw new EntriesPartException($"they part at entry {Sequence}: it is of day {proof.Head.Day} too, and "
                + $"sequence is stated as '{proof.Last}', the last one of it");
    }

    /// <summary>Where the chain comes to a hash that is stated, there and nowhere else its sequence is.</summary>
    private void Place()
    {
        var hash = Hex(_hash);
        if (proof.Certificate is not { } certificate)
        {
            if (hash == proof.Head!.Hash) Same("sequence", proof.Head.Sequence, Sequence);
            return;
        }
        if (hash == certificate.Entry.Hash) Same("entry.sequence", certificate.Entry.Sequence, Sequence);
        if (hash == certificate.Head.Hash) Same("head.sequence", certificate.Head.Sequence, Sequence);
    }

    /// <summary>No more entries follow.</summary>
    /// <exception cref="CertificateException">The certificate is of later ones.</exception>
    public void End()
    {
        if (Sequence >= proof.Last) return;
        throw new EntriesPartException(Sequence == 0 ? $"there are no entries of tenant '{proof.Tenant}'"
            : $"the entries end at {Sequence}, and {(proof.Head is null ? "head.sequence" : "sequence")} is "
                + proof.Last);
    }

    private void Apply(Entry entry)
    {
        var before = _state.UnitsCountedWith(entry);
        _state.Apply(entry);
        if (CountersWire.Of(entry) is { } stated)
        {
            Same("counters.before", stated.Before, before ?? -1);
            Same("counters.after", stated.After, _state.UnitsCountedWith(entry) ?? -1);
        }
        var departed = _state.TakeDeparted();
        if (proof.Certificate?.Outcome?.OutcomeId is not { } id) return;
        if (entry is Entry.OutcomeReported { OutcomeId: var reported } && reported == id
            || entry is Entry.OutcomeChanged { OutcomeId: var changed } && changed == id) _decidedBy = Sequence;
        foreach (var outcome in departed) if (outcome.Id == id) _departed = outcome;
        if (_departed is { } gone && _state.Outcome(id) is null) _departed = After(gone, entry);
    }

    /// <summary>An outcome that has left memory, so that only the store knew it: it changes as it did there.</summary>
    private static Outcome After(Outcome gone, Entry entry) => entry switch
    {
        Entry.FactReported e when e.OutcomeId == gone.Id =>
            gone with { Facts = gone.Facts.Add(new Fact(e.Id, e.Time, e.Kind, e.Verification)) },
        Entry.OutcomeChanged e when e.OutcomeId == gone.Id => gone with
        {
            Status = e.Status, Reason = e.Reason, Admitted = e.Admitted, Opened = e.Opened, ClosesAt = e.ClosesAt,
            End = e.End, ContinuationOf = e.ContinuationOf,
            Credit = e.Status == OutcomeStatus.Credited ? e.Credit ?? gone.Credit : null,
        },
        _ => gone,
    };

    private void Compare(CertificateWire certificate, Entry entry, byte[] previous, ReadOnlySpan<byte> bytes)
    {
        var stated = certificate.Entry;
        if (Sequence == stated.Sequence)
        {
            if (Base64Url.EncodeToString(bytes) != stated.Bytes) Differ(certificate, entry);
            Same("entry.previous_hash", stated.PreviousHash, Hex(previous));
            Same("entry.hash", stated.Hash, Hex(_hash));
        }
        if (Sequence != certificate.Head.Sequence) return;
        Same("head.hash", certificate.Head.Hash, Hex(_hash));
        Same("rules", certificate.Rules, Hex(_state.RulesAt(Instant.Parse(certificate.RulesAt))));
        if (certificate.Outcome is not { } outcome) return;
        Same("entry.sequence", stated.Sequence, _decidedBy);
        var figure = _state.Outcome(outcome.OutcomeId) ?? (_departed is { } left ? _state.Archived(left) : null);
        if (figure is null) throw Parts("outcome", outcome.OutcomeId, null);
        var found = CertifiedOutcomeWire.Of(figure, proof.Tenant, Currency);
        SameMembers("outcome", Json(outcome), Json(proof.SaysCredit ? found : found with { Credit = null }));
    }

    private void Compare(SignedHeadWire head, Entry entry)
    {
        Same("hash", head.Hash, Hex(_hash));
        if (head.At is not null) Same("at", head.At, entry.At.ToString());
        if (head.Statement is not { } stated) return;
        var period = Text.TryDate(stated.Period, out var date) ? date : default;
        var statement = _state.Statement(period) ?? throw Parts("statement.period", stated.Period, null);
        SameMembers("statement", Json(stated),
            Json(HeadOfStatementWire.Of(new StatementRow(statement, Sequence, _hash), proof.Tenant)));
    }

    /// <summary>The first member in which the certified entry and the journal's differ.</summary>
    private void Differ(CertificateWire certificate, Entry entry)
    {
        var chained = new JournalEntry(Sequence, entry, _hash, _hash);
        var certified = chained with { Entry = proof.Entry! };
        SameMembers("entry", JsonNode.Parse(Entries.ToJson(certified, Currency)),
            JsonNode.Parse(Entries.ToJson(chained, Currency)));
        throw Parts("entry.bytes", certificate.Entry.Bytes, "other bytes");
    }

    private string Currency => _state.Figure(_state.Now).Terms.Currency;

    private void SameMembers(string name, JsonNode? stated, JsonNode? found)
    {
        if (stated is JsonObject one && found is JsonObject other)
            foreach (var member in one.Select(member => member.Key).Union(other.Select(member => member.Key)))
                SameMembers($"{name}.{member}", one[member], other[member]);
        else if (stated is JsonArray some && found is JsonArray others && some.Count == others.Count)
            for (var i = 0; i < some.Count; i++) SameMembers($"{name}[{i}]", some[i], others[i]);
        else if (!JsonNode.DeepEquals(stated, found)) throw Parts(name, stated?.ToString(), found?.ToString());
    }

    private void Same<T>(string member, T stated, T found)
    {
        if (!EqualityComparer<T>.Default.Equals(stated, found)) throw Parts(member, stated, found);
    }

    private EntriesPartException Parts<T>(string member, T stated, T found) => new(
        $"they part at entry {Sequence}: {member} is stated as {Proof.Shown(stated)}, and the entries come to "
        + Proof.Shown(found));

    private static JsonNode? Json<T>(T value) => JsonSerializer.SerializeToNode(value, WireJson.Typed<T>());

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
