using Microsoft.AspNetCore.Server.Kestrel.Core;
using MeteringGateway.LoadTests;

namespace MeteringGateway.Kafka.Tests;

/// <summary>Spans go to a collector by gRPC, unless a setting says otherwise.</summary>
public sealed class GrpcTraceTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-trace").FullName;
    private Collector _collector = null!;

    public async Task InitializeAsync() => _collector = await Collector.Start(HttpProtocols.Http2);

    public async Task DisposeAsync()
    {
        await _collector.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("grpc")]
    public async Task A_collector_that_speaks_gRPC_is_told_of_each_request(string? protocol)
    {
        var settings = new Dictionary<string, string>
        {
            ["METERING__TRACING__ENDPOINT"] = _collector.Url, ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        };
        if (protocol is not null) settings["METERING__TRACING__PROTOCOL"] = protocol;
        using var gateway = GatewayServer.Start(Options.DefaultDll(), _directory, settings: settings);
        using var http = gateway.Administrator();
        for (var i = 0; i < 3; i++)
            using (await http.GetAsync(new Uri("/v1/tenants/zoo/caps", UriKind.Relative))) { }
        const string name = "GET /v1/tenants/{tenant}/caps";
        await Bed.Until(() => Task.FromResult(_collector.Spans.Count(span => span.Name == name) == 3),
            () => Task.FromResult(string.Join('\n', _collector.Spans)));
        Assert.All(_collector.Spans, span => Assert.Equal("metering-gateway", span.Service));

        // What was not yet told is told at the end.
        using (await http.GetAsync(new Uri("/v1/tenants/zoo/usage", UriKind.Relative))) { }
        Assert.Equal(0, gateway.Process.Stop());
        Assert.Single(_collector.Spans, span => span.Name == "GET /v1/tenants/{tenant}/usage");
    }
}
