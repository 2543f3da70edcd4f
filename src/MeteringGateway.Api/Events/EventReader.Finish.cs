using System.Buffers;
using System.Numerics;
using System.Security.Cryptography;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

internal sealed partial class EventReader
{
    // Everything was read; is it whole, and what does it ask for?
    private ReadEvent Finish(ReadOnlySpan<byte> json, string at = "/data", Members also = Members.None)
    {
        _prefix = "";
        if (!Whole(at) || !Belongs(at, also) || !Fits()) return Refused(_problem!);
        return new ReadEvent(_fields.Subject, _fields.Id, ToCommand(json), null);
    }

    private bool Whole(string at)
    {
        if (_fields.SpecVersion != "1.0") return Fail(Invalid("/specversion", "must be \"1.0\""));
        if (_fields.Id is null) return Fail(Invalid("/id", "is required"));
        if (_fields.Source is null) return Fail(Invalid("/source", "is required"));
        if (_fields.Subject is null) return Fail(Invalid("/subject", "is required: it names the tenant"));
        if (_fields.Type == EventType.Unknown)
            return Fail(Invalid("/type", Json.Findings.OneOf(_fields.OtherType, EventTypes.All)));
        if (!Within()) return false;
        return _fields.Type switch
        {
            EventType.OutcomeReported => IsReported(at),
            EventType.ActivityReported =>
                _fields.Activity is not null || Fail(Invalid($"{at}/activity", "is required")),
            _ when _fields.OutcomeId is null => Fail(Invalid($"{at}/outcome_id", "is required")),
            EventType.OutcomeVerdict => _fields.Accepted is not null || Fail(Invalid($"{at}/verdict", "is required")),
            _ => true,
        };
    }

    /// <summary>
    /// An extension may have any name, so a member of data that was put beside it would count for nothing, unsaid. What
    /// data has as well is a copy for whoever routes events without reading it.
    /// </summary>
    private bool Within()
    {
        var lost = _fields.Beside & EventTypes.Allowed(_fields.Type) & ~_fields.Given;
        if (lost == Members.None) return true;
        var name = EventTypes.Name(First(lost));
        return Fail(Invalid($"/{EventTypes.Extension(name)}",
            $"is an extension in the envelope, and counts for nothing: it goes into data, as data.{name}"));
    }

    private static Members First(Members of) => (Members)(1 << BitOperations.TrailingZeroCount((int)of));

    private bool IsReported(string at)
    {
        if (_fields.OutcomeType is null) return Fail(Invalid($"{at}/outcome_type", "is required"));
        // The outcome's id is the event's when it is not given.
        return _fields.OutcomeId is not null || Json.Ids.HasAddress(_fields.Id)
            || Fail(Invalid("/id", Json.Ids.NoAddress));
    }

    private bool Belongs(string at, Members also)
    {
        var strange = _fields.Given & ~(EventTypes.Allowed(_fields.Type) | also);
        if (strange == Members.None) return true;
        return Fail(Invalid($"{at}/{EventTypes.Name(First(strange))}",
            "is not a member of this type of event"));
    }

    private bool Fits() => _fields.DetailBytes <= limits.DetailBytes
        || Fail(new Problem(StatusCodes.Status413PayloadTooLarge, "detail_too_large",
            $"End customer, urls, note and metadata of one event are more than {limits.DetailBytes} bytes together."));

    private Command.Event ToCommand(ReadOnlySpan<byte> json)
    {
        var id = new EventId(_fields.Source!, _fields.Id!);
        _ = id.Key; // worked out here, so that the tenant's turn need not
        if (_fields.Type == EventType.OutcomeReported) _fields.OutcomeId ??= _fields.Id;
        Command.Event command = _fields.Type switch
        {
            EventType.OutcomeReported =>
                new Command.ReportOutcome(id, _fields.Time, _fields.OutcomeType!, _fields.OutcomeId!)
            {
                Quantity = _fields.Quantity,
                Result = _fields.Result,
                Reservation = _fields.Reservation,
                CriteriaMet = _fields.Criteria,
                HandedOff = _fields.HandedOff,
                Sandbox = _fields.Sandbox,
                Verification = _fields.Verification,
                Session = _fields.Session,
                Dimensions = _fields.Dimensions,
                Detail = Detail(json),
                Customer = Customer(),
                Fingerprint = Fingerprint.Of(_fields),
            },
            EventType.ActivityReported => new Command.ReportActivity(id, _fields.Time, _fields.Activity!)
            {
                Quantity = _fields.Quantity,
                HandedOff = _fields.HandedOff,
                Session = _fields.Session,
                Dimensions = _fields.Dimensions,
                Detail = Detail(json),
                Customer = Customer(),
                Fingerprint = Fingerprint.Of(_fields),
            },
            _ =>
                new Command.ReportFact(id, _fields.Time, _fields.OutcomeId!,
                    EventTypes.Fact(_fields.Type, _fields.Accepted))
            {
                Verification = _fields.Verification,
                Csat = _fields.Csat,
                Session = _fields.Session,
                Dimensions = _fields.Dimensions,
                Detail = Detail(json),
                Fingerprint = Fingerprint.Of(_fields, timed: _fields.Type != EventType.OutcomeVerdict),
                FormerFingerprint = _fields.Type == EventType.OutcomeVerdict ? Fingerprint.Of(_fields) : 0,
            },
        };
        return command;
    }

    private ulong Customer() =>
        _fields.EndCustomer is { } name && customers is not null ? customers.Hash(_fields.Subject!, name) : 0;

    private Detail? Detail(ReadOnlySpan<byte> json)
    {
        if (!_fields.HasDetail) return null;
        var buffer = new ArrayBufferWriter<byte>(256);
        Add(buffer, json, "{\"end_customer\":"u8, _fields.EndCustomerAt);
        Add(buffer, json, "{\"source_url\":"u8, _fields.SourceUrlAt);
        Add(buffer, json, "{\"evidence_url\":"u8, _fields.EvidenceUrlAt);
        Add(buffer, json, "{\"note\":"u8, _fields.NoteAt);
        Add(buffer, json, "{\"metadata\":"u8, _fields.MetadataAt);
        buffer.Write("}"u8);
        return new Detail(buffer.WrittenSpan.ToArray(), RandomNumberGenerator.GetBytes(16), _fields.EndCustomer);
    }

    private static void Add(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, Range at)
    {
        if (!EventFields.HasAny(at)) return;
        buffer.Write(buffer.WrittenCount == 0 ? "{"u8 : ","u8);
        buffer.Write(name[1..]);
        buffer.Write(json[at]);
    }
}
