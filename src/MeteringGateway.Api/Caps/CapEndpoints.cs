using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Tenants;

namespace MeteringGateway.Api.Caps;

/// <summary>
/// A cap as it is set; the id is in the path. Of a cap that is there, what is left out but the limit stays as it is;
/// null takes it away.
/// </summary>
internal sealed record PutCapWire
{
    public ScopeWire? Scope { get; init; }
    [Demanded]
    public LimitWire? Limit { get; init; }
    public string? Period { get; init; }
    public AtLimitWire? AtLimit { get; init; }
    /// <summary>
    /// <c>now</c> or <c>next_period</c>: what to do when the limit is below what already stands (C6).
    /// </summary>
    public string? WhenBelowExposure { get; init; }
}

/// <param name="Data">The caps in force.</param>
/// <param name="Scheduled">All that are to come, also of caps that there are not yet.</param>
internal sealed record CapListWire(IReadOnlyList<CapWire> Data, string? NextCursor,
    IReadOnlyList<ScheduledWire> Scheduled);

/// <summary>Stops an agent runtime by hand.</summary>
internal sealed record PauseWire
{
    /// <summary><c>pause</c> or <c>handoff</c>.</summary>
    [Demanded]
    public string? Action { get; init; }
    [Demanded]
    public string? Reason { get; init; }
    public string? To { get; init; }
    public string? Message { get; init; }
}

/// <summary>What the buyer can set at any time: caps, and a stop by hand.</summary>
internal static class CapEndpoints
{
    private const Permission MaySet = Permission.LimitsWrite | Permission.TermsWrite;

    public static void MapCaps(this IEndpointRouteBuilder app)
    {
        var tenant = app.MapGroup("/v1/tenants/{tenant}").WithTags("Caps");

        tenant.MapPut("/caps/{cap}", async Task<Results<Created<CapWire>, Ok<CapWire>, Problem>> (
            string tenant, string cap, Body<PutCapWire> body, ITenants tenants, Principal caller, ITurns turns,
            HttpContext context, CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var wanted = Read(cap, body.Value, findings);
            var choice = findings.OneOf<Effective>("/when_below_exposure", body.Value.WhenBelowExposure);
            if (findings.Problem is { } invalid) return invalid;
            await using var turn = await turns.Take($"tenant {tenant}", cancellation);
            if (await tenants.Tenant(tenant, cancellation) is not { } before) return Problem.UnknownTenant();
            var (had, currency) = (Find(before, cap), before.Terms.Currency);
            ETags.Demand(context, had is null ? null : ETags.Of(had));
            wanted = Over(There(before, cap), wanted, body);
            if (body.Value.AtLimit is not null)
                CapReader.DemandWho("/at_limit", CapReader.Write(wanted.AtLimit), findings);
            if (findings.Problem is { } nobody) return nobody;
            if (Unknown(wanted.Scope, before.Terms) is { } unknown) return unknown;
            var answer = await tenants.Execute(tenant, new Command.SetCap(wanted, choice) { Actor = caller.Actor },
                cancellation);
            if (answer is Answer.Refused refused) return refused.ToProblem(currency);
            if (await tenants.Tenant(tenant, cancellation) is not { } after) return Problem.UnknownTenant();
            // One that somebody removed at once is told as it was set.
            var set = Find(after, cap) ?? CapReader.Write(wanted, currency);
            ETags.Send(context, ETags.Of(set));
            set = set with { Withdrawn = before.Scheduled.WithdrawnIn(after) };
            if (had is null) return TypedResults.Created($"/v1/tenants/{tenant}/caps/{cap}", set);
            return TypedResults.Ok(set);
        }).Needs(MaySet).Takes<PutCapWire>()
            .Refuses(Refusal.TooManyCaps, Refusal.CapBelowExposure, Refusal.TenantClosed)
            .WithName("putCap").OnlyIfMatches().WithSummary(
                "Set a cap; it holds for the very next decision. What is left out stays, null takes it away");

        tenant.MapGet("/caps", async Task<Results<Ok<CapListWire>, Problem>> (
            string tenant, ITenants tenants, string? cursor, string? limit, CancellationToken cancellation) =>
        {
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            var page = Paging.From(cursor, limit).Page(
                figure.Caps.Select(cap => cap.Cap.Id).Order(StringComparer.Ordinal), cap => cap,
                cap => Find(figure, cap)!);
            var coming = figure.Scheduled.Where(change => change.Setting is Setting.Capped)
                .Wire(figure.Terms.Currency);
            return TypedResults.Ok(new CapListWire(page.Data, page.NextCursor, coming));
        }).Needs(MaySet | Permission.UsageRead).WithName("listCaps")
            .WithSummary("The caps in force, and those that are to come");

        tenant.MapGet("/caps/{cap}", async Task<Results<Ok<CapWire>, Problem>> (
            string tenant, string cap, ITenants tenants, HttpContext context, CancellationToken cancellation) =>
        {
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            if (Find(figure, cap) is not { } found) return UnknownCap();
            ETags.Send(context, ETags.Of(found));
            return TypedResults.Ok(found);
        }).Needs(MaySet | Permission.UsageRead).Conditional()
            .Refuses(Refusal.UnknownCap)
            .WithName("getCap")
            .WithSummary("A cap, and what it is to be");

        tenant.MapDelete("/caps/{cap}", async Task<Results<NoContent, Problem>> (
            string tenant, string cap, ITenants tenants, Principal caller, ITurns turns, HttpContext context,
            CancellationToken cancellation) =>
        {
            await using var turn = await turns.Take($"tenant {tenant}", cancellation);
            if (await tenants.Tenant(tenant, cancellation) is not { } before) return Problem.UnknownTenant();
            // One that is not in force yet can be removed too.
            if (Find(before, cap) is { } had) ETags.Demand(context, ETags.Of(had));
            var answer = await tenants.Execute(tenant, new Command.RemoveCap(cap) { Actor = caller.Actor },
                cancellation);
            return answer is Answer.Refused refused ? refused.ToProblem() : TypedResults.NoContent();
        }).Needs(MaySet)
            .Refuses(Refusal.UnknownCap, Refusal.TenantClosed)
            .WithName("removeCap").OnlyIfMatches().WithSummary("Remove a cap, and what it is to be");

        tenant.MapPost("/pause", async Task<Results<NoContent, Problem>> (
            string tenant, Body<PauseWire> body, ITenants tenants, Principal caller, CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var pause = Read(body.Value, findings);
            if (findings.Problem is { } invalid) return invalid;
            return await tenants.Execute(tenant, pause with { Actor = caller.Actor },
                cancellation) is Answer.Refused refused
                ? refused.ToProblem()
                : TypedResults.NoContent();
        }).Needs(Permission.LimitsWrite).Takes<PauseWire>()
            .Refuses(Refusal.TenantClosed)
            .WithName("pauseTenant")
            .WithSummary("Stop the tenant's agents by hand");

        tenant.MapPost("/resume", async Task<Results<NoContent, Problem>> (
            string tenant, ITenants tenants, Principal caller, CancellationToken cancellation) =>
            await tenants.Execute(tenant, new Command.Resume { Actor = caller.Actor },
                cancellation) is Answer.Refused refused
                ? refused.ToProblem()
                : TypedResults.NoContent())
            .Needs(Permission.LimitsWrite)
            .Refuses(Refusal.TenantClosed)
            .WithName("resumeTenant").WithSummary("Let them go on");
    }

