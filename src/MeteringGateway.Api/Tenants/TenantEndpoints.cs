using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Tenants;

/// <summary>Tenants: made, changed, listed, closed, and moved through time when they are on a test clock.</summary>
internal static class TenantEndpoints
{
    public static void MapTenants(this IEndpointRouteBuilder app)
    {
        var tenants = app.MapGroup("/v1/tenants").WithTags("Tenants").AsConfigured();

        tenants.MapPut("/{tenant}", async Task<Results<Created<TenantWire>, Ok<TenantWire>, Problem>> (
            string tenant, Body<PutTenantWire> body, TenantChange change, ITenants all, Principal caller,
            HttpContext context, CancellationToken cancellation) =>
        {
            var (figure, before) = await change.Put(context, tenant, body.Value, caller, cancellation);
            var left = await LeftOver.Of(all, tenant, figure, cancellation);
            ETags.Send(context, TenantFigures.Tag(tenant, figure, left));
            if (before is null) return TypedResults.Created($"/v1/tenants/{tenant}", figure.Wire(tenant));
            return TypedResults.Ok(figure.WireAfter(before, tenant) with
            {
                LeftOver = LeftOver.OrNull([.. left ?? [], .. change.Overrides(tenant, before, figure)]),
            });
        }).Needs(Permission.TenantsWrite).Takes<PutTenantWire>()
            .Refuses(Refusal.AmountOverflow, Refusal.TooManyCaps, Refusal.TooManyThresholds, Refusal.TenantClosed,
                Refusal.CurrencyFixed, Refusal.TooManyChanges, Refusal.TestClockFixed,
                Refusal.TenantExists, Refusal.ChangedMeanwhile)
            .WithName("putTenant").OnlyIfMatches().WithSummary("Make or change a tenant");

        tenants.MapPut("/{tenant}/terms", async Task<Results<Ok<OwnTermsWire>, Problem>> (
            string tenant, Body<PlanWire> body, TenantChange change, ITenants all, Principal caller,
            HttpContext context, CancellationToken cancellation) =>
        {
            var before = await change.PutTerms(context, tenant, body.Value, caller, cancellation);
            ETags.Send(context, ETags.Of(body.Value));
            var left = await all.Tenant(tenant, cancellation) is { } figure
                ? await LeftOver.Of(all, tenant, figure, cancellation) : null;
            return TypedResults.Ok(OwnTermsWire.After(before, body.Value) with { LeftOver = left });
        }).Needs(Permission.TermsWrite).Takes<PlanWire>()
            .Refuses(Refusal.AmountOverflow, Refusal.TooManyCaps, Refusal.TooManyThresholds, Refusal.TenantClosed,
                Refusal.CurrencyFixed, Refusal.TooManyChanges, Refusal.ChangedMeanwhile)
            .WithName("putTerms").OnlyIfMatches().WithSummary("Replace the tenant's own terms, laid over its plan");

        tenants.MapGet("/{tenant}/terms", async Task<Results<Ok<TenantTermsWire>, Problem>> (
            string tenant, TenantChange change, HttpContext context, CancellationToken cancellation) =>
        {
            if (await change.Terms(tenant, cancellation) is not { } terms) return Problem.UnknownTenant();
            ETags.Send(context, ETags.Of(terms.Own));
            return TypedResults.Ok(terms);
        }).Needs(Permission.TermsWrite | Permission.UsageRead)
            .WithMetadata(new SendsField("ETag", "Names the tenant's own terms, for If-Match."))
            .WithName("getTerms")
            .WithSummary("The tenant's own terms, what they come to with its plan, and which plan is to come");

        tenants.MapGet("",
            async (ITenants all, Principal caller, string? cursor, string? limit, CancellationToken cancellation) =>
            TypedResults.Ok(await List(all, caller, Paging.From(cursor, limit), cancellation)))
            .Needs(Permission.UsageRead).WithName("listTenants").WithSummary("The tenants that the key may see");

        tenants.MapGet("/{tenant}", async Task<Results<Ok<TenantWire>, Problem>> (
            string tenant, ITenants all, HttpContext context, CancellationToken cancellation) =>
        {
            if (await all.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            var left = await LeftOver.Of(all, tenant, figure, cancellation);
            ETags.Send(context, TenantFigures.Tag(tenant, figure, left));
            return TypedResults.Ok(figure.Wire(tenant) with { LeftOver = left });
        }).Needs(Permission.UsageRead).Conditional().WithName("getTenant").WithSummary("A tenant");

        tenants.MapDelete("/{tenant}", async Task<Results<Ok<TenantWire>, Problem>> (
            string tenant, ITenants all, Principal caller, ITurns turns, HttpContext context,
            CancellationToken cancellation) =>
        {
            await using var turn = await turns.Take($"tenant {tenant}", cancellation);
            if (await all.Tenant(tenant, cancellation) is not { } before) return Problem.UnknownTenant();
            ETags.Demand(context, TenantFigures.Tag(tenant, before));
            var answer = await all.Execute(tenant, new Command.Close { Actor = caller.Actor }, cancellation);
            if (answer is Answer.Refused { Code: not Refusal.TenantClosed } refused) return refused.ToProblem();
            return await all.Tenant(tenant, cancellation) is { } figure
                ? TypedResults.Ok(figure.WireAfter(before, tenant))
                : Problem.UnknownTenant();
        }).Needs(Permission.TenantsWrite).WithName("closeTenant").OnlyIfMatches()
            .WithSummary("Close a tenant: no more events");

        tenants.MapPost("/{tenant}/clock", async Task<Results<Ok<ClockWire>, Problem>> (
            string tenant, Body<MoveClockWire> body, ITenants all, Principal caller, CancellationToken cancellation) =>
        {
            if (await all.Tenant(tenant, cancellation) is not { } before) return Problem.UnknownTenant();
            var findings = new Findings();
            var to = Target(body.Value, before, findings);
            if (findings.Problem is { } invalid) return invalid;
            var answer = await all.Execute(tenant, new Command.AdvanceClock(to) { Actor = caller.Actor }, cancellation);
            if (answer is Answer.Refused refused) return refused.ToProblem();
            return await all.Tenant(tenant, cancellation) is { } after
                ? TypedResults.Ok(new ClockWire(after.Now.ToString())) : Problem.UnknownTenant();
        }).Needs(Permission.TenantsWrite).Takes<MoveClockWire>()
            .Refuses(Refusal.NotATestClock, Refusal.ClockRunsBack)
            .WithName("moveClock").WithSummary("Move a test clock forward; everything due on the way happens");
    }

    private static Instant Target(MoveClockWire move, TenantFigure before, Findings findings)
    {
        var now = before.Now;
        if (move.Advance is null == move.To is null) findings.Add("", "must have exactly one of advance and to");
        var (member, to) = findings.Duration("/advance", move.Advance, TimeSpan.Zero, TestClock.Longest) is { } span
            ? ("/advance", now + span) : ("/to", findings.Time("/to", move.To) ?? now);
        if (to > now + TestClock.Longest)
            findings.Add(member, $"must be at most {TestClock.Longest.Days} days after {now}, where the clock stands");
        if (before.TestClock is { } clock && to > clock.Start + TestClock.Span)
            findings.Add(member,
                $"must be at most {TestClock.Span.Days} days after {clock.Start}, where the clock started");
        if (to > TestClock.Latest) findings.Add(member, $"must not move the clock beyond {TestClock.Latest}");
        return to;
    }

    // A key for certain tenants lists those; the store is asked for no more than the page.
    private static async Task<TenantListWire> List(ITenants all, Principal caller, Paging paging,
        CancellationToken cancellation)
    {
        var after = paging.After;
        IReadOnlyList<string> ids = caller.Tenants is null
            ? await all.List(after, paging.Limit + 1, cancellation)
            : [.. caller.Tenants.Order(StringComparer.Ordinal)
            .Where(id => after is null || string.CompareOrdinal(id, after) > 0).Take(paging.Limit + 1)];
        var page = new List<TenantWire>();
        var unavailable = new List<string>();
        foreach (var id in ids.Take(paging.Limit))
        {
            try
            {
                if (await all.Tenant(id, cancellation) is { } figure) page.Add(figure.Wire(id));
            }
            catch (TenantFailedException)
            {
                unavailable.Add(id);
            }
        }
        var next = ids.Count > paging.Limit ? Cursors.Write(ids[paging.Limit - 1]) : null;
        return new TenantListWire(page, next, unavailable.Count > 0 ? unavailable : null);
    }
}
