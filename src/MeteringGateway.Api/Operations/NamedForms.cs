using Microsoft.OpenApi;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// A form that is asked for by its type comes written out, with every form in it, and generators would make a type of
/// each place: here it is put among the named ones, and what stands in its place is its name.
/// </summary>
internal static class NamedForms
{
    // What the platform notes of a form that it would have named itself.
    private const string Name = "x-schema-id";
    public const string MayBeNull = "x-is-nullable-property";

    public static IOpenApiSchema Of(IOpenApiSchema schema, OpenApiDocument document)
    {
        if (schema is not OpenApiSchema form) return schema;
        foreach (var (member, of) in form.Properties?.ToList() ?? []) form.Properties![member] = Of(of, document);
        if (form.Items is { } items) form.Items = Of(items, document);
        if (form.AdditionalProperties is { } others) form.AdditionalProperties = Of(others, document);
        form.OneOf = form.OneOf?.Select(one => Of(one, document)).ToList();
        if (form.Metadata is not { } notes || !notes.TryGetValue(Name, out var noted)
            || noted is not string { Length: > 0 } name) return form;
        if (document.Components?.Schemas?.ContainsKey(name) != true) document.AddComponent(name, form);
        var named = new OpenApiSchemaReference(name, document);
        return notes.TryGetValue(MayBeNull, out var may) && may is true
            ? new OpenApiSchema { OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, named] } : named;
    }
}
