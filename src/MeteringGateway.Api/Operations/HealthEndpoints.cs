using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Operations;

internal sealed record HealthWire(string Status);

/// <summary>For those who run it.</summary>
internal static class OperationsEndpoints
{
    public static void MapOperations(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => TypedResults.Ok(new HealthWire("live")))
            .WithTags("Operations").OpenToAll().WithSummary("The process runs");

        app.MapGet("/health/ready", Results<Ok<HealthWire>, Problem> (Readiness readiness) =>
            readiness.Health is { } notReady ? notReady : TypedResults.Ok(new HealthWire("ready")))
            .WithTags("Operations").OpenToAll().WithSummary("It can answer; 503 with the reason while it cannot");

        app.MapGet("/metrics", (MetricsPage metrics, CancellationToken cancellation) =>
            TypedResults.Stream(to => metrics.Write(to, cancellation), MetricsPage.MediaType))
            .WithTags("Operations").Needs(Permission.OpsRead, openOnLoopback: true)
            .Produces<string>(StatusCodes.Status200OK, "text/plain")
            .WithSummary("Measurements in Prometheus' text format");
    }
}
