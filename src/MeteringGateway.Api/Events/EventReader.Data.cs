using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace MeteringGateway.Api.Events;

internal sealed partial class EventReader
{
    private const int MetadataBytes = 4 * 1024;
    private const int UrlLength = 2048;
    private const int NoteLength = 2000;
    private const int LongestEscape = 6; // \u0061
    private static readonly string[] MemberNames =
    [
        .. Json.Names<Members>.But([Members.None, Members.Id, Members.Time, Members.Outcome, Members.Fact,
            Members.Judgement, Members.Deed]),
    ];
    private static readonly int LongestName = MemberNames.Max(name => name.Length);
    private static readonly SearchValues<byte> OfAnEmptyObject = SearchValues.Create("{} \t\r\n"u8);

    // Which members the type may have is checked at the end: the type may stand behind the data.
    private bool Data(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string at, Members also)
    {
        _prefix = at;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Name(ref reader, also);
            if (member == Members.None)
                return Unknown(ref reader, "", MemberNames);
            if ((_fields.Given & member) != 0) return Fail(Twice($"/{reader.GetString()}"));
            _fields.Given |= member;
            if (!Member(ref reader, json, member)) return false;
        }
        _prefix = "";
        return true;
    }

    private bool Unknown(ref Utf8JsonReader reader, string at, IReadOnlyCollection<string> known)
    {
        var name = reader.GetString()!;
        return Fail(Invalid($"{at}/{Json.Pointers.Escape(name)}",
            "is not a known member" + Json.Nearest.Meant(name, known)));
    }

    private static Members Name(ref Utf8JsonReader reader, Members also) =>
        (reader.ValueIsEscaped ? Unescaped(ref reader) : Name(reader.ValueSpan)) switch
    {
        Members.Id or Members.Time when also == Members.None => Members.None,
        var member => member,
    };

    private static Members Unescaped(ref Utf8JsonReader reader)
    {
        Span<byte> name = stackalloc byte[LongestName * LongestEscape];
        return reader.ValueSpan.Length > name.Length ? Members.None : Name(name[..reader.CopyString(name)]);
    }

    private static Members Name(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("id"u8) => Members.Id,
        4 when name.SequenceEqual("csat"u8) => Members.Csat,
        4 when name.SequenceEqual("note"u8) => Members.Note,
        4 when name.SequenceEqual("time"u8) => Members.Time,
        5 when name.SequenceEqual("agent"u8) => Members.Agent,
        6 when name.SequenceEqual("result"u8) => Members.Result,
        7 when name.SequenceEqual("session"u8) => Members.Session,
        7 when name.SequenceEqual("channel"u8) => Members.Channel,
        7 when name.SequenceEqual("sandbox"u8) => Members.Sandbox,
        7 when name.SequenceEqual("verdict"u8) => Members.Verdict,
        8 when name.SequenceEqual("quantity"u8) => Members.Quantity,
        8 when name.SequenceEqual("workflow"u8) => Members.Workflow,
        8 when name.SequenceEqual("metadata"u8) => Members.Metadata,
        8 when name.SequenceEqual("activity"u8) => Members.Activity,
        10 when name.SequenceEqual("outcome_id"u8) => Members.OutcomeId,
        10 when name.SequenceEqual("handed_off"u8) => Members.HandedOff,
        10 when name.SequenceEqual("source_url"u8) => Members.SourceUrl,
        11 when name.SequenceEqual("reservation"u8) => Members.Reservation,
        12 when name.SequenceEqual("outcome_type"u8) => Members.OutcomeType,
        12 when name.SequenceEqual("end_customer"u8) => Members.EndCustomer,
        12 when name.SequenceEqual("verification"u8) => Members.Verification,
        20 when name.SequenceEqual("success_criteria_met"u8) => Members.SuccessCriteriaMet,
        _ => Members.None,
    };

    private bool Member(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, Members member)
    {
        switch (member)
        {
            case Members.Id: return Own(ref reader, "/id", null, out var id) && Keep(_fields.Id = id ?? _fields.Id);
            case Members.Time: return Time(ref reader, "/time");
            case Members.OutcomeType:
                return Repeated(ref reader, "/outcome_type", null, out var type) && Keep(_fields.OutcomeType = type);
            case Members.OutcomeId:
                return Reference(ref reader, "/outcome_id", out var outcome) && Keep(_fields.OutcomeId = outcome);
            case Members.Session:
                return Reference(ref reader, "/session", out var session) && Keep(_fields.Session = session);
            case Members.Agent:
                return Repeated(ref reader, "/agent", null, out var agent) && Keep(_fields.Agent = agent);
            case Members.Channel:
                return Repeated(ref reader, "/channel", null, out var channel) && Keep(_fields.Channel = channel);
            case Members.Workflow:
                return Repeated(ref reader, "/workflow", null, out var workflow) && Keep(_fields.Workflow = workflow);
            case Members.Reservation:
                return Own(ref reader, "/reservation", null, out var held) && Keep(_fields.Reservation = held);
            case Members.Activity:
                return Repeated(ref reader, "/activity", null, out var deed) && Keep(_fields.Activity = deed);
            case Members.HandedOff:
                return Truth(ref reader, "/handed_off", false, out var off) && (_fields.HandedOff = off) is var _;
            case Members.Sandbox:
                return Truth(ref reader, "/sandbox", false, out var sandbox) && (_fields.Sandbox = sandbox) is var _;
            case Members.Quantity: return Quantity(ref reader, "/quantity");
            case Members.Result: return Result(ref reader, "/result");
            case Members.Verdict: return Verdict(ref reader, "/verdict");
            case Members.Csat: return Csat(ref reader, "/csat");
            case Members.SuccessCriteriaMet: return Criteria(ref reader);
            case Members.Verification: return Verification(ref reader);
            case Members.Metadata: return Metadata(ref reader, json);
            default: return Apart(ref reader, member);
        }
    }

    // What billing does not need: kept as it came, and only looked at.
    private bool Apart(ref Utf8JsonReader reader, Members member)
    {
        var (name, longest) = member switch
        {
            Members.EndCustomer => ("/end_customer", 256),
            Members.SourceUrl => ("/source_url", UrlLength),
            _ => ("/note", NoteLength),
        };
        if (!String(ref reader, name, longest, out var value)) return false;
        if (value is null) return true;
        if (member == Members.EndCustomer && !Json.Ids.HasAddress(value))
            return Fail(Invalid(name, Json.Ids.NoAddress));
        var where = Where(ref reader);
        if (member == Members.EndCustomer) (_fields.EndCustomer, _fields.EndCustomerAt) = (value, where);
        else if (member == Members.SourceUrl) _fields.SourceUrlAt = where;
        else _fields.NoteAt = where;
        return true;
    }

    private static Range Where(ref Utf8JsonReader reader) => (int)reader.TokenStartIndex..(int)reader.BytesConsumed;

    private bool Criteria(ref Utf8JsonReader reader)
    {
        const string at = "/success_criteria_met";
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.StartArray) return Fail(Unreadable(at, "must be a list"));
        var criteria = ImmutableArray.CreateBuilder<string>(4);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (criteria.Count == 64) return Fail(Invalid(at, "must have at most 64 elements"));
            if (!Value(ref reader, at, 256, true, out var criterion)) return false;
            if (criterion is null) return Fail(Invalid($"{at}/{criteria.Count}", "must not be null"));
            criteria.Add(criterion);
        }
        criteria.Sort(StringComparer.Ordinal); // a set: its order says nothing
        _fields.Criteria = criteria.DrainToImmutable();
        return true;
    }

    private bool Verification(ref Utf8JsonReader reader)
    {
        const string at = "/verification";
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.StartObject) return Fail(Unreadable(at, "must be a JSON object"));
        var seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var which = reader.ValueTextEquals("method"u8) ? 1 : reader.ValueTextEquals("passed"u8) ? 2
                : reader.ValueTextEquals("confidence"u8) ? 4 : reader.ValueTextEquals("evidence_url"u8) ? 8 : 0;
            if (which == 0)
                return Unknown(ref reader, at, ["method", "passed", "confidence", "evidence_url"]);
            if ((seen & which) != 0) return Fail(Twice($"{at}/{reader.GetString()}"));
            seen |= which;
            if (!VerificationMember(ref reader, which)) return false;
        }
        if (_fields.Method is null) return Fail(Invalid($"{at}/method", "is required"));
        _fields.HasVerification = true;
        return true;
    }

    private bool VerificationMember(ref Utf8JsonReader reader, int which)
    {
        switch (which)
        {
            case 1:
                return Repeated(ref reader, "/verification/method", null, out var method)
                    && Keep(_fields.Method = method);
            case 2:
                return Truth(ref reader, "/verification/passed", true, out var passed)
                    && (_fields.Passed = passed) is var _;
            case 4: return Confidence(ref reader, "/verification/confidence");
            default:
                if (!String(ref reader, "/verification/evidence_url", UrlLength, out var url)) return false;
                if (url is not null) _fields.EvidenceUrlAt = Where(ref reader);
                return true;
        }
    }

    private bool Metadata(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        const string at = "/metadata";
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return true;
        if (reader.TokenType != JsonTokenType.StartObject) return Fail(Unreadable(at, "must be a JSON object"));
        var start = (int)reader.TokenStartIndex;
        var depth = reader.CurrentDepth;
        NamesAt(0).Clear();
        while (reader.Read() && reader.CurrentDepth > depth)
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    NamesAt(reader.CurrentDepth - depth).Clear();
                    break;
                case JsonTokenType.PropertyName:
                    var name = reader.GetString()!;
                    if (NamesAt(reader.CurrentDepth - depth - 1).Add(name)) break;
                    return Fail(Invalid(at, $"has the member '{name}' twice in one object"));
                case JsonTokenType.String when reader.ValueIsEscaped:
                    _ = reader.GetString(); // what is not text would be handed on to whoever reads it back
                    break;
            }
        var end = (int)reader.BytesConsumed;
        if (end - start > MetadataBytes) return Fail(Invalid(at, $"must be at most {MetadataBytes} bytes"));
        if (json[start..end].ContainsAnyExcept(OfAnEmptyObject)) _fields.MetadataAt = start..end;
        return true;
    }

    /// <summary>Names of the object that is open so many levels below metadata.</summary>
    private HashSet<string> NamesAt(int level)
    {
        while (_names.Count <= level) _names.Add(new HashSet<string>(StringComparer.Ordinal));
        return _names[level];
    }
}
