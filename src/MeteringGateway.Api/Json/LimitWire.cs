using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeteringGateway.Api.Json;

/// <summary>
/// A number of units, or an amount of money or credits: what something is limited to, and what stands against it (C1).
/// </summary>
internal sealed record LimitWire : StoredDocument
{
    // Said here, and not by OmitNulls: the hot path's writer does not look for that.
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Units { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Amount { get; init; }
}

/// <summary>What is left under a limit: a number of units, or an amount as a string.</summary>
[JsonConverter(typeof(LeftConverter))]
internal sealed record LeftWire(Limit Left, string Currency);

internal sealed class LeftConverter : JsonConverter<LeftWire>
{
    public override LeftWire Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("what is left is only told");

    public override void Write(Utf8JsonWriter writer, LeftWire value, JsonSerializerOptions options)
    {
        if (value.Left.Amount is { } amount) writer.WriteStringValue(Text.Money(amount, value.Currency));
        else writer.WriteNumberValue(value.Left.Value);
    }
}

/// <summary>Limits from and to their wire form.</summary>
internal static class Limits
{
    public const long MostUnits = 1_000_000_000_000;

    /// <param name="currency">Null: an amount is one of credits.</param>
    public static LimitWire Wire(this Limit limit, string? currency) => limit.Amount is { } amount
        ? new LimitWire { Amount = currency is null ? amount.ToString() : Text.Money(amount, currency) }
        : new LimitWire { Units = limit.Value };

    /// <summary>Exactly one of units and amount.</summary>
    public static Limit Read(string at, LimitWire? limit, Findings findings)
    {
        if (limit?.Units is null == limit?.Amount is null)
        {
            findings.Add(at, limit is null ? "is required" : "must have exactly one of units and amount");
            return 0;
        }
        if (limit!.Amount is not null) return Limit.Of(findings.Amount($"{at}/amount", limit.Amount) ?? Amount.Zero);
        return findings.Whole($"{at}/units", limit.Units, 0, MostUnits) ?? 0;
    }
}
