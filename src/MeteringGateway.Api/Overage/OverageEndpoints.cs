using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Tenants;

namespace MeteringGateway.Api.Overage;

/// <summary>What may go on demand: the vendor sets the rule, the buyer authorises what it holds back (F2).</summary>
internal static class OverageEndpoints
{
    public static void MapOverage(this IEndpointRouteBuilder app)
    {
        var overage = app.MapGroup("/v1/tenants/{tenant}/overage").WithTags("Overage").AsConfigured();

        overage.MapPut("", async (
            string tenant, Body<OverageRuleWire> body, TenantChange change, Principal caller, HttpContext context,
            CancellationToken cancellation) =>
        {
            var figure = await change.PutOverage(context, tenant, body, caller, cancellation);
            ETags.Send(context, Tag(figure));
            return TypedResults.Ok(Write(figure));
        }).Needs(Permission.TermsWrite).Takes<OverageRuleWire>()
            .Refuses(Refusal.AmountOverflow, Refusal.TenantClosed, Refusal.TooManyChanges, Refusal.TooManyCaps,
                Refusal.TooManyThresholds, Refusal.ChangedMeanwhile)
            .WithName("putOverage").OnlyIfMatches().WithSummary(
                "Set the tenant's own rule of overage, effective at once; what is left out stays, null takes it away");

        overage.MapGet("", async Task<Results<Ok<OverageWire>, Problem>> (
            string tenant, ITenants tenants, HttpContext context, CancellationToken cancellation) =>
        {
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            ETags.Send(context, Tag(figure));
            return TypedResults.Ok(Write(figure));
        }).Needs(Permission.TermsWrite | Permission.LimitsWrite | Permission.UsageRead).Conditional()
            .WithName("getOverage").WithSummary("The rule in force, and what is authorised");

        overage.MapPost("/authorize", async Task<Results<Ok<AuthorizationWire>, Problem>> (
            string tenant, Body<AuthorizeWire> body, HttpContext context, Principal caller, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var command = Read(body.Value, findings) with { Actor = caller.Actor };
            if (findings.Problem is { } invalid) return invalid;
            if (command.Limit is not null && await tenants.Tenant(tenant, cancellation) is { } before
                && !Asks(before)) return HoldsNothing();
            var answer = await tenants.ExecuteOnce(context, tenant, command, caller, body.Bytes, cancellation);
            if (answer is Answer.Refused refused) return refused.ToProblem();
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            var currency = figure.Terms.Currency;
            // One that somebody took back at once is told as it was given.
            return TypedResults.Ok(Write(figure.Authorization, currency)
                ?? new AuthorizationWire(body.Value.For!, null, command.Limit?.Wire(currency)));
        }).Needs(Permission.LimitsWrite).Takes<AuthorizeWire>()
            .Refuses(Refusal.TenantClosed)
            .WithName("authorizeOverage").MayRepeat()
            .WithSummary("Let units go on demand, for the open period or until it is taken back");

        overage.MapDelete("/authorization", async Task<Results<NoContent, Problem>> (
            string tenant, ITenants tenants, Principal caller, CancellationToken cancellation) =>
            await tenants.Execute(tenant, new Command.WithdrawAuthorization { Actor = caller.Actor },
                cancellation) is Answer.Refused refused
                ? refused.ToProblem()
                : TypedResults.NoContent())
            .Needs(Permission.LimitsWrite)
            .Refuses(Refusal.TenantClosed)
            .WithName("withdrawOverage")
            .WithSummary("Take an authorisation back; also when there is none");
    }

    /// <summary>Of the rule, which is what is set, and of what is authorised beside it.</summary>
    public static string Tag(TenantFigure tenant) => ETags.Of(Rule(tenant), Write(tenant));

    /// <summary>
    /// A limit that is not said again is still one. Under <c>block</c> there is neither price nor limit to keep.
    /// </summary>
    public static OverageRuleWire Over(OverageRuleWire? had, Body<OverageRuleWire> body)
    {
        var said = body.Value;
        if (had is null) return said;
        var blocks = said.Mode == "block";
        return said with
        {
            Mode = body.Says("mode") ? said.Mode : had.Mode,
            Price = blocks || body.Says("price") ? said.Price : had.Price,
            Limit = blocks || body.Says("limit") ? said.Limit : had.Limit,
            RequiresAuthorization = body.Says("requires_authorization") ? said.RequiresAuthorization
                : had.RequiresAuthorization,
            AtLimit = !body.Says("at_limit") ? had.AtLimit
                : said.AtLimit is not { } then || then.Action != had.AtLimit?.Action ? said.AtLimit
                : then with
                {
                    To = body.Says("at_limit", "to") ? then.To : had.AtLimit?.To,
                    Message = body.Says("at_limit", "message") ? then.Message : had.AtLimit?.Message,
                },
        };
    }

    /// <summary>Whether a rule that is in force, or is to come, waits for an authorisation.</summary>
    private static bool Asks(TenantFigure tenant) => tenant.Scheduled.Select(change => change.Setting)
        .OfType<Setting.Plan>().Select(plan => plan.Terms).Prepend(tenant.Terms)
        .Any(terms => terms.Overage is { RequiresAuthorization: true }
            || terms.OutcomeTypes.Any(type => type.Overage is { RequiresAuthorization: true }));

    // It would be taken for a limit, and would hold nothing back.
    private static Problem HoldsNothing() => Problem.Invalid([new ProblemError("/limit",
        "would hold nothing back: no rule of overage of this tenant asks for an authorisation; a cap limits what may "
            + "be spent")]);

    private static OverageRuleWire Rule(TenantFigure tenant) =>
        FundingReader.Write(tenant.Terms.Overage ?? OverageRule.Default, tenant.Terms.Currency);

    private static OverageWire Write(TenantFigure tenant)
    {
        var rule = Rule(tenant);
        return new OverageWire(rule.Mode, rule.Price, rule.Limit, rule.RequiresAuthorization!.Value, rule.AtLimit!,
            Write(tenant.Authorization, tenant.Terms.Currency));
    }

    private static AuthorizationWire? Write(Authorization? given, string currency) => given is null
        ? null
        : new AuthorizationWire(given.Period is null ? "standing" : "period",
            given.Period is { } period ? Text.Date(period) : null, given.Limit?.Wire(currency));

    private static Command.AuthorizeOverage Read(AuthorizeWire wire, Findings findings)
    {
        if (wire.For is not ("period" or "standing"))
            findings.Add("/for", Findings.OneOf(wire.For, ["period", "standing"]));
        return new Command.AuthorizeOverage(wire.For == "standing",
            wire.Limit is { } limit ? Limits.Read("/limit", limit, findings) : null);
    }
}
