using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Thresholds;

/// <summary>Levels at which the buyer wants to be told (S4).</summary>
internal static class ThresholdEndpoints
{
    public static void MapThresholds(this IEndpointRouteBuilder app)
    {
        var thresholds = app.MapGroup("/v1/tenants/{tenant}/thresholds").WithTags("Thresholds");

        thresholds.MapPut("/{threshold}",
            async Task<Results<Created<ThresholdStateWire>, Ok<ThresholdStateWire>, Problem>> (
            string tenant, string threshold, Body<PutThresholdWire> body, ITenants tenants, Principal caller,
            ITurns turns, HttpContext context,
            CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var wanted = ThresholdReader.Read("", new ThresholdWire { Of = body.Value.Of, At = body.Value.At },
                threshold, findings);
            if (findings.Problem is { } invalid) return invalid;
            await using var turn = await turns.Take($"tenant {tenant}", cancellation);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            var currency = figure.Terms.Currency;
            var had = await Find(tenants, tenant, threshold, cancellation);
            ETags.Demand(context, had is null ? null : Tag(had, currency));
            ThresholdReader.Check("", wanted, figure.Terms, figure.Caps.Select(cap => cap.Cap), "tenant", findings);
            if (findings.Problem is { } nothing) return nothing;
            var answer = await tenants.Execute(tenant, new Command.SetThreshold(wanted) { Actor = caller.Actor },
                cancellation);
            if (answer is Answer.Refused refused) return refused.ToProblem();
            // removed at once by new terms
            if (await Find(tenants, tenant, threshold, cancellation) is not { } set) return Unknown();
            ETags.Send(context, Tag(set, currency));
            var written = ThresholdReader.Write(set, currency);
            if (had is null) return TypedResults.Created($"/v1/tenants/{tenant}/thresholds/{threshold}", written);
            return TypedResults.Ok(written);
        }).Needs(Permission.AlertsWrite).Takes<PutThresholdWire>()
            .Refuses(Refusal.TooManyThresholds, Refusal.TenantClosed)
            .WithName("putThreshold").OnlyIfMatches().WithSummary("Set a level at which an alert is raised");

        thresholds.MapGet("", async Task<Results<Ok<ListWire<ThresholdStateWire>>, Problem>> (
            string tenant, ITenants tenants, string? cursor, string? limit, CancellationToken cancellation) =>
            await tenants.Tenant(tenant, cancellation) is { } figure
            && await tenants.Thresholds(tenant, cancellation) is { } all
                ? TypedResults.Ok(Paging.From(cursor, limit).Page(
                    all.OrderBy(one => one.Threshold.Id, StringComparer.Ordinal), one => one.Threshold.Id,
                    one => ThresholdReader.Write(one, figure.Terms.Currency)))
                : Problem.UnknownTenant())
            .Needs(Permission.AlertsWrite | Permission.UsageRead).WithName("listThresholds")
            .WithSummary("The thresholds, and where they stand");

        thresholds.MapGet("/{threshold}", async Task<Results<Ok<ThresholdStateWire>, Problem>> (
            string tenant, string threshold, ITenants tenants, HttpContext context, CancellationToken cancellation) =>
        {
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            if (await Find(tenants, tenant, threshold, cancellation) is not { } found) return Unknown();
            ETags.Send(context, Tag(found, figure.Terms.Currency));
            return TypedResults.Ok(ThresholdReader.Write(found, figure.Terms.Currency));
        }).Needs(Permission.AlertsWrite | Permission.UsageRead).Conditional()
            .Refuses(Refusal.UnknownThreshold)
            .WithName("getThreshold")
            .WithSummary("A threshold");

        thresholds.MapDelete("/{threshold}", async Task<Results<NoContent, Problem>> (
            string tenant, string threshold, ITenants tenants, Principal caller, ITurns turns, HttpContext context,
            CancellationToken cancellation) =>
        {
            await using var turn = await turns.Take($"tenant {tenant}", cancellation);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            if (await Find(tenants, tenant, threshold, cancellation) is not { } had) return Unknown();
            ETags.Demand(context, Tag(had, figure.Terms.Currency));
            var answer = await tenants.Execute(tenant, new Command.RemoveThreshold(threshold) { Actor = caller.Actor },
                cancellation);
            return answer is Answer.Refused refused ? refused.ToProblem() : TypedResults.NoContent();
        }).Needs(Permission.AlertsWrite)
            .Refuses(Refusal.UnknownThreshold, Refusal.TenantClosed)
            .WithName("removeThreshold").OnlyIfMatches().WithSummary("Remove a threshold");
    }

    private static async Task<ThresholdFigure?> Find(ITenants tenants, string tenant, string threshold,
        CancellationToken cancellation) =>
        (await tenants.Thresholds(tenant, cancellation))?.FirstOrDefault(one => one.Threshold.Id == threshold);

    private static string Tag(ThresholdFigure figure, string currency) =>
        ETags.Of(ThresholdReader.Write(figure.Threshold, currency), ThresholdReader.Write(figure, currency));

    private static Problem Unknown() => Problem.NotFound("unknown_threshold", "There is no such threshold.");
}
