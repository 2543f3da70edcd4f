using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace MeteringGateway.Sdk;

/// <summary>
/// Something to be told to the gateway. Its <see cref="Source"/> and <see cref="Id"/> are what it is recognised by
/// (I1): sent again under the same ones it is counted once, so whoever makes an event anew after a crash gives it the
/// id of the case and not a new one.
/// </summary>
/// <param name="Tenant">The account that pays.</param>
public abstract record MeteringEvent(string Tenant)
{
    /// <summary>Unique in its source.</summary>
    public string Id { get; init; } = Guid.CreateVersion7().ToString("N");

    /// <summary>Where it comes from; null: <see cref="MeteringOptions.Source"/>.</summary>
    public string? Source { get; init; }

    /// <summary>
    /// When it happened; null: when it arrives, or when it was first put into the outbox. It is part of what is
    /// recognised (I1).
    /// </summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The conversation or case (I4).</summary>
    public string? Session { get; init; }

    /// <summary>The agent that acted.</summary>
    public string? Agent { get; init; }

    /// <summary>Such as <c>chat</c> or <c>voice</c>.</summary>
    public string? Channel { get; init; }

    /// <summary>The workflow that it acted in.</summary>
    public string? Workflow { get; init; }

    /// <summary>Where the case can be looked at.</summary>
    public string? SourceUrl { get; init; }

    /// <summary>Whatever else is to be kept with it, up to 4 KiB.</summary>
    public JsonObject? Metadata { get; init; }
}

/// <summary>What an agent achieved, or did not (<c>outcome.reported</c>).</summary>
/// <param name="Tenant">The account that pays.</param>
/// <param name="OutcomeType">Of the tenant's plan.</param>
public sealed record OutcomeReport(string Tenant, string OutcomeType) : MeteringEvent(Tenant)
{
    /// <summary>Unique in the tenant (I3); null: the event's id.</summary>
    public string? OutcomeId { get; init; }

    /// <summary>Units, 1 to 1,000,000.</summary>
    public int Quantity { get; init; } = 1;

    /// <summary><c>success</c>, or what went wrong (O1); null: success.</summary>
    public string? Result { get; init; }

    /// <summary>The reservation whose units it takes (A4).</summary>
    public string? Reservation { get; init; }

    /// <summary>Of those that the type requires.</summary>
    public IReadOnlyList<string>? SuccessCriteriaMet { get; init; }

    /// <summary>A person was needed in the end.</summary>
    public bool HandedOff { get; init; }

    /// <summary>Priced and listed, never charged (O7).</summary>
    public bool Sandbox { get; init; }

    /// <summary>Whom the agent worked for; personal, and can be erased.</summary>
    public string? EndCustomer { get; init; }

    /// <summary>How it was verified.</summary>
    public Verification? Verification { get; init; }
}

/// <summary>What is said of an outcome after its report; it may arrive before that (O6).</summary>
/// <param name="Tenant">The account that pays.</param>
/// <param name="OutcomeId">The outcome.</param>
/// <param name="Kind">What is said.</param>
public sealed record OutcomeFact(string Tenant, string OutcomeId, FactKind Kind) : MeteringEvent(Tenant)
{
    /// <summary>With a confirmation: how it was verified.</summary>
    public Verification? Verification { get; init; }

    /// <summary>For people.</summary>
    public string? Note { get; init; }
}

/// <summary>What is said of an outcome. All but the first take it back (O3).</summary>
public enum FactKind
{
    /// <summary>It stands: its window closes now (O4).</summary>
    Confirmed,

    /// <summary>The customer came back.</summary>
    Reopened,

    /// <summary>A person had to take over.</summary>
    Escalated,

    /// <summary>The customer left.</summary>
    Abandoned,

    /// <summary>It turned out not to have worked.</summary>
    Failed,

    /// <summary>The buyer's side did not accept it.</summary>
    Rejected,
}

/// <summary>Something that happened and is no outcome (<c>activity.reported</c>).</summary>
/// <param name="Tenant">The account that pays.</param>
/// <param name="Activity">Of the plan, or any other: that is counted, at no price.</param>
public sealed record ActivityReport(string Tenant, string Activity) : MeteringEvent(Tenant)
{
    /// <summary>How many, 1 to 1,000,000.</summary>
    public int Quantity { get; init; } = 1;

    /// <summary>A person was needed in the end.</summary>
    public bool HandedOff { get; init; }

    /// <summary>Whom the agent worked for.</summary>
    public string? EndCustomer { get; init; }
}

/// <summary>How an outcome was verified (O4).</summary>
/// <param name="Method">Such as <c>llm</c> or <c>human</c>.</param>
/// <param name="Passed">Null: it did.</param>
/// <param name="Confidence">0 to 1.</param>
/// <param name="EvidenceUrl">Where it can be looked at.</param>
public sealed record Verification(string Method, bool? Passed = null, decimal? Confidence = null,
    string? EvidenceUrl = null);

/// <summary>What became of one event.</summary>
/// <param name="Id">The event's; null when it could not be read.</param>
/// <param name="Status">Whether it counts now.</param>
/// <param name="Outcome">The outcome that it is about; null of activities, facts that wait, and refusals.</param>
/// <param name="Remaining">Units left under everything that binds; null when nothing does.</param>
/// <param name="Problem">Why it was rejected.</param>
public sealed record EventResult(string? Id, EventStatus Status, OutcomeState? Outcome = null, long? Remaining = null,
    Problem? Problem = null);

/// <summary>Whether an event counts.</summary>
[JsonConverter(typeof(Wire.SnakeCase<EventStatus>))]
public enum EventStatus
{
    /// <summary>It was refused: see the problem.</summary>
    Rejected,

    /// <summary>It is new, and durable.</summary>
    Accepted,

    /// <summary>It was there already, and was counted once (I1).</summary>
    Duplicate,
}

/// <summary>How an outcome stands.</summary>
/// <param name="Id">The outcome's.</param>
/// <param name="Status"><c>pending</c>, <c>billable</c>, <c>non_billable</c>, <c>credited</c>.</param>
/// <param name="Reason">Null while it is pending.</param>
public sealed record OutcomeState(string Id, string Status, string? Reason);
