using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Quality;

/// <summary>How good outcomes are, when they come, and what a session holds (Q1, Q3, I4).</summary>
internal static class QualityEndpoints
{
    public static void MapQuality(this IEndpointRouteBuilder app)
    {
        var tenant = app.MapGroup("/v1/tenants/{tenant}").WithTags("Quality");

        tenant.MapGet("/quality", async Task<Results<Ok<QualityWire>, Problem>> (
            string tenant, string? period, string? check, ITenants tenants, CancellationToken cancellation) =>
        {
            if (check is not (null or "pricing")) throw Query.Wrong("check", "must be pricing");
            if (await tenants.Quality(tenant, Query.Period(period), cancellation) is { } quality)
                return TypedResults.Ok(quality.Wire(tenant, check is not null));
            if (await tenants.Tenant(tenant, cancellation) is null) return Problem.UnknownTenant();
            return Problem.NotFound("unknown_period", "The tenant has no such period.");
        }).Needs(Permission.UsageRead)
            .Refuses(Refusal.UnknownPeriod)
            .WithName("getQuality")
            .WithSummary("How good a period's outcomes were; with check=pricing whether they are fit to be paid by");

        tenant.MapGet("/usage/series", async Task<Results<Ok<SeriesWire>, Problem>> (
            string tenant, [AsParameters] SeriesQuery query, ITenants tenants, CancellationToken cancellation) =>
        {
            var asked = query.Read();
            return await tenants.Series(tenant, asked, cancellation) is { } series
                ? TypedResults.Ok(series.Wire(tenant, asked)) : Problem.UnknownTenant();
        }).Needs(Permission.UsageRead).AnsweringMuch()
            .WithName("getUsageSeries")
            .WithSummary("Usage by hour or day, by outcome type, agent, channel or workflow");

        tenant.MapGet("/sessions/{id}", async Task<Results<Ok<SessionWire>, Problem>> (
            string tenant, string id, ITenants tenants, CancellationToken cancellation) =>
        {
            if (await tenants.Session(tenant, id, cancellation) is { } session)
                return TypedResults.Ok(session.Wire(tenant));
            if (await tenants.Tenant(tenant, cancellation) is null) return Problem.UnknownTenant();
            return Problem.NotFound("unknown_session", "There is no such session, or it is forgotten.");
        }).Needs(Permission.OutcomesRead).AnsweringMuch()
            .Refuses(StatusCodes.Status404NotFound, "unknown_session")
            .WithName("getSession")
            .WithSummary("A session: what counts in it, and until when it is remembered");
    }
}
