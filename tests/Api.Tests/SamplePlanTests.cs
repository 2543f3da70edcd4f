namespace MeteringGateway.Api.Tests;

/// <summary>Every plan among the samples can be put, agreed to, and read by its buyers.</summary>
public class SamplePlanTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Each_sample_plan_is_valid_and_has_its_pricing_page()
    {
        var files = Directory.GetFiles(Repository.File("samples/plans"), "*.json");
        Assert.True(files.Length > 10);
        foreach (var file in files)
        {
            var id = Path.GetFileNameWithoutExtension(file);
            await _gateway.Admin.Put($"/v1/plans/{id}", await File.ReadAllTextAsync(file)).Is(HttpStatusCode.Created);
            await _gateway.Admin.Put($"/v1/tenants/{id}", $$"""{"name":"{{id}}","plan":"{{id}}"}""")
                .Is(HttpStatusCode.Created);
            var page = await _gateway.Anyone.Get($"/v1/plans/{id}/page").Is(HttpStatusCode.OK);
            Assert.All(page["outcomes"]!.AsArray(), outcome => Assert.NotEmpty(outcome!["prices"]!.AsArray()));
            using var html = await _gateway.Anyone.Send(HttpMethod.Get, $"/v1/plans/{id}/page", null, "",
                ("Accept", "text/html"));
            Assert.Equal(HttpStatusCode.OK, html.StatusCode);
            await _gateway.Admin.Get($"/v1/tenants/{id}/usage").Is(HttpStatusCode.OK);
            await _gateway.Admin.Get($"/v1/tenants/{id}/statements/current").Is(HttpStatusCode.OK);
        }
    }
}
