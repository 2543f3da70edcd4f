using System.Diagnostics;
using System.Text.RegularExpressions;

namespace MeteringGateway.Api.Tests;

/// <summary>Samples of a closed period (O8): everybody draws the same, and nobody can choose.</summary>
public class SampleTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    [FactIfInstalled("python3")]
    public async Task A_sample_is_the_same_for_both_sides_and_anybody_can_draw_it_again()
    {
        const string tenant = "sampled";
        await Closed(tenant, 40);
        using var buyer = await _gateway.Role("customer", tenant);
        using var vendor = await _gateway.Role("billing", tenant);
        var path = $"/v1/tenants/{tenant}/outcomes/sample?period=2026-11-01&n=7";
        var sample = await buyer.Get(path).Is(HttpStatusCode.OK);
        Assert.Equal(sample.ToJsonString(), (await vendor.Get(path).Is(HttpStatusCode.OK)).ToJsonString());
        Assert.Equal(40, (int)sample["population"]!);
        var statement = await buyer.Get($"/v1/tenants/{tenant}/statements/2026-11-01").Is(HttpStatusCode.OK);
        Assert.True(JsonNode.DeepEquals(statement["head"], sample["head"]));

        var drawn = Ids(sample);
        Assert.Equal(7, drawn.Distinct().Count());
        using var csv = await buyer.Send(HttpMethod.Get, $"/v1/tenants/{tenant}/outcomes?period=2026-11-01", null, "",
            ("Accept", "text/csv"));
        Assert.Equal(drawn, await Redraw(await csv.Content.ReadAsByteArrayAsync(), tenant,
            (string)sample["head"]!["hash"]!));

        // What is decided of an outcome later changes no rank; a larger sample begins with the smaller one.
        await buyer.Post($"/v1/tenants/{tenant}/outcomes/{drawn[0]}/verdict", """{"verdict":"rejected"}""")
            .Is(HttpStatusCode.Created);
        Assert.Equal(drawn, Ids(await buyer.Get(path).Is(HttpStatusCode.OK)));
        var all = Ids(await buyer.Get(path.Replace("n=7", "n=1000", StringComparison.Ordinal)).Is(HttpStatusCode.OK));
        Assert.Equal(40, all.Length);
        Assert.Equal(drawn, all[..7]);
        Assert.NotEqual(all.Order(StringComparer.Ordinal), all);
        Assert.Empty(Ids(await buyer.Get(path + "&outcome_type=other").Is(HttpStatusCode.OK)));
        Assert.Empty(Ids(await buyer.Get(path + "&status=pending").Is(HttpStatusCode.OK)));
        foreach (var wrong in (string[])["n=0&period=2026-11-01", "n=1001&period=2026-11-01", "period=2026-11-01",
            "n=5", "n=5&period=november", "n=5&period=2026-11-01&status=great"])
            await buyer.Get($"/v1/tenants/{tenant}/outcomes/sample?{wrong}")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await buyer.Get($"/v1/tenants/{tenant}/outcomes/sample?n=5&period=2020-01-01")
            .IsProblem(HttpStatusCode.NotFound, "unknown_period");
        await buyer.Get($"/v1/tenants/{tenant}/outcomes/sample?n=5&period=2026-12-01")
            .IsProblem(HttpStatusCode.Conflict, "period_not_closed");
    }

    private async Task Closed(string tenant, int outcomes)
    {
        await _gateway.Tenant(tenant, Gateway.Plan, ""","test_clock":{"start":"2026-11-01T09:00:00Z"}""");
        for (var i = 0; i < outcomes; i++)
            await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome($"c-{i:d2}", tenant))
                .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post($"/v1/tenants/{tenant}/clock", """{"to":"2026-12-20T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
    }

    private static string[] Ids(JsonObject sample) =>
        [.. sample["data"]!.AsArray().Select(outcome => (string)outcome!["outcome_id"]!)];

    /// <summary>With the example of <c>docs/disputes.md</c>, as it stands there, with nothing of ours.</summary>
    private static async Task<string[]> Redraw(byte[] csv, string tenant, string head)
    {
        var folder = Directory.CreateTempSubdirectory("metering").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "draw.py"), Example());
            await File.WriteAllBytesAsync(Path.Combine(folder, "outcomes.csv"), csv);
            using var process = Process.Start(new ProcessStartInfo("python3",
                [Path.Combine(folder, "draw.py"), Path.Combine(folder, "outcomes.csv"), tenant, "2026-11-01", head, "7"])
            { RedirectStandardOutput = true })!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Example()
    {
        var page = Repository.Read("docs/disputes.md");
        return Assert.Single(Regex.Matches(page, "```python\n(.*?)```", RegexOptions.Singleline)).Groups[1].Value;
    }
}
