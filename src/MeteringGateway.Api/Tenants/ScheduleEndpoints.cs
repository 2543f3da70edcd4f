using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Tenants;

/// <summary>Changes that are to come are listed with what they change, and taken back one by one.</summary>
internal static class ScheduleEndpoints
{
    private const Permission MaySetCaps = Permission.LimitsWrite | Permission.TermsWrite;

    public static void MapSchedule(this IEndpointRouteBuilder app) =>
        app.MapDelete("/v1/tenants/{tenant}/scheduled/{id}", async Task<Results<NoContent, Problem>> (
            string tenant, string id, ITenants tenants, ITurns turns, Principal caller,
            CancellationToken cancellation) =>
        {
            await using var turn = await turns.Take($"tenant {tenant}", cancellation);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            if (figure.Scheduled.FirstOrDefault(change => change.Id == id) is { } found)
            {
                var needed = found.Setting is Setting.Capped ? MaySetCaps : Permission.TenantsWrite;
                if (!caller.May(needed)) return Problem.Forbidden(needed);
            }
            var answer = await tenants.Execute(tenant, new Command.Withdraw(id) { Actor = caller.Actor },
                cancellation);
            return answer is Answer.Refused refused ? refused.ToProblem() : TypedResults.NoContent();
        }).WithTags("Tenants").Needs(Permission.TenantsWrite | MaySetCaps)
            .Refuses(Refusal.UnknownScheduled, Refusal.TenantClosed)
            .WithName("cancelScheduled")
            .WithSummary("Take back a change that is to come: what holds until then goes on");
}
