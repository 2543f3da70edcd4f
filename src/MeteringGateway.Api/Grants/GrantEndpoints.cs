using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Grants;

/// <summary>
/// Credits: the buyer buys the packs that its terms sell, and only these (F9); the vendor gives and voids (F5, F6).
/// </summary>
internal static class GrantEndpoints
{
    private const Permission MayRead = Permission.FundsWrite | Permission.GrantsWrite | Permission.UsageRead;

    public static void MapGrants(this IEndpointRouteBuilder app)
    {
        var tenant = app.MapGroup("/v1/tenants/{tenant}").WithTags("Grants");

        // The tenant itself remembers the key, for good: what 24 hours would forget must not be bought twice (F6).
        tenant.MapPost("/top-ups", async Task<Results<Created<GrantWire>, Problem>> (
            string tenant, Body<NewTopUpWire> body, HttpContext context, Principal caller, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var command = GrantFigures.Read(body.Value, IdempotencyHeader.Demand(context), findings);
            if (findings.Problem is { } invalid) return invalid;
            return await Issue(tenants, tenant, command with { Actor = caller.Actor }, cancellation);
        }).Needs(Permission.FundsWrite).Takes<NewTopUpWire>()
            .Refuses(Refusal.UnknownPack, Refusal.TopUpLimitReached, Refusal.TooManyGrants, Refusal.AmountOverflow,
                Refusal.TenantClosed)
            .WithName("buyTopUp").MayRepeat(isRequired: true)
            .WithSummary(
            "Buy packs; an Idempotency-Key is required, and the same one never buys twice");

        tenant.MapPost("/grants", async Task<Results<Created<GrantWire>, Problem>> (
            string tenant, Body<NewGrantWire> body, HttpContext context, Principal caller, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var command = GrantFigures.Read(body.Value, IdempotencyHeader.Read(context), findings);
            if (findings.Problem is { } invalid) return invalid;
            return await Issue(tenants, tenant, command with { Actor = caller.Actor }, cancellation);
        }).Needs(Permission.GrantsWrite).Takes<NewGrantWire>()
            .Refuses(Refusal.AlreadyExpired, Refusal.TooManyGrants, Refusal.AmountOverflow, Refusal.TenantClosed)
            .WithName("createGrant").MayRepeat().WithSummary(
            "Give credits; the same Idempotency-Key is answered as the first time, and gives nothing more");

        tenant.MapGet("/grants", async Task<Results<Ok<ListWire<GrantWire>>, Problem>> (
            string tenant, ITenants tenants, string? cursor, string? limit, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            if (await All(tenants, tenant, cancellation) is not { } all) return Problem.UnknownTenant();
            var from = (int)Math.Min(paging.Position ?? 0, all.Count);
            var next = from + paging.Limit;
            return TypedResults.Ok(new ListWire<GrantWire>(
                [.. all.Skip(from).Take(paging.Limit)], next < all.Count ? Cursors.Write(next) : null));
        }).Needs(MayRead).WithName("listGrants")
            .WithSummary("Every grant, also those that ended, in the order in which they were issued");

        tenant.MapGet("/grants/{grant}", async Task<Results<Ok<GrantWire>, Problem>> (
            string tenant, string grant, ITenants tenants, CancellationToken cancellation) =>
        {
            if (await All(tenants, tenant, cancellation) is not { } all) return Problem.UnknownTenant();
            return all.FirstOrDefault(one => one.Id == grant) is { } found ? TypedResults.Ok(found) : Unknown();
        }).Needs(MayRead)
            .Refuses(Refusal.UnknownGrant)
            .WithName("getGrant").WithSummary("A grant");

        tenant.MapDelete("/grants/{grant}", async Task<Results<Ok<GrantWire>, Problem>> (
            string tenant, string grant, ITenants tenants, Principal caller, CancellationToken cancellation) =>
        {
            if (await tenants.Execute(tenant, new Command.VoidGrant(grant) { Actor = caller.Actor },
                cancellation) is Answer.Refused refused)
                return refused.ToProblem();
            var voided = (await All(tenants, tenant, cancellation))?.FirstOrDefault(one => one.Id == grant);
            return voided is null ? Unknown() : TypedResults.Ok(voided);
        }).Needs(Permission.GrantsWrite)
            .Refuses(Refusal.UnknownGrant, Refusal.TenantClosed)
            .WithName("voidGrant")
            .WithSummary("Void a grant: what is left of it and not held is taken, and nothing is refunded");
    }

    private static async Task<Results<Created<GrantWire>, Problem>> Issue(
        ITenants tenants, string tenant, Command command, CancellationToken cancellation)
    {
        var answer = await tenants.Execute(tenant, command, cancellation);
        if (answer is Answer.Refused refused) return refused.ToProblem();
        var granted = answer as Answer.Granted ?? throw answer.Unexpected();
        if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
        return TypedResults.Created($"/v1/tenants/{tenant}/grants/{granted.Grant.Id}",
            granted.Grant.Wire(figure.Terms.Currency));
    }

    /// <summary>Null: no such tenant.</summary>
    private static async Task<IReadOnlyList<GrantWire>?> All(ITenants tenants, string tenant,
        CancellationToken cancellation) =>
        await tenants.Tenant(tenant, cancellation) is { } figure
        && await tenants.Grants(tenant, cancellation) is { } all
            ? [.. all.Select(grant => grant.Wire(figure.Terms.Currency))] : null;

    private static Problem Unknown() => Problem.NotFound("unknown_grant", "There is no such grant.");
}
