using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Grants;

/// <summary>Credits: the buyer tops up, the vendor gives and voids (F5, F6).</summary>
internal static class GrantEndpoints
{
    private const Permission MayIssue = Permission.FundsWrite | Permission.GrantsWrite;

    public static void MapGrants(this IEndpointRouteBuilder app)
    {
        var grants = app.MapGroup("/v1/tenants/{tenant}/grants").WithTags("Grants");

        grants.MapPost("", async Task<Results<Created<GrantWire>, Problem>> (
            string tenant, Body<NewGrantWire> body, HttpContext context, Principal caller, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var findings = new Findings();
            // The tenant itself remembers the key, for good: what 24 hours would forget must not be bought twice (F6).
            var command = GrantFigures.Read(body.Value, IdempotencyHeader.Read(context), findings)
                with { Actor = caller.Actor };
            if (findings.Problem is { } invalid) return invalid;
            var needed = command.Kind == GrantKind.TopUp ? Permission.FundsWrite : Permission.GrantsWrite;
            if (!caller.May(needed)) return Problem.Forbidden(needed);
            var answer = await tenants.Execute(tenant, command, cancellation);
            if (answer is Answer.Refused refused) return refused.ToProblem();
            var granted = answer as Answer.Granted ?? throw answer.Unexpected();
            return TypedResults.Created($"/v1/tenants/{tenant}/grants/{granted.Grant.Id}", granted.Grant.Wire());
        }).Needs(MayIssue).Takes<NewGrantWire>()
            .WithSummary("Issue credits; the same Idempotency-Key is answered as the first time, and issues nothing more");

        grants.MapGet("", async Task<Results<Ok<ListWire<GrantWire>>, Problem>> (
            string tenant, ITenants tenants, string? cursor, string? limit, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            if (await tenants.Grants(tenant, cancellation) is not { } all) return Problem.UnknownTenant();
            var from = (int)Math.Min(paging.Position ?? 0, all.Count);
            var next = from + paging.Limit;
            return TypedResults.Ok(new ListWire<GrantWire>(
                [.. all.Skip(from).Take(paging.Limit).Select(grant => grant.Wire())], next < all.Count
                    ? Cursors.Write(next) : null));
        }).Needs(MayIssue | Permission.UsageRead)
            .WithSummary("Every grant, also those that ended, in the order in which they were issued");

        grants.MapGet("/{grant}", async Task<Results<Ok<GrantWire>, Problem>> (
            string tenant, string grant, ITenants tenants, CancellationToken cancellation) =>
        {
            if (await tenants.Grants(tenant, cancellation) is not { } all) return Problem.UnknownTenant();
            return all.FirstOrDefault(one => one.Id == grant) is { } found ? TypedResults.Ok(found.Wire()) : Unknown();
        }).Needs(MayIssue | Permission.UsageRead).WithSummary("A grant");

        grants.MapDelete("/{grant}", async Task<Results<Ok<GrantWire>, Problem>> (
            string tenant, string grant, ITenants tenants, Principal caller, CancellationToken cancellation) =>
        {
            if (await tenants.Execute(tenant, new Command.VoidGrant(grant) { Actor = caller.Actor },
                cancellation) is Answer.Refused refused)
                return refused.ToProblem();
            var voided = (await tenants.Grants(tenant, cancellation))?.FirstOrDefault(one => one.Id == grant);
            return voided is null ? Unknown() : TypedResults.Ok(voided.Wire());
        }).Needs(Permission.GrantsWrite).WithSummary("Void a grant: what is left of it and not held is taken");
    }

    private static Problem Unknown() => Problem.NotFound("unknown_grant", "There is no such grant.");
}
