using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;

namespace MeteringGateway.Api.Operations;

/// <summary>What a form's type does not say by itself: the values of a member, and what must be there.</summary>
internal static class SchemaForms
{
    public static void Describe(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        foreach (var member in context.JsonTypeInfo.Properties.Where(IsDemanded))
            (schema.Required ??= new HashSet<string>()).Add(member.Name);
        if (context.JsonPropertyInfo is { } property && IsDemanded(property))
        {
            schema.Type &= ~JsonSchemaType.Null;
            schema.Metadata?.Remove(NamedForms.MayBeNull);
        }
        if (context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(ValuesAttribute), true)
            is [ValuesAttribute { Names: var names }])
            schema.Enum = [.. names.Select(name => (JsonNode)JsonValue.Create(name)),
                .. schema.Type?.HasFlag(JsonSchemaType.Null) == true ? [null!] : Array.Empty<JsonNode>()];
        if (Forms(context.JsonTypeInfo.Type) is { } forms) (schema.Type, schema.OneOf) = (null, [.. forms]);
    }

    private static bool IsDemanded(JsonPropertyInfo member) =>
        member.AttributeProvider?.IsDefined(typeof(DemandedAttribute), true) == true;

    // Texts, numbers and lists tell themselves apart: no discriminator could.
    private static OpenApiSchema[]? Forms(Type type) => type == typeof(TenantsWire)
        ?
        [
            new() { Type = JsonSchemaType.String, Enum = [JsonValue.Create("*")] },
            new() { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        ]
        : type == typeof(LeftWire)
        ? [new() { Type = JsonSchemaType.Integer }, new() { Type = JsonSchemaType.String }] : null;
}
