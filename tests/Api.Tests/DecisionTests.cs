namespace MeteringGateway.Api.Tests;

/// <summary>
/// EVE CoreGuard's scenario (<c>tests/Core.Tests/Scenarios/systems/eve-coreguard.txt</c>) over HTTP: every decision is
/// governed, journalled, signed, and replayed by whoever holds its certificate (A3, D2).
/// </summary>
public class DecisionTests(Started started) : IClassFixture<Started>
{
    private const string Tenant = "granite";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Every_governed_decision_is_signed_and_replays_A3_D2()
    {
        await _gateway.Tenant(Tenant, Repository.Read("samples/plans/eve-coreguard.json"),
            ""","test_clock":{"start":"2026-11-10T00:00:00Z"}""");
        using var agent = await _gateway.Role("agent", Tenant);
        using var auditor = await _gateway.Role("auditor", Tenant);

        var decisions = new List<(long Sequence, string Decision)>();
        await Record("allow");
        await Report("g1", 1);
        await Report("bulk", 89_999);
        await Record("allow");
        await Report("rest", 10_000);
        await Record("handoff");
        await _gateway.Admin.Post($"/v1/tenants/{Tenant}/pause", """{"action":"pause","reason":"audit"}""")
            .Is(HttpStatusCode.NoContent);
        await Record("pause");
        await _gateway.Admin.Post($"/v1/tenants/{Tenant}/resume", "").Is(HttpStatusCode.NoContent);
        await _gateway.Admin.Post($"/v1/tenants/{Tenant}/clock", """{"to":"2026-12-05T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
        await Record("allow"); // the next licence

        // Each is an entry, and each entry has a certificate that says what was decided and that the journal agrees.
        var entries = (await auditor.Get($"/v1/tenants/{Tenant}/entries?limit=1000").Is(HttpStatusCode.OK))["data"]!
            .AsArray();
        var recorded = entries.Where(entry => (string?)entry!["kind"] == "decision_recorded").ToList();
        Assert.Equal(decisions.Select(one => one.Decision),
            recorded.Select(entry => (string?)entry!["data"]!["decision"]!["kind"]));
        var (keys, journal) = (await Support.Signed.Keys(_gateway), await Support.Signed.Journal(_gateway, Tenant));
        foreach (var entry in recorded)
        {
            var certificate = await Support.Signed.Jose(auditor,
                $"/v1/tenants/{Tenant}/entries/{entry!["sequence"]}/certificate");
            foreach (var member in (string[])["sequence", "at", "kind", "previous_hash", "hash"])
                Assert.True(JsonNode.DeepEquals(entry[member],
                    Support.Signed.Payload(certificate)["entry"]![member]), member);
            Support.Signed.Replay(certificate, keys, journal);
            // And with one entry before it told otherwise, it does not.
            var told = journal.ToList();
            (told[1], told[2]) = (told[2], told[1]);
            Assert.ThrowsAny<Exception>(() => Support.Signed.Replay(certificate, keys, told));
        }
        foreach (var outcome in (string[])["g1", "bulk", "rest"])
            Support.Signed.Replay(await Support.Signed.Jose(auditor,
                $"/v1/tenants/{Tenant}/outcomes/{outcome}/certificate"), keys, journal);

        async Task Record(string expected)
        {
            var decision = await agent.Post($"/v1/tenants/{Tenant}/check",
                """{"outcome_type":"decision.governed","agent":"pricing-bot","record":true}""").Is(HttpStatusCode.OK);
            Assert.Equal(expected, (string?)decision["decision"]);
            decisions.Add(((long)decision["sequence"]!, expected));
        }

        Task Report(string id, int quantity) => agent.PostAs("application/cloudevents+json", "/v1/events",
            Support.Report.Event("outcome.reported", id, Tenant,
                $$""" "outcome_type":"decision.governed","quantity":{{quantity}},"agent":"pricing-bot" """))
            .Is(HttpStatusCode.Created);
    }
}
