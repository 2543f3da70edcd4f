using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeteringGateway.Api.Webhooks;

/// <summary>A webhook as it is kept. Only here, and in the store's table of webhooks, are its secrets.</summary>
/// <param name="Version">Counts every change.</param>
/// <param name="Events">Null: every type.</param>
/// <param name="Tenants">Null: every tenant.</param>
/// <param name="Secrets">Newest first; the first has no end.</param>
internal sealed record StoredWebhook(
    int Version, string Url, IReadOnlyList<string>? Events, IReadOnlyList<string>? Tenants,
    IReadOnlyList<StoredSecret> Secrets,
    string? DisabledReason, Instant? DisabledAt, Instant EnabledAt, Instant CreatedAt, Instant UpdatedAt)
{
    public const string Gone = "gone";
    public const string Failing = "failing";

    [JsonIgnore]
    public bool IsEnabled => DisabledReason is null;

    /// <summary>What a newer version of the gateway has added: it is there when this one writes it again.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public bool Wants(string tenant, string type) =>
        IsEnabled && (Tenants is null || Tenants.Contains(tenant)) && (Events is null || Events.Contains(type));

    /// <summary>What a delivery is signed with now, the newest first.</summary>
    public IEnumerable<string> SecretsAt(Instant now) =>
        Secrets.Where(secret => secret.Until is null || now < secret.Until).Select(secret => secret.Value);

    public StoredWebhook Enabled(Instant now) =>
        this with { DisabledReason = null, DisabledAt = null, EnabledAt = now };

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, StoredWebhookJson.Default.StoredWebhook);

    /// <exception cref="JsonException">It is no webhook that this version of the gateway knows.</exception>
    public static StoredWebhook Read(byte[] content) =>
        JsonSerializer.Deserialize(content, StoredWebhookJson.Default.StoredWebhook)
            is { Url: not null, Secrets.Count: > 0 } webhook ? webhook
                : throw new JsonException("it has no url or no secret");

    // Printing one by accident must not print its secrets.
    public override string ToString() => $"webhook version {Version}";
}

/// <param name="Until">Another has taken its place, and it signs beside that one until then.</param>
/// <param name="Request">SHA-256 of who asked for it under which Idempotency-Key, if under any.</param>
internal sealed record StoredSecret(string Value, Instant MadeAt, Instant? Until, byte[]? Request)
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public override string ToString() => "secret";
}

[JsonSerializable(typeof(StoredWebhook))]
[JsonSerializable(typeof(AttemptWire[]))]
internal sealed partial class StoredWebhookJson : JsonSerializerContext;
