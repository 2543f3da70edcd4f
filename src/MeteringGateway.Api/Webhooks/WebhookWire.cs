using System.Text.Json;
using System.Text.Json.Serialization;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Webhooks;

/// <summary>What a webhook is to be.</summary>
internal sealed record PutWebhookWire
{
    /// <summary>Absolute, http or https, without user information; at most 2048 characters.</summary>
    [Demanded]
    public string? Url { get; init; }
    /// <summary>Event types, or <c>["*"]</c>.</summary>
    [Demanded]
    public IReadOnlyList<string?>? Events { get; init; }
    /// <summary><c>"*"</c>, or a list of tenant ids.</summary>
    [Demanded]
    public TenantsWire? Tenants { get; init; }
}

/// <summary>What a tenant's own webhook is to be.</summary>
internal sealed record PutOwnWebhookWire
{
    /// <summary>Absolute, http or https, without user information; at most 2048 characters.</summary>
    [Demanded]
    public string? Url { get; init; }
    /// <summary>Event types, or <c>["*"]</c>.</summary>
    [Demanded]
    public IReadOnlyList<string?>? Events { get; init; }
}

/// <param name="State"><c>enabled</c> or <c>disabled</c>.</param>
/// <param name="DisabledReason"><c>gone</c>: the receiver answered 410; <c>failing</c>: nothing could be delivered for
/// days.</param>
/// <param name="Secret">What deliveries are signed with: shown when it is made, this once; otherwise absent.</param>
internal sealed record WebhookWire(
    string Id, string Url, IReadOnlyList<string> Events, TenantsWire Tenants, string State, string? DisabledReason,
    string? DisabledAt,
    string CreatedAt, string UpdatedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Secret = null);

/// <param name="Secret">The new one. Shown this once.</param>
/// <param name="PreviousSecretUntil">Until then deliveries are signed with the one before as well.</param>
internal sealed record RotatedSecretWire(string Id, string Secret, string PreviousSecretUntil);

/// <param name="Id">The <c>webhook-id</c> that the receiver sees: the same in every attempt.</param>
/// <param name="Status"><c>pending</c>, <c>delivered</c> or <c>failed</c>.</param>
/// <param name="NextAttemptAt">Null when it ended, and while an earlier one of its tenant is pending.</param>
/// <param name="Attempts">The latest, oldest first.</param>
/// <param name="Payload">The body as it is sent.</param>
internal sealed record DeliveryWire(
    string Id, string Type, string Tenant, long Sequence, string Status, string CreatedAt, string? NextAttemptAt,
    string? EndedAt,
    IReadOnlyList<AttemptWire> Attempts, JsonElement Payload);

/// <param name="StatusCode">Of the answer; null when there was none.</param>
/// <param name="Error">Why there was no answer: <c>timeout</c>, <c>name_not_resolved</c>, <c>address_not_allowed</c>,
/// <c>connection_failed</c>, <c>tls_failed</c>, <c>invalid_response</c>.</param>
internal sealed record AttemptWire(string At, int? StatusCode, string? Error, long DurationMs);
