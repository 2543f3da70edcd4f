using System.Buffers;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Requests;

namespace MeteringGateway.Api.Usage;

/// <summary>What was used, and the journal behind it.</summary>
internal static class UsageEndpoints
{
    private const int EntriesAtOnce = 500;

    public static void MapUsage(this IEndpointRouteBuilder app)
    {
        var tenant = app.MapGroup("/v1/tenants/{tenant}").WithTags("Usage");

        tenant.MapGet("/usage", async Task<Results<Ok<UsageWire>, Problem>> (
            string tenant, string? period, ITenants tenants, CancellationToken cancellation) =>
        {
            if (await tenants.Usage(tenant, Query.Period(period), cancellation) is { } usage)
                return TypedResults.Ok(usage.Wire(tenant));
            if (await tenants.Tenant(tenant, cancellation) is null) return Problem.UnknownTenant();
            return Problem.NotFound("unknown_period", "The tenant has no such period.");
        }).Needs(Permission.UsageRead)
            .Refuses(Refusal.UnknownPeriod)
            .WithName("getUsage")
            .WithSummary("A period's figures; the open one's without a period");

        tenant.MapGet("/entries", async Task<Results<Ok<ListWire<EntryWire>>, Problem>> (
            string tenant, string? after, string? cursor, string? limit, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            var from = paging.Position ?? Query.Whole("after", after) ?? 0;
            if (await tenants.Tenant(tenant, cancellation) is not { } figure
                || await tenants.Entries(tenant, from, paging.Limit, cancellation) is not { } page)
                return Problem.UnknownTenant();
            return TypedResults.Ok(new ListWire<EntryWire>(
                [.. page.Items.Select(entry => entry.Wire(figure.Terms.Currency))], page.Next is { } next
                    ? Cursors.Write(next) : null));
        }).Needs(Permission.EntriesRead).WithName("listEntries").WithSummary("The tenant's journal, in order");

        tenant.MapGet("/journal", async (string tenant, string? after, HttpContext context, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var from = Query.Whole("after", after) ?? 0;
            if (await tenants.Entries(tenant, from, 1, cancellation) is null)
                throw new ProblemException(Problem.UnknownTenant());
            context.Response.ContentType = EventEndpoints.Stream;
            if (Head.WasAsked(context)) return;
            for (long? next = from; next is { } at;)
            {
                var page = await tenants.Entries(tenant, at, EntriesAtOnce, cancellation);
                foreach (var entry in page?.Items ?? []) context.Response.BodyWriter.Write(RawLine.Of(tenant, entry));
                await context.Response.BodyWriter.FlushAsync(cancellation);
                next = page?.Next;
            }
        }).Needs(Permission.EntriesRead).Produces<string>(StatusCodes.Status200OK, EventEndpoints.Stream)
            .WithName("getJournal")
            .WithSummary("The tenant's journal as it is chained, an entry a line: what a certificate is replayed with");
    }
}
