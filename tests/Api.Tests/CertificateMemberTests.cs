using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Core;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// Whoever has the true key can sign anything: a change of any one member is refused all the same, by the certificate
/// alone where it contradicts itself, else by the entries, and the member is named (D2).
/// </summary>
public class CertificateMemberTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT1H","after_window":"credit"}]}
        """;
    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData("outcomes/o-1/certificate")]
    [InlineData("outcomes/o-2/certificate")]
    [InlineData("outcomes/o-3/certificate")]
    [InlineData("entries/3/certificate")]
    [InlineData("entries/1/certificate")]
    [InlineData("statements/2026-11-01/head")]
    [InlineData("heads")]
    public async Task Each_member_that_is_changed_is_refused_by_name_though_the_true_key_signed_it(string path)
    {
        var tenant = await History();
        var (journal, keys) = (await Support.Signed.Journal(_gateway, tenant), await Support.Signed.Keys(_gateway));
        var signed = path == "heads"
            ? (string)(await _gateway.Admin.Get($"/v1/tenants/{tenant}/heads").Is(HttpStatusCode.OK))
                ["data"]![1]!["signed"]!
            : await Support.Signed.Jose(_gateway.Admin, $"/v1/tenants/{tenant}/{path}");
        Support.Signed.Replay(signed, keys, journal);
        var payload = Support.Signed.Payload(signed);
        var type = (string)payload["format"]!;
        Support.Signed.Replay(Sign(type, payload), keys, journal);

        var planted = 0;
        foreach (var (member, plant) in Changes(payload, ""))
        {
            var changed = payload.DeepClone().AsObject();
            plant(changed);
            // The signer's own word, of which nothing else knows.
            if (member == "issued_at") continue;
            var refused = Record.Exception(() => Support.Signed.Replay(Sign(type, changed), keys, journal));
            Assert.True(refused is CertificateException, $"{member} passes, or {refused}: {changed.ToJsonString()}");
            // Another tenant's chain is another; what is not there at all is no certificate.
            var name = member is "tenant" ? "hash" : member.Split('.')[^1];
            Assert.True(refused.Message.Contains(name, StringComparison.Ordinal)
                || refused.Message.Contains("its payload is not", StringComparison.Ordinal)
                || member.StartsWith("outcome.charges.", StringComparison.Ordinal)
                    && refused.Message.Contains("outcome.charges[", StringComparison.Ordinal),
                $"{member}: {refused.Message}");
            planted++;
        }
        Assert.True(planted >= 6, $"{planted}");
    }

    [Fact]
    public async Task A_certificate_that_a_forger_kept_free_of_contradictions_parts_from_the_entries_by_name()
    {
        var tenant = await History();
        var (journal, keys) = (await Support.Signed.Journal(_gateway, tenant), await Support.Signed.Keys(_gateway));
        var payload = Support.Signed.Payload(
            await Support.Signed.Jose(_gateway.Admin, $"/v1/tenants/{tenant}/outcomes/o-2/certificate"));
        Is<EntriesPartException>("outcome.charges[0].unit_price", ("outcome/charges/0/unit_price", "\"0.01\""),
            ("outcome/charges/0/amount", "\"0.01\""), ("outcome/amount", "\"0.01\""));
        Is<EntriesPartException>("outcome.currency", ("outcome/currency", "\"EUR\""));
        Is<EntriesPartException>("outcome.charges[0].source", ("outcome/charges/0/source", "\"included\""));
        Is<EntriesPartException>("rules ", ("rules", $"\"{new string('a', 64)}\""));
        // Another rule set is as true as this one, at another time.
        Is<CertificateException>("rules_at", ("rules_at", "\"2026-11-21T09:30:00.000Z\""));
        Is<CertificateException>("outcome.amount", ("outcome/amount", "\"0.01\""));
        Is<CertificateException>("charges[0].amount", ("outcome/charges/0/units", "2"));
        Is<CertificateException>("outcome.quantity", ("outcome/charges/0/units", "2"),
            ("outcome/charges/0/amount", "\"1.98\""), ("outcome/amount", "\"1.98\""));
        Is<CertificateException>("how an amount is written", ("outcome/charges/0/unit_price", "\"0.990\""));
        Is<CertificateException>("its amounts come to more than", ("outcome/charges/0/credits", "\"9000000000000\""),
            ("outcome/charges/1", """
                {"source":"included","units":1,"unit_price":"0.00","amount":"0.00","credits":"9000000000000"}
                """));
        Is<CertificateException>("outcome.period", ("outcome/period", "\"2026-08-01\""));
        Is<CertificateException>("outcome.billable_reason", ("outcome/billable_reason", "\"confirmed\""));
        Is<CertificateException>("outcome.window.ended_at",
            ("outcome/window/ended_at", "\"2026-11-21T12:00:00.000Z\""));
        Is<CertificateException>("$.outcome.paid", ("outcome/paid", "true"));
        Is<CertificateException>("payload", ("outcome/window", "null"));
        Is<CertificateException>("payload", ("outcome/charges", "null"));
        Is<CertificateException>("payload", ("outcome/currency", "null"));

        void Is<T>(string reason, params (string Path, string Value)[] changes) where T : CertificateException
        {
            var changed = payload.DeepClone();
            foreach (var (path, value) in changes) Put(changed, path.Split('/'), JsonNode.Parse(value));
            var refused = Assert.Throws<T>(
                () => Support.Signed.Replay(Sign("metering-certificate-1", changed), keys, journal));
            Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
            if (typeof(T) == typeof(CertificateException))
                Assert.Throws<CertificateException>(() => Proof.Read(Sign("metering-certificate-1", changed), keys));
        }
    }

    [Fact]
    public async Task An_older_entry_of_the_same_outcome_is_not_the_one_that_decided_it()
    {
        var tenant = await History();
        var (journal, keys) = (await Support.Signed.Journal(_gateway, tenant), await Support.Signed.Keys(_gateway));
        var at = journal.FindIndex(bytes => EntryCodec.Read(bytes) is Entry.OutcomeReported { OutcomeId: "o-1" }) + 1;
        var payload = Support.Signed.Payload(
            await Support.Signed.Jose(_gateway.Admin, $"/v1/tenants/{tenant}/outcomes/o-1/certificate"));
        var older = Support.Signed.Payload(
            await Support.Signed.Jose(_gateway.Admin, $"/v1/tenants/{tenant}/entries/{at}/certificate"));
        foreach (var member in (string[])["entry", "counters"]) payload[member] = older[member]!.DeepClone();
        var refused = Assert.ThrowsAny<CertificateException>(
            () => Support.Signed.Replay(Sign("metering-certificate-1", payload), keys, journal));
        Assert.Contains("outcome.status", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_credited_certificate_says_what_was_taken_back_and_one_of_before_it_did_is_still_good()
    {
        var tenant = await History();
        var (journal, keys) = (await Support.Signed.Journal(_gateway, tenant), await Support.Signed.Keys(_gateway));
        var payload = Support.Signed.Payload(
            await Support.Signed.Jose(_gateway.Admin, $"/v1/tenants/{tenant}/outcomes/o-1/certificate"));
        Assert.Equal(("credited", "0.99", "escalated", true), ((string?)payload["outcome"]!["status"],
            (string?)payload["outcome"]!["credit"]!["amount"], (string?)payload["outcome"]!["credit"]!["reason"],
            (bool)payload["outcome"]!["handed_off"]!));
        payload["outcome"]!.AsObject().Remove("credit");
        Support.Signed.Replay(Sign("metering-certificate-1", payload), keys, journal);
    }

    [Fact]
    public async Task The_head_of_a_day_is_of_its_last_entry()
    {
        var tenant = await History();
        var (journal, keys) = (await Support.Signed.Journal(_gateway, tenant), await Support.Signed.Keys(_gateway));
        var row = (await _gateway.Admin.Get($"/v1/tenants/{tenant}/heads").Is(HttpStatusCode.OK))["data"]!.AsArray()
            .Last(one => (string?)one!["day"] == "2026-11-21")!;
        var payload = Support.Signed.Payload((string)row["signed"]!);
        var earlier = (int)payload["sequence"]! - 1;
        var certificate = Support.Signed.Payload(await Support.Signed.Jose(_gateway.Admin,
            $"/v1/tenants/{tenant}/entries/{earlier}/certificate"));
        (payload["sequence"], payload["hash"], payload["at"]) = (earlier,
            certificate["entry"]!["hash"]!.DeepClone(), certificate["entry"]!["at"]!.DeepClone());
        var refused = Assert.Throws<EntriesPartException>(
            () => Support.Signed.Replay(Sign("metering-head-1", payload), keys, journal));
        Assert.Contains($"part at entry {earlier + 1}: it is of day 2026-11-21 too", refused.Message,
            StringComparison.Ordinal);
    }

    /// <summary>o-1 was credited after it left memory; o-2 is billable, under a rule set that was changed since; o-3 is
    /// pending; two days are over.</summary>
    private async Task<string> History()
    {
        var tenant = "members-" + Guid.NewGuid().ToString("n")[..8];
        await _gateway.Tenant(tenant, Plan, ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        foreach (var id in (string[])["o-1", "o-2"])
            await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome(id, tenant)).Is(HttpStatusCode.Created);
        await Move(tenant, "2027-01-20T00:00:00Z");
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Event("outcome.escalated", "o-1-back", tenant,
            """ "outcome_id":"o-1" """)).Is(HttpStatusCode.Created);
        await _gateway.Admin.Put($"/v1/tenants/{tenant}/caps/monthly",
            """{"limit":{"units":9},"at_limit":{"action":"pause"}}""").Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("o-3", tenant)).Is(HttpStatusCode.Created);
        await Move(tenant, "2027-01-22T00:00:00Z");
        return tenant;
    }

    private Task<JsonObject> Move(string tenant, string to) =>
        _gateway.Admin.Post($"/v1/tenants/{tenant}/clock", $$"""{"to":"{{to}}"}""").Is(HttpStatusCode.OK);

    private string Sign(string type, JsonNode payload) => _gateway.Services.GetRequiredService<CertificateKeys>()
        .Sign(type, Encoding.UTF8.GetBytes(payload.ToJsonString()));

    /// <summary>Each leaf, with something else of its kind in its place; and without it.</summary>
    private static IEnumerable<(string Member, Action<JsonNode> Plant)> Changes(JsonNode payload, string at)
    {
        IEnumerable<(string Name, JsonNode? Value)> members = payload is JsonObject some
            ? some.Select(pair => (pair.Key, pair.Value))
            : payload.AsArray().Select((value, i) => (i.ToString(CultureInfo.InvariantCulture), value));
        foreach (var (name, value) in members)
        {
            var path = at.Length == 0 ? name : $"{at}/{name}";
            if (value is JsonObject or JsonArray { Count: > 0 })
                foreach (var inner in Changes(value, path)) yield return inner;
            else yield return (Member(path), changed => Put(changed, path.Split('/'), Other(value)));
            if (value is not null && name != "counters" && payload is JsonObject && name != "outcome"
                && name != "credit")
                yield return (Member(path), changed => Put(changed, path.Split('/'), null));
        }
    }

    private static string Member(string path) => path.Replace('/', '.');

    private static JsonNode? Other(JsonNode? value) => value switch
    {
        null => JsonValue.Create("2026-11-21T12:00:00.000Z"),
        JsonArray => new JsonArray(JsonNode.Parse(
            """{"source":"on_demand","units":1,"unit_price":"0.00","amount":"0.00","credits":"0"}""")),
        JsonValue one when one.TryGetValue(out bool flag) => JsonValue.Create(!flag),
        JsonValue one when one.TryGetValue(out long number) => JsonValue.Create(number + 1),
        JsonValue one when Instant.TryParse((string)one!, out var time) => JsonValue.Create((time
            + TimeSpan.FromHours(-1)).ToString()),
        JsonValue one when DateOnly.TryParse((string)one!, CultureInfo.InvariantCulture, out var date) =>
            JsonValue.Create(date.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
        JsonValue one when Amount.TryParse((string)one!, out var amount) && ((string)one!).Length < 12 =>
            JsonValue.Create((amount + Amount.Parse("1")).ToString(((string)one!).Contains('.') ? 2 : 0)),
        JsonValue one when ((string)one!).Length >= 64 => JsonValue.Create(
            (((string)one!)[0] == 'a' ? 'b' : 'a') + ((string)one!)[1..]),
        _ => JsonValue.Create((string)value! switch
        {
            "credited" => "billable",
            "open" => "closed",
            "closed" => "open",
            "on_demand" => "included",
            "USD" => "EUR",
            _ => "another",
        }),
    };

    private static void Put(JsonNode at, string[] path, JsonNode? value)
    {
        foreach (var name in path[..^1])
            at = at is JsonArray list ? list[int.Parse(name, CultureInfo.InvariantCulture)]! : at[name]!;
        if (at is JsonArray into)
        {
            var index = int.Parse(path[^1], CultureInfo.InvariantCulture);
            if (index < into.Count) into[index] = value;
            else into.Add(value);
        }
        else at[path[^1]] = value;
    }
}
