using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Html;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Emails;

/// <summary>
/// Where the links in mails lead. Looking at a page changes nothing: programs that look for danger follow each link of
/// a mail. A button on the page, or a mail program's own (RFC 8058), does it by POST. The token in the link is all that
/// is needed.
/// </summary>
internal static class LinkEndpoints
{
    private const string Gone = "This link leads nowhere any more";

    public static void MapLinks(this IEndpointRouteBuilder app)
    {
        var links = app.MapGroup("/v1/tenants/{tenant}/emails/{email}").WithTags("Emails").AsConfigured().OpenToAll();

        links.MapGet("/confirm", IResult (string tenant, string email, string? token, EmailChange change,
            Readiness readiness, HttpContext context) => readiness.Problem ?? (IResult)(
            change.OfLink(tenant, email, "confirm", token) is null ? NotThere(context)
            : Page(context, "Confirm this address", "Alerts about limits, spend and statements are to be mailed to it. "
                + "If you did not expect this, close the page: nothing more is sent.", "Confirm"))).AsPage()
            .WithName("getEmailConfirmation")
            .WithSummary("The page behind the link of a confirmation");

        links.MapPost("/confirm", async Task<IResult> (string tenant, string email, string? token, EmailChange change,
            Readiness readiness, HttpContext context, CancellationToken cancellation) => readiness.Problem ?? (IResult)(
            await change.Confirm(tenant, email, token, cancellation)
                ? Page(context, "Confirmed",
                    "Alerts will be mailed to this address. Each mail has a link that ends it.")
                : NotThere(context))).AsPage()
            .WithName("confirmEmail")
            .WithSummary("Confirm an address, with the token of its link");

        links.MapGet("/unsubscribe", IResult (string tenant, string email, string? token, EmailChange change,
            Readiness readiness, HttpContext context) => readiness.Problem ?? (IResult)(
            change.OfLink(tenant, email, "unsubscribe", token) is null ? NotThere(context)
            : Page(context, "Unsubscribe", "No more alerts will be mailed to this address.", "Unsubscribe"))).AsPage()
            .WithName("getEmailUnsubscription")
            .WithSummary("The page behind the unsubscribing link of a mail");

        links.MapPost("/unsubscribe", async Task<IResult> (string tenant, string email, string? token,
            EmailChange change, Readiness readiness, HttpContext context, CancellationToken cancellation) =>
            readiness.Problem ?? (IResult)(await change.Unsubscribe(tenant, email, token, cancellation)
                ? Page(context, "Unsubscribed", "No more alerts will be mailed to this address.")
                : NotThere(context))).AsPage()
            .WithName("unsubscribeEmail")
            .WithSummary("Unsubscribe an address, with the token of its link; also in one click (RFC 8058)");
    }

    private static RouteHandlerBuilder AsPage(this RouteHandlerBuilder endpoint) =>
        endpoint.Produces<string>(StatusCodes.Status200OK, PagesForPeople.MediaType)
            .Produces<string>(StatusCodes.Status404NotFound, PagesForPeople.MediaType)
            .Refuses(Refusal.ChangedMeanwhile)
            .Refuses(StatusCodes.Status503ServiceUnavailable, "not_ready", "unavailable", "unreadable");

    // Whether it is the tenant, the id or the token that is wrong, nobody is told.
    private static ContentHttpResult NotThere(HttpContext context) =>
        Page(context, Gone, "Perhaps it was used long ago, its time is over, or the address was taken off.",
            status: StatusCodes.Status404NotFound);

    private static ContentHttpResult Page(HttpContext context, string title, string says, string? button = null,
        int status = StatusCodes.Status200OK) => EmailHtml.Page(context, title, says, button, status);
}
