using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace MeteringGateway.Api.Json;

/// <summary>
/// A document, or a part of one, that is stored and may have been written by a newer version of the gateway: what this
/// one does not know of it is kept, and is there when it is written again.
/// </summary>
internal abstract record StoredDocument
{
    /// <summary>Null where there is nothing unknown.</summary>
    [JsonIgnore]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>Documents as they are stored; callers' requests are read more strictly.</summary>
    public static JsonTypeInfo<T> Typed<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private static readonly JsonSerializerOptions Options = Make();

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(WireJson.Strict)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        };
        options.TypeInfoResolver = options.TypeInfoResolver!.WithAddedModifier(KeepUnknown);
        return options;
    }

    private static void KeepUnknown(JsonTypeInfo type)
    {
        if (!type.Type.IsAssignableTo(typeof(StoredDocument))) return;
        var unknown = type.CreateJsonPropertyInfo(typeof(Dictionary<string, JsonElement>), "(unknown)");
        unknown.IsExtensionData = true;
        unknown.Get = document => ((StoredDocument)document).Unknown;
        unknown.Set = (document, members) =>
            ((StoredDocument)document).Unknown = (Dictionary<string, JsonElement>?)members;
        type.Properties.Add(unknown);
    }
}
