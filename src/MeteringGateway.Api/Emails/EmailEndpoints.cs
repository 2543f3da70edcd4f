using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Tenants;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Emails;

/// <summary>Addresses that a buyer wants alerts of its tenant mailed to (S5).</summary>
internal static class EmailEndpoints
{
    public static IServiceCollection AddEmails(this IServiceCollection services)
    {
        services.AddSingleton<EmailLinks>();
        services.AddSingleton<MailSender>();
        services.AddTransient<EmailChange>();
        return services;
    }

    public static void MapEmails(this IEndpointRouteBuilder app)
    {
        var emails = app.MapGroup("/v1/tenants/{tenant}/emails").WithTags("Emails").AsConfigured()
            .Needs(Permission.AlertsWrite);

        emails.MapPut("/{email}", async Task<Results<Created<EmailWire>, Ok<EmailWire>, Problem>> (
            string tenant, string email, Body<PutEmailWire> body, EmailChange change, Principal caller,
            HttpContext context, CancellationToken cancellation) =>
        {
            var (stored, created) = await change.Put(context, tenant, email, body.Value, caller, cancellation);
            ETags.Send(context, ETags.Of(stored.Version));
            if (!created) return TypedResults.Ok(Wire(email, stored));
            return TypedResults.Created($"/v1/tenants/{tenant}/emails/{email}", Wire(email, stored));
        }).Takes<PutEmailWire>()
            .Refuses(Refusal.ChangedMeanwhile, Refusal.TooManyChanges)
            .Refuses(StatusCodes.Status409Conflict, "no_mail_server", "no_key_directory", "too_many_emails",
                "too_many_webhooks")
            .Refuses(StatusCodes.Status429TooManyRequests, "too_many_confirmations")
            .WithName("putEmail").OnlyIfMatches().WithSummary("Have alerts mailed to an address, whose owner is asked by mail to "
            + "confirm it; again, as long as it is not confirmed");

        emails.MapGet("", async Task<Results<Ok<ListWire<EmailWire>>, Problem>> (string tenant, WebhookBook book,
            IStore store, string? cursor, string? limit, CancellationToken cancellation) =>
            await TenantsThere.IsThere(store, tenant, cancellation)
                ? TypedResults.Ok(Paging.From(cursor, limit).Page(
                    book.OwnOf(tenant).Where(one => one.Webhook.Email is not null), one => OwnId.IdOf(one.Id),
                    one => Wire(one.Id, one.Webhook)))
                : Problem.UnknownTenant())
            .WithName("listEmails").WithSummary("The addresses that alerts are mailed to");

        emails.MapGet("/{email}", Results<Ok<EmailWire>, Problem> (string tenant, string email, EmailChange change,
            HttpContext context) =>
        {
            var stored = change.Find(tenant, email);
            ETags.Send(context, ETags.Of(stored.Version));
            return TypedResults.Ok(Wire(email, stored));
        }).Conditional()
            .Refuses(StatusCodes.Status404NotFound, "unknown_email")
            .WithName("getEmail").WithSummary("An address: whether it is confirmed, and if it is off, why");

        emails.MapDelete("/{email}", async Task<Results<NoContent, Problem>> (string tenant, string email,
            EmailChange change, Principal caller, HttpContext context, CancellationToken cancellation) =>
        {
            await change.Delete(context, tenant, email, caller, cancellation);
            return TypedResults.NoContent();
        }).Refuses(Refusal.ChangedMeanwhile)
            .Refuses(StatusCodes.Status404NotFound, "unknown_email")
            .WithName("removeEmail").OnlyIfMatches().WithSummary("Mail no more to an address, and forget it; what was pending is not sent");

        emails.MapGet("/{email}/deliveries", async Task<Results<Ok<ListWire<DeliveryWire>>, Problem>> (
            string tenant, string email, EmailChange change, Principal caller, IStore store, string? status,
            string? cursor, string? limit, CancellationToken cancellation) =>
        {
            change.Find(tenant, email);
            return await DeliveryEndpoints.Page(EmailChange.Key(tenant, email), caller, store, status,
                Paging.From(cursor, limit), cancellation);
        })
            .Refuses(StatusCodes.Status404NotFound, "unknown_email")
            .WithName("listEmailDeliveries").WithSummary("What was mailed to an address, newest first, with what its server answered");

        app.MapLinks();
    }

    /// <param name="id">Or the key.</param>
    public static EmailWire Wire(string id, StoredWebhook email) => new(
        OwnId.IdOf(id), email.Url[StoredEmail.Scheme.Length..], email.Events ?? ["*"],
        !email.IsEnabled ? "disabled" : email.Email!.ConfirmedAt is null ? "unconfirmed" : "enabled",
        email is { IsEnabled: true, Email.ConfirmedAt: null } ? email.Email.ConfirmBy.ToString() : null,
        email.Email!.ConfirmedAt?.ToString(), email.DisabledReason, email.DisabledAt?.ToString(),
        email.CreatedAt.ToString(), email.UpdatedAt.ToString());
}
