using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Thresholds;

/// <summary>What was told to those outside, for the buyer to look up (S7).</summary>
internal static class AlertEndpoints
{
    public static void MapAlerts(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/tenants/{tenant}/alerts", async Task<Results<Ok<ListWire<RaisedAlertWire>>, Problem>> (
            string tenant, string? period, string? cursor, string? limit, ITenants tenants, WebhookBook book,
            IStore store, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            var raised = await tenants.Alerts(tenant, Query.Period(period), paging.Position, paging.Limit + 1,
                cancellation);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            if (raised is null)
                return Problem.NotFound("unknown_period", "The tenant has no such period.");
            var told = await ToldTo.Read(tenant, book, store, cancellation);
            return TypedResults.Ok(new ListWire<RaisedAlertWire>([.. raised.Take(paging.Limit).Select(
                alert => RaisedAlertWire.From(alert, figure.Terms.Currency, told.Of(alert)))],
                raised.Count > paging.Limit ? Cursors.Write(raised[paging.Limit - 1].Number) : null));
        }).WithTags("Thresholds").AsConfigured().Needs(Permission.UsageRead | Permission.OpsRead)
            .Refuses(Refusal.UnknownPeriod).WithName("listAlerts")
            .WithSummary("Alerts that were raised, newest first; of one period, or of all; and where each was "
                + "delivered");
    }
}