    /// <summary>In force, else as it is to come; null: neither.</summary>
    private static Cap? There(TenantFigure tenant, string cap) =>
        tenant.Caps.FirstOrDefault(one => one.Cap.Id == cap)?.Cap
        ?? tenant.Scheduled.Select(change => change.Setting).OfType<Setting.Capped>()
            .FirstOrDefault(coming => coming.Cap.Id == cap)?.Cap;

    // With the same action, who takes over and what is said stay too.
    private static Cap Over(Cap? had, Cap wanted, Body<PutCapWire> body) => had is null ? wanted : wanted with
    {
        Scope = body.Says("scope") ? wanted.Scope : had.Scope,
        Period = body.Says("period") ? wanted.Period : had.Period,
        AtLimit = !body.Says("at_limit") ? had.AtLimit
            : wanted.AtLimit.Action != had.AtLimit.Action || body.Value.AtLimit is null ? wanted.AtLimit
            : wanted.AtLimit with
            {
                To = body.Says("at_limit", "to") ? wanted.AtLimit.To : had.AtLimit.To,
                Message = body.Says("at_limit", "message") ? wanted.AtLimit.Message : had.AtLimit.Message,
            },
    };

    /// <summary>As it is in force, with what it is to be; null: there is none, and none is to come.</summary>
    private static CapWire? Find(TenantFigure tenant, string cap)
    {
        var found = tenant.Caps.FirstOrDefault(one => one.Cap.Id == cap)?.Cap;
        var coming = tenant.Scheduled.Where(change => change.Setting is Setting.Capped capped && capped.Cap.Id == cap)
            .Wire(tenant.Terms.Currency);
        if (coming.Count == 0) return found is null ? null : CapReader.Write(found, tenant.Terms.Currency);
        return (found is null ? new CapWire { Id = cap } : CapReader.Write(found, tenant.Terms.Currency))
            with { Scheduled = coming };
    }

    private static Problem UnknownCap() => Problem.NotFound("unknown_cap", "There is no such cap.");

    private static Cap Read(string id, PutCapWire cap, Findings findings) => CapReader.Read(
        "", new CapWire { Scope = cap.Scope, Limit = cap.Limit, Period = cap.Period, AtLimit = cap.AtLimit }, id,
        findings);

    private static Command.Pause Read(PauseWire pause, Findings findings)
    {
        var stop = new AtLimitWire { Action = pause.Action, To = pause.To, Message = pause.Message };
        var action = CapReader.AtLimit("", stop, findings, LimitAction.Notify);
        CapReader.DemandWho("", stop, findings);
        return new Command.Pause(action, findings.Name("/reason", pause.Reason));
    }

    // A type that the tenant does not have would make a cap that never holds.
    private static Problem? Unknown(Scope scope, Terms terms) =>
        scope.OutcomeType is { } type && terms.Type(type) is null
            ? Problem.Invalid(
                [new ProblemError("/scope/outcome_type",
                    $"names no outcome type of this tenant: '{type}'; {terms.TypesInWords}")])
            : null;
}
