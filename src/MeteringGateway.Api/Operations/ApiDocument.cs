using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// The OpenAPI document, made from what is mapped: permissions, bodies and problems are read off the endpoints'
/// metadata.
/// </summary>
internal static class ApiDocument
{
    private const string Bearer = "key";

    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.CreateSchemaReferenceId = type =>
            OpenApiOptions.CreateDefaultSchemaReferenceId(type)?.Replace("Wire", "", StringComparison.Ordinal);
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "MeteringGateway", Version = "v1",
                Description = "Metering, caps and allowance for what agents do. HEAD is answered wherever GET is." };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http,
                Scheme = "bearer" };
            RequestForms.Loosen(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(Describe);
        options.AddSchemaTransformer((schema, context, _) =>
        {
            SchemaForms.Describe(schema, context);
            return Task.CompletedTask;
        });
    });

    /// <summary>It is the same for everybody as long as the process runs, and made once.</summary>
    public static void MapApiDocument(this IEndpointRouteBuilder app)
    {
        var made = new Lazy<Task<byte[]>>(() => Write(app.ServiceProvider));
        app.MapGet("/openapi/v1.json", async (HttpContext context) =>
        {
            var document = await made.Value;
            context.Response.Headers.CacheControl = "public, no-cache";
            ETags.Send(context, ETags.OfContent(document));
            return TypedResults.Bytes(document, "application/json; charset=utf-8");
        }).ExcludeFromDescription().OpenToAll().Conditional();
    }

    private static async Task<byte[]> Write(IServiceProvider services)
    {
        var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>("v1")
            .GetOpenApiDocumentAsync();
        using var written = new MemoryStream();
        await document.SerializeAsJsonAsync(written, OpenApiSpecVersion.OpenApi3_1);
        return written.ToArray();
    }

    private static async Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context,
        CancellationToken cancellation)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        foreach (var field in metadata.OfType<ReadsField>()) AddField(operation, field);
        if (metadata.OfType<TakesBody>().FirstOrDefault() is { } takes)
        {
            var schema = await Form(takes.Document, context, cancellation);
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = takes.MediaTypes.ToDictionary(type => type, _ => new OpenApiMediaType { Schema = schema }),
            };
            if (takes.Document == typeof(CloudEventWire))
                await DescribeEvents(operation.RequestBody.Content!, schema, context, cancellation);
        }
        if (metadata.OfType<Demands>().FirstOrDefault() is { } demands)
        {
            operation.Description = $"Needs the permission {string.Join(" or ", Permissions.Names(demands.AnyOf))}.";
            operation.Security = [new OpenApiSecurityRequirement {
                [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
        }
        operation.Responses ??= [];
        if (metadata.OfType<MayBeKnown>().Any())
            operation.Responses["304"] = new OpenApiResponse { Description =
                "What If-None-Match names is there still." };
        foreach (var also in metadata.OfType<AlsoAnswers>())
            Add(operation.Responses[Text.Of(also.Status)], also.MediaType,
                await Form(also.Document, context, cancellation));
        Examples.Add(operation);
        ResponseForms.Describe(operation,
            new MappedOperation(metadata, context.Description.HttpMethod!, context.Description.RelativePath!,
                context.Document!),
            await Form(typeof(Problem), context, cancellation));
    }

    /// <summary>Each media type has another form: an event, a list of them, lines, or an event's data alone.</summary>
    private static async Task DescribeEvents(IDictionary<string, OpenApiMediaType> content, IOpenApiSchema single,
        OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        context.Document!.AddComponent("EventBatch", new OpenApiSchema { Type = JsonSchemaType.Array, Items = single });
        content[EventEndpoints.Batch].Schema = new OpenApiSchemaReference("EventBatch", context.Document);
        content[EventEndpoints.Stream].Schema = new OpenApiSchema { Type = JsonSchemaType.String,
            Description = "Events, each on a line of its own." };
        content[TakesExtensions.Json].Schema =
            await Form(typeof(EventDataWire), context, cancellation);
    }

    private static async Task<IOpenApiSchema> Form(Type type, OpenApiOperationTransformerContext context,
        CancellationToken cancellation) =>
        NamedForms.Of(await context.GetOrCreateSchemaAsync(type, null, cancellation), context.Document!);

    private static void AddField(OpenApiOperation operation, ReadsField field) =>
        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = field.Name, In = ParameterLocation.Header, Required = field.IsRequired,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });

    private static void Add(IOpenApiResponse response, string mediaType, IOpenApiSchema schema)
    {
        if (response.Content!.TryGetValue(mediaType, out var there))
            there.Schema = new OpenApiSchema { OneOf = [there.Schema!, schema] };
        else response.Content[mediaType] = new OpenApiMediaType { Schema = schema };
    }
}
