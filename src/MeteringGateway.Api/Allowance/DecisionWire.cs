using System.Text.Json.Serialization;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Allowance;

/// <summary>What an agent runtime asks: exactly one of <c>outcome_type</c> and <c>activity</c>.</summary>
internal sealed record CheckWire
{
    public string? OutcomeType { get; init; }
    public string? Activity { get; init; }
    /// <summary>Units, 1 to 1,000,000; 1 when absent (N1).</summary>
    public long? Quantity { get; init; }
    public string? Agent { get; init; }
    public string? Channel { get; init; }
    public string? Workflow { get; init; }
    public string? Session { get; init; }
    /// <summary>True: the decision is journalled (A3).</summary>
    public bool? Record { get; init; }
}

internal sealed record ReserveWire
{
    [Demanded]
    public string? OutcomeType { get; init; }
    /// <summary>Units, 1 to 100,000 (A4).</summary>
    [Demanded]
    public long? Quantity { get; init; }
    /// <summary>ISO 8601 duration, PT1S to PT24H.</summary>
    [Demanded]
    public string? Ttl { get; init; }
    public bool? AllowPartial { get; init; }
    public string? Agent { get; init; }
    public string? Channel { get; init; }
    public string? Workflow { get; init; }
    public string? Session { get; init; }
}

internal sealed record ExtendWire
{
    [Demanded]
    public string? Ttl { get; init; }
}

/// <summary>The answer to a check (A1, A2).</summary>
/// <param name="Remaining">Units, for this question; null when nothing binds.</param>
/// <param name="Sequence">Of the journal's last entry that it is based on.</param>
internal sealed record DecisionWire(
    [property: Values<DecisionKind>] string Decision, [property: Values<DecisionReason>] string Reason,
    long? Remaining, BindingWire? Limit, [property: Values<Funding>] string? Funding, string? UnitPrice,
    HandoffWire? Handoff,
    string? RetryAt, string Period, long Sequence);

/// <summary>What binds most.</summary>
internal sealed record BindingWire(string Id, string Kind, LimitWire Limit, LimitWire Used, string ResetsAt);

internal sealed record HandoffWire(string? To, string? Message);

/// <summary>The answer to a reservation: a check's, and what is held; null when it was refused.</summary>
internal sealed record ReservedWire(
    [property: Values<DecisionKind>] string Decision, [property: Values<DecisionReason>] string Reason,
    long? Remaining, BindingWire? Limit, [property: Values<Funding>] string? Funding, string? UnitPrice,
    HandoffWire? Handoff,
    string? RetryAt, string Period, long Sequence, ReservationWire? Reservation);

internal sealed record ReservationWire(string Id, long Quantity, long Remaining, string ExpiresAt);

/// <summary>A reservation in the list of them, with what it is for.</summary>
/// <param name="Remaining">Units that no outcome has drawn yet.</param>
/// <param name="Period">In which it counts (A5).</param>
internal sealed record HeldWire(
    string Id, string OutcomeType, string? Agent, string? Channel, string? Workflow, long Quantity, long Remaining,
    string ExpiresAt, string Period);

/// <summary>The hot path's documents, written by generated code with nothing in between.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(DecisionWire))]
[JsonSerializable(typeof(ReservedWire))]
internal sealed partial class HotJson : JsonSerializerContext;

internal static class Decisions
{
    public static DecisionWire Wire(this Decision d) => new(
        Names<DecisionKind>.Of(d.Kind), Names<DecisionReason>.Of(d.Reason), d.Remaining, Limit(d), Funding(d),
        Text.Money(d.UnitPrice, d.Currency ?? ""), Handoff(d),
        d.RetryAt?.ToString(), Text.Date(d.Period), d.Sequence);

    public static ReservedWire Wire(this Answer.Reserved reserved)
    {
        var d = reserved.Decision;
        return new(
            Names<DecisionKind>.Of(d.Kind), Names<DecisionReason>.Of(d.Reason), d.Remaining, Limit(d), Funding(d),
            Text.Money(d.UnitPrice, d.Currency ?? ""), Handoff(d),
            d.RetryAt?.ToString(), Text.Date(d.Period), d.Sequence, reserved.Reservation?.Wire());
    }

    public static ReservationWire Wire(this ReservationFigure held) => new(held.Id, held.Quantity, held.Remaining,
        held.ExpiresAt.ToString());

    public static HeldWire Wire(this HeldFigure held) => new(
        held.Id, held.Subject.What, held.Subject.Dimensions.Agent, held.Subject.Dimensions.Channel,
        held.Subject.Dimensions.Workflow, held.Quantity, held.Remaining, held.ExpiresAt.ToString(),
        Text.Date(held.Period));

    public static HandoffWire? Handoff(AtLimit? then) =>
        then is { Action: LimitAction.Handoff } ? new HandoffWire(then.To, then.Message) : null;

    private static HandoffWire? Handoff(Decision d) =>
        d.Kind == DecisionKind.Handoff ? Handoff(d.Handoff) ?? new HandoffWire(null, null) : null;

    private static string? Funding(Decision d) => d.Funding is { } source ? Names<Funding>.Of(source) : null;

    private static BindingWire? Limit(Decision d) => d.Limit?.Wire(d.Currency ?? "");

    public static BindingWire Wire(this Binding binding, string currency)
    {
        var unit = binding.Kind == "credits" ? null : currency;
        return new BindingWire(binding.Id, binding.Kind, binding.Limit.Wire(unit), binding.Used.Wire(unit),
            binding.ResetsAt.ToString());
    }
}
