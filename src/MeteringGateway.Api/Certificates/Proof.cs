using System.Text.Json;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Certificates;

/// <summary>
/// A certificate or a signed head that was found good by itself: by the public key, and by what its members say of each
/// other. Whether the journal comes to the same, <see cref="Comparison"/> says.
/// </summary>
public sealed class Proof
{
    private Proof(string kid, CertificateWire? certificate, SignedHeadWire? head, Entry? entry) =>
        (Kid, Certificate, Head, Entry) = (kid, certificate, head, entry);

    public string Kid { get; }
    public string Tenant => Certificate?.Tenant ?? Head!.Tenant;

    /// <summary>The last entry that it says anything about.</summary>
    public long Last => Certificate?.Head.Sequence ?? Head!.Sequence;

    internal CertificateWire? Certificate { get; }
    internal SignedHeadWire? Head { get; }
    internal Entry? Entry { get; }

    /// <param name="keys">A JWK set, UTF-8.</param>
    /// <exception cref="UncheckableException">It is no certificate, or the keys are no JWK set.</exception>
    /// <exception cref="CertificateException">It is not good, and why.</exception>
    public static Proof Read(string signed, ReadOnlySpan<byte> keys)
    {
        var jws = Jws.Open(signed, keys);
        if (jws.Type == SignedHeadWire.Name)
        {
            var head = Parse<SignedHeadWire>(jws);
            if (head.Format != SignedHeadWire.Name || head.Tenant is null || head.Hash is null || head.Sequence < 1
                || !Instant.TryParse(head.IssuedAt ?? "", out _)) throw Unknown(jws);
            return new Proof(jws.Kid, null, head, null);
        }
        if (jws.Type != CertificateWire.Name)
            throw new CertificateException($"it is a '{jws.Type}', neither a certificate nor a head");
        var certificate = Parse<CertificateWire>(jws);
        if (certificate.Format != CertificateWire.Name || certificate.Tenant is null || certificate.Rules is null
            || certificate.Head?.Hash is null || certificate.Entry is not { Hash: not null, PreviousHash: not null,
                Bytes: not null } || !Instant.TryParse(certificate.RulesAt ?? "", out _)
            || !Instant.TryParse(certificate.IssuedAt ?? "", out _)) throw Unknown(jws);
        return new Proof(jws.Kid, certificate, null, Agrees(certificate));
    }

    /// <summary>What is proved, in one line.</summary>
    public string Summary() => this switch
    {
        { Head: { Statement: { } s } head } =>
            $"statement {s.Period} ({s.Status}) of tenant {head.Tenant}: {s.Total} {s.Currency}, "
            + $"at entry {head.Sequence}",
        { Head: { } head } => $"head of tenant {head.Tenant} on {head.Day}: entry {head.Sequence}, hash {head.Hash}",
        { Certificate.Outcome: { } o } => $"outcome {o.OutcomeId} of tenant {Tenant}: {o.Status}, {o.Amount} "
            + $"{o.Currency}, by entry {Certificate.Entry.Sequence}",
        _ => $"entry {Certificate!.Entry.Sequence} of tenant {Tenant}: {Certificate.Entry.Kind}",
    } + $"; signed by {Kid} at {Certificate?.IssuedAt ?? Head!.IssuedAt}";

    /// <summary>What a certificate says of its entry must be what the entry's bytes say.</summary>
    private static Entry Agrees(CertificateWire certificate)
    {
        var stated = certificate.Entry;
        Entry entry;
        var hash = new byte[Chain.HashLength];
        try
        {
            var bytes = Base64Text.Read(stated.Bytes) ?? throw new FormatException("not base64url without padding");
            Chain.Next(Convert.FromHexString(stated.PreviousHash), bytes, hash);
            entry = EntryCodec.Read(bytes);
        }
#pragma warning disable CA1031 // Bytes that are not an entry can fail in any way.
        catch (Exception e)
#pragma warning restore CA1031
        {
            throw new CertificateException($"entry.bytes cannot be read: {e.Message}");
        }
        Same("entry.hash", stated.Hash, Convert.ToHexStringLower(hash));
        Same("entry.at", stated.At, entry.At.ToString());
        Same("entry.kind", stated.Kind, EntryCodec.Name(entry));
        var counters = CountersWire.Of(entry);
        Same("counters.before", certificate.Counters?.Before, counters?.Before);
        Same("counters.after", certificate.Counters?.After, counters?.After);
        if (stated.Sequence < 1 || stated.Sequence > certificate.Head.Sequence)
            throw new CertificateException("entry.sequence is not of the journal that ends at head.sequence");
        if (stated.Sequence == certificate.Head.Sequence) Same("head.hash", certificate.Head.Hash, stated.Hash);
        if (certificate.Outcome is not { } outcome) return entry;
        var (id, status) = entry switch
        {
            Entry.OutcomeReported e => (e.OutcomeId, e.Status),
            Entry.OutcomeChanged e => (e.OutcomeId, e.Status),
            _ => throw new CertificateException("entry.kind is not of an outcome, and there is one"),
        };
        Same("outcome.outcome_id", outcome.OutcomeId, id);
        Same("outcome.status", outcome.Status, Names<OutcomeStatus>.Of(status));
        return entry;
    }

    private static void Same<T>(string member, T stated, T found)
    {
        if (!EqualityComparer<T>.Default.Equals(stated, found))
            throw new CertificateException($"{member} is {Shown(stated)}, and the entry's bytes say {Shown(found)}");
    }

    internal static string Shown<T>(T value) => value is null ? "not there" : $"'{value}'";

    private static T Parse<T>(Jws jws)
    {
        try
        {
            return JsonSerializer.Deserialize(jws.Payload, WireJson.Typed<T>()) ?? throw Unknown(jws);
        }
        catch (JsonException)
        {
            throw Unknown(jws);
        }
    }

    private static CertificateException Unknown(Jws jws) => new($"its payload is not a {jws.Type}");
}
