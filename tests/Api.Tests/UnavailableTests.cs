using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Api.Tests;

/// <summary>N4: a tenant that something is wrong with harms no other.</summary>
public class UnavailableTests : IAsyncLifetime
{
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await Gateway.Start();
        await _gateway.Tenant("sound");
        await Damaged("broken");
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task N4_a_batch_that_names_it_is_taken_but_for_its_events()
    {
        var (a, b, c) = (Report.Outcome("a", "broken"), Report.Outcome("b", "sound"), Report.Outcome("c", "broken"));
        var events = $"[{a},{b},{c}]";
        var answer = await _gateway.Admin.PostAs("application/cloudevents-batch+json", "/v1/events", events)
            .Is(HttpStatusCode.OK);

        Assert.Equal((1, 2), ((int)answer["accepted"]!, (int)answer["rejected"]!));
        Assert.Equal(["tenant_unavailable", null, "tenant_unavailable"],
            answer["results"]!.AsArray().Select(result => (string?)result!["problem"]?["code"]));
        await _gateway.Admin.Get("/v1/tenants/sound/outcomes/b").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task N4_it_is_answered_503_with_when_to_come_again_and_the_others_are_served()
    {
        foreach (var path in (string[])["", "/usage", "/statements", "/outcomes"])
        {
            using var response = await _gateway.Admin.Get("/v1/tenants/broken" + path);
            await Task.FromResult(response).IsProblem(HttpStatusCode.ServiceUnavailable, "tenant_unavailable");
            Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 300);
        }
        var listed = await _gateway.Admin.Get("/v1/tenants").Is(HttpStatusCode.OK);
        Assert.Equal(["sound"], listed["data"]!.AsArray().Select(tenant => (string?)tenant!["id"]));
        Assert.Equal("""["broken"]""", listed["unavailable"]!.ToJsonString());
        var needy = await _gateway.Admin.Get("/v1/attention").Is(HttpStatusCode.OK);
        Assert.Equal(["""{"tenant":"broken","state":"paused","key":null,"reason":null,"limit":null}"""],
            needy["data"]!.AsArray().Select(row => row!.ToJsonString()));
        using var metrics = await _gateway.Admin.Get("/metrics");
        Assert.Equal(HttpStatusCode.OK, metrics.StatusCode);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("a", "sound"))
            .Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task N4_the_process_that_has_it_says_degraded_and_every_one_stays_ready()
    {
        await _gateway.Admin.Get("/v1/tenants/broken/usage").Is(HttpStatusCode.ServiceUnavailable);

        foreach (var path in (string[])["/health", "/health/ready"])
        {
            var said = new HashSet<string>();
            for (var i = 0; i < 6; i++) // whichever answers, of a few
            {
                var health = await _gateway.Anyone.Get(path).Is(HttpStatusCode.OK);
                Assert.Contains((string?)health["edition"], (string[])["embedded", "silo"]);
                said.Add($"{health["status"]} {health["unavailable_tenants"]}");
            }
            Assert.Contains("degraded 1", said);
            said.Remove("degraded 1");
            Assert.Empty(said.Except(["ready "]));
        }
    }

    [FactInOneProcess]
    public async Task N4_health_says_degraded_and_stays_ready()
    {
        Assert.Equal("ready", (string?)(await _gateway.Anyone.Get("/health").Is(HttpStatusCode.OK))["status"]);
        await _gateway.Admin.Get("/v1/tenants/broken/usage").Is(HttpStatusCode.ServiceUnavailable);

        foreach (var path in (string[])["/health", "/health/ready"])
            Assert.Equal("""{"status":"degraded","edition":"embedded","unavailable_tenants":1}""",
                (await _gateway.Anyone.Get(path).Is(HttpStatusCode.OK)).ToJsonString());
    }

    // A journal whose chain is whole, and whose one entry is of no known kind.
    private async Task Damaged(string tenant)
    {
        byte[] entry = [255, 1, 2];
        var first = SHA256.HashData([.. "metering-journal-v1\0"u8, .. Encoding.UTF8.GetBytes(tenant)]);
        var batch = new TenantBatch(tenant, first, 1, 1, new byte[] { 3, 255, 1, 2 },
            SHA256.HashData([.. first, .. entry]), null, [], [], [], []) { Severity = Core.LimitState.Paused };
        var results = await _gateway.Services.GetRequiredService<IStore>().Append([batch], default);
        Assert.Equal(AppendResult.Written, results.Single());
    }
}
