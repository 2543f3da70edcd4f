using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

/// <summary>
/// CloudEvents in HTTP's binary mode: the attributes in <c>ce-</c> fields, percent-encoded, and the data as the body.
/// </summary>
internal static class BinaryMode
{
    public static bool Is(HttpRequest request) => request.Headers.ContainsKey("ce-specversion");

    /// <exception cref="ProblemException">A field is there twice, or is not a name.</exception>
    public static EventFields Attributes(HttpRequest request)
    {
        var type = Field(request, "ce-type");
        var fields = new EventFields
        {
            SpecVersion = Field(request, "ce-specversion"),
            Id = Field(request, "ce-id"),
            Source = Field(request, "ce-source"),
            Subject = Field(request, "ce-subject"),
            Type = EventTypes.Parse(type),
        };
        if (fields.Type == EventType.Unknown) fields.OtherType = type;
        if (Field(request, "ce-time") is not { } time) return fields;
        fields.Time = Instant.TryParse(time, out var parsed) ? parsed
            : throw Wrong("ce-time", "must be an RFC 3339 time with an offset");
        return fields;
    }

    private static string? Field(HttpRequest request, string name)
    {
        var values = request.Headers[name];
        if (values.Count == 0) return null;
        if (values.Count > 1) throw Wrong(name, "is there twice");
        var text = Uri.UnescapeDataString(values.ToString());
        return Ids.IsName(text, 256) ? text
            : throw Wrong(name, "must be 1 to 256 characters, none of them a control character");
    }

    private static ProblemException Wrong(string name, string detail) =>
        new(new Problem(StatusCodes.Status422UnprocessableEntity, "malformed_event", $"The field {name} {detail}."));
}
