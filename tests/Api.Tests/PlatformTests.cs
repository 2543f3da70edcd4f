using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;

namespace MeteringGateway.Api.Tests;

/// <summary>What the API takes for granted of its packages.</summary>
public sealed class PlatformTests
{
    [Fact]
    public async Task A_route_answers_without_a_socket()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        await using var app = builder.Build();
        app.MapGet("/ping", () => "pong");
        await app.StartAsync();

        Assert.Equal("pong", await app.GetTestClient().GetStringAsync(new Uri("/ping", UriKind.Relative)));
    }
}
