using System.Text.Json.Serialization;

namespace MeteringGateway.Sdk;

/// <summary>
/// What an agent is about to do (A1): exactly one of <see cref="OutcomeType"/> and <see cref="Activity"/>, and
/// what caps may look at. The gateway refuses anything else with 422 <c>invalid</c>.
/// </summary>
public sealed record Question
{
    /// <summary>An outcome type of the tenant's plan, such as <c>support.resolution</c>.</summary>
    public string? OutcomeType { get; init; }

    /// <summary>An activity (C9), in place of an outcome type.</summary>
    public string? Activity { get; init; }

    /// <summary>Units, 1 to 1,000,000 (N1); of a reservation 1 to 100,000 (A4).</summary>
    public int Quantity { get; init; } = 1;

    /// <summary>The agent that acts.</summary>
    public string? Agent { get; init; }

    /// <summary>Such as <c>chat</c> or <c>voice</c>.</summary>
    public string? Channel { get; init; }

    /// <summary>The workflow that it acts in.</summary>
    public string? Workflow { get; init; }

    /// <summary>The conversation or case.</summary>
    public string? Session { get; init; }

    /// <summary>A question about one unit of an outcome type.</summary>
    public static Question Outcome(string outcomeType) => new() { OutcomeType = outcomeType };
}

/// <summary>What an agent is told. The default is not <see cref="Allow"/>.</summary>
[JsonConverter(typeof(Wire.SnakeCase<DecisionKind>))]
public enum DecisionKind
{
    /// <summary>Do not act.</summary>
    Pause,

    /// <summary>Do not act: give the case to people.</summary>
    Handoff,

    /// <summary>Act.</summary>
    Allow,
}

/// <summary>The answer to a check or a reservation (A1, A2).</summary>
/// <param name="Kind">Whether to act.</param>
/// <param name="Reason"><c>ok</c>, or what refuses: <c>tenant_paused</c>, <c>tenant_closed</c>, <c>cap_reached</c>,
/// <c>credits_exhausted</c>, <c>overage_blocked</c>, <c>overage_not_authorized</c>,
/// <c>overage_limit_reached</c>.</param>
/// <param name="Remaining">Units left for this question; null when nothing binds.</param>
/// <param name="Limit">What binds most; null when nothing does.</param>
/// <param name="Funding">What would pay for the unit: <c>training</c>, <c>included</c>, <c>committed</c>,
/// <c>credits</c>, <c>on_demand</c>.</param>
/// <param name="UnitPrice">In the tenant's currency.</param>
/// <param name="Handoff">With <see cref="DecisionKind.Handoff"/>: to whom.</param>
/// <param name="RetryAt">When the answer may change by itself; null when nobody knows.</param>
/// <param name="Period">The billing period, by its first local day (T2).</param>
/// <param name="Sequence">Of the journal's last entry that the answer is based on.</param>
/// <param name="Reservation">What is held; null when nothing was asked to be, or when it was refused.</param>
public sealed record Decision(
    [property: JsonPropertyName("decision")] DecisionKind Kind, string Reason, long? Remaining, Binding? Limit,
    string? Funding, decimal? UnitPrice, Handoff? Handoff, DateTimeOffset? RetryAt, DateOnly Period, long Sequence,
    Reservation? Reservation = null)
{
    /// <summary>Whether the agent may act.</summary>
    [JsonIgnore]
    public bool MayAct => Kind == DecisionKind.Allow;
}

/// <summary>What binds most.</summary>
/// <param name="Id">Of the cap, or the outcome type whose units or overage it is.</param>
/// <param name="Kind"><c>cap</c>, <c>included</c>, <c>credits</c>, <c>overage</c>.</param>
/// <param name="Limit">Units, or an amount.</param>
/// <param name="Used">What stands against it.</param>
/// <param name="ResetsAt">When it begins anew.</param>
public sealed record Binding(string Id, string Kind, Limit Limit, Limit Used, DateTimeOffset ResetsAt);

/// <summary>One of the two: a number of units, or an amount of money or credits.</summary>
/// <param name="Units">A whole number.</param>
/// <param name="Amount">At most six digits after the point (N1).</param>
public sealed record Limit(long? Units, decimal? Amount);

/// <summary>Where a case goes that an agent may not take.</summary>
/// <param name="To">As the cap, or the overage rule, says; null: it does not.</param>
/// <param name="Message">For the people there.</param>
public sealed record Handoff(string? To, string? Message);

/// <summary>Units that are held for a caller (A4).</summary>
/// <param name="Id">What outcomes name so that they draw on it.</param>
/// <param name="Quantity">Units that were held at first.</param>
/// <param name="Remaining">Units that no outcome has drawn yet.</param>
/// <param name="ExpiresAt">By the gateway's clock.</param>
public sealed record Reservation(string Id, long Quantity, long Remaining, DateTimeOffset ExpiresAt);
