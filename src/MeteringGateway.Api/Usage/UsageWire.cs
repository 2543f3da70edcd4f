using MeteringGateway.Api.Grants;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Usage;

/// <summary>A period's figures.</summary>
/// <param name="Spend">What the period's statement would total for outcomes and activities now, settled and pending;
/// fees apart.</param>
internal sealed record UsageWire(
    string Tenant, string Period, string StartsAt, string EndsAt, string Status, string State, long Sequence,
    IReadOnlyList<TypeUsageWire> OutcomeTypes, IReadOnlyList<ActivityUsageWire> Activities,
    IReadOnlyList<CapUsageWire> Caps,
    IReadOnlyList<IncludedWire> Included, IReadOnlyList<CommitmentUsageWire> Commitments, CreditsUsageWire Credits,
    OverageUsageWire Overage,
    string Spend, string Currency, ForecastWire? Forecast);

/// <summary>Units of one outcome type by where they stand; all but <c>reserved</c> add up to <c>reported</c>.</summary>
internal sealed record TypeUsageWire(
    string Id, long Reported, long Pending, long Settled, long Reserved, long Credited,
    IReadOnlyDictionary<string, long> NonBillable, string Amount);

internal sealed record ActivityUsageWire(string Id, long Reported, string Amount);

internal sealed record CapUsageWire(string Id, LimitWire Limit, LimitWire Exposure, LeftWire Remaining, string State,
    string ResetsAt);

internal sealed record IncludedWire(string OutcomeType, long Units, long Used);

/// <summary>
/// What is owed whether it is used or not (F8): in <c>units</c> or as an <c>amount</c>, and how much of it is used, in
/// the same.
/// </summary>
/// <param name="OutcomeType">Null: every type.</param>
/// <param name="Per"><c>period</c>, or <c>year</c>: then used is that of all its periods up to this one.</param>
internal sealed record CommitmentUsageWire(string? OutcomeType, long? Units, string? Amount, LeftWire Used, string Per);

/// <param name="Balance">Credits that could be spent now.</param>
/// <param name="Value">The balance in money; null where the plan does not say what a credit is worth (N2).</param>
/// <param name="Grants">Those that have not ended, in the order in which they are spent.</param>
internal sealed record CreditsUsageWire(string Balance, string? Value, IReadOnlyList<GrantWire> Grants);

/// <summary>What went on demand under the rules of overage (F2).</summary>
/// <param name="Authorized">Nothing waits for an authorisation.</param>
internal sealed record OverageUsageWire(string Mode, long Units, string Amount, bool Authorized, LimitWire? Limit);

/// <summary>The period's end at the present pace (Q2).</summary>
internal sealed record ForecastWire(long Units, string Amount, IReadOnlyList<CapForecastWire> Caps);

/// <param name="ReachedAt">Null: not in this period, at this pace.</param>
internal sealed record CapForecastWire(string Id, string? ReachedAt);

internal static class UsageFigures
{
    public static UsageWire Wire(this Core.Usage usage, string tenant) => new(
        tenant, Text.Date(usage.Period.Id), usage.Period.Start.ToString(), usage.Period.End.ToString(),
        Names<PeriodStatus>.Of(usage.Status), Names<LimitState>.Of(usage.State), usage.Sequence,
        [.. usage.OutcomeTypes.Select(Wire)],
        [.. usage.Activities.Select(activity =>
            new ActivityUsageWire(activity.Id, activity.Reported, Text.Money(activity.Amount)))],
        [.. usage.Caps.Select(Wire)],
        [.. usage.Included.Select(included => new IncludedWire(included.OutcomeType, included.Units, included.Used))],
        [.. usage.Commitments.Select(Wire)],
        new CreditsUsageWire(
            usage.Credits.Balance.ToString(), Money(usage.Credits.Value),
            [.. usage.Credits.Grants.Select(grant => grant.Wire())]),
        new OverageUsageWire(
            usage.Overage.Bills ? "bill"
                : "block", usage.Overage.Units, Text.Money(usage.Overage.Amount), usage.Overage.Authorized,
            usage.Overage.Limit?.Wire()),
        Text.Money(usage.Spend), usage.Currency,
        usage.Forecast is { } forecast ? new ForecastWire(
            forecast.Units, Text.Money(forecast.Amount),
            [.. forecast.Caps.Select(cap => new CapForecastWire(cap.Cap, cap.ReachedAt?.ToString()))]) : null);

    private static TypeUsageWire Wire(TypeUsage type) => new(
        type.Id, type.Reported, type.Pending, type.Settled, type.Reserved, type.Credited,
        type.NonBillable.ToDictionary(pair => Names<Reason>.Of(pair.Key), pair => pair.Value), Text.Money(type.Amount));

    private static CapUsageWire Wire(CapUsage cap) => new(
        cap.Cap.Id, cap.Cap.Limit.Wire(), cap.Exposure.Wire(), new LeftWire(cap.Remaining),
        Names<LimitState>.Of(cap.State), cap.ResetsAt.ToString());

    private static CommitmentUsageWire Wire(CommitmentUsage usage) => new(
        usage.Commitment.OutcomeType, usage.Commitment.Units, Money(usage.Commitment.Amount), new LeftWire(usage.Used),
        usage.Commitment.PerYear ? "year" : "period");

    private static string? Money(Amount? amount) => amount is { } some ? Text.Money(some) : null;
}
