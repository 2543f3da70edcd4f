using System.Collections.Immutable;

namespace MeteringGateway.Api.Events;

/// <summary>The members of <c>data</c>, as a set: which were there, and which a type of event may have.</summary>
[Flags]
internal enum Members
{
    None = 0,
    OutcomeType = 1 << 0,
    OutcomeId = 1 << 1,
    Quantity = 1 << 2,
    Result = 1 << 3,
    Session = 1 << 4,
    Agent = 1 << 5,
    Channel = 1 << 6,
    Workflow = 1 << 7,
    Reservation = 1 << 8,
    SuccessCriteriaMet = 1 << 9,
    HandedOff = 1 << 10,
    Sandbox = 1 << 11,
    EndCustomer = 1 << 12,
    Verification = 1 << 13,
    SourceUrl = 1 << 14,
    Metadata = 1 << 15,
    Note = 1 << 16,
    Verdict = 1 << 17,
    Csat = 1 << 18,
    Activity = 1 << 19,
    /// <summary>Beside the data, where there is no envelope.</summary>
    Id = 1 << 20,
    Time = 1 << 21,

    Outcome = OutcomeType | OutcomeId | Quantity | Result | Session | Agent | Channel | Workflow | Reservation
        | SuccessCriteriaMet
        | HandedOff | Sandbox | EndCustomer | Verification | SourceUrl | Metadata,
    Fact = OutcomeId | Verification | Note | Session | Agent | Channel | Workflow | SourceUrl | Metadata,
    Judgement = OutcomeId | Verdict | Csat,
    Deed = Activity | Session | Agent | Channel | Workflow | EndCustomer | HandedOff | Quantity | SourceUrl | Metadata,
}

/// <summary>The types of event, by what follows the dot.</summary>
internal enum EventType
{
    Unknown, OutcomeReported, OutcomeConfirmed, OutcomeReopened, OutcomeEscalated, OutcomeAbandoned, OutcomeFailed,
    OutcomeRejected,
    OutcomeVerdict, ActivityReported,
}

/// <summary>An event's members while it is being read; used again for the next one.</summary>
internal sealed class EventFields
{
    public string? SpecVersion { get; set; }
    public string? Id { get; set; }
    public string? Source { get; set; }
    public EventType Type { get; set; }
    /// <summary>A type that is not ours, to name it.</summary>
    public string? OtherType { get; set; }
    public string? Subject { get; set; }
    public Instant? Time { get; set; }

    public Members Given { get; set; }
    /// <summary>Members of data that stand in the envelope, where they are extensions and count for nothing.</summary>
    public Members Beside { get; set; }
    public string? OutcomeType { get; set; }
    public string? OutcomeId { get; set; }
    public int Quantity { get; set; } = 1;
    public Result Result { get; set; }
    public string? Session { get; set; }
    public string? Agent { get; set; }
    public string? Channel { get; set; }
    public string? Workflow { get; set; }
    public string? Reservation { get; set; }
    public ImmutableArray<string> Criteria { get; set; } = [];
    public bool HandedOff { get; set; }
    public bool Sandbox { get; set; }
    public string? EndCustomer { get; set; }
    public string? Method { get; set; }
    public bool HasVerification { get; set; }
    public bool Passed { get; set; } = true;
    public int? Confidence { get; set; }
    public string? Activity { get; set; }
    public bool? Accepted { get; set; }
    public byte? Csat { get; set; }

    // Where in the event's bytes what is stored apart lies; empty when it was not given.
    public Range EndCustomerAt { get; set; }
    public Range SourceUrlAt { get; set; }
    public Range EvidenceUrlAt { get; set; }
    public Range NoteAt { get; set; }
    public Range MetadataAt { get; set; }

    public bool HasDetail =>
        HasAny(EndCustomerAt) || HasAny(SourceUrlAt) || HasAny(EvidenceUrlAt) || HasAny(NoteAt) || HasAny(MetadataAt);

    /// <summary>As they were sent.</summary>
    public int DetailBytes => Length(EndCustomerAt) + Length(SourceUrlAt) + Length(EvidenceUrlAt) + Length(NoteAt)
        + Length(MetadataAt);

    private static int Length(Range at) => at.End.Value - at.Start.Value;

    public static bool HasAny(Range at) => at.End.Value > 0;

    public Verification? Verification => HasVerification ? new Verification(Method!, Passed, Confidence) : null;

    public Dimensions Dimensions => Agent is null && Channel is null && Workflow is null ? Dimensions.None
        : new Dimensions(Agent, Channel, Workflow);
}
