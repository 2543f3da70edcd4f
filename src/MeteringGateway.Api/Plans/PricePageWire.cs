namespace MeteringGateway.Api.Plans;

/// <summary>
/// A plan as its buyers read it: what is charged, what never is, how long an outcome can be taken back, what holds
/// it in bounds, and what it would come to.
/// </summary>
/// <param name="Headline">The offer in a sentence.</param>
/// <param name="BillableExamples">Of what is charged, in the seller's own words; may be none.</param>
/// <param name="NonBillableExamples">Of what is not; may be none.</param>
/// <param name="Timing">From a report to a final statement.</param>
/// <param name="Auditability">How a buyer can see for itself.</param>
/// <param name="Estimate">Of the units that were asked for; null where none were.</param>
internal sealed record PricePageWire(
    string Plan, int Version, string Currency, IReadOnlyList<PricedWire> Fees,
    IReadOnlyList<PricedOutcomeWire> Outcomes,
    IReadOnlyList<PricedWire> Activities, IReadOnlyList<PricedWire> Packs, IReadOnlyList<string> Prepaid,
    IReadOnlyList<string> NeverCharged,
    IReadOnlyList<string> Controls, string Headline, IReadOnlyList<string> BillableExamples,
    IReadOnlyList<string> NonBillableExamples, IReadOnlyList<string> Timing, IReadOnlyList<string> Auditability,
    EstimateWire? Estimate);

/// <param name="What">A fee, an activity, or a pack of credits.</param>
internal sealed record PricedWire(string What, string Price);

/// <param name="Prices">One line each, for people.</param>
/// <param name="Charged">When a success becomes billable.</param>
/// <param name="MeasurementWindow">ISO 8601 duration (O2).</param>
/// <param name="NeverCharged">What is free of charge beside what no type is charged for.</param>
/// <param name="Definition">What counts, in a sentence that the meter holds.</param>
/// <param name="Examples">What would be charged.</param>
internal sealed record PricedOutcomeWire(
    string OutcomeType, string? Description, IReadOnlyList<string> Prices, long IncludedUnits, string Charged,
    string MeasurementWindow,
    IReadOnlyList<string> NeverCharged, string Definition, IReadOnlyList<string> Examples);

/// <summary>What a billing period that begins with nothing would come to (F1, F7, F8): before caps, with what needs an
/// authorisation authorised, at the price of no price class.</summary>
/// <param name="Shortfall">Of what is committed for each period and would not be used.</param>
/// <param name="Total">With the platform's fee; not rounded.</param>
internal sealed record EstimateWire(IReadOnlyList<EstimatedTypeWire> OutcomeTypes, string PlatformFee,
    string Shortfall, string Total);

/// <param name="Refused">Units that the plan does not let go beyond what is prepaid.</param>
internal sealed record EstimatedTypeWire(string OutcomeType, long Units, string Amount, string Credits, long Refused,
    IReadOnlyList<EstimatedPartWire> Parts);

/// <param name="Source">What pays for these units: <c>included</c>, <c>committed</c>, <c>credits</c> or
/// <c>on_demand</c>.</param>
internal sealed record EstimatedPartWire(string Source, long Units, string UnitPrice, string Amount, string Credits);
