using System.Text;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Csv;
using MeteringGateway.Api.Html;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MeteringGateway.Api.Statements;

/// <summary>What is owed, period by period.</summary>
internal static class StatementEndpoints
{
    /// <summary>Of a page: each costs some reads of the journal and a signature of its head.</summary>
    private const int MostStatements = 100;

    public static void MapStatements(this IEndpointRouteBuilder app)
    {
        var statements = app.MapGroup("/v1/tenants/{tenant}/statements").WithTags("Statements")
            .Needs(Permission.UsageRead);

        statements.MapGet("", async Task<Results<Ok<ListWire<StatementWire>>, Problem>> (
            string tenant, ITenants tenants, string? cursor, string? limit, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            if (await tenants.Statements(tenant, paging.Day, Math.Min(paging.Limit, MostStatements), cancellation)
                is not { } page)
                return Problem.UnknownTenant();
            return TypedResults.Ok(new ListWire<StatementWire>(
                [.. page.Items.Select(row => row.Wire(tenant))], page.Next is { } next ? Cursors.Write(next) : null));
        }).WithName("listStatements").WithSummary("Statements, newest period first");

        statements.MapGet("/{period}",
            async Task<IResult> (string tenant, string period, string? lines, string? cursor, string? limit,
                HttpContext context, Principal caller, ITenants tenants, IServiceProvider services,
                CancellationToken cancellation) =>
        {
            var wanted = Query.PeriodInPath(period);
            if (Wrong(lines, cursor, limit) is { } wrong) throw wrong;
            if (lines is not null && !caller.May(Permission.OutcomesRead))
                return Problem.Forbidden(Permission.OutcomesRead);
            var paging = Paging.From(cursor, limit);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            if (await tenants.Statement(tenant, wanted, cancellation) is not { } row)
                return Problem.NotFound("unknown_period", "The tenant has no such period.");
            var statement = row.Wire(tenant);
            context.Response.Headers.Vary = "Accept";
            var form = Accept.Choose(context.Request, TakesExtensions.Json, PagesForPeople.MediaType,
                CsvText.MediaType);
            var pages = form == PagesForPeople.MediaType ? services.GetService<PagesForPeople>() : null;
            var isFinal = row.Statement.Status == PeriodStatus.Closed;
            if (lines is not null)
            {
                var isLast = figure.Period.Id == row.Statement.Period.Id;
                var behind = new BehindLines(tenants, tenant, row.Statement, isLast);
                if (form == CsvText.MediaType) return StatementCsv.Answer(context, statement, behind);
                var (listed, next) = await behind.Page(paging.After, paging.Limit, cancellation);
                statement = statement.With(listed, next);
            }
            var page = pages is not null
                ? TypedResults.Text(await pages.Statement(context, statement, figure.Name), PagesForPeople.MediaType,
                    Encoding.UTF8)
                : form == CsvText.MediaType ? StatementCsv.Answer(context, statement) : null;
            // Until it is final, every event makes another of it.
            if (page is not null) return isFinal ? page.Tagged(context) : page;
            if (isFinal) ETags.Send(context, ETags.Of(statement));
            return TypedResults.Ok(statement);
        }).Conditional().Produces<StatementWire>().Also<string>(StatusCodes.Status200OK, PagesForPeople.MediaType)
            .Also<string>(StatusCodes.Status200OK, CsvText.MediaType)
            .Refuses(Refusal.UnknownPeriod)
            .WithName("getStatement")
            .WithSummary("A period's statement, or that of the one that is 'current'; as JSON, a page to print, or CSV."
                + " With lines=outcomes (which needs outcomes:read, too) the outcomes behind each line, page by page;"
                + " as CSV all of them");
    }

    private static ProblemException? Wrong(string? lines, string? cursor, string? limit)
    {
        if (lines is not (null or "outcomes")) return Query.Wrong("lines", Findings.OneOf(lines, ["outcomes"]));
        if (lines is not null) return null;
        return cursor is not null ? Query.Wrong("cursor", "is for lines=outcomes")
            : limit is not null ? Query.Wrong("limit", "is for lines=outcomes") : null;
    }
}
