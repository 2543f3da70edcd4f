using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// Examples of every operation: <c>Examples.json</c>, in an order in which they can be sent to a gateway that is new. A
/// test sends them, and each gets its status.
/// </summary>
internal static class Examples
{
    private static readonly ILookup<string, JsonObject> ByOperation = Read();

    public static void Add(OpenApiOperation operation)
    {
        foreach (var example in ByOperation[operation.OperationId!])
        {
            var content = operation.RequestBody?.Content?.Values.ToList() ?? [];
            var media = (string?)example["media"] is { } type ? operation.RequestBody!.Content![type]
                : content.FirstOrDefault();
            if (media is { Example: null }) media.Example = example["body"]?.DeepClone();
            foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
                parameter.Example ??= example["parameters"]?[parameter.Name!]?.DeepClone();
        }
    }

    private static ILookup<string, JsonObject> Read()
    {
        using var file = typeof(Examples).Assembly.GetManifestResourceStream("Examples.json")!;
        return JsonNode.Parse(file)!.AsArray().Select(one => one!.AsObject())
            .ToLookup(one => (string)one["operation"]!);
    }
}
