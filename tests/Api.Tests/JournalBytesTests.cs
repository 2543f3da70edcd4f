using System.Text;
using MeteringGateway.Api.Certificates;

namespace MeteringGateway.Api.Tests;

/// <summary>The buyer fetches what a certificate is replayed with, of its own tenant and of no other (D2).</summary>
public class JournalBytesTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Finance_replays_a_certificate_with_what_it_fetched_itself()
    {
        await _gateway.Tenant("own-bytes");
        foreach (var id in (string[])["o-1", "o-2"])
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Outcome(id, "own-bytes", """ "end_customer":"mrs.doe@example.org" """))
                .Is(HttpStatusCode.Created);
        using var finance = await _gateway.Role("finance", "own-bytes");
        var certificate = await Support.Signed.Jose(finance, "/v1/tenants/own-bytes/outcomes/o-1/certificate");
        var lines = await Lines(finance, "/v1/tenants/own-bytes/journal");

        Assert.Equal(Enumerable.Range(1, lines.Count), lines.Select(line => (int)line["sequence"]!));
        Assert.All(lines, line => Assert.Equal("own-bytes", (string?)line["tenant"]));
        var comparison = new Comparison(Proof.Read(certificate, await Support.Signed.Keys(_gateway)));
        foreach (var line in lines)
            if (!comparison.IsDone)
                comparison.Take(Convert.FromBase64String((string)line["bytes"]!),
                    Convert.FromHexString((string)line["hash"]!));
        comparison.End();
        Assert.DoesNotContain(lines, line => Encoding.UTF8.GetString(
            Convert.FromBase64String((string)line["bytes"]!)).Contains("doe@", StringComparison.Ordinal));
        Assert.Equal([2, 3], (await Lines(finance, "/v1/tenants/own-bytes/journal?after=1")).Take(2)
            .Select(line => (int)line["sequence"]!));
    }

    [Fact]
    public async Task After_the_last_number_that_there_is_comes_nothing()
    {
        await _gateway.Tenant("last-bytes");
        foreach (var after in (long[])[1_000, long.MaxValue - 1, long.MaxValue])
        {
            Assert.Empty(await Lines(_gateway.Admin, $"/v1/tenants/last-bytes/journal?after={after}"));
            var page = await _gateway.Admin.Get($"/v1/tenants/last-bytes/entries?after={after}").Is(HttpStatusCode.OK);
            Assert.Empty(page["data"]!.AsArray());
            Assert.Empty((await _gateway.Admin.Get($"/v1/tenants/last-bytes/outcomes?changed_after={after}")
                .Is(HttpStatusCode.OK))["data"]!.AsArray());
        }
    }

    [Fact]
    public async Task Nobody_else_fetches_it()
    {
        await _gateway.Tenant("shy-bytes");
        await _gateway.Tenant("nosy-bytes");
        using var neighbour = await _gateway.Role("finance", "nosy-bytes");
        await neighbour.Get("/v1/tenants/shy-bytes/journal").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        foreach (var role in (string[])["agent", "customer", "billing"])
        {
            using var other = await _gateway.Role(role, "shy-bytes");
            await other.Get("/v1/tenants/shy-bytes/journal").IsProblem(HttpStatusCode.Forbidden, "forbidden");
        }
        await _gateway.Admin.Get("/v1/tenants/none-bytes/journal")
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        await _gateway.Admin.Get("/v1/tenants/shy-bytes/journal?after=x")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    private static async Task<List<JsonObject>> Lines(HttpClient client, string path)
    {
        using var response = await client.Get(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return [.. (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!.AsObject())];
    }
}
