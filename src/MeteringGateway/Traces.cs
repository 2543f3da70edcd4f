using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace MeteringGateway;

/// <summary>
/// Spans go to a collector by OTLP, from the start to the end of the host. Whatever OpenTelemetry has variables for is
/// as they say; a setting of ours goes before them.
/// </summary>
internal sealed class Traces(MeteringSettings settings) : IHostedService
{
    /// <summary>What a collector that does not answer may hold up an end.</summary>
    private const int ShutdownMilliseconds = 3_000;

    private TracerProvider? _provider;

    public static bool AreOn(IConfiguration configuration) => !string.IsNullOrWhiteSpace(
        configuration["Metering:Tracing:Endpoint"] ?? configuration[TracingSettings.StandardEndpoint]);

    /// <summary>First, so that it ends last.</summary>
    public static void Add(WebApplicationBuilder builder) => builder.Services.AddHostedService<Traces>();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _provider = OpenTelemetry.Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(Configuration(settings.Tracing)))
            .ConfigureResource(resource => resource.AddService("metering-gateway",
                serviceVersion: typeof(Traces).Assembly.GetName().Version?.ToString(3))
                .AddEnvironmentVariableDetector())
            .AddSource(Tracing.Name, "Microsoft.AspNetCore", "Microsoft.Orleans.Application",
                "Microsoft.Orleans.Runtime")
            .AddOtlpExporter().Build();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _provider?.Shutdown(ShutdownMilliseconds);
        _provider?.Dispose();
        return Task.CompletedTask;
    }

    private static IConfiguration Configuration(TracingSettings tracing)
    {
        var ours = new Dictionary<string, string?> { [TracingSettings.StandardEndpoint] = tracing.Endpoint };
        if (tracing.Protocol is { } protocol) ours["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol;
        if (tracing.Ratio is { } ratio)
            (ours["OTEL_TRACES_SAMPLER"], ours["OTEL_TRACES_SAMPLER_ARG"]) =
                ("parentbased_traceidratio", FormattableString.Invariant($"{ratio}"));
        return new ConfigurationBuilder().AddEnvironmentVariables().AddInMemoryCollection(ours).Build();
    }
}
