using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Html;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Plans;

/// <summary>Plans are the vendor's: a buyer sees its own terms, not the others'.</summary>
internal static class PlanEndpoints
{
    public static void MapPlans(this IEndpointRouteBuilder app)
    {
        var plans = app.MapGroup("/v1/plans").WithTags("Plans").AsConfigured();

        plans.MapPut("/{plan}", async Task<Results<Created<PlanVersionWire>, Ok<PlanVersionWire>, Problem>> (
            string plan, Body<PlanWire> body, Principal caller, HttpContext context, PlanBook book, ITurns turns,
            IStore store, CancellationToken cancellation) =>
        {
            // A plan belongs to no tenant, and others may be made on it.
            if (caller.Tenants is not null) return Problem.Unbound();
            var findings = new Findings();
            if (!Ids.IsId(plan))
                return Problem.Invalid([new ProblemError("", $"a plan's id {Ids.Form}")]);
            var terms = PlanReader.Read(body.Value, findings);
            PlanChecks.WhenPut(body.Value, findings);
            if (findings.Problem is { } invalid) return invalid;
            if (TenantState.Excess(terms) is { } what) return Problem.AmountOverflow($"The plan's {what} come");
            await using var turn = await turns.Take($"plan {plan}", cancellation);
            ETags.Demand(context, book.Find(plan, null) is { } newest ? ETags.Of(newest.Version) : null);
            var (version, added) = await book.Put(store, plan, body.Value, caller.Id, cancellation);
            ETags.Send(context, ETags.Of(version.Version));
            if (PlanChecks.CreditsOfNoUse(body.Value).ToArray() is { Length: > 0 } warnings)
                version = version with { Warnings = warnings };
            if (added) return TypedResults.Created($"/v1/plans/{plan}?version={version.Version}", version);
            return TypedResults.Ok(version);
        }).Needs(Permission.PlansWrite).Takes<PlanWire>()
            .Refuses(Refusal.AmountOverflow, Refusal.ChangedMeanwhile, Refusal.TooManyChanges)
            .WithName("putPlan").OnlyIfMatches()
            .WithSummary("Add a version of a plan; the same content again changes nothing");

        plans.MapGet("", async (PlanBook book, ITenants tenants, Principal caller, string? cursor, string? limit,
            CancellationToken cancellation) =>
        {
            var own = await OwnPlans(caller, tenants, cancellation);
            var plans = own is null ? book.Newest : own.Select(plan => book.Find(plan.Id, plan.Version)!)
                .OrderByDescending(plan => plan.Version).DistinctBy(plan => plan.Id)
                .OrderBy(plan => plan.Id, StringComparer.Ordinal);
            return TypedResults.Ok(Paging.From(cursor, limit).Page(plans, plan => plan.Id, plan => plan));
        }).Needs(MayRead).WithName("listPlans").WithSummary(
            "The newest version of every plan; for a key that is bound to tenants, the versions that these are on");

        plans.MapGet("/{plan}",
            async Task<Results<Ok<PlanVersionWire>, Problem>> (string plan, string? version, HttpContext context,
                PlanBook book, ITenants tenants, Principal caller, CancellationToken cancellation) =>
        {
            var own = await OwnPlans(caller, tenants, cancellation);
            if (own?.Where(one => one.Id == plan).Select(one => one.Version).ToArray() is { } versions)
            {
                if (versions.Length == 0) return Unknown();
                version ??= Text.Of(versions.Max());
                if (!versions.Contains((int)Math.Min(Query.Whole("version", version) ?? -1, int.MaxValue)))
                    return Unknown();
            }
            if (Find(book, plan, version) is not { } found) return Unknown();
            ETags.Send(context, ETags.Of(found.Version));
            return TypedResults.Ok(found);
        }).Needs(MayRead).Conditional()
            .Refuses(StatusCodes.Status404NotFound, "unknown_plan")
            .WithName("getPlan")
            .WithSummary("A version of a plan; for a key that is bound to tenants, one that they are on");

        plans.MapGet("/{plan}/page",
            async Task<IResult> (string plan, string? version, [FromQuery(Name = "outcome_type")] string[]? types,
                string[]? units,
                HttpContext context, PlanBook book, Readiness readiness, IServiceProvider services) =>
        {
            if (readiness.Problem is { } notReady) return notReady; // the gate asks this only where it asks for a key
            if (Find(book, plan, version) is not { } found) return Unknown();
            var terms = PlanReader.Read(found.Plan, new Findings());
            var estimate = Estimate.Of(terms, types ?? [], units ?? []);
            var page = PricePage.Of(found.Id, found.Version, terms, found.Plan.Page, estimate);
            context.Response.Headers.Vary = "Accept";
            context.Response.Headers.CacheControl = "public, no-cache";
            if (Accept.Choose(context.Request, TakesExtensions.Json, PagesForPeople.MediaType)
                == PagesForPeople.MediaType && services.GetService<PagesForPeople>() is { } pages)
                return TypedResults.Text(await pages.Price(context, page), PagesForPeople.MediaType, Encoding.UTF8)
                    .Tagged(context);
            ETags.Send(context, ETags.Of(page));
            return TypedResults.Ok(page);
        }).OpenToAll().Conditional().Produces<PricePageWire>()
            .Also<string>(StatusCodes.Status200OK, PagesForPeople.MediaType)
            .Refuses(Refusal.AmountOverflow)
            .Refuses(StatusCodes.Status404NotFound, "unknown_plan")
            .Refuses(StatusCodes.Status503ServiceUnavailable, "not_ready", "unreadable")
            .WithName("getPricePage")
            .WithSummary("The plan as a public pricing page, for people (HTML) and programs (JSON); with "
                + "outcome_type and units, each as often as the other, what so many would come to");
    }

    private const Permission MayRead = Permission.PlansWrite | Permission.TermsWrite | Permission.UsageRead;

    /// <summary>
    /// The versions that the key's tenants are on; null for a key that may see all: the vendor's, bound to none. What
    /// belongs to others is not there.
    /// </summary>
    public static async Task<HashSet<PlanRef>?> OwnPlans(Principal caller, ITenants tenants,
        CancellationToken cancellation)
    {
        if (caller.Tenants is null && caller.May(Permission.PlansWrite | Permission.TermsWrite)) return null;
        var own = new HashSet<PlanRef>();
        foreach (var id in caller.Tenants ?? [])
            if (await tenants.Tenant(id, cancellation) is { } tenant)
                own.Add(tenant.Plan);
        return own;
    }

    private static PlanVersionWire? Find(PlanBook book, string plan, string? version) =>
        book.Find(plan, (int?)Math.Min(Query.Whole("version", version) ?? -1, int.MaxValue) is var n and >= 0 ? n
            : null);

    private static Problem Unknown() =>
        Problem.NotFound("unknown_plan", "There is no such plan, or no such version of it.");
}
