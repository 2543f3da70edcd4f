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
    public static void MapStatements(this IEndpointRouteBuilder app)
    {
        var statements = app.MapGroup("/v1/tenants/{tenant}/statements").WithTags("Statements")
            .Needs(Permission.UsageRead);

        statements.MapGet("", async Task<Results<Ok<ListWire<StatementWire>>, Problem>> (
            string tenant, ITenants tenants, string? cursor, string? limit, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            if (await tenants.Statements(tenant, paging.Day, paging.Limit, cancellation) is not { } page)
                return Problem.UnknownTenant();
            return TypedResults.Ok(new ListWire<StatementWire>(
                [.. page.Items.Select(row => row.Wire(tenant))], page.Next is { } next ? Cursors.Write(next) : null));
        }).WithSummary("Statements, newest period first");

        statements.MapGet("/{period}",
            async Task<IResult> (string tenant, string period, HttpContext context, ITenants tenants,
                CancellationToken cancellation) =>
        {
            var wanted = period == "current" ? null : Query.Date("period", period);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            if (await tenants.Statement(tenant, wanted, cancellation) is not { } row)
                return Problem.NotFound("unknown_period", "The tenant has no such period.");
            var statement = row.Wire(tenant);
            context.Response.Headers.Vary = "Accept";
            var page = Accept.Choose(context.Request, TakesExtensions.Json, HtmlPage.MediaType,
                CsvText.MediaType) switch
            {
                HtmlPage.MediaType => StatementPage.Answer(context, statement, row.Statement, figure),
                CsvText.MediaType => StatementCsv.Answer(context, statement),
                _ => null,
            };
            // Until it is final, every event makes another of it.
            var isFinal = row.Statement.Status == PeriodStatus.Closed;
            if (page is not null) return isFinal ? page.Tagged(context) : page;
            if (isFinal) ETags.Send(context, ETags.Of(statement));
            return TypedResults.Ok(statement);
        }).Conditional().Produces<StatementWire>().Also<string>(StatusCodes.Status200OK, HtmlPage.MediaType)
            .Also<string>(StatusCodes.Status200OK, CsvText.MediaType)
            .WithSummary(
                "A period's statement, or that of the one that is 'current'; as JSON, a page to print, or CSV");
    }
}
