using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Webhooks;

/// <summary>Webhooks are made, changed, listed and ended by an administrator.</summary>
internal static class WebhookEndpoints
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddSingleton<WebhookBook>();
        services.AddSingleton<Dispatcher>();
        services.AddTransient<WebhookChange>();
        return services;
    }

    public static void MapWebhooks(this IEndpointRouteBuilder app)
    {
        var webhooks = app.MapGroup("/v1/webhooks").WithTags("Webhooks").AsConfigured().Needs(Permission.WebhooksWrite);

        webhooks.MapPut("/{webhook}", async Task<Results<Created<WebhookWire>, Ok<WebhookWire>, Problem>> (
            string webhook, Body<PutWebhookWire> body, WebhookChange change, Principal caller, HttpContext context,
            CancellationToken cancellation) =>
        {
            var (stored, created) = await change.Put(context, null, webhook, body.Value, caller, cancellation);
            ETags.Send(context, ETags.Of(stored.Version));
            var wire = WebhookBook.Wire(webhook, stored);
            if (!created) return TypedResults.Ok(wire);
            return TypedResults.Created($"/v1/webhooks/{webhook}", WebhookBook.Created(webhook, stored));
        }).Takes<PutWebhookWire>()
            .Refuses(Refusal.ChangedMeanwhile, Refusal.TooManyChanges)
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .Refuses(StatusCodes.Status409Conflict, "too_many_webhooks", "no_key_directory")
            .WithName("putWebhook").OnlyIfMatches().WithSummary(
                "Make a webhook, whose signing secret is shown this once, or change one; one that was switched off "
                    + "is on again");

        webhooks.MapGet("", (WebhookBook book, Principal caller, string? cursor, string? limit) =>
            TypedResults.Ok(Paging.From(cursor, limit).Page(
                book.Operators.Where(one => WebhookChange.IsWithin(one.Webhook.Tenants, caller)), one => one.Id,
                one => WebhookBook.Wire(one.Id, one.Webhook))))
            .WithName("listWebhooks").WithSummary("Every webhook, without its secret");

        webhooks.MapGet("/{webhook}",
            Results<Ok<WebhookWire>, Problem> (string webhook, WebhookChange change, Principal caller,
                HttpContext context) =>
        {
            var stored = change.Find(WebhookChange.Operators(webhook), caller);
            ETags.Send(context, ETags.Of(stored.Version));
            return TypedResults.Ok(WebhookBook.Wire(webhook, stored));
        }).Conditional()
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .WithName("getWebhook").WithSummary("A webhook: whether it is on, and if not, why");

        webhooks.MapDelete("/{webhook}", async Task<Results<NoContent, Problem>> (
            string webhook, WebhookChange change, Principal caller, HttpContext context,
            CancellationToken cancellation) =>
        {
            await change.Delete(context, WebhookChange.Operators(webhook), caller, cancellation);
            return TypedResults.NoContent();
        })
            .Refuses(Refusal.ChangedMeanwhile)
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .WithName("removeWebhook").OnlyIfMatches().WithSummary("End a webhook; what was pending is not sent");

        webhooks.MapPost("/{webhook}/rotate", async Task<Results<Ok<RotatedSecretWire>, Problem>> (
            string webhook, WebhookChange change, Principal caller, HttpContext context,
            CancellationToken cancellation) =>
        {
            var (secret, until) = await change.Rotate(WebhookChange.Operators(webhook),
                IdempotencyHeader.Read(context), caller, cancellation);
            return TypedResults.Ok(new RotatedSecretWire(webhook, secret.Value!, until.ToString()));
        })
            .Refuses(Refusal.ChangedMeanwhile, Refusal.TooManyChanges)
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .Refuses(StatusCodes.Status409Conflict, "no_key_directory", "rotated_too_often")
            .WithName("rotateWebhookSecret").MayRepeat()
            .WithSummary("Make a new signing secret, shown this once; the one before signs beside it for 24 hours");

        webhooks.MapDeliveries();
        app.MapOwnWebhooks();
    }
}
