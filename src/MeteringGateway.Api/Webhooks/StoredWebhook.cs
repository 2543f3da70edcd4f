using System.Text.Json;
using System.Text.Json.Serialization;
using MeteringGateway.Api.Emails;

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

    /// <summary>Not null: it is an address that alerts are mailed to, and <c>mailto:</c> is its url.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StoredEmail? Email { get; init; }

    [JsonIgnore]
    public bool IsEnabled => DisabledReason is null;

    /// <summary>As it was read from the store: to be written again, though nothing else changes.</summary>
    [JsonIgnore]
    public bool IsInTheClear { get; init; }

    /// <summary>What a newer version of the gateway has added: it is there when this one writes it again.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public bool Wants(string tenant, string type) =>
        IsEnabled && (Email is null || Email.ConfirmedAt is not null)
        && (Tenants is null || Tenants.Contains(tenant)) && (Events is null || Events.Contains(type));

    /// <summary>What a delivery is signed with now, the newest first.</summary>
    public IEnumerable<string> SecretsAt(Instant now) =>
        Secrets.Where(secret => secret.Until is null || now < secret.Until).Select(secret => secret.Value!);

    public StoredWebhook Enabled(Instant now) =>
        this with { DisabledReason = null, DisabledAt = null, EnabledAt = now };

    /// <summary>With its secrets sealed; without a ring to seal with, in the clear.</summary>
    /// <exception cref="StoreException">The ring cannot be used.</exception>
    public byte[] Write(SecretSeal seal) => JsonSerializer.SerializeToUtf8Bytes(
        seal.HasRing ? this with { Secrets = [.. Secrets.Select(one => one.Sealed(seal))] } : this,
        StoredWebhookJson.Default.StoredWebhook);

    /// <exception cref="JsonException">It is no webhook that this version of the gateway knows.</exception>
    /// <exception cref="StoreException">The ring cannot be used, or has not the key.</exception>
    public static StoredWebhook Read(byte[] content, SecretSeal seal)
    {
        var webhook = Parse(content);
        return webhook with
        {
            Secrets = [.. webhook.Secrets.Select(one => one.Opened(seal))],
            IsInTheClear = webhook.Secrets.Any(one => one.SealedValue is null),
        };
    }

    /// <summary>As it is stored.</summary>
    /// <exception cref="JsonException">It is no webhook that this version of the gateway knows.</exception>
    public static StoredWebhook Parse(byte[] content) =>
        JsonSerializer.Deserialize(content, StoredWebhookJson.Default.StoredWebhook)
            is { Url: not null, Secrets.Count: > 0 } webhook ? webhook
                : throw new JsonException("it has no url or no secret");

    // Printing one by accident must not print its secrets.
    public override string ToString() => $"receiver version {Version}";
}

/// <param name="Value">In the clear; in the store only if an earlier version wrote it, or there is no ring.</param>
/// <param name="Until">Another has taken its place, and it signs beside that one until then.</param>
/// <param name="Request">SHA-256 of who asked for it under which Idempotency-Key, if under any.</param>
internal sealed record StoredSecret(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Value,
    Instant MadeAt, Instant? Until, byte[]? Request)
{
    /// <summary>In the store; not in memory.</summary>
    [JsonPropertyName("Sealed"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SealedValue { get; init; }

    public StoredSecret Sealed(SecretSeal seal) =>
        Value is null ? this : this with { Value = null, SealedValue = seal.Seal(Value) };

    public StoredSecret Opened(SecretSeal seal) => (SealedValue, Value) switch
    {
        ({ } stored, _) => this with { Value = seal.Open(stored), SealedValue = null },
        (_, not null) => this,
        _ => throw new JsonException("it has a secret that is not there"),
    };

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public override string ToString() => "secret";
}

[JsonSerializable(typeof(StoredWebhook))]
[JsonSerializable(typeof(AttemptWire[]))]
internal sealed partial class StoredWebhookJson : JsonSerializerContext;
