using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Thresholds;

/// <summary>A threshold from and to its wire form (S4).</summary>
internal static class ThresholdReader
{
    private const string OfCap = "cap:";
    private const string OfIncluded = "included:";

    public static Threshold Read(string at, ThresholdWire threshold, string? id, Findings findings)
    {
        var (of, target) = Measured($"{at}/of", threshold.Of, findings);
        var level = threshold.At;
        var percent = findings.Whole($"{at}/at/percent", level?.Percent, 1, 100);
        var units = findings.Whole($"{at}/at/units", level?.Units, 1, Limits.MostUnits);
        var amount = findings.Positive($"{at}/at/amount", level?.Amount);
        if (Count(level) != 1)
            findings.Add($"{at}/at",
                level is null ? "is required" : "must have exactly one of percent, units and amount");
        return new Threshold(
            findings.Id($"{at}/id", id), of, target, (int?)percent, units is { } count ? count : amount is { } sum
                ? Limit.Of(sum) : (Limit?)null);
    }

    /// <summary>
    /// That it names something, and is set in what that is counted in: otherwise it would never alert.
    /// </summary>
    /// <param name="owner">Whose caps and types these are, for the caller: the plan's or the tenant's.</param>
    public static void Check(string at, Threshold threshold, Terms terms, IEnumerable<Cap> caps, string owner,
        Findings findings)
    {
        if (threshold.Target is "") return; // said already
        bool? isMoney = threshold.Of switch { Measure.Included => false, Measure.Credits or Measure.Spend => true, _ =>
            null };
        if (threshold.Of == Measure.Cap)
        {
            isMoney = caps.FirstOrDefault(cap => cap.Id == threshold.Target)?.Limit.IsMoney;
            if (isMoney is null)
                findings.Add($"{at}/of", $"names no cap of this {owner}: '{Text.Cut(threshold.Target!)}'; it has "
                    + Text.Few([.. caps.Select(cap => cap.Id).Order(StringComparer.Ordinal)]));
        }
        if (threshold.Of == Measure.Included && terms.Type(threshold.Target!) is not { IncludedUnits: > 0 })
            findings.Add($"{at}/of",
                $"names no outcome type of this {owner} with included units: '{threshold.Target}'");
        if (threshold.Of == Measure.Credits && terms.OutcomeTypes.All(type => type.Credits is null))
            findings.Add($"{at}/of", $"names nothing: no outcome type of this {owner} takes credits");
        if (threshold.Of == Measure.Spend && threshold.Percent is not null)
            findings.Add($"{at}/at/percent", "does not go with spend, which has no limit");
        if (isMoney is { } money && threshold.At is { } set && set.IsMoney != money)
            findings.Add($"{at}/at/{(set.IsMoney ? "amount" : "units")}",
                money ? "is counted as an amount" : "is counted in units");
    }

    public static ThresholdWire Write(Threshold threshold, string currency) =>
        new() { Id = threshold.Id, Of = Of(threshold), At = At(threshold, currency) };

    public static ThresholdStateWire Write(ThresholdFigure figure, string currency) => new(
        figure.Threshold.Id, Of(figure.Threshold), At(figure.Threshold, currency), figure.Crossed,
        figure.Level?.Wire(UnitOf(figure.Threshold, currency)),
        figure.InForce?.Wire(UnitOf(figure.Threshold, currency)));

    /// <summary>The currency, or null where amounts are credits (N2).</summary>
    public static string? UnitOf(Threshold threshold, string currency) =>
        threshold.Of == Measure.Credits ? null : currency;

    private static string Of(Threshold threshold) => threshold.Of switch
    {
        Measure.Cap => OfCap + threshold.Target,
        Measure.Included => OfIncluded + threshold.Target,
        var other => Names<Measure>.Of(other),
    };

    private static LevelWire At(Threshold threshold, string currency) => new()
    {
        Percent = threshold.Percent,
        Units = threshold.At?.Units,
        Amount = threshold.At?.Wire(UnitOf(threshold, currency)).Amount,
    };

    private static int Count(LevelWire? level) =>
        (level?.Percent is null ? 0 : 1) + (level?.Units is null ? 0 : 1) + (level?.Amount is null ? 0 : 1);

    private static (Measure Of, string? Target) Measured(string at, string? of, Findings findings)
    {
        switch (of)
        {
            case "credits": return (Measure.Credits, null);
            case "spend": return (Measure.Spend, null);
            case not null when of.StartsWith(OfCap, StringComparison.Ordinal) && of.Length > OfCap.Length:
                return (Measure.Cap, of[OfCap.Length..]);
            case not null when of.StartsWith(OfIncluded, StringComparison.Ordinal) && of.Length > OfIncluded.Length:
                return (Measure.Included, of[OfIncluded.Length..]);
        }
        findings.Add(at, of is null ? "is required"
            : "must be \"cap:\" and a cap's id, \"included:\" and an outcome type's, \"credits\" or \"spend\"");
        return (Measure.Cap, "");
    }
}
