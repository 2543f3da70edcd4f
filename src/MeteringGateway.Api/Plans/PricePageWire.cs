namespace MeteringGateway.Api.Plans;

/// <summary>
/// A plan as its buyers read it: what is charged, what never is, how long an outcome can be taken back, and what holds
/// it in bounds.
/// </summary>
internal sealed record PricePageWire(
    string Plan, int Version, string Currency, IReadOnlyList<PricedWire> Fees,
    IReadOnlyList<PricedOutcomeWire> Outcomes,
    IReadOnlyList<PricedWire> Activities, IReadOnlyList<PricedWire> Packs, IReadOnlyList<string> Prepaid,
    IReadOnlyList<string> NeverCharged,
    IReadOnlyList<string> Controls);

/// <param name="What">A fee, an activity, or a pack of credits.</param>
internal sealed record PricedWire(string What, string Price);

/// <param name="Prices">One line each, for people.</param>
/// <param name="Charged">When a success becomes billable.</param>
/// <param name="MeasurementWindow">ISO 8601 duration (O2).</param>
/// <param name="NeverCharged">What is free of charge beside what no type is charged for.</param>
internal sealed record PricedOutcomeWire(
    string OutcomeType, string? Description, IReadOnlyList<string> Prices, long IncludedUnits, string Charged,
    string MeasurementWindow,
    IReadOnlyList<string> NeverCharged);
