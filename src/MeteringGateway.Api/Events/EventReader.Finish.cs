using System.Buffers;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;

namespace MeteringGateway.Api.Events;

internal sealed partial class EventReader
{
    // Everything was read; is it whole, and what does it ask for?
    private ReadEvent Finish(ReadOnlySpan<byte> json, string at = "/data", Members also = Members.None)
    {
        prefix = "";
        if (!Whole(at) || !Belongs(at, also)) return Refused(problem!);
        return new ReadEvent(fields.Subject, fields.Id, ToCommand(json), null);
    }

    private bool Whole(string at)
    {
        if (fields.SpecVersion != "1.0") return Fail(Invalid("/specversion", "must be \"1.0\""));
        if (fields.Id is null) return Fail(Invalid("/id", "is required"));
        if (fields.Source is null) return Fail(Invalid("/source", "is required"));
        if (fields.Subject is null) return Fail(Invalid("/subject", "is required: it names the tenant"));
        if (fields.OtherType is { } other) return Fail(Invalid("/type", $"is not a type of ours: '{other}'"));
        if (fields.Type == EventType.Unknown) return Fail(Invalid("/type", "is required"));
        return fields.Type switch
        {
            EventType.OutcomeReported => fields.OutcomeType is not null || Fail(Invalid($"{at}/outcome_type", "is required")),
            EventType.ActivityReported => fields.Activity is not null || Fail(Invalid($"{at}/activity", "is required")),
            _ when fields.OutcomeId is null => Fail(Invalid($"{at}/outcome_id", "is required")),
            EventType.OutcomeVerdict => fields.Accepted is not null || Fail(Invalid($"{at}/verdict", "is required")),
            _ => true,
        };
    }

    private bool Belongs(string at, Members also)
    {
        var strange = fields.Given & ~(EventTypes.Allowed(fields.Type) | also);
        if (strange == Members.None) return true;
        var first = (Members)(1 << BitOperations.TrailingZeroCount((int)strange));
        return Fail(Invalid($"{at}/{JsonNamingPolicy.SnakeCaseLower.ConvertName(first.ToString())}", "is not a member of this type of event"));
    }

    private Command.Event ToCommand(ReadOnlySpan<byte> json)
    {
        var id = new EventId(fields.Source!, fields.Id!);
        _ = id.Key; // worked out here, so that the tenant's turn need not
        if (fields.Type == EventType.OutcomeReported) fields.OutcomeId ??= fields.Id;
        Command.Event command = fields.Type switch
        {
            EventType.OutcomeReported => new Command.ReportOutcome(id, fields.Time, fields.OutcomeType!, fields.OutcomeId!)
            {
                Quantity = fields.Quantity,
                Result = fields.Result,
                Reservation = fields.Reservation,
                CriteriaMet = fields.Criteria,
                HandedOff = fields.HandedOff,
                Sandbox = fields.Sandbox,
                Verification = fields.Verification,
                Session = fields.Session,
                Dimensions = fields.Dimensions,
                Detail = Detail(json),
                Fingerprint = Fingerprint.Of(fields),
            },
            EventType.ActivityReported => new Command.ReportActivity(id, fields.Time, fields.Activity!)
            {
                Quantity = fields.Quantity,
                HandedOff = fields.HandedOff,
                Session = fields.Session,
                Dimensions = fields.Dimensions,
                Detail = Detail(json),
                Fingerprint = Fingerprint.Of(fields),
            },
            _ => new Command.ReportFact(id, fields.Time, fields.OutcomeId!, EventTypes.Fact(fields.Type, fields.Accepted))
            {
                Verification = fields.Verification,
                Csat = fields.Csat,
                Session = fields.Session,
                Dimensions = fields.Dimensions,
                Detail = Detail(json),
                Fingerprint = Fingerprint.Of(fields),
            },
        };
        return command;
    }

    private Detail? Detail(ReadOnlySpan<byte> json)
    {
        if (!fields.HasDetail) return null;
        var buffer = new ArrayBufferWriter<byte>(256);
        Add(buffer, json, "{\"end_customer\":"u8, fields.EndCustomerAt);
        Add(buffer, json, "{\"source_url\":"u8, fields.SourceUrlAt);
        Add(buffer, json, "{\"evidence_url\":"u8, fields.EvidenceUrlAt);
        Add(buffer, json, "{\"note\":"u8, fields.NoteAt);
        Add(buffer, json, "{\"metadata\":"u8, fields.MetadataAt);
        buffer.Write("}"u8);
        return new Detail(buffer.WrittenSpan.ToArray(), RandomNumberGenerator.GetBytes(16), fields.EndCustomer);
    }

    private static void Add(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, Range at)
    {
        if (!EventFields.HasAny(at)) return;
        buffer.Write(buffer.WrittenCount == 0 ? "{"u8 : ","u8);
        buffer.Write(name[1..]);
        buffer.Write(json[at]);
    }
}
