using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// What an operation may answer beside its documents: each problem with its codes, and header fields.
/// </summary>
internal static class ResponseForms
{
    /// <summary>The codes of a response, for programs; its description has them for people.</summary>
    private const string Codes = "x-problem-codes";

    private static readonly Dictionary<string, (string Says, JsonSchemaType Type)> Fields = new()
    {
        ["request-id"] = ("Names this request in the gateway's log.", JsonSchemaType.String),
        ["Location"] = ("Where it is.", JsonSchemaType.String),
        ["ETag"] = ("Names this state, for If-Match and If-None-Match.", JsonSchemaType.String),
        ["Vary"] = ("Accept: it answers in more than one media type.", JsonSchemaType.String),
        ["WWW-Authenticate"] = ("Bearer: a key is needed.", JsonSchemaType.String),
        ["Retry-After"] = ("Seconds after which to send the same again; absent where waiting changes nothing.",
            JsonSchemaType.Integer),
    };

    public static void Describe(OpenApiOperation operation, MappedOperation of, IOpenApiSchema problem)
    {
        var responses = operation.Responses ??= [];
        foreach (var (status, one) in responses)
            if (one is OpenApiResponse response) AddFields(response, status, of);
        foreach (var status in ProblemCodes.Of(of.Metadata, of.Method, of.Path))
        {
            var response = Problem($"A problem: {string.Join(" or ", status.Select(code => $"`{code}`"))}.", problem);
            response.Extensions = new Dictionary<string, IOpenApiExtension>
            {
                [Codes] = new JsonNodeExtension(new JsonArray([.. status.Select(code => (JsonNode)code)])),
            };
            if (status.Key == StatusCodes.Status401Unauthorized) Add(response, "WWW-Authenticate", of.Document);
            if (status.Key is StatusCodes.Status409Conflict or StatusCodes.Status429TooManyRequests
                or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status507InsufficientStorage)
                Add(response, "Retry-After", of.Document);
            if (status.Key == StatusCodes.Status412PreconditionFailed && of.MayBeKnown)
                Add(response, "ETag", of.Document);
            // A page that says so, too, stays beside it.
            foreach (var (media, page) in responses.GetValueOrDefault(Text.Of(status.Key))?.Content
                ?? new Dictionary<string, OpenApiMediaType>()) response.Content![media] = page;
            responses[Text.Of(status.Key)] = response;
        }
        responses["default"] = Problem("Any other problem (RFC 9457); its code says which.", problem);
        foreach (var response in responses.Values.OfType<OpenApiResponse>()) Add(response, "request-id", of.Document);
    }

    private static OpenApiResponse Problem(string description, IOpenApiSchema form) => new()
    {
        Description = description,
        Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() { Schema = form } },
    };

    private static void AddFields(OpenApiResponse response, string status, MappedOperation of)
    {
        if (status is "201" or "202") Add(response, "Location", of.Document);
        if (of.SendsTag) Add(response, "ETag", of.Document);
        if (response.Content?.Count > 1) Add(response, "Vary", of.Document);
        foreach (var field in of.Metadata.OfType<SendsField>())
            FieldsOf(response)[field.Name] = new OpenApiHeader { Description = field.Says,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
    }

    private static void Add(OpenApiResponse response, string name, OpenApiDocument document)
    {
        var (says, type) = Fields[name];
        if (document.Components?.Headers?.ContainsKey(name) != true)
            document.AddComponent(name, new OpenApiHeader { Description = says,
                Schema = new OpenApiSchema { Type = type } });
        FieldsOf(response)[name] = new OpenApiHeaderReference(name, document);
    }

    private static IDictionary<string, IOpenApiHeader> FieldsOf(OpenApiResponse response) =>
        response.Headers ??= new Dictionary<string, IOpenApiHeader>();
}

/// <summary>What an operation is made of, as it is mapped.</summary>
internal sealed record MappedOperation(IList<object> Metadata, string Method, string Path, OpenApiDocument Document)
{
    public bool MayBeKnown => Metadata.OfType<MayBeKnown>().Any();

    /// <summary>A read that may be 304, or what set what it reads; where a thing ends there is nothing to name.</summary>
    public bool SendsTag => MayBeKnown || Method == HttpMethods.Put && Metadata.OfType<ReadsField>().Any(one => one.Name == "If-Match");
}
