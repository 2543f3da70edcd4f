using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Operations;

/// <param name="Status"><c>live</c>, <c>ready</c>, or <c>degraded</c>: ready, but for some tenants, or for writing.
/// </param>
/// <param name="Edition">What runs there: <c>embedded</c>, alone over its directory, or <c>silo</c>, one of several
/// over a Redis; absent of <c>live</c>.</param>
/// <param name="UnavailableTenants">How many; absent when there are none.</param>
/// <param name="Reason">Why the store refused the last write from here, or how many masters of a Redis Cluster are
/// gone; absent when neither.</param>
/// <param name="Kafka"><c>ok</c>, or what is wrong with it; absent when it is off.</param>
internal sealed record HealthWire(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Edition = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? UnavailableTenants = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Kafka = null);

/// <param name="Api">Where every call is described (OpenAPI).</param>
internal sealed record IndexWire(string Name, string Api, string Health);

/// <summary>For those who run it.</summary>
internal static class OperationsEndpoints
{
    public static void MapOperations(this IEndpointRouteBuilder app)
    {
        app.MapGet("/", () => TypedResults.Ok(new IndexWire("MeteringGateway", "/openapi/v1.json", "/health")))
            .WithTags("Operations").OpenToAll().WithName("getIndex").WithSummary("Where to begin");

        app.MapGet("/health/live", () => TypedResults.Ok(new HealthWire("live")))
            .WithTags("Operations").OpenToAll().WithName("getLiveness").WithSummary("The process runs");

        app.MapGet("/health/ready", Ready).WithTags("Operations").OpenToAll()
            .Refuses(StatusCodes.Status503ServiceUnavailable, "not_ready")
            .WithName("getReadiness").WithSummary("It can answer; 503 with the reason while it cannot");

        app.MapGet("/health", Ready).WithTags("Operations").OpenToAll()
            .Refuses(StatusCodes.Status503ServiceUnavailable, "not_ready")
            .WithName("getHealth")
            .WithSummary("The same: ready, degraded where some tenants are unavailable or nothing is written, or 503");

        app.MapGet("/metrics", (MetricsPage metrics, CancellationToken cancellation) =>
            TypedResults.Stream(to => metrics.Write(to, cancellation), MetricsPage.MediaType))
            .WithTags("Operations").Needs(Permission.OpsRead, openOnLoopback: true)
            .Produces<string>(StatusCodes.Status200OK, "text/plain")
            .WithName("getMetrics").WithSummary("Measurements in Prometheus' text format");
    }

    private static Results<Ok<HealthWire>, Problem> Ready(Readiness readiness, IServiceProvider services)
    {
        if (readiness.Health is { } notReady) return notReady;
        var tenants = services.GetRequiredService<ITenants>();
        var (failing, trouble) = (tenants.Failing, tenants.Trouble);
        var edition = services.GetRequiredService<MeteringSettings>().Cluster.IsSilo ? "silo" : "embedded";
        var kafka = services.GetRequiredService<KafkaHealth>();
        var status = failing == 0 && trouble is null && kafka.IsWell ? "ready" : "degraded";
        return TypedResults.Ok(new HealthWire(status, edition, failing == 0 ? null : failing, trouble, kafka.State));
    }
}
