using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Tenants;

namespace MeteringGateway.Api.Webhooks;

/// <summary>Webhooks that a buyer keeps for its own tenant (S5): they hear of that tenant and of no other.</summary>
internal static class OwnWebhookEndpoints
{
    public static void MapOwnWebhooks(this IEndpointRouteBuilder app)
    {
        var webhooks = app.MapGroup("/v1/tenants/{tenant}/webhooks").WithTags("Webhooks").AsConfigured()
            .Needs(Permission.AlertsWrite);

        webhooks.MapPut("/{webhook}", async Task<Results<Created<WebhookWire>, Ok<WebhookWire>, Problem>> (
            string tenant, string webhook, Body<PutOwnWebhookWire> body, WebhookChange change, Principal caller,
            HttpContext context, CancellationToken cancellation) =>
        {
            var wanted = new PutWebhookWire { Url = body.Value.Url, Events = body.Value.Events,
                Tenants = new TenantsWire([tenant]) };
            var (stored, created) = await change.Put(context, tenant, webhook, wanted, caller, cancellation);
            ETags.Send(context, ETags.Of(stored.Version));
            if (!created) return TypedResults.Ok(WebhookBook.Wire(webhook, stored));
            return TypedResults.Created($"/v1/tenants/{tenant}/webhooks/{webhook}",
                WebhookBook.Created(webhook, stored));
        }).Takes<PutOwnWebhookWire>()
            .Refuses(Refusal.ChangedMeanwhile, Refusal.TooManyChanges)
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .Refuses(StatusCodes.Status409Conflict, "too_many_webhooks", "no_key_directory")
            .WithName("putTenantWebhook").OnlyIfMatches().WithSummary(
            "Make a webhook of the tenant's own, whose signing secret is shown this once, or change one; one that was "
                + "switched off is on again");

        webhooks.MapGet("", async Task<Results<Ok<ListWire<WebhookWire>>, Problem>> (string tenant, WebhookBook book,
            IStore store, string? cursor, string? limit, CancellationToken cancellation) =>
            await TenantsThere.IsThere(store, tenant, cancellation)
                ? TypedResults.Ok(Paging.From(cursor, limit).Page(
                    book.OwnOf(tenant).Where(one => one.Webhook.Email is null), one => OwnId.IdOf(one.Id),
                    one => WebhookBook.Wire(one.Id, one.Webhook)))
                : Problem.UnknownTenant())
            .WithName("listTenantWebhooks").WithSummary("The tenant's own webhooks, without their secrets");

        webhooks.MapGet("/{webhook}", Results<Ok<WebhookWire>, Problem> (string tenant, string webhook,
            WebhookChange change, Principal caller, HttpContext context) =>
        {
            var stored = change.Find(WebhookChange.Own(tenant, webhook), caller);
            ETags.Send(context, ETags.Of(stored.Version));
            return TypedResults.Ok(WebhookBook.Wire(webhook, stored));
        }).Conditional()
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .WithName("getTenantWebhook")
            .WithSummary("One of the tenant's own webhooks: whether it is on, and if not, why");

        webhooks.MapDelete("/{webhook}", async Task<Results<NoContent, Problem>> (string tenant, string webhook,
            WebhookChange change, Principal caller, HttpContext context, CancellationToken cancellation) =>
        {
            await change.Delete(context, WebhookChange.Own(tenant, webhook), caller, cancellation);
            return TypedResults.NoContent();
        })
            .Refuses(Refusal.ChangedMeanwhile)
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .WithName("removeTenantWebhook").OnlyIfMatches()
            .WithSummary("End one of the tenant's own webhooks; what was pending is not sent");

        webhooks.MapPost("/{webhook}/rotate", async Task<Results<Ok<RotatedSecretWire>, Problem>> (string tenant,
            string webhook, WebhookChange change, Principal caller, HttpContext context,
            CancellationToken cancellation) =>
        {
            var (secret, until) = await change.Rotate(WebhookChange.Own(tenant, webhook),
                IdempotencyHeader.Read(context), caller, cancellation);
            return TypedResults.Ok(new RotatedSecretWire(webhook, secret.Value!, until.ToString()));
        })
            .Refuses(Refusal.ChangedMeanwhile, Refusal.TooManyChanges)
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .Refuses(StatusCodes.Status409Conflict, "no_key_directory", "rotated_too_often")
            .WithName("rotateTenantWebhookSecret").MayRepeat()
            .WithSummary("Make a new signing secret, shown this once; the one before signs beside it for 24 hours");

        webhooks.MapOwnDeliveries();
    }

    private static void MapOwnDeliveries(this IEndpointRouteBuilder webhooks)
    {
        webhooks.MapGet("/{webhook}/deliveries", Task<Results<Ok<ListWire<DeliveryWire>>, Problem>> (
            string tenant, string webhook, WebhookChange change, Principal caller, IStore store, string? status,
            string? cursor, string? limit, CancellationToken cancellation) =>
            DeliveryEndpoints.Page(DeliveryEndpoints.Found(WebhookChange.Own(tenant, webhook), change, caller), caller,
                store, status, Paging.From(cursor, limit), cancellation))
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .WithName("listTenantDeliveries").WithSummary("Deliveries to one of the tenant's own webhooks, newest first");

        webhooks.MapPost("/{webhook}/deliveries/{delivery}/retry",
            async Task<Results<Accepted<DeliveryWire>, Problem>> (string tenant, string webhook, string delivery,
            WebhookChange change, Principal caller, CancellationToken cancellation) =>
            TypedResults.Accepted($"/v1/tenants/{tenant}/webhooks/{webhook}/deliveries", DeliveryEndpoints.Wire(
                await change.Retry(WebhookChange.Own(tenant, webhook), delivery, caller, cancellation))))
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook", "unknown_delivery")
            .WithName("retryTenantDelivery").WithSummary(DeliveryEndpoints.SentAgain);
    }
}
