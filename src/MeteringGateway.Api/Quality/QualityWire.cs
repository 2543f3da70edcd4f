using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Quality;

/// <summary>How good a period's outcomes were. <c>docs/quality.md</c> defines every figure, and says what it does not
/// say.</summary>
/// <param name="Pricing">Whether each type is fit to be paid by; null where it was not asked for.</param>
internal sealed record QualityWire(string Tenant, string Period, string StartsAt, string EndsAt, string Status,
    long Sequence, string Currency, QualityFiguresWire All, IReadOnlyList<TypeQualityWire> OutcomeTypes,
    IReadOnlyList<PricingCheckWire>? Pricing);

internal sealed record TypeQualityWire(string Id, QualityFiguresWire Figures);

/// <summary>So many of so many.</summary>
/// <param name="Ratio">With 6 fraction digits at most; null where the denominator is 0.</param>
internal sealed record RatioWire(long Numerator, long Denominator, decimal? Ratio);

/// <param name="Numerator">Null: more than an amount can be.</param>
/// <param name="Ratio">For one; null where the denominator is 0.</param>
internal sealed record CostWire(string? Numerator, long Denominator, string? Ratio);

/// <param name="ListAmount">At the list price; null: more than an amount can be.</param>
internal sealed record ForgivenWire(long Units, string? ListAmount);

internal sealed record QualityFiguresWire(
    long Reported, long Pending, long Sessions, long NoSession, RatioWire Resolution, RatioWire Containment,
    RatioWire Escalation, RatioWire Reopened, RatioWire FirstContactResolution, RatioWire Csat, RatioWire Disputes,
    RatioWire Agreement, CostWire CostPerResolution, RatioWire TimeToFirstOutcomeMs, ForgivenWire Credited,
    IReadOnlyDictionary<string, ForgivenWire> Forgiven);

/// <param name="Verdict"><c>holds</c>, <c>at_risk</c>, or <c>too_few</c> to tell.</param>
internal sealed record PricingCheckWire(string OutcomeType, string Verdict, RatioWire Agree, long BuyerRejected,
    long RecordsReversed, string Summary, IReadOnlyList<RemedyWire> Remedies);

/// <param name="Remedy"><c>verification</c>, <c>confirmation</c>, <c>longer_window</c> or
/// <c>activity_price</c>.</param>
internal sealed record RemedyWire(string Remedy, string Why);

internal static class QualityWires
{
    public static QualityWire Wire(this Core.Quality of, string tenant, bool checkPricing) => new(
        tenant, Text.Date(of.Period.Id), of.Period.Start.ToString(), of.Period.End.ToString(),
        Names<PeriodStatus>.Of(of.Status), of.Sequence, of.Currency, Wire(of.All, of.Currency),
        [.. of.OutcomeTypes.Select(type => new TypeQualityWire(type.Id, Wire(type.Figures, of.Currency)))],
        checkPricing ? [.. of.OutcomeTypes.Select(type => Wire(type.Id, type.Pricing))] : null);

    private static QualityFiguresWire Wire(QualityFigures of, string currency) => new(
        of.Reported, of.Pending, of.Sessions, of.NoSession, Wire(of.Resolution),
        Wire(of.Containment), Wire(of.Escalation), Wire(of.Reopened),
        Wire(of.FirstContact), Wire(of.Csat), Wire(of.Disputes),
        Wire(of.Agreement), Wire(of.CostPerResolution, currency), Wire(of.TimeToFirstOutcome),
        Wire(of.Credited, currency),
        of.Forgiven.ToDictionary(one => Names<Reason>.Of(one.Key), one => Wire(one.Value, currency)));

    private static RatioWire Wire(Share of) => new(of.Numerator, of.Denominator,
        of.Denominator == 0 ? null : Math.Round((decimal)of.Numerator / of.Denominator, 6));

    private static CostWire Wire(CostShare of, string currency) => new(
        Text.Money(of.Numerator, currency), of.Denominator,
        of.Denominator == 0 || of.Numerator is not { } amount ? null
            : Text.Money(new Amount((long)Math.Round((decimal)amount.Micros / of.Denominator)), currency));

    private static ForgivenWire Wire(ForgivenFigure of, string currency) =>
        new(of.Units, Text.Money(of.Listed, currency));

    private static PricingCheckWire Wire(string type, PricingCheck of) => new(
        type, Names<PricingVerdict>.Of(of.Verdict), Wire(of.Agree), of.BuyerRejected, of.RecordsReversed,
        Summary(of), [.. of.Remedies.Select(one => new RemedyWire(Names<Remedy>.Of(one), Why(one)))]);

    private static string Summary(PricingCheck of) => of.Verdict switch
    {
        PricingVerdict.TooFew =>
            $"Fewer than {QualityReport.Fewest} outcomes were settled: a single one would decide.",
        PricingVerdict.Holds =>
            "Vendor, buyer and records agree on at least 95 % of what was settled: it can be paid by outcome.",
        _ => "Vendor, buyer and records agree on less than 95 % of what was settled: expect disputes.",
    };

    private static string Why(Remedy remedy) => remedy switch
    {
        Remedy.Verification =>
            "The buyer rejects what was settled, and nobody has to verify it: set verification_required.",
        Remedy.Confirmation =>
            "The buyer rejects what was settled, and settles nothing itself: set settles_on to confirmation.",
        Remedy.LongerWindow =>
            "The records reverse what was settled after its window: make measurement_window longer.",
        _ => "Everything that a definition can ask for is asked for, and they still do not agree: charge the activity "
            + "at a plain price instead.",
    };
}
