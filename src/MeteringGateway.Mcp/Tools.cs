using System.Text.Json;
using MeteringGateway.Api.Allowance;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Usage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MeteringGateway.Mcp;

/// <summary>What a language model may call. The arguments are those of the HTTP call of the same effect.</summary>
internal static class Tools
{
    public const Permission AnyOf = Permission.Allowance | Permission.EventsWrite | Permission.UsageRead;

    private const string Source = "/mcp"; // of the events that reports become

    /// <summary>Those that the caller's key may use.</summary>
    public static IEnumerable<Tool> For(HttpContext context)
    {
        var caller = context.Features.GetRequiredFeature<Principal>();
        if (caller.May(Permission.Allowance)) yield return new Tool(ToolForms.CheckAllowance, caller, context, Check);
        if (caller.May(Permission.EventsWrite)) yield return new Tool(ToolForms.ReportOutcome, caller, context, Report);
        if (caller.May(Permission.UsageRead)) yield return new Tool(ToolForms.Usage, caller, context, Usage);
    }

    private static async Task<JsonElement> Check(Call call, CancellationToken cancellation)
    {
        var (question, _) = QuestionReader.Read(call.Body("outcome_type", "activity", "quantity", "agent", "channel",
            "workflow", "session"));
        if (await call.Tenants.Check(call.Tenant, question, cancellation) is { } decision)
            return JsonSerializer.SerializeToElement(decision.Wire(), HotJson.Default.DecisionWire);
        throw new ProblemException(await call.Tenants.Tenant(call.Tenant, cancellation) is not { } figure
            ? Problem.UnknownTenant()
            : new Answer.Refused(Refusal.UnknownOutcomeType, figure.Terms.NoSuchType(question.Subject.What))
                .ToProblem());
    }

    private static async Task<JsonElement> Report(Call call, CancellationToken cancellation)
    {
        var attributes = new EventFields { SpecVersion = "1.0", Id = call.Text("outcome_id"), Source = Source,
            Subject = call.Tenant, Type = EventType.OutcomeReported };
        var reader = new EventReader(call.Service<MeteringSettings>().Limits, call.Service<EndCustomers>());
        var group = new EventGroup(call.Tenants, call.Caller, call.Service<RefusedEvents>());
        group.Add(reader.ReadData(call.Body("outcome_type", "outcome_id", "quantity", "result", "session", "agent",
            "channel", "workflow", "reservation", "success_criteria_met", "handed_off", "end_customer"), attributes,
            Members.Time));
        await group.Execute(cancellation);
        var (id, accepted, problem) = group.Result(0);
        if (problem is not null) throw new ProblemException(problem);
        return JsonSerializer.SerializeToElement(new EventResultWire(id!,
            accepted!.Duplicate ? "duplicate" : "accepted", accepted.Outcome?.Wire(), accepted.Remaining),
            WireJson.Typed<EventResultWire>());
    }

    private static async Task<JsonElement> Usage(Call call, CancellationToken cancellation)
    {
        // It is what a read over HTTP is, and no more of them may be under way.
        var most = call.Service<MeteringSettings>().Limits.ReadsAtOnce;
        using var read = call.Caller.Reads.Open(most)
            ?? throw new ProblemException(Problem.TooManyAtOnce(most, "reads"));
        var period = Query.Period(call.Optional("period"));
        if (await call.Tenants.Usage(call.Tenant, period, cancellation) is { } usage)
            return JsonSerializer.SerializeToElement(usage.Wire(call.Tenant), WireJson.Typed<UsageWire>());
        throw new ProblemException(await call.Tenants.Tenant(call.Tenant, cancellation) is null
            ? Problem.UnknownTenant() : Problem.NotFound("unknown_period", "The tenant has no such period."));
    }
}
