using System.Text.Json;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Allowance;

/// <summary>
/// Reads what is asked. A plain question is read in one pass with nothing thrown and few strings made; whatever is
/// unusual about one is left to the general reader, which says what is wrong.
/// </summary>
internal static class QuestionReader
{
    /// <exception cref="ProblemException">400 or 422.</exception>
    public static (Question Question, bool Record) Read(ReadOnlySpan<byte> json) =>
        TryFast(json, out var check) ? (ToQuestion(check), check.Record) : Slow(json);

    private static (Question, bool) Slow(ReadOnlySpan<byte> json)
    {
        var wire = Documents.Read<CheckWire>(json);
        var findings = new Findings();
        var question = Check(wire, findings);
        if (findings.Problem is { } invalid) throw new ProblemException(invalid);
        return (question, wire.Record ?? false);
    }

    private static Question Check(CheckWire wire, Findings findings)
    {
        if (wire.OutcomeType is null == wire.Activity is null)
            findings.Add("", "must have exactly one of outcome_type and activity");
        var quantity = findings.Whole("/quantity", wire.Quantity, 1, 1_000_000) ?? 1;
        var what = findings.OptionalName("/outcome_type", wire.OutcomeType)
            ?? findings.OptionalName("/activity", wire.Activity) ?? "";
        var dimensions = Dimensions(wire.Agent, wire.Channel, wire.Workflow, findings);
        return new Question(new Subject(what, wire.Activity is not null, dimensions), quantity,
            findings.OptionalReference("/session", wire.Session));
    }

    public static (Question Question, TimeSpan Ttl) Reservation(ReserveWire wire, Findings findings)
    {
        if (wire.Quantity is null) findings.Add("/quantity", "is required");
        if (wire.Ttl is null) findings.Add("/ttl", "is required: an ISO 8601 duration, such as \"PT60S\"");
        var subject = new Subject(
            findings.Name("/outcome_type", wire.OutcomeType), IsActivity: false,
            Dimensions(wire.Agent, wire.Channel, wire.Workflow, findings));
        var quantity = findings.Whole("/quantity", wire.Quantity, 1, 100_000) ?? 1;
        return (new Question(subject, quantity, findings.OptionalReference("/session", wire.Session)),
            Ttl(wire.Ttl, findings));
    }

    public static TimeSpan Ttl(string? ttl, Findings findings) =>
        findings.Duration("/ttl", ttl, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)) ?? TimeSpan.FromMinutes(1);

    private static Dimensions Dimensions(string? agent, string? channel, string? workflow, Findings findings) => new(
        findings.OptionalName("/agent", agent), findings.OptionalName("/channel", channel),
        findings.OptionalName("/workflow", workflow));

    private static Question ToQuestion(in Fast check) => new(
        new Subject(check.What!, check.IsActivity, check.Agent is null && check.Channel is null
            && check.Workflow is null
            ? Core.Dimensions.None
            : new Dimensions(check.Agent, check.Channel, check.Workflow)),
        check.Quantity, check.Session);

    private struct Fast
    {
        public string? What;
        public bool IsActivity;
        public int Quantity;
        public string? Agent;
        public string? Channel;
        public string? Workflow;
        public string? Session;
        public bool Record;
        public int Seen;
    }

    // True: all of it was plain. False says nothing but that the general reader has to look.
    private static bool TryFast(ReadOnlySpan<byte> json, out Fast check)
    {
        check = new Fast { Quantity = 1 };
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                if (reader.ValueIsEscaped || !Member(ref reader, ref check)) return false;
            return !reader.Read() && check.What is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool Member(ref Utf8JsonReader reader, ref Fast check)
    {
        if (reader.ValueTextEquals("outcome_type"u8)) return Once(ref check, 1) && Take(ref reader, out check.What);
        if (reader.ValueTextEquals("agent"u8)) return Once(ref check, 2) && Take(ref reader, out check.Agent);
        if (reader.ValueTextEquals("channel"u8)) return Once(ref check, 4) && Take(ref reader, out check.Channel);
        if (reader.ValueTextEquals("workflow"u8)) return Once(ref check, 8) && Take(ref reader, out check.Workflow);
        if (reader.ValueTextEquals("session"u8)) 
            return Once(ref check, 16) && Take(ref reader, out check.Session) && Ids.HasAddress(check.Session);
        if (reader.ValueTextEquals("activity"u8))
            return Once(ref check, 1) && (check.IsActivity = true) && Take(ref reader, out check.What);
        if (reader.ValueTextEquals("quantity"u8))
            return Once(ref check, 32) && reader.Read() && reader.TokenType == JsonTokenType.Number
                && reader.TryGetInt32(out check.Quantity) && check.Quantity is >= 1 and <= 1_000_000;
        if (!reader.ValueTextEquals("record"u8) || !Once(ref check, 64) || !reader.Read()) return false;
        check.Record = reader.TokenType == JsonTokenType.True;
        return reader.TokenType is JsonTokenType.True or JsonTokenType.False;
    }

    private static bool Once(ref Fast check, int member)
    {
        if ((check.Seen & member) != 0) return false;
        check.Seen |= member;
        return true;
    }

    // Plain: short ASCII without escapes. Control characters cannot stand in a JSON string unescaped, but for DEL.
    private static bool Take(ref Utf8JsonReader reader, out string? value)
    {
        value = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped) return false;
        var text = reader.ValueSpan;
        value = Words.Find(text);
        if (value is not null) return true;
        if (text.Length is 0 or > 256 || text.ContainsAnyExceptInRange((byte)0x20, (byte)0x7e)) return false;
        value = System.Text.Encoding.ASCII.GetString(text);
        Words.Keep(text, value);
        return true;
    }
}
