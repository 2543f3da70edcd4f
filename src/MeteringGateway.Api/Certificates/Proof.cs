using System.Text.Json;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Certificates;

/// <summary>
/// A certificate or a signed head that was found good by itself: by the public key, and by what its members say of each
/// other. Whether the journal comes to the same, <see cref="Comparison"/> says.
/// </summary>
public sealed class Proof
{
    private const string Bytes = "the entry's bytes say";

    private Proof(string kid, CertificateWire? certificate, SignedHeadWire? head, Entry? entry, bool saysCredit) =>
        (Kid, Certificate, Head, Entry, SaysCredit) = (kid, certificate, head, entry, saysCredit);

    public string Kid { get; }
    public string Tenant => Certificate?.Tenant ?? Head!.Tenant;

    /// <summary>The last entry that it says anything about.</summary>
    public long Last => Certificate?.Head.Sequence ?? Head!.Sequence;

    internal CertificateWire? Certificate { get; }
    internal SignedHeadWire? Head { get; }
    internal Entry? Entry { get; }

    /// <summary>False of a certificate of before it said what was taken back.</summary>
    internal bool SaysCredit { get; }

    /// <param name="keys">A JWK set, UTF-8.</param>
    /// <exception cref="UncheckableException">It is no certificate, or the keys are no JWK set.</exception>
    /// <exception cref="CertificateException">It is not good, and why.</exception>
    public static Proof Read(string signed, ReadOnlySpan<byte> keys)
    {
        var jws = Jws.Open(signed, keys);
        try
        {
            return jws.Type switch
            {
                SignedHeadWire.Name => OfHead(jws),
                CertificateWire.Name => OfCertificate(jws),
                _ => throw new CertificateException($"it is a '{jws.Type}', neither a certificate nor a head"),
            };
        }
        catch (OverflowException)
        {
            throw new CertificateException("its amounts come to more than an amount can be");
        }
    }

    private static Proof OfHead(Jws jws)
    {
        var head = Parse<SignedHeadWire>(jws);
        if (head.Format != SignedHeadWire.Name || head.Tenant is null || head.Hash is null || head.Sequence < 1
            || head.Statement is { Currency: null } || !IsTime(head.IssuedAt)) throw Unknown(jws);
        Contradictions.Find(head);
        return new Proof(jws.Kid, null, head, null, false);
    }

    private static Proof OfCertificate(Jws jws)
    {
        var certificate = Parse<CertificateWire>(jws);
        if (certificate.Format != CertificateWire.Name || certificate.Tenant is null || certificate.Rules is null
            || certificate.Head?.Hash is null || certificate.Entry is not { Hash: not null, PreviousHash: not null,
                Bytes: not null } || !IsTime(certificate.RulesAt) || !IsTime(certificate.IssuedAt)
            || certificate.Outcome is { Window: null } or { Charges: null } or { Currency: null })
            throw Unknown(jws);
        using var payload = JsonDocument.Parse(jws.Payload);
        var saysCredit = certificate.Outcome is not null
            && payload.RootElement.GetProperty("outcome").TryGetProperty("credit", out _);
        var entry = EntryOf(certificate);
        Contradictions.Find(certificate, entry, saysCredit);
        return new Proof(jws.Kid, certificate, null, entry, saysCredit);
    }

    private static bool IsTime(string? text) => Instant.TryParse(text ?? "", out var time) && time.ToString() == text;

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
    private static Entry EntryOf(CertificateWire certificate)
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
        Contradictions.Same("entry.hash", stated.Hash, Convert.ToHexStringLower(hash),
            "entry.previous_hash and entry.bytes come to");
        Contradictions.Same("entry.at", stated.At, entry.At.ToString(), Bytes);
        Contradictions.Same("entry.kind", stated.Kind, EntryCodec.Name(entry), Bytes);
        var counters = CountersWire.Of(entry);
        Contradictions.Same("counters.before", certificate.Counters?.Before, counters?.Before, Bytes);
        Contradictions.Same("counters.after", certificate.Counters?.After, counters?.After, Bytes);
        return entry;
    }

    internal static string Shown<T>(T value) => value is null ? "not there" : $"'{value}'";

    private static T Parse<T>(Jws jws)
    {
        try
        {
            return JsonSerializer.Deserialize(jws.Payload, WireJson.Typed<T>()) ?? throw Unknown(jws);
        }
        catch (JsonException e)
        {
            // A member that is not known here cannot be vouched for.
            throw new CertificateException(
                $"{Unknown(jws).Message}: {e.Path} is not known here, there twice, or not of its kind");
        }
    }

    private static CertificateException Unknown(Jws jws) => new($"its payload is not a {jws.Type}");
}
