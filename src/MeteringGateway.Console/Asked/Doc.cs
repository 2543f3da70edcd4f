using System.Globalization;
using System.Text.Json;

namespace MeteringGateway.ConsolePages.Asked;

/// <summary>
/// What the API answered, read by the names of its documents. A member that is not in a document is a fault of the page
/// that asks for it; one that is null is <see cref="IsNull"/>.
/// </summary>
public readonly struct Doc(JsonElement json)
{
    public static Doc None { get; }

    public bool IsNull => json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <exception cref="KeyNotFoundException">The document has no such member.</exception>
    public Doc this[string name] => IsNull ? None : new(json.GetProperty(name));

    /// <summary>A member that some of these documents have.</summary>
    public Doc Maybe(string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? new(value) : None;

    public IEnumerable<Doc> Items => json.ValueKind == JsonValueKind.Array
        ? json.EnumerateArray().Select(item => new Doc(item)) : [];

    public IEnumerable<(string Name, Doc Value)> Members => json.ValueKind == JsonValueKind.Object
        ? json.EnumerateObject().Select(one => (one.Name, new Doc(one.Value))) : [];

    public bool IsText => json.ValueKind == JsonValueKind.String;

    /// <summary>A text as it is, and anything else as JSON; empty for null.</summary>
    public string Text => IsNull ? "" : IsText ? json.GetString()! : json.GetRawText();

    public string? TextOrNull => IsNull ? null : Text;

    /// <summary>To be sent on as it is.</summary>
    public JsonElement Json => json;

    public long Count => IsNull ? 0 : json.GetInt64();

    public bool IsTrue => json.ValueKind == JsonValueKind.True;

    /// <summary>A number, or a decimal as text.</summary>
    public decimal Number => IsNull ? 0 : decimal.Parse(Text, NumberStyles.Number, CultureInfo.InvariantCulture);

    /// <summary>Of a limit: units, or an amount.</summary>
    public decimal Level => Maybe("units") is { IsNull: false } units ? units.Number : Maybe("amount").Number;

    public bool IsMoney => !Maybe("amount").IsNull;

    public DateTimeOffset Time => DateTimeOffset.Parse(Text, CultureInfo.InvariantCulture);

    public static Doc Of(byte[] bytes) => bytes.Length == 0 ? None : new(JsonDocument.Parse(bytes).RootElement);

    public override string ToString() => Text;
}
