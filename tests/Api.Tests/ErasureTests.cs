using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests;

/// <summary>Erasure (D2): what is stored of a person goes, and what was decided and is owed stays and can be proved.</summary>
public class ErasureTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task What_is_stored_of_an_end_customer_goes_and_the_chain_counters_and_statement_stay()
    {
        await _gateway.Tenant("erased");
        foreach (var (id, customer) in new[] { ("o-1", "u%2F9 ä"), ("o-2", "u-8"), ("o-3", "u%2F9 ä") })
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome(id, "erased",
                $""" "end_customer":"{Uri.UnescapeDataString(customer)}","metadata":{"{"}"of":"{id}"{"}"} """))
                .Is(HttpStatusCode.Created);
        var certificate = await Support.Signed.Jose(_gateway.Admin, "/v1/tenants/erased/outcomes/o-1/certificate");
        var before = await Told();

        using var customers = await _gateway.Role("customer", "erased");
        await customers.Delete("/v1/tenants/erased/end-customers/u-8")
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        var path = "/v1/tenants/erased/end-customers/" + Uri.EscapeDataString("u/9 ä");
        Assert.Equal(2, (int?)(await _gateway.Admin.Delete(path).Is(HttpStatusCode.OK))["erased"]);
        Assert.Equal(0, (int?)(await _gateway.Admin.Delete(path).Is(HttpStatusCode.OK))["erased"]);

        foreach (var (id, customer, metadata) in new[] { ("o-1", null, "{}"), ("o-2", "u-8", """{"of":"o-2"}"""),
            ("o-3", null, "{}") })
        {
            var outcome = await _gateway.Admin.Get($"/v1/tenants/erased/outcomes/{id}").Is(HttpStatusCode.OK);
            Assert.Equal((customer, metadata),
                ((string?)outcome["end_customer"], outcome["metadata"]!.ToJsonString()));
        }
        Assert.Equal(before, await Told());
        // D4: who did it, when, and of how many events; of whom is said nowhere.
        var noted = (await _gateway.Admin.Get("/v1/tenants/erased/entries?limit=1000").Is(HttpStatusCode.OK))["data"]!
            .AsArray().Where(entry => (string?)entry!["kind"] == "detail_erased").ToList();
        Assert.Equal(["""{"events":2}"""], noted.Select(one => one!["data"]!.ToJsonString()));
        Assert.All(noted, one => Assert.Equal("admin", (string?)one!["actor"]!["role"]));
        Support.Signed.Replay(certificate, await Support.Signed.Keys(_gateway),
            await Support.Signed.Journal(_gateway, "erased"));
        // Who comes again is stored anew.
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
            Report.Outcome("o-4", "erased", """ "end_customer":"u/9 ä" """)).Is(HttpStatusCode.Created);
        Assert.Equal(1, (int?)(await _gateway.Admin.Delete(path).Is(HttpStatusCode.OK))["erased"]);
        await _gateway.Admin.Delete("/v1/tenants/nobody/end-customers/u-8")
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");

        // Every entry but those of erasures, and what is owed; the statement's head moves with the journal.
        async Task<string> Told()
        {
            var entries = (await _gateway.Admin.Get("/v1/tenants/erased/entries?limit=1000").Is(HttpStatusCode.OK))
                ["data"]!.AsArray().Where(entry => (string?)entry!["kind"] != "detail_erased")
                .Select(entry => entry!.ToJsonString());
            var statement = await _gateway.Admin.Get("/v1/tenants/erased/statements/current").Is(HttpStatusCode.OK);
            statement.Remove("head");
            return string.Join('\n', entries) + statement.ToJsonString();
        }
    }

    [Fact]
    public async Task Who_was_erased_is_not_in_the_log()
    {
        await using var gateway = await Gateway.Start(lowest: LogLevel.Information);
        await gateway.Tenant("unlogged");
        await gateway.Admin.Delete("/v1/tenants/unlogged/end-customers/jane-doe").Is(HttpStatusCode.OK);
        using var agent = await gateway.Role("agent");
        await agent.Delete("/v1/tenants/unlogged/end-customers/jane-doe")
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");

        // What the framework would say of each request is off, unless somebody sets it.
        var ours = gateway.Log.Lines.Where(line => line.Contains(" by key ", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, ours.Count(line => line.Contains("end-customers/{id}", StringComparison.Ordinal)));
        Assert.DoesNotContain(ours, line => line.Contains("jane-doe", StringComparison.Ordinal));
    }
}
