using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Webhooks;

/// <summary>What was sent to a webhook, and what became of it.</summary>
internal static class DeliveryEndpoints
{
    private const string Listed = "Deliveries to a webhook, newest first; for a key that is bound to tenants, those "
        + "of these, and a page may have fewer than asked for";
    public const string SentAgain =
        "Send a delivery again, whatever became of it; a webhook that was switched off is on again";

    public static void MapDeliveries(this IEndpointRouteBuilder webhooks)
    {
        webhooks.MapGet("/{webhook}/deliveries", Task<Results<Ok<ListWire<DeliveryWire>>, Problem>> (
            string webhook, WebhookChange change, Principal caller, IStore store, string? status, string? cursor,
            string? limit, CancellationToken cancellation) =>
            Page(Found(WebhookChange.Operators(webhook), change, caller), caller, store, status,
                Paging.From(cursor, limit), cancellation))
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook")
            .WithName("listDeliveries").WithSummary(Listed);

        webhooks.MapPost("/{webhook}/deliveries/{delivery}/retry",
            async Task<Results<Accepted<DeliveryWire>, Problem>> (
            string webhook, string delivery, WebhookChange change, Principal caller, CancellationToken cancellation) =>
            TypedResults.Accepted($"/v1/webhooks/{webhook}/deliveries",
                Wire(await change.Retry(WebhookChange.Operators(webhook), delivery, caller, cancellation))))
            .Refuses(StatusCodes.Status404NotFound, "unknown_webhook", "unknown_delivery")
            .WithName("retryDelivery").WithSummary(SentAgain);
    }

    /// <exception cref="ProblemException">404: there is none that the caller may see.</exception>
    public static string Found(string key, WebhookChange change, Principal caller)
    {
        change.Find(key, caller);
        return key;
    }

    /// <param name="key">Of a receiver that the caller may see.</param>
    public static async Task<Results<Ok<ListWire<DeliveryWire>>, Problem>> Page(string key, Principal caller,
        IStore store, string? status, Paging paging, CancellationToken cancellation)
    {
        var page = await store.Deliveries(key, Query.OneOf<DeliveryStatus>("status", status), paging.Position,
            paging.Limit + 1, cancellation);
        return TypedResults.Ok(new ListWire<DeliveryWire>(
            [.. page.Take(paging.Limit).Where(one => WebhookChange.IsOf(one, caller)).Select(Wire)],
            page.Count > paging.Limit ? Cursors.Write(page[paging.Limit - 1].Number) : null));
    }

    public static DeliveryWire Wire(Delivery delivery) => new(
        delivery.Id, delivery.Type, delivery.Tenant, delivery.Sequence, Names<DeliveryStatus>.Of(delivery.Status),
        delivery.CreatedAt.ToString(),
        delivery.Due?.ToString(), delivery.EndedAt?.ToString(), Dispatcher.ReadAttempts(delivery),
        JsonSerializer.Deserialize(delivery.Body, WireJson.Typed<JsonElement>()));
}
