using System.Buffers.Text;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Statements;

namespace MeteringGateway.Api.Certificates;

/// <summary>
/// What a certificate signs (D2); described member by member in <c>docs/certificates.md</c>. Members are only added, at
/// the end; another meaning is another format.
/// </summary>
/// <param name="Format">Always <see cref="Name"/>.</param>
/// <param name="Rules">SHA-256 of the rule set for what is timed at <paramref name="RulesAt"/>, hex.</param>
/// <param name="Counters">Null of an entry that neither reports nor changes an outcome, or is of before they were
/// kept.</param>
/// <param name="Outcome">As it stood after the entry <paramref name="Head"/>; null where it is of none.</param>
/// <param name="Head">The journal when the certificate was issued.</param>
internal sealed record CertificateWire(
    string Format, string Tenant, string IssuedAt, CertifiedEntryWire Entry, string RulesAt, string Rules,
    CountersWire? Counters, CertifiedOutcomeWire? Outcome, HeadWire Head)
{
    public const string Name = "metering-certificate-1";

    public static CertificateWire Of(EntryProof proof, string tenant, Instant now)
    {
        var entry = proof.Entry;
        return new CertificateWire(Name, tenant, now.ToString(),
            new CertifiedEntryWire(entry.Sequence, entry.Entry.At.ToString(), EntryCodec.Name(entry.Entry),
                Base64Url.EncodeToString(proof.Bytes), Convert.ToHexStringLower(entry.PreviousHash),
                Convert.ToHexStringLower(entry.Hash)),
            proof.RulesAt.ToString(), Convert.ToHexStringLower(proof.Rules), CountersWire.Of(entry.Entry),
            proof.Outcome is { } outcome ? CertifiedOutcomeWire.Of(outcome, tenant, proof.Currency) : null,
            new HeadWire(proof.Head, Convert.ToHexStringLower(proof.HeadHash)));
    }
}

/// <param name="Bytes">As they are chained, base64url: <c>hash</c> is SHA-256 over <c>previous_hash</c> and
/// these.</param>
internal sealed record CertifiedEntryWire(long Sequence, string At, string Kind, string Bytes, string PreviousHash,
    string Hash);

/// <summary>Units of the outcome's type in its period that were pending or settled.</summary>
internal sealed record CountersWire(long Before, long After)
{
    public static CountersWire? Of(Entry entry) => (entry switch
    {
        Entry.OutcomeReported e => e.Counted,
        Entry.OutcomeChanged e => e.Counted,
        _ => null,
    }) is { } counted ? new CountersWire(counted.Before, counted.After) : null;
}

/// <summary>An outcome without what is stored apart from the journal, and so may be erased.</summary>
/// <param name="Credit">What was taken back of it. Certificates of before it was there do not have the member.</param>
internal sealed record CertifiedOutcomeWire(
    string OutcomeId, string OutcomeType, string Timestamp, string Period, int Quantity, bool HandedOff,
    WindowWire Window, string? VerificationMethod, string Status, string? BillableReason, string? NonBillableReason,
    IReadOnlyList<ChargeWire> Charges, string Amount, string Currency, string Credits, CreditWire? Credit)
{
    public static CertifiedOutcomeWire Of(OutcomeFigure figure, string tenant, string currency)
    {
        var row = new OutcomeRow(figure, null).Wire(tenant, currency);
        return new CertifiedOutcomeWire(row.OutcomeId, row.OutcomeType, row.Timestamp, row.Period, row.Quantity,
            row.HandedOff, row.Window, row.Verification?.Method, row.Status, row.BillableReason,
            row.NonBillableReason, row.Charges, row.Amount, row.Currency, row.Credits, row.Credit);
    }
}

/// <summary>What a signed head says: so the journal stood, and so it cannot be told otherwise later.</summary>
/// <param name="Format">Always <see cref="Name"/>.</param>
/// <param name="At">When the entry became true.</param>
/// <param name="Day">The day (UTC) that it ends; null where it is a statement's.</param>
/// <param name="Statement">What the statement comes to as of this head; null where it is a day's.</param>
internal sealed record SignedHeadWire(string Format, string Tenant, string IssuedAt, long Sequence, string Hash,
    string? At, string? Day, HeadOfStatementWire? Statement)
{
    public const string Name = "metering-head-1";
}

internal sealed record HeadOfStatementWire(string Period, string Status, string Currency, string Total,
    string UnroundedTotal)
{
    public static HeadOfStatementWire Of(StatementRow row, string tenant)
    {
        var statement = row.Wire(tenant);
        return new HeadOfStatementWire(statement.Period, statement.Status, statement.Currency, statement.Total,
            statement.UnroundedTotal);
    }
}

/// <param name="Signed">A compact JWS that says the same.</param>
internal sealed record DayHeadWire(string Day, long Sequence, string At, string Hash, string Signed);

/// <summary>A JWK set (RFC 7517).</summary>
internal sealed record KeySetWire(IReadOnlyList<KeyOfSetWire> Keys);

internal sealed record KeyOfSetWire(string Kty, string Crv, string X, string Y, string Kid, string Use, string Alg);
