using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MeteringGateway.Api.Csv;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Outcomes;

/// <summary>
/// Outcomes as CSV (RFC 4180): the members of the JSON form in their order, nested ones as <c>window.status</c>, lists
/// and metadata as JSON.
/// </summary>
internal static class OutcomeCsv
{
    private static readonly (string Name, Func<OutcomeWire, object?> Value)[] Columns =
        [.. Expand(typeof(OutcomeWire), "", row => row)];

    public static void Header(StringBuilder line) =>
        line.Append(CsvText.Mark).AppendJoin(',', Columns.Select(column => column.Name)).Append("\r\n");

    public static void Row(StringBuilder line, OutcomeWire outcome)
    {
        for (var i = 0; i < Columns.Length; i++)
        {
            if (i > 0) line.Append(',');
            CsvText.Cell(line, Shown(Columns[i].Value(outcome)));
        }
        line.Append("\r\n");
    }

    private static IEnumerable<(string, Func<OutcomeWire, object?>)> Expand(Type type, string prefix,
        Func<OutcomeWire, object?> owner)
    {
        foreach (var property in WireJson.Strict.GetTypeInfo(type).Properties)
        {
            var value = Part(owner, property);
            var name = prefix + property.Name;
            if (property.PropertyType.IsClass && property.PropertyType.Assembly == typeof(OutcomeCsv).Assembly)
                foreach (var nested in Expand(property.PropertyType, name + ".", value)) yield return nested;
            else yield return (name, value);
        }
    }

    private static Func<OutcomeWire, object?> Part(Func<OutcomeWire, object?> owner, JsonPropertyInfo property) =>
        row => owner(row) is { } found ? property.Get!(found) : null;

    private static string Shown(object? value) => value switch
    {
        null => "",
        string text => text,
        bool truth => truth ? "true" : "false",
        JsonElement json => json.GetRawText(),
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ =>
            JsonSerializer.Serialize(value,
                WireJson.Strict.GetTypeInfo(value is IReadOnlyList<ChargeWire> ? typeof(IReadOnlyList<ChargeWire>)
                    : typeof(IReadOnlyList<string>))),
    };
}
