using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Emails;

/// <summary>An address that is to be told of alerts.</summary>
internal sealed record PutEmailWire
{
    /// <summary>In ASCII, at most 254 characters.</summary>
    [Demanded]
    public string? Address { get; init; }
    /// <summary>Event types as of webhooks, or <c>["*"]</c>.</summary>
    [Demanded]
    public IReadOnlyList<string?>? Events { get; init; }
}

/// <param name="State"><c>unconfirmed</c>: nothing but the confirmation is sent; <c>enabled</c>; or
/// <c>disabled</c>.</param>
/// <param name="ConfirmBy">Until then the link in the confirmation holds; null when it is confirmed.</param>
/// <param name="DisabledReason"><c>unsubscribed</c>: by the link in a mail; <c>failing</c>: nothing could be delivered
/// for days.</param>
internal sealed record EmailWire(
    string Id, string Address, IReadOnlyList<string> Events,
    [property: Values("unconfirmed", "enabled", "disabled")] string State, string? ConfirmBy, string? ConfirmedAt,
    string? DisabledReason, string? DisabledAt, string CreatedAt, string UpdatedAt);
