using System.Text.Json;
using System.Text.Json.Nodes;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Tenants;

namespace MeteringGateway.Api.Plans;

/// <summary>A tenant's own terms as they were put.</summary>
[OmitNulls]
internal sealed record OwnTermsWire : PlanWire
{
    public OwnTermsWire()
    {
    }

    private OwnTermsWire(PlanWire put)
        : base(put)
    {
    }

    /// <summary>
    /// Told when they are put: what the ones before said and these do not, such as a rule that was set by itself. Own
    /// terms are put as wholes.
    /// </summary>
    public PlanWire? Withdrawn { get; init; }

    /// <summary>Told when they are put: the tenant's settings that name what they and the plan do not have.</summary>
    public IReadOnlyList<LeftOverWire>? LeftOver { get; init; }

    public static OwnTermsWire After(PlanWire? before, PlanWire put) => new(put)
    {
        Withdrawn = before is null ? null
            : Gone(Written(before), Written(put))?.Deserialize(WireJson.Typed<PlanWire>()),
    };

    private static JsonNode? Written(PlanWire terms) =>
        JsonSerializer.SerializeToNode(terms, WireJson.Typed<PlanWire>());

    /// <summary>Members, and elements that have ids, which only the first has; null: none.</summary>
    private static JsonNode? Gone(JsonNode? before, JsonNode? after)
    {
        if (after is null) return before?.DeepClone();
        if (before is JsonObject had && after is JsonObject has)
        {
            var gone = new JsonObject(had
                .Select(one => KeyValuePair.Create(one.Key, Gone(one.Value, has[one.Key])))
                .Where(one => one.Value is not null));
            if (gone.Count > 0 && had["id"] is { } id && !gone.ContainsKey("id")) gone.Insert(0, "id", id.DeepClone());
            return gone.Count == 0 ? null : gone;
        }
        if (before is not JsonArray elements || after is not JsonArray others) return null;
        var left = elements.Where(one => Id(one) is not null)
            .Select(one => Gone(one, others.FirstOrDefault(other => Id(other) == Id(one))))
            .OfType<JsonNode>().ToArray();
        return left.Length == 0 ? null : new JsonArray(left);
    }

    private static string? Id(JsonNode? element) => (element as JsonObject)?["id"]?.GetValue<string>();
}
