using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeteringGateway.Api.Keys;

/// <summary>The tenants that a key is bound to: <c>"*"</c> or a list of ids.</summary>
/// <param name="Ids">Null: every tenant.</param>
[JsonConverter(typeof(TenantsConverter))]
internal sealed record TenantsWire(IReadOnlyList<string?>? Ids);

internal sealed class TenantsConverter : JsonConverter<TenantsWire>
{
    public override TenantsWire Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("*"u8)) return new TenantsWire(null);
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("must be \"*\" or a list of tenants' ids");
        var ids = new List<string?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            ids.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()
                : throw new JsonException("must be a tenant's id"));
        return new TenantsWire(ids);
    }

    public override void Write(Utf8JsonWriter writer, TenantsWire value, JsonSerializerOptions options)
    {
        if (value.Ids is null)
        {
            writer.WriteStringValue("*"u8);
            return;
        }
        writer.WriteStartArray();
        foreach (var id in value.Ids) writer.WriteStringValue(id);
        writer.WriteEndArray();
    }
}
