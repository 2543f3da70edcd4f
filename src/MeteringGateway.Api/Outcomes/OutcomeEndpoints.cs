using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Csv;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Html;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Requests;

namespace MeteringGateway.Api.Outcomes;

/// <summary>Outcomes: reported without CloudEvents, listed, inspected, judged by the buyer.</summary>
internal static class OutcomeEndpoints
{
    private const string Source = "/v1/outcomes"; // of the events that these calls become

    public static void MapOutcomes(this IEndpointRouteBuilder app)
    {
        var outcomes = app.MapGroup("/v1/tenants/{tenant}/outcomes").WithTags("Outcomes");

        outcomes.MapPost("", async Task<Results<Created<OutcomeWire>, Ok<OutcomeWire>, Problem>> (
            string tenant, HttpContext context, Principal caller, ITenants tenants, MeteringSettings settings,
            RefusedEvents refusals, EndCustomers customers, CancellationToken cancellation) =>
        {
            var body = await RequestBytes.Read(context);
            var fresh = $"o-{Guid.CreateVersion7():n}";
            var attributes = new EventFields { SpecVersion = "1.0", Id = fresh, Source = Source, Subject = tenant,
                Type = EventType.OutcomeReported };
            var read = new EventReader(settings.Limits, customers).ReadData(body.Span, attributes,
                Members.Id | Members.Time);
            if (read.Problem is { } wrong)
            {
                ApiInstruments.Unrecognised(wrong.Code);
                return Refused(wrong);
            }
            var report = Recognisable((Command.ReportOutcome)read.Command!, fresh);
            var answer = await tenants.ExecuteOnce(context, tenant, report, caller, body, cancellation);
            if (answer is Answer.Refused refused) return Refused(refused.ToProblem());
            var taken = answer as Answer.Accepted ?? throw answer.Unexpected();
            if (await Find(tenants, tenant, taken.Outcome!.Id, cancellation) is not { } outcome)
                throw taken.Unexpected();
            if (taken.Duplicate) return TypedResults.Ok(outcome);
            return TypedResults.Created($"/v1/tenants/{tenant}/outcomes/{Uri.EscapeDataString(outcome.OutcomeId)}",
                outcome);

            Problem Refused(Problem problem)
            {
                refusals.Note(caller, problem.Code);
                return problem;
            }
        }).Needs(Permission.EventsWrite).Takes<NewOutcomeWire>()
            .RefusesEvents()
            .WithName("reportOutcome").MayRepeat().WithSummary("Report an outcome (201 new, 200 duplicate)");

        outcomes.MapGet("",
            async (string tenant, [AsParameters] OutcomeQuery query, HttpContext context, ITenants tenants,
                CancellationToken cancellation) =>
        {
            var filter = query.Filter();
            if (await tenants.Tenant(tenant, cancellation) is not { } figure)
                throw new ProblemException(Problem.UnknownTenant());
            var paging = Paging.From(query.Cursor, query.Limit);
            context.Response.Headers.Vary = "Accept";
            if (WantsCsv(context.Request))
                await Stream(context, tenants, tenant, figure.Terms.Currency, filter, cancellation);
            else await TypedResults.Ok(await Page(tenants, tenant, figure.Terms.Currency, filter, paging, cancellation))
                .ExecuteAsync(context);
        }).Needs(Permission.OutcomesRead).Produces<ListWire<OutcomeWire>>()
            .Also<string>(StatusCodes.Status200OK, CsvText.MediaType)
            .WithName("listOutcomes").WithSummary("Outcomes, newest first; with Accept: text/csv all of them");

        outcomes.MapGet("/{id}", async Task<Results<Ok<InspectedOutcomeWire>, Problem>> (
            string tenant, string id, ITenants tenants, CancellationToken cancellation) =>
        {
            if (await tenants.Inspect(tenant, id, cancellation) is not { } shown) return Problem.UnknownTenant();
            if (shown.Row is null) return Unknown();
            return TypedResults.Ok(shown.Row.Wire(tenant, shown.Currency)
                .With([.. shown.History.Select(entry => entry.Wire(shown.Currency))]));
        }).Needs(Permission.OutcomesRead)
            .Refuses(Refusal.UnknownOutcome)
            .WithName("getOutcome").WithSummary("An outcome, with its history");

        outcomes.MapPost("/{id}/verdict", async Task<Results<Created<OutcomeWire>, Ok<OutcomeWire>, Problem>> (
            string tenant, string id, Body<VerdictWire> body, HttpContext context, Principal caller, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var verdict = Verdict(id, body.Value, caller, findings);
            if (findings.Problem is { } invalid) return invalid;
            if (await tenants.Inspect(tenant, id, cancellation) is not { } shown) return Problem.UnknownTenant();
            if (shown.Row is null) return Unknown();
            verdict = After(shown.History, verdict);
            var answer = await tenants.ExecuteOnce(context, tenant, verdict, caller, body.Bytes, cancellation);
            if (answer is Answer.Refused refused) return refused.ToProblem();
            if (await Find(tenants, tenant, id, cancellation) is not { } outcome) return Unknown();
            if (verdict.Kind == FactKind.VerdictRejected
                && await tenants.Outcome(tenant, id, cancellation) is { } rejected)
                outcome = outcome with { NoDispute = OutcomeFigures.NoDispute(rejected.Outcome) };
            if (answer is Answer.Accepted { Duplicate: true }) return TypedResults.Ok(outcome);
            return TypedResults.Created($"/v1/tenants/{tenant}/outcomes/{Uri.EscapeDataString(id)}", outcome);
        }).Needs(Permission.VerdictsWrite).Takes<VerdictWire>()
            .Refuses(Refusal.UnknownOutcome, Refusal.TenantClosed, Refusal.TooManyFacts, Refusal.TenantFull,
                Refusal.TooManyDisputes, Refusal.EventTooOld)
            .WithName("judgeOutcome").MayRepeat()
            .WithSummary("The buyer's own verdict; the same again changes nothing");
    }

