using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Plans;

/// <summary>Plans are the vendor's: a buyer sees its own terms, not the others'.</summary>
internal static class PlanEndpoints
{
    public static void MapPlans(this IEndpointRouteBuilder app)
    {
        var plans = app.MapGroup("/v1/plans").WithTags("Plans");

        plans.MapPut("/{plan}", async Task<Results<Created<PlanVersionWire>, Ok<PlanVersionWire>, Problem>> (
            string plan, Body<PlanWire> body, Principal caller, HttpContext context, PlanBook book, ETags etags, IStore store, CancellationToken cancellation) =>
        {
            var findings = new Findings();
            if (!Ids.IsId(plan)) return Problem.Invalid([new ProblemError("", "a plan's id must be 1 to 64 of a-z 0-9 . _ -")]);
            PlanReader.Read(body.Value, findings);
            if (findings.Problem is { } invalid) return invalid;
            using var turn = await etags.Take($"plan {plan}", cancellation);
            ETags.Demand(context, book.Find(plan, null) is { } newest ? ETags.Of(newest.Version) : null);
            var (version, added) = await book.Put(store, plan, body.Value, caller.Id, cancellation);
            ETags.Send(context, ETags.Of(version.Version));
            if (added) return TypedResults.Created($"/v1/plans/{plan}?version={version.Version}", version);
            return TypedResults.Ok(version);
        }).Needs(Permission.PlansWrite).Takes<PlanWire>().WithSummary("Add a version of a plan; the same content again changes nothing");

        plans.MapGet("", (PlanBook book, string? cursor, string? limit) =>
            TypedResults.Ok(Paging.From(cursor, limit).Page(book.Newest, plan => plan.Id, plan => plan)))
            .Needs(Permission.PlansWrite | Permission.TermsWrite).WithSummary("The newest version of every plan");

        plans.MapGet("/{plan}", Results<Ok<PlanVersionWire>, Problem> (string plan, string? version, HttpContext context, PlanBook book) =>
        {
            if (book.Find(plan, (int?)Math.Min(Query.Whole("version", version) ?? -1, int.MaxValue) is var n and >= 0 ? n : null) is not { } found)
                return Problem.NotFound("unknown_plan", "There is no such plan, or no such version of it.");
            ETags.Send(context, ETags.Of(found.Version));
            return TypedResults.Ok(found);
        }).Needs(Permission.PlansWrite | Permission.TermsWrite).WithSummary("A version of a plan");
    }
}
