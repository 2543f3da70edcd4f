using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Usage;

/// <summary>A period's figures.</summary>
/// <param name="Spend">What the period's statement would total for outcomes and activities now, settled and pending; fees apart.</param>
internal sealed record UsageWire(
    string Tenant, string Period, string StartsAt, string EndsAt, string Status, string State, long Sequence,
    IReadOnlyList<TypeUsageWire> OutcomeTypes, IReadOnlyList<ActivityUsageWire> Activities, IReadOnlyList<CapUsageWire> Caps,
    IReadOnlyList<IncludedWire> Included, string Spend, string Currency);

/// <summary>Units of one outcome type by where they stand; all but <c>reserved</c> add up to <c>reported</c>.</summary>
internal sealed record TypeUsageWire(
    string Id, long Reported, long Pending, long Settled, long Reserved, long Credited, IReadOnlyDictionary<string, long> NonBillable, string Amount);

internal sealed record ActivityUsageWire(string Id, long Reported, string Amount);

internal sealed record CapUsageWire(string Id, UnitsWire Limit, UnitsWire Exposure, long Remaining, string State, string ResetsAt);

internal sealed record IncludedWire(string OutcomeType, long Units, long Used);

internal static class UsageFigures
{
    public static UsageWire Wire(this Core.Usage usage, string tenant) => new(
        tenant, Text.Date(usage.Period.Id), usage.Period.Start.ToString(), usage.Period.End.ToString(),
        Names<PeriodStatus>.Of(usage.Status), Names<LimitState>.Of(usage.State), usage.Sequence,
        [.. usage.OutcomeTypes.Select(Wire)],
        [.. usage.Activities.Select(activity => new ActivityUsageWire(activity.Id, activity.Reported, Text.Money(activity.Amount)))],
        [.. usage.Caps.Select(Wire)],
        [.. usage.Included.Select(included => new IncludedWire(included.OutcomeType, included.Units, included.Used))],
        Text.Money(usage.Spend), usage.Currency);

    private static TypeUsageWire Wire(TypeUsage type) => new(
        type.Id, type.Reported, type.Pending, type.Settled, type.Reserved, type.Credited,
        type.NonBillable.ToDictionary(pair => Names<Reason>.Of(pair.Key), pair => pair.Value), Text.Money(type.Amount));

    private static CapUsageWire Wire(CapUsage cap) => new(
        cap.Cap.Id, new UnitsWire(cap.Cap.Limit), new UnitsWire(cap.Exposure), cap.Remaining, Names<LimitState>.Of(cap.State), cap.ResetsAt.ToString());
}
