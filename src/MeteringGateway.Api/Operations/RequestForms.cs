using Microsoft.OpenApi;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// What a request may leave out is not required of it: a member that may be null. Answers write their nulls, so there
/// such members are required; a form that both have is as it is in requests.
/// </summary>
internal static class RequestForms
{
    public static void Loosen(OpenApiDocument document)
    {
        var seen = new HashSet<string>();
        foreach (var operation in document.Paths.Values.SelectMany(path => path.Operations?.Values.ToList() ?? []))
            foreach (var content in operation.RequestBody?.Content?.Values ?? [])
                Loosen(content.Schema, document, seen);
    }

    private static void Loosen(IOpenApiSchema? schema, OpenApiDocument document, HashSet<string> seen)
    {
        if (schema is OpenApiSchemaReference { Reference.Id: { } id })
        {
            if (!seen.Add(id)) return;
            schema = document.Components!.Schemas![id];
        }
        if (schema is not OpenApiSchema form) return;
        foreach (var (name, member) in form.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (MayBeNull(member)) form.Required?.Remove(name);
            Loosen(member, document, seen);
        }
        foreach (var part in (IEnumerable<IOpenApiSchema?>)[form.Items, form.AdditionalProperties,
            .. form.OneOf ?? [], .. form.AnyOf ?? [], .. form.AllOf ?? []])
            Loosen(part, document, seen);
    }

    private static bool MayBeNull(IOpenApiSchema schema) => schema.Type?.HasFlag(JsonSchemaType.Null) == true
        || schema.OneOf?.Any(one => one.Type == JsonSchemaType.Null) == true;
}
