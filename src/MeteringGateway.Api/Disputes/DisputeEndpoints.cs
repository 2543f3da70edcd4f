using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Disputes;

/// <summary>Disputes: the buyer opens them, the vendor decides them, both see them (D3).</summary>
internal static class DisputeEndpoints
{
    private const Permission MayRead =
        Permission.OutcomesRead | Permission.DisputesOpen | Permission.DisputesResolve;

    public static void MapDisputes(this IEndpointRouteBuilder app)
    {
        var tenant = app.MapGroup("/v1/tenants/{tenant}").WithTags("Disputes");

        tenant.MapPost("/outcomes/{id}/disputes", async Task<Results<Created<DisputeWire>, Problem>> (
            string tenant, string id, Body<NewDisputeWire> body, HttpContext context, Principal caller,
            ITenants tenants, CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var command = DisputeReader.Read(id, body.Value, findings) with { Actor = caller.Actor };
            if (findings.Problem is { } invalid) return invalid;
            var answer = await tenants.ExecuteOnce(context, tenant, command, caller, body.Bytes, cancellation);
            if (answer is Answer.Refused refused) return refused.ToProblem();
            return TypedResults.Created((string?)null, await Wire(tenants, tenant, answer, cancellation));
        }).Needs(Permission.DisputesOpen).Takes<NewDisputeWire>()
            .Refuses(Refusal.UnknownOutcome, Refusal.DisputeExists, Refusal.NotDisputable, Refusal.DisputeTooLate,
                Refusal.TooManyDisputes, Refusal.TenantClosed, Refusal.TenantFull)
            .WithName("openDispute").MayRepeat()
            .WithSummary("Dispute a billable outcome, until 60 days after its period was closed");

        tenant.MapPost("/disputes/{dispute}/resolve", async Task<Results<Ok<DisputeWire>, Problem>> (
            string tenant, string dispute, Body<ResolveWire> body, HttpContext context, Principal caller,
            ITenants tenants, CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var command = DisputeReader.Read(dispute, body.Value, findings) with { Actor = caller.Actor };
            if (findings.Problem is { } invalid) return invalid;
            var answer = await tenants.ExecuteOnce(context, tenant, command, caller, body.Bytes, cancellation);
            if (answer is Answer.Refused refused) return refused.ToProblem();
            return TypedResults.Ok(await Wire(tenants, tenant, answer, cancellation));
        }).Needs(Permission.DisputesResolve).Takes<ResolveWire>()
            .Refuses(Refusal.UnknownDispute, Refusal.DisputeResolved, Refusal.TenantClosed, Refusal.UnknownOutcome,
                Refusal.AmountOverflow)
            .WithName("resolveDispute").MayRepeat().WithSummary("Decide a dispute: the outcome is credited, or upheld");

        tenant.MapGet("/disputes", async Task<Results<Ok<ListWire<DisputeWire>>, Problem>> (
            string tenant, string? status, string? cursor, string? limit, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var (paging, wanted) = (Paging.From(cursor, limit), Query.OneOf<DisputeStatus>("status", status));
            var page = await tenants.Disputes(tenant, wanted, paging.Position, paging.Limit, cancellation);
            if (page is null || await tenants.Tenant(tenant, cancellation) is not { } figure)
                return Problem.UnknownTenant();
            return TypedResults.Ok(new ListWire<DisputeWire>(
                [.. page.Items.Select(dispute => DisputeWire.From(dispute, figure.Terms.Currency))],
                page.Next is { } next ? Cursors.Write(next) : null));
        }).Needs(MayRead).WithName("listDisputes").WithSummary("Disputes, newest first; of one status, or all");
    }

    private static async Task<DisputeWire> Wire(ITenants tenants, string tenant, Answer answer,
        CancellationToken cancellation)
    {
        var disputed = answer as Answer.Disputed ?? throw answer.Unexpected();
        var figure = await tenants.Tenant(tenant, cancellation) ?? throw answer.Unexpected();
        return DisputeWire.From(disputed.Dispute, figure.Terms.Currency);
    }
}
