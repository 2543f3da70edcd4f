using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeteringGateway.Api.Emails;

/// <summary>What is kept of an address beside what is kept of every receiver (<c>StoredWebhook</c>).</summary>
/// <param name="ConfirmBy">Until then the link of the last confirmation holds.</param>
/// <param name="ConfirmedAt">Null: its owner has not said that mail is welcome.</param>
/// <param name="Asked">When confirmations were asked for, within the last hour.</param>
internal sealed record StoredEmail(Instant ConfirmBy, Instant? ConfirmedAt, IReadOnlyList<Instant> Asked)
{
    /// <summary>What a receiver's address begins with when it is one of these.</summary>
    public const string Scheme = "mailto:";

    /// <summary>Why it is off: its owner wants no more.</summary>
    public const string Unsubscribed = "unsubscribed";

    /// <summary>What a newer version of the gateway has added.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
