using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Core;

namespace MeteringGateway.Api.Tests;

/// <summary>Certificates and heads (D2): what they say, and that nothing else passes for one.</summary>
public class CertificateTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT1H","after_window":"credit"}]}
        """;
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_certificate_says_how_an_outcome_stands_by_which_entry_and_what_was_counted()
    {
        await Used("certified");
        using var customer = await _gateway.Role("customer", "certified");

        var payload = Payload(await Jose(customer, "/v1/tenants/certified/outcomes/o-2/certificate"));

        var entries = (await _gateway.Admin.Get("/v1/tenants/certified/entries?limit=1000").Is(HttpStatusCode.OK))
            ["data"]!.AsArray();
        var entry = entries.Single(one => (string?)one!["kind"] == "outcome_reported"
            && (string?)one["data"]!["outcome_id"] == "o-2")!;
        Assert.Equal("metering-certificate-1", (string?)payload["format"]);
        Assert.Equal("certified", (string?)payload["tenant"]);
        foreach (var member in (string[])["sequence", "at", "kind", "previous_hash", "hash"])
            Assert.True(JsonNode.DeepEquals(entry[member], payload["entry"]![member]), member);
        Assert.Equal("""{"before":1,"after":2}""", payload["counters"]!.ToJsonString());
        Assert.Equal(("o-2", "pending", "0.99", "USD"),
            ((string?)payload["outcome"]!["outcome_id"], (string?)payload["outcome"]!["status"],
                (string?)payload["outcome"]!["amount"], (string?)payload["outcome"]!["currency"]));
        Assert.True(JsonNode.DeepEquals(entries[^1]!["hash"], payload["head"]!["hash"]));
        // Nothing of what may be erased.
        Assert.DoesNotContain("u-9", payload.ToJsonString(), StringComparison.Ordinal);
        var bytes = Base64Url.DecodeFromChars((string)payload["entry"]!["bytes"]!);
        Assert.DoesNotContain("u-9", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        Assert.Equal((string?)entry["hash"], Convert.ToHexStringLower(SHA256.HashData(
            [.. Convert.FromHexString((string)entry["previous_hash"]!), .. bytes])));
    }

    [Fact]
    public async Task Every_entry_has_a_certificate_and_all_of_them_replay()
    {
        await Used("all-certified");
        using var auditor = await _gateway.Role("auditor", "all-certified");
        var journal = await Journal("all-certified");
        var keys = await Keys();
        for (var sequence = 1; sequence <= journal.Count; sequence++)
            Replayed(await Jose(auditor, $"/v1/tenants/all-certified/entries/{sequence}/certificate"), keys,
                journal);
        foreach (var outcome in (string[])["o-1", "o-2", "o-3"])
            Replayed(await Jose(auditor, $"/v1/tenants/all-certified/outcomes/{outcome}/certificate"), keys, journal);
        foreach (var none in (string[])["0", "9999", "one", "-1", "99999999999999999999"])
            await auditor.Get($"/v1/tenants/all-certified/entries/{none}/certificate")
                .IsProblem(HttpStatusCode.NotFound, "unknown_entry");
        await auditor.Get("/v1/tenants/all-certified/outcomes/none/certificate")
            .IsProblem(HttpStatusCode.NotFound, "unknown_outcome");
    }

    [Fact]
    public async Task A_certificate_of_an_outcome_that_left_memory_replays_also_when_it_was_credited_since()
    {
        await Used("long-ago", ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        var early = await Jose(_gateway.Admin, "/v1/tenants/long-ago/outcomes/o-1/certificate");
        await _gateway.Admin.Post("/v1/tenants/long-ago/clock", """{"to":"2027-01-20T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
        var late = await Jose(_gateway.Admin, "/v1/tenants/long-ago/outcomes/o-1/certificate");
        await _gateway.Admin.PostAs(One, "/v1/events",
            Report.Event("outcome.reopened", "o-1-back", "long-ago",
                """ "outcome_id":"o-1" """)).Is(HttpStatusCode.Created);
        var last = await Jose(_gateway.Admin, "/v1/tenants/long-ago/outcomes/o-1/certificate");

        Assert.Equal(["pending", "billable", "credited"],
            new[] { early, late, last }.Select(one => (string?)Payload(one)["outcome"]!["status"]));
        var (journal, keys) = (await Journal("long-ago"), await Keys());
        foreach (var certificate in (string[])[early, late, last]) Replayed(certificate, keys, journal);
    }

    public static TheoryData<string, string, string> Planted => new()
    {
        { "outcome/status", "\"credited\"", "outcome.status" },
        { "outcome/amount", "\"0.01\"", "outcome.amount" },
        { "outcome/quantity", "7", "outcome.quantity" },
        { "outcome/outcome_id", "\"o-1\"", "outcome.outcome_id" },
        { "counters/before", "5", "counters.before" },
        { "counters/after", "5", "counters.after" },
        { "entry/at", "\"2026-11-20T12:00:00.000Z\"", "entry.at" },
        { "entry/kind", "\"cap_set\"", "entry.kind" },
        { "entry/sequence", "2", "entry" },
        { "entry/previous_hash", $"\"{new string('0', 64)}\"", "entry.hash" },
        { "entry/hash", $"\"{new string('0', 64)}\"", "entry.hash" },
        { "head/hash", $"\"{new string('0', 64)}\"", "head.hash" },
        { "rules", $"\"{new string('0', 64)}\"", "rules" },
        { "tenant", "\"another\"", "previous_hash" },
    };

    [Theory]
    [MemberData(nameof(Planted))]
    public async Task A_planted_change_is_refused_with_its_reason_even_if_it_is_signed_with_the_true_key(
        string member, string value, string reason)
    {
        var tenant = "planted-" + Guid.NewGuid().ToString("n")[..8];
        await Used(tenant);
        var (journal, keys) = (await Journal(tenant), await Keys());
        var certificate = await Jose(_gateway.Admin, $"/v1/tenants/{tenant}/outcomes/o-2/certificate");
        var changed = Payload(certificate);
        var path = member.Split('/');
        (path.Length == 1 ? changed : changed[path[0]]!.AsObject())[path[^1]] = JsonNode.Parse(value);

        var parts = certificate.Split('.');
        var unsigned = $"{parts[0]}.{Encoded(changed.ToJsonString())}.{parts[2]}";
        Assert.Contains("signature", Refused(unsigned, keys, journal), StringComparison.Ordinal);
        Assert.Contains(reason, Refused(Signed(changed), keys, journal), StringComparison.Ordinal);
        Replayed(Signed(Payload(certificate)), keys, journal);
    }

    [Fact]
    public async Task Nothing_but_ES256_by_a_published_key_is_taken()
    {
        await Used("forged");
        var (journal, keys) = (await Journal("forged"), await Keys());
        var certificate = await Jose(_gateway.Admin, "/v1/tenants/forged/outcomes/o-1/certificate");
        var parts = certificate.Split('.');
        var header = JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!.AsObject();

        Is("none", """{"alg":"none","typ":"metering-certificate-1"}""", "");
        Is("HS256", With("alg", "HS256"), parts[2]);
        Is("no key 'other'", With("kid", "other"), parts[2]);
        Is("signature", With("typ", "metering-head-1"), parts[2]);
        Is("crit", With("crit", "b64"), parts[2]);
        Is("is not text", """{"alg":"ES256","kid":"\ud800"}""", parts[2]);
        Is("is not text", """{"alg":"ES256","kid":"x","\ud800":1}""", parts[2]);
        Assert.Contains("is not text", Refused(certificate, """{"keys":[{"kid":"\udc00"}]}"""u8.ToArray(), journal),
            StringComparison.Ordinal);
        Is("signature", header.ToJsonString(), parts[2][..^4]);
        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Is("signature", header.ToJsonString(), Base64Url.EncodeToString(
            foreign.SignData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), HashAlgorithmName.SHA256)));
        Assert.Contains("three parts", Refused(parts[0], keys, journal), StringComparison.Ordinal);
        Assert.Contains("no key", Refused(certificate, """{"keys":[]}"""u8.ToArray(), journal),
            StringComparison.Ordinal);
        // A head is not a certificate, though the same key signs it.
        var typed = _gateway.Services.GetRequiredService<CertificateKeys>().Sign("metering-head-1",
            Base64Url.DecodeFromChars(parts[1]));
        Assert.Contains("payload", Refused(typed, keys, journal), StringComparison.Ordinal);

        void Is(string reason, string header, string signature) => Assert.Contains(reason,
            Refused($"{Encoded(header)}.{parts[1]}.{signature}", keys, journal), StringComparison.Ordinal);

        string With(string member, string value)
        {
            var changed = header.DeepClone().AsObject();
            changed[member] = value;
            return changed.ToJsonString();
        }
    }

    [Fact]
    public async Task A_certificate_and_a_key_have_one_text_each()
    {
        await Used("one-text");
        var (journal, keys) = (await Journal("one-text"), await Keys());
        var certificate = await Jose(_gateway.Admin, "/v1/tenants/one-text/outcomes/o-1/certificate");
        var parts = certificate.Split('.');
        foreach (var more in (string[])["=", "==", " ", "\n", "\t"])
        {
            Is($"{parts[0]}{more}.{parts[1]}.{parts[2]}");
            Is($"{parts[0]}.{parts[1]}{more}.{parts[2]}");
            Is($"{parts[0]}.{parts[1]}.{parts[2]}{more}");
            Is($"{parts[0]}.{parts[1]}.{more}{parts[2]}");
            Is($"{more}{certificate}");
            Assert.Contains("without padding", Refused($"{certificate}{more}", keys, journal),
                StringComparison.Ordinal);
        }
        // 64 bytes leave four bits of the last character over.
        Is($"{certificate[..^1]}{(char)(certificate[^1] + 1)}");

        foreach (var coordinate in (string[])["x", "y"])
        {
            var set = JsonNode.Parse(keys)!;
            foreach (var key in set["keys"]!.AsArray()) key![coordinate] = $"{(string)key[coordinate]!}=";
            Assert.Contains("cannot be used",
                Refused(certificate, Encoding.UTF8.GetBytes(set.ToJsonString()), journal), StringComparison.Ordinal);
        }

        void Is(string changed) => Assert.NotEmpty(Refused(changed, keys, journal));
    }

    [Fact]
    public async Task A_journal_that_was_rewritten_parts_from_the_certificate_where_it_was_and_says_in_what()
    {
        await Used("rewritten");
        await Used("rewritten-other");
        var (journal, keys) = (await Journal("rewritten"), await Keys());
        var certificate = await Jose(_gateway.Admin, "/v1/tenants/rewritten/outcomes/o-2/certificate");
        var at = journal.FindIndex(bytes => EntryCodec.Read(bytes) is Entry.OutcomeReported { OutcomeId: "o-2" });

        Assert.Contains($"part at entry {at + 1}: entry.data.handed_off is stated as 'false'",
            Refused(certificate, keys, With(at, entry => entry with { HandedOff = true })),
            StringComparison.Ordinal);
        Assert.Contains($"part at entry {at + 1}: counters.after",
            Refused(certificate, keys, With(at, entry => entry with { Status = OutcomeStatus.NonBillable })),
            StringComparison.Ordinal);
        // Before it: what is in the certificate is chained to what was there.
        Assert.Contains($"part at entry {at + 1}: entry.previous_hash",
            Refused(certificate, keys, With(at - 1, entry => entry with { HandedOff = true })),
            StringComparison.Ordinal);
        // After it, before the head.
        Assert.Contains("head.hash",
            Refused(certificate, keys, With(at + 1, entry => entry with { HandedOff = true })),
            StringComparison.Ordinal);
        Assert.Contains("part at entry", Refused(certificate, keys, await Journal("rewritten-other")),
            StringComparison.Ordinal);
        Assert.Contains("the entries end at", Refused(certificate, keys, [.. journal.Take(at)]),
            StringComparison.Ordinal);

        List<byte[]> With(int place, Func<Entry.OutcomeReported, Entry> change)
        {
            var to = new ArrayBufferWriter<byte>();
            EntryCodec.Write(to, change((Entry.OutcomeReported)EntryCodec.Read(journal[place])));
            List<byte[]> rewritten = [.. journal];
            rewritten[place] = to.WrittenSpan.ToArray();
            return rewritten;
        }
    }

    private async Task Used(string tenant, string more = "")
    {
        await _gateway.Tenant(tenant, Plan, more);
        foreach (var id in (string[])["o-1", "o-2", "o-3"])
            await _gateway.Admin.PostAs(One, "/v1/events",
                Report.Outcome(id, tenant, """ "end_customer":"u-9" """)).Is(HttpStatusCode.Created);
    }

    private Task<List<byte[]>> Journal(string tenant) => Support.Signed.Journal(_gateway, tenant);

    private Task<byte[]> Keys() => Support.Signed.Keys(_gateway);

    private static Task<string> Jose(HttpClient client, string path) => Support.Signed.Jose(client, path);

    private static JsonObject Payload(string certificate) => Support.Signed.Payload(certificate);

    private static void Replayed(string signed, byte[] keys, List<byte[]> journal) =>
        Support.Signed.Replay(signed, keys, journal);

    private static string Refused(string signed, byte[] keys, List<byte[]> journal) =>
        Assert.ThrowsAny<CertificateException>(() => Support.Signed.Replay(signed, keys, journal)).Message;

    private static string Encoded(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private string Signed(JsonObject payload) => _gateway.Services.GetRequiredService<CertificateKeys>()
        .Sign("metering-certificate-1", Encoding.UTF8.GetBytes(payload.ToJsonString()));
}