    /// <summary>
    /// Who names the outcome and not the event may send it again all the same (I1): the event is named by what it says.
    /// What says something else of that outcome is another event (I3).
    /// </summary>
    private static Command.ReportOutcome Recognisable(Command.ReportOutcome report, string fresh)
    {
        if (report.Id.Id != fresh || report.OutcomeId == fresh) return report;
        var same = SHA256.HashData(Encoding.UTF8.GetBytes($"{report.OutcomeId}\n{report.Fingerprint}"));
        return report with { Id = new EventId(Source, $"o-{Convert.ToHexStringLower(same.AsSpan(0, 16))}") };
    }

    public static void MapErasure(this IEndpointRouteBuilder app) =>
        app.MapDelete("/v1/tenants/{tenant}/end-customers/{id}", async Task<Results<Ok<ErasedWire>, Problem>> (
            string tenant, string id, Principal caller, ITenants tenants, CancellationToken cancellation) =>
        {
            if (await tenants.Tenant(tenant, cancellation) is null) return Problem.UnknownTenant();
            var erased = await tenants.Erase(tenant, id, caller.Actor, cancellation);
            return erased.Refused is { } refused ? refused.ToProblem() : TypedResults.Ok(new ErasedWire(erased.Events));
        }).WithTags("Outcomes").Needs(Permission.TenantsWrite).WithMetadata(new NamesAPerson())
            .WithName("eraseEndCustomer")
            .WithSummary("Erase what is stored of an end customer's events; the journal and what is owed stay");

    private static Problem Unknown() => Problem.NotFound("unknown_outcome", "There is no such outcome.");

    private static bool WantsCsv(HttpRequest request) =>
        Accept.Choose(request, TakesExtensions.Json, CsvText.MediaType) == CsvText.MediaType;

    private static async Task<OutcomeWire?> Find(ITenants tenants, string tenant, string id,
        CancellationToken cancellation) =>
        await tenants.Outcome(tenant, id, cancellation) is { } row
            && await tenants.Tenant(tenant, cancellation) is { } figure
            ? row.Wire(tenant, figure.Terms.Currency)
            : null;

    private static async Task<ListWire<OutcomeWire>> Page(
        ITenants tenants, string tenant, string currency, OutcomeFilter filter, Paging paging,
        CancellationToken cancellation)
    {
        var page = await tenants.Outcomes(tenant, filter, paging.Position, paging.Limit, cancellation);
        if (page is null) throw new ProblemException(Problem.UnknownTenant());
        return new ListWire<OutcomeWire>([.. page.Items.Select(row => row.Wire(tenant, currency))],
            page.Next is { } next ? Cursors.Write(next) : null);
    }

    private static async Task Stream(
        HttpContext context, ITenants tenants, string tenant, string currency, OutcomeFilter filter,
        CancellationToken cancellation)
    {
        var period = filter.Period is { } one ? $"-{Text.Date(one)}" : "";
        CsvText.Announce(context, $"outcomes-{tenant}{period}");
        if (Head.WasAsked(context)) return;
        var (text, csv) = (new StringBuilder(), new OutcomeCsv(tenant, currency));
        OutcomeCsv.Header(text);
        for (long? cursor = null; ;)
        {
            var page = await tenants.Outcomes(tenant, filter, cursor, 1000, cancellation);
            foreach (var row in page?.Items ?? []) csv.Row(text, row);
            foreach (var chunk in text.GetChunks()) Encoding.UTF8.GetBytes(chunk.Span, context.Response.BodyWriter);
            text.Clear();
            await context.Response.BodyWriter.FlushAsync(cancellation);
            cursor = page?.Next;
            if (cursor is null) return;
        }
    }

    // Who says again what it said last is recognised; who goes back to what it said before changes its mind again.
    private static Command.ReportFact After(IReadOnlyList<JournalEntry> history, Command.ReportFact verdict)
    {
        var said = history.Select(entry => entry.Entry).OfType<Entry.FactReported>()
            .Where(fact => fact.Kind is FactKind.VerdictAccepted or FactKind.VerdictRejected
                && fact.Actor?.KeyId == verdict.Actor!.KeyId).ToList();
        if (said.Count == 0) return verdict;
        return verdict with
        {
            Id = said[^1] is var last && last.Id.Source == Source && last.Kind == verdict.Kind
                && last.Csat == verdict.Csat ? last.Id : verdict.Id with { Id = $"{verdict.Id.Id}-{said.Count + 1}" },
        };
    }

    // The same verdict from the same key is the same event, so that it may be sent again.
    private static Command.ReportFact Verdict(string outcome, VerdictWire wire, Principal caller, Findings findings)
    {
        if (wire.Verdict is not ("accepted" or "rejected"))
            findings.Add("/verdict", Findings.OneOf(wire.Verdict, ["accepted", "rejected"]));
        var csat = (byte?)findings.Whole("/csat", wire.Csat, 1, 5);
        var fields = new EventFields { Type = EventType.OutcomeVerdict, OutcomeId = outcome,
            Accepted = wire.Verdict == "accepted", Csat = csat };
        var same = SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.Id}\n{outcome}\n{wire.Verdict}\n{csat}"));
        return new Command.ReportFact(
            new EventId(Source, $"verdict-{Convert.ToHexStringLower(same.AsSpan(0, 16))}"), null, outcome,
            EventTypes.Fact(EventType.OutcomeVerdict, fields.Accepted))
        {
            Actor = caller.Actor,
            Csat = csat,
            Fingerprint = Fingerprint.Of(fields),
        };
    }
}
