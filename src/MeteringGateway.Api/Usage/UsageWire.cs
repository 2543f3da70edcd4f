using MeteringGateway.Api.Grants;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Usage;

/// <summary>A period's figures.</summary>
/// <param name="Spend">What the period's statement would total for outcomes and activities now, settled and pending,
/// and for nothing else; unrounded.</param>
/// <param name="Forecast">Null: it would go beyond what an amount can be.</param>
/// <param name="Corrections">What was taken back from closed periods; unrounded, not above 0.</param>
/// <param name="Total">Of the period's statement now: with fees, packs, shortfalls and corrections, rounded.</param>
internal sealed record UsageWire(
    string Tenant, string Period, string StartsAt, string EndsAt, string Status, string State, long Sequence,
    IReadOnlyList<TypeUsageWire> OutcomeTypes, IReadOnlyList<ActivityUsageWire> Activities,
    IReadOnlyList<CapUsageWire> Caps,
    IReadOnlyList<IncludedWire> Included, IReadOnlyList<CommitmentUsageWire> Commitments, CreditsUsageWire Credits,
    OverageUsageWire Overage,
    string Spend, string Corrections, string Total, string Currency, ForecastWire? Forecast);

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

/// <summary>
/// What went on demand beyond what is prepaid, under the rules of overage (F2). What is charged where nothing is
/// prepaid is in <c>outcome_types</c> alone.
/// </summary>
/// <param name="Mode"><c>bill</c>: units may go on demand, of one type at least; <c>block</c>: of none; null: nothing
/// is prepaid, so there is nothing to go beyond.</param>
/// <param name="Authorized">Nothing waits for an authorisation.</param>
/// <param name="Limit">Of the rule for all types, or what was authorised, if that is less; null: neither.</param>
internal sealed record OverageUsageWire(string? Mode, long Units, string Amount, bool Authorized, LimitWire? Limit);

/// <summary>
/// The period's end at the present pace, as far as caps and the funding let it come (Q2).
/// </summary>
/// <param name="Uncapped">What all that is asked for would come to, if nothing were refused.</param>
internal sealed record ForecastWire(long Units, string Amount, ProjectionWire Uncapped,
    IReadOnlyList<CapForecastWire> Caps);

internal sealed record ProjectionWire(long Units, string Amount);

/// <param name="ReachedAt">When it was, or will be at this pace; null: not in its period, or day.</param>
internal sealed record CapForecastWire(string Id, string? ReachedAt);

internal static class UsageFigures
{
    public static UsageWire Wire(this Core.Usage usage, string tenant) => new(
        tenant, Text.Date(usage.Period.Id), usage.Period.Start.ToString(), usage.Period.End.ToString(),
        Names<PeriodStatus>.Of(usage.Status), Names<LimitState>.Of(usage.State), usage.Sequence,
        [.. usage.OutcomeTypes.Select(type => Wire(type, usage.Currency))],
        [.. usage.Activities.Select(activity =>
            new ActivityUsageWire(activity.Id, activity.Reported, Text.Money(activity.Amount, usage.Currency)))],
        [.. usage.Caps.Select(cap => Wire(cap, usage.Currency))],
        [.. usage.Included.Select(included => new IncludedWire(included.OutcomeType, included.Units, included.Used))],
        [.. usage.Commitments.Select(one => Wire(one, usage.Currency))],
        new CreditsUsageWire(
            usage.Credits.Balance.ToString(), Text.Money(usage.Credits.Value, usage.Currency),
            [.. usage.Credits.Grants.Select(grant => grant.Wire(usage.Currency))]),
        new OverageUsageWire(
            usage.Overage.NothingPrepaid ? null : usage.Overage.Bills ? "bill" : "block",
            usage.Overage.Units, Text.Money(usage.Overage.Amount, usage.Currency), usage.Overage.Authorized,
            usage.Overage.Limit?.Wire(usage.Currency)),
        Text.Money(usage.Spend, usage.Currency), Text.Money(usage.Corrections, usage.Currency),
        Text.Money(usage.Total, usage.Currency), usage.Currency,
        Wire(usage.Forecast, usage.Currency));

    private static ForecastWire? Wire(Forecast? forecast, string currency) => forecast is null
        ? null
        : new ForecastWire(
            forecast.Units, Text.Money(forecast.Amount, currency),
            new ProjectionWire(forecast.Uncapped.Units, Text.Money(forecast.Uncapped.Amount, currency)),
            [.. forecast.Caps.Select(cap => new CapForecastWire(cap.Cap, cap.ReachedAt?.ToString()))]);

    private static TypeUsageWire Wire(TypeUsage type, string currency) => new(
        type.Id, type.Reported, type.Pending, type.Settled, type.Reserved, type.Credited,
        type.NonBillable.ToDictionary(pair => Names<Reason>.Of(pair.Key), pair => pair.Value),
        Text.Money(type.Amount, currency));

    private static CapUsageWire Wire(CapUsage cap, string currency) => new(
        cap.Cap.Id, cap.Cap.Limit.Wire(currency), cap.Exposure.Wire(currency), new LeftWire(cap.Remaining, currency),
        Names<LimitState>.Of(cap.State), cap.ResetsAt.ToString());

    private static CommitmentUsageWire Wire(CommitmentUsage usage, string currency) => new(
        usage.Commitment.OutcomeType, usage.Commitment.Units, Text.Money(usage.Commitment.Amount, currency),
        new LeftWire(usage.Used, currency),
        usage.Commitment.PerYear ? "year" : "period");
}
