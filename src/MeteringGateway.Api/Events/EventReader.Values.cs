using System.Text.Json;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Events;

internal sealed partial class EventReader
{
    private const int NameLength = 256;
    private const int MostUnits = 1_000_000; // N1

    /// <summary>A text that other events have too, and that is made once.</summary>
    private bool Repeated(ref Utf8JsonReader reader, string at, string? before, out string? value)
    {
        value = null;
        if (before is not null) return Fail(Twice(at));
        reader.Read();
        return Value(ref reader, at, NameLength, true, out value);
    }

    /// <summary>A text of this event's own.</summary>
    private bool Own(ref Utf8JsonReader reader, string at, string? before, out string? value)
    {
        value = null;
        if (before is not null) return Fail(Twice(at));
        return String(ref reader, at, NameLength, out value);
    }

    /// <summary>A text of this event's own, by which something is found.</summary>
    private bool Reference(ref Utf8JsonReader reader, string at, out string? value) =>
        String(ref reader, at, NameLength, out value)
        && (value is null || Ids.HasAddress(value) || Fail(Invalid(at, Ids.NoAddress)));

    private bool String(ref Utf8JsonReader reader, string at, int longest, out string? value)
    {
        reader.Read();
        return Value(ref reader, at, longest, false, out value);
    }

    private bool Value(ref Utf8JsonReader reader, string at, int longest, bool intern, out string? value)
    {
        value = null;
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.String) return Fail(Unreadable(at,
            reader.TokenType == JsonTokenType.Number ? "must be a string, in quotes" : "must be a string"));
        intern &= !reader.ValueIsEscaped;
        if (intern && Words.Find(reader.ValueSpan) is { } known)
        {
            value = known;
            return true;
        }
        value = reader.GetString()!;
        if (!Ids.IsName(value, longest))
            return Fail(Invalid(at, $"must be 1 to {longest} characters, none of them a control character"));
        if (intern) Words.Keep(reader.ValueSpan, value);
        return true;
    }

    private bool Time(ref Utf8JsonReader reader, string at)
    {
        reader.Read();
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
            return Fail(Unreadable(at, Findings.ATime));
        if (!Value(ref reader, at, 64, false, out var text)) return false;
        if (text is null) return true;
        if (!Instant.TryParse(text, out var time)) return Fail(Invalid(at, Findings.ATime));
        _fields.Time = time;
        return true;
    }

    private bool Truth(ref Utf8JsonReader reader, string at, bool otherwise, out bool value)
    {
        reader.Read();
        value = reader.TokenType switch { JsonTokenType.True => true, JsonTokenType.False => false, _ => otherwise };
        return reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null
            || Fail(Unreadable(at, "must be true or false"));
    }

    private bool Quantity(ref Utf8JsonReader reader, string at)
    {
        if (!Whole(ref reader, at, 1, MostUnits, out var quantity)) return false;
        _fields.Quantity = quantity ?? 1;
        return true;
    }

    private bool Csat(ref Utf8JsonReader reader, string at)
    {
        if (!Whole(ref reader, at, 1, 5, out var csat)) return false;
        _fields.Csat = (byte?)csat;
        return true;
    }

    private bool Whole(ref Utf8JsonReader reader, string at, int least, int most, out int? value)
    {
        value = null;
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.Number) return Fail(Unreadable(at,
            reader.TokenType == JsonTokenType.String ? "must be a number, without quotes" : "must be a number"));
        if (!reader.TryGetInt32(out var number) || number < least || number > most)
            return Fail(Invalid(at, $"must be a whole number from {least} to {most}"));
        value = number;
        return true;
    }

    private bool Confidence(ref Utf8JsonReader reader, string at)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.Number) return Fail(Unreadable(at,
            reader.TokenType == JsonTokenType.String ? "must be a number, without quotes" : "must be a number"));
        if (!reader.TryGetDecimal(out var part) || part is < 0 or > 1)
            return Fail(Invalid(at, "must be a number from 0 to 1"));
        // beyond the sixth digit a model's confidence says nothing
        _fields.Confidence = (int)decimal.Truncate(part * 1_000_000);
        return true;
    }

    private bool Result(ref Utf8JsonReader reader, string at)
    {
        if (!Repeated(ref reader, at, null, out var name) || name is null) return _problem is null;
        if (!Names<Result>.TryParse(name, out var result))
            return Fail(Invalid(at, Findings.OneOf(name, Names<Result>.But([]))));
        _fields.Result = result;
        return true;
    }

    private bool Verdict(ref Utf8JsonReader reader, string at)
    {
        if (!Repeated(ref reader, at, null, out var verdict)) return false;
        if (verdict is null) return true;
        if (verdict is not ("accepted" or "rejected")) return Fail(Invalid(at, "must be accepted or rejected"));
        _fields.Accepted = verdict == "accepted";
        return true;
    }
}
