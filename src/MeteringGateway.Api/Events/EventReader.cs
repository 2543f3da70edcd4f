using System.Text.Json;
using System.Text.Unicode;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

/// <summary>An event as it was read: for its tenant, or refused.</summary>
/// <param name="Id">As far as it could be read.</param>
internal readonly record struct ReadEvent(string? Tenant, string? Id, Command.Event? Command, Problem? Problem);

/// <summary>
/// Reads events in one pass each, straight into commands. Nothing is thrown for an event that is well-formed JSON. Not
/// safe to share: every request has its own.
/// </summary>
/// <param name="customers">Null: end customers are not recognised.</param>
internal sealed partial class EventReader(MeteringLimits limits, EndCustomers? customers = null)
{
    private const int Depth = 32;
    private const string Code = "malformed_event";

    private static readonly string[] Attributes = ["id", "source", "specversion", "type", "subject", "time", "data"];

    private readonly HashSet<string> _extensions = new(StringComparer.Ordinal);
    private readonly List<HashSet<string>> _names = [];
    private EventFields _fields = new();
    private Problem? _problem;
    private string _prefix = ""; // where the object that is being read stands

    /// <summary>A CloudEvent in the structured form.</summary>
    public ReadEvent Read(ReadOnlySpan<byte> json)
    {
        _fields = new EventFields();
        (_problem, _prefix) = (null, "");
        _extensions.Clear();
        if (TooLarge(json.Length) is { } tooLarge) return Refused(tooLarge);
        var reader = default(Utf8JsonReader);
        try
        {
            if (json.IsEmpty) return Refused(Unreadable("", "is empty: it must be a JSON object"));
            if (!Utf8.IsValid(json)) return Refused(Unreadable("", "is not UTF-8"));
            reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Depth });
            return Event(ref reader) && Envelope(ref reader, json) && End(ref reader) ? Finish(json)
                : Refused(_problem!);
        }
        catch (JsonException failure)
        {
            return Refused(NotJson(failure));
        }
        catch (InvalidOperationException)
        {
            return Refused(Unreadable("", $"holds half of a surrogate pair (byte {reader.TokenStartIndex})"));
        }
    }

    /// <summary>
    /// The data alone, with its attributes from elsewhere (binary mode, or a call that says the type itself).
    /// </summary>
    /// <param name="also">Members that may stand beside the data's.</param>
    public ReadEvent ReadData(ReadOnlySpan<byte> json, EventFields attributes, Members also = Members.None)
    {
        _fields = attributes;
        (_problem, _prefix) = (null, "");
        if (TooLarge(json.Length) is { } tooLarge) return Refused(tooLarge);
        var reader = default(Utf8JsonReader);
        try
        {
            if (json.IsEmpty) return Refused(Unreadable("", "is empty: it must be a JSON object"));
            if (!Utf8.IsValid(json)) return Refused(Unreadable("", "is not UTF-8"));
            reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Depth });
            return Object(ref reader, "") && Data(ref reader, json, "", also) && End(ref reader)
                ? Finish(json, "", also) : Refused(_problem!);
        }
        catch (JsonException failure)
        {
            return Refused(NotJson(failure));
        }
        catch (InvalidOperationException)
        {
            return Refused(Unreadable("", $"holds half of a surrogate pair (byte {reader.TokenStartIndex})"));
        }
    }

    private Problem? TooLarge(int bytes) =>
        bytes > limits.EventBytes ? Problem.TooLarge(limits.EventBytes, "The event") : null;

    private ReadEvent Refused(Problem why) => new(_fields.Subject, _fields.Id, null, why);

    private bool Event(ref Utf8JsonReader reader)
    {
        if (reader.Read() && reader.TokenType == JsonTokenType.StartObject) return true;
        return Fail(Unreadable("", reader.TokenType == JsonTokenType.StartArray
            ? $"must be a JSON object; a list of events has the content type {EventEndpoints.Batch}"
            : "must be a JSON object"));
    }

    private Problem NotJson(JsonException failure)
    {
        var line = failure.LineNumber > 0 ? $"line {failure.LineNumber + 1}, " : "";
        // The reader says this in words alone; the tests hold them.
        return Unreadable("", failure.Message.Contains("after a single JSON value", StringComparison.Ordinal)
            ? $"is followed by something else ({line}byte {failure.BytePositionInLine}); events that stand on lines have "
                + $"the content type {EventEndpoints.Stream}"
            : $"is not JSON ({line}byte {failure.BytePositionInLine})");
    }

    private bool Object(ref Utf8JsonReader reader, string pointer)
    {
        if (reader.Read() && reader.TokenType == JsonTokenType.StartObject) return true;
        return Fail(Unreadable(pointer, "must be a JSON object"));
    }

    // Reads on, so that what stands behind the object is found.
    private static bool End(ref Utf8JsonReader reader) => !reader.Read();

    private bool Envelope(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var hasData = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("data"u8))
            {
                if (hasData) return Fail(Twice("/data"));
                hasData = true;
                if (!Object(ref reader, "/data") || !Data(ref reader, json, "/data", Members.None)) return false;
            }
            else if (!Attribute(ref reader)) return false;
        }
        return true;
    }

    private bool Attribute(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("id"u8))
            return Own(ref reader, "/id", _fields.Id, out var id) && Keep(_fields.Id = id);
        if (reader.ValueTextEquals("source"u8))
            return Repeated(ref reader, "/source", _fields.Source, out var source) && Keep(_fields.Source = source);
        if (reader.ValueTextEquals("subject"u8))
            return Repeated(ref reader, "/subject", _fields.Subject, out var subject)
                && Keep(_fields.Subject = subject);
        if (reader.ValueTextEquals("specversion"u8))
            return Repeated(ref reader, "/specversion", _fields.SpecVersion, out var version)
                && Keep(_fields.SpecVersion = version);
        if (reader.ValueTextEquals("type"u8)) return Type(ref reader);
        if (reader.ValueTextEquals("time"u8))
            return _fields.Time is null ? Time(ref reader, "/time") : Fail(Twice("/time"));
        return Extension(ref reader);
    }

    private static bool Keep(string? _) => true;

    private bool Type(ref Utf8JsonReader reader)
    {
        if (_fields.Type != EventType.Unknown || _fields.OtherType is not null) return Fail(Twice("/type"));
        if (!Repeated(ref reader, "/type", null, out var type)) return false;
        _fields.Type = EventTypes.Parse(type);
        _fields.OtherType = _fields.Type == EventType.Unknown ? type ?? "" : null;
        return true;
    }

    // Anything else in the envelope is an extension of the specification: a lower-case name with a plain value, and not
    // for us.
    private bool Extension(ref Utf8JsonReader reader)
    {
        var name = reader.GetString()!;
        if (name.Length is 0 or > 64
            || !name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter)))
            return Fail(Invalid("/" + Json.Pointers.Escape(name), "is not a known member"
                + (EventTypes.IsOfData(name) ? " here: it goes into data" : Nearest.Meant(name, Attributes))));
        if (!_extensions.Add(name)) return Fail(Twice("/" + name));
        reader.Read();
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            return Fail(Unreadable("/" + name, "must not be an object or a list"));
        if (reader.TokenType != JsonTokenType.Null) _fields.Beside |= EventTypes.Meant(name);
        return true;
    }

    private bool Fail(Problem why)
    {
        _problem ??= why;
        return false;
    }

    private Problem Unreadable(string pointer, string detail) =>
        Malformed(StatusCodes.Status400BadRequest, _prefix + pointer, detail);

    private Problem Invalid(string pointer, string detail) =>
        Malformed(StatusCodes.Status422UnprocessableEntity, _prefix + pointer, detail);

    private static Problem Malformed(int status, string pointer, string detail) =>
        new(status, Code, $"{(pointer.Length == 0 ? "The event" : pointer)} {detail}")
        {
            Errors = [new ProblemError(pointer, detail)],
        };

    private Problem Twice(string pointer) => Invalid(pointer, "is there twice");
}
