using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MeteringGateway.Journal;

/// <summary>
/// An entry as one line for people: sequence, time, kind, what it says, who did it, and the start of its hash.
/// </summary>
internal static class EntryLine
{
    private const int HashShown = 12;
    private const int ItemsShown = 3;
    private static readonly JsonSerializerOptions Readable = new() { Encoder =
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly SearchValues<char> Unclear = SearchValues.Create(" =\"\n\r\t");

    public static string Of(long sequence, JsonObject entry)
    {
        var line = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{sequence,6}  {entry["at"]}  {entry["kind"],-21}");
        Members(line, "", entry["data"]);
        if (entry["actor"] is JsonObject actor)
            line.Append(CultureInfo.InvariantCulture, $"  by {actor["role"]} {actor["key_id"]}");
        var hash = entry["hash"]?.ToString() ?? "";
        return line.Append("  #").Append(hash, 0, Math.Min(HashShown, hash.Length)).ToString();
    }

    /// <summary>Nested members as <c>outer.inner=value</c>; what is not there is not said.</summary>
    private static void Members(StringBuilder line, string name, JsonNode? value)
    {
        switch (value)
        {
            case null or JsonArray { Count: 0 }:
                break;
            case JsonObject members:
                foreach (var (inner, node) in members) Members(line, name.Length == 0 ? inner : $"{name}.{inner}",
                    node);
                break;
            case JsonArray items when items[0] is JsonObject:
                for (var i = 0; i < items.Count; i++)
                    Members(line, string.Create(CultureInfo.InvariantCulture, $"{name}[{i}]"), items[i]);
                break;
            case JsonArray items:
                var more = items.Count > ItemsShown
                    ? string.Create(CultureInfo.InvariantCulture, $",... ({items.Count})") : "";
                line.Append(' ').Append(name).Append('=')
                    .AppendJoin(',', items.Take(ItemsShown).Select(item => Quoted(item?.ToString() ?? "null")))
                    .Append(more);
                break;
            default:
                line.Append(' ').Append(name).Append('=').Append(Quoted(value.ToString()));
                break;
        }
    }

    private static string Quoted(string text) =>
        text.Length > 0 && !text.AsSpan().ContainsAny(Unclear) ? text : JsonValue.Create(text).ToJsonString(Readable);
}
