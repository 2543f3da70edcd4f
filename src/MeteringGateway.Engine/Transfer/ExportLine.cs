using System.Text.Json;
using System.Text.Json.Serialization;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// A line of an export file, as <c>docs/journal.md</c> says: a JSON object with exactly one of these members. The rows
/// of the store are written as they are, so renaming a member of theirs is a new version of the format.
/// </summary>
internal sealed record ExportLine
{
    public const string Format = "metering-export";
    public const int Version = 1;

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Head? Header { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Begin? Tenant { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Entries? Block { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Kept? Archived { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public End? TenantEnd { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public IdempotencyRow? Idempotency { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Untold? Outbox { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Document? Document { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Hook? Webhook { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Delivery? Delivery { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public Last? FileEnd { get; init; }

    internal sealed record Head(string Format, int Version, Instant MadeAt, bool WhileRunning);

    internal sealed record Begin(string Id);

    /// <param name="Framed">As in the journal; see <see cref="BlockReader"/>.</param>
    internal sealed record Entries(long First, int Count, byte[] Framed, IReadOnlyList<DetailRow> Details);

    /// <summary>
    /// An archived outcome that is not, or no longer, what folding the journal made of it when it left memory.
    /// </summary>
    internal sealed record Kept(byte[] Outcome);

    /// <param name="Hash">After the last entry.</param>
    /// <param name="Digest">Of the state folded from entry 1.</param>
    /// <param name="Sha256">Of everything in the file before this line.</param>
    internal sealed record End(string Id, long Sequence, byte[] Hash, byte[] Digest, byte[] Sha256);

    /// <summary>An alert that nobody has taken from the outbox yet; the rest of it is in its entry.</summary>
    internal sealed record Untold(string Tenant, long Sequence, string Type);

    /// <summary>The newest version of a webhook that there is, with what it is now.</summary>
    internal sealed record Hook(Document Document, byte[] Content);

    /// <param name="Sha256">Of everything in the file before this line.</param>
    internal sealed record Last(TransferSummary Holds, byte[] Sha256);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true,
    UseStringEnumConverter = true, Converters = [typeof(InstantConverter)])]
[JsonSerializable(typeof(ExportLine))]
internal sealed partial class ExportJson : JsonSerializerContext;

internal sealed class InstantConverter : JsonConverter<Instant>
{
    public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Instant.TryParse(reader.GetString() ?? "", out var time) ? time : throw new JsonException("not a time");

    public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
