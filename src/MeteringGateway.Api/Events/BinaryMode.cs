using System.Text;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Requests;

namespace MeteringGateway.Api.Events;

/// <summary>
/// CloudEvents in HTTP's binary mode: the attributes in <c>ce-</c> fields, and the data as the body (CloudEvents 1.0,
/// HTTP protocol binding, 3.1).
/// </summary>
internal static class BinaryMode
{
    private const string Prefix = "ce-";

    /// <summary>
    /// Whether the fields carry an event. Where the body does, they may be there too, and say nothing (3: the content
    /// type tells the modes apart).
    /// </summary>
    public static bool Is(HttpRequest request) => request.Headers.Any(field => IsAttribute(field.Key));

    /// <exception cref="ProblemException">A field is there twice, or its value is none.</exception>
    public static EventFields Attributes(HttpRequest request)
    {
        var attributes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in request.Headers)
            if (IsAttribute(name)) attributes[name[Prefix.Length..]] = Value(name, values);
        var type = attributes.GetValueOrDefault("type");
        var fields = new EventFields
        {
            SpecVersion = attributes.GetValueOrDefault("specversion"),
            Id = attributes.GetValueOrDefault("id"),
            Source = attributes.GetValueOrDefault("source"),
            Subject = attributes.GetValueOrDefault("subject"),
            Type = EventTypes.Parse(type),
        };
        if (fields.Type == EventType.Unknown) fields.OtherType = type;
        foreach (var name in attributes.Keys) fields.Beside |= EventTypes.Meant(name);
        if (attributes.GetValueOrDefault("time") is not { } time) return fields;
        fields.Time = Instant.TryParse(time, out var parsed) ? parsed
            : throw Wrong("ce-time", "must be an RFC 3339 time with an offset");
        return fields;
    }

    private static bool IsAttribute(string name) => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    // Also of an extension, which is not for us.
    private static string Value(string name, IReadOnlyList<string?> values)
    {
        var attribute = name[Prefix.Length..];
        if (attribute.Length is 0 or > 64 || !attribute.All(char.IsAsciiLetterOrDigit)
            || attribute.Equals("data", StringComparison.OrdinalIgnoreCase)) throw Wrong(name, "is not a known member");
        if (values is not [{ } value]) throw Wrong(name, "is there twice");
        try
        {
            var text = Percent.Decode(Unquoted(value));
            return Ids.IsName(text, 256) ? text
                : throw Wrong(name, "must be 1 to 256 characters, none of them a control character");
        }
        catch (FormatException)
        {
            throw Wrong(name, "must be percent-encoded UTF-8, and ended if it is quoted");
        }
    }

    // 3.1.3.2: earlier versions of the binding wrote quoted strings.
    private static string Unquoted(string value)
    {
        if (!value.StartsWith('"')) return value;
        var text = new StringBuilder();
        for (var i = 1; i < value.Length; i++)
        {
            if (value[i] == '"')
                return i == value.Length - 1 ? text.ToString() : throw new FormatException("more than a string");
            if (value[i] == '\\') i++;
            if (i < value.Length) text.Append(value[i]);
        }
        throw new FormatException("a string without an end");
    }

    private static ProblemException Wrong(string name, string detail)
    {
        var pointer = "/" + name[Prefix.Length..].ToLowerInvariant();
        return new(new Problem(StatusCodes.Status422UnprocessableEntity, "malformed_event",
            $"{pointer} (the field {name}) {detail}.") { Errors = [new ProblemError(pointer, detail)] });
    }
}
