using System.Globalization;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Plans;

/// <summary>
/// Puts a plan's terms into sentences. Each of them is a rule that the meter holds; its number stands beside it.
/// </summary>
internal static class PricePage
{
    /// <param name="said">In the seller's own words; null: nothing.</param>
    public static PricePageWire Of(string plan, int version, Terms terms, PlanPageWire? said,
        EstimateWire? estimate) => new(
        plan, version, terms.Currency, [.. Fees(terms)], [.. terms.OutcomeTypes.Select(type => Outcome(type, terms))],
        [.. terms.Activities.Select(activity =>
            new PricedWire(Named(activity.Id, activity.Description),
                activity.Price is { } price ? Money(price, terms) : "free"))],
        [.. Packs(terms)], [.. Prepaid(terms)], [.. Free(terms)], [.. PriceControls.Of(terms)],
        said?.Headline ?? PriceWords.Headline(terms), Examples(said?.BillableExamples),
        Examples(said?.NonBillableExamples), [.. PriceWords.Timing(terms)], [.. PriceWords.Auditability()], estimate);

    private static string[] Examples(IReadOnlyList<string?>? said) => [.. (said ?? []).OfType<string>()];

    private static IEnumerable<PricedWire> Fees(Terms terms)
    {
        // F8
        if (terms.PlatformFee is { } platform)
            yield return new PricedWire("Platform fee", $"{Money(platform, terms)} a billing period");
        if (terms.ImplementationFee is { } implementation)
            yield return new PricedWire("Implementation fee", $"{Money(implementation, terms)} once");
    }

    private static PricedOutcomeWire Outcome(OutcomeType type, Terms terms) => new(
        type.Id, type.Description, [.. PriceLines.Of(type, terms)], type.IncludedUnits, Charged(type),
        Durations.Write(type.MeasurementWindow), [.. Free(type)], PriceWords.Definition(type),
        [.. PriceWords.Examples(type)]);

    private static IEnumerable<PricedWire> Packs(Terms terms) // F9
    {
        if (terms.TopUpLimit is { Micros: 0 }) yield break;
        foreach (var pack in terms.TopUps)
            yield return new PricedWire(
                $"{pack.Id}: {pack.Credits} credits"
                + (pack.ExpiresAfter is { } lasts ? $", for {Span(lasts)} from the purchase on" : ", without end"),
                Money(pack.Price, terms));
    }

    private static string Charged(OutcomeType type) // O2, O4
    {
        if (type.SettlesOnConfirmation) return $"Charged once it is confirmed within {Span(type.MeasurementWindow)}.";
        if (type.MeasurementWindow == TimeSpan.Zero) return "Charged as soon as it is reported.";
        var waited = type.WindowRestartsOnActivity ? $"{Span(type.MeasurementWindow)} without activity"
            : Span(type.MeasurementWindow);
        return $"Charged after {waited}, if it has not been taken back by then.";
    }

    private static IEnumerable<string> Free(OutcomeType type)
    {
        if (!type.HandoffBillable) yield return "What was handed to a human";
        // O3
        if (type.MeasurementWindow > TimeSpan.Zero)
            yield return $"What is reopened, escalated, abandoned or rejected within {Span(type.MeasurementWindow)}";
        if (type.CreditAfterWindow) yield return "What is taken back later: it is credited"; // O5
        if (type.OncePerSession)
            // I4
            yield return "A second success in the same session"
                + (type.ExclusiveGroup is { } group ? $", of any type of the group {group}" : "");
        if (type.VerificationRequired) yield return "What is not verified";
        if (!type.RequiredCriteria.IsEmpty)
            yield return $"What lacks one of: {string.Join(", ", type.RequiredCriteria)}";
    }

    private static IEnumerable<string> Free(Terms terms)
    {
        yield return "Work that failed, or was escalated, abandoned, cancelled, disconnected or rejected"; // O1
        yield return "No-shows, greetings, unanswered and ignored messages, diagnostics and partial results";
        yield return "Anything beyond a limit: it is recorded, and not charged"; // C4
        yield return "Anything in a sandbox"; // O7
        if (terms.Training is { } training) yield return Training(training);
    }

    private static string Training(Training training) // O9
    {
        var until = training.Days is { } days ? $"The first {Count(days)} days, to learn"
            : training.Until is { } end
            ? $"Everything until {end.ToDateTimeOffset().ToString("d MMMM yyyy", CultureInfo.InvariantCulture)}, to "
                + "learn"
            : "The first outcomes, to learn";
        return training.MaxOutcomes is { } most ? $"{until}: up to {Count(most)} outcomes" : until;
    }

    private static IEnumerable<string> Prepaid(Terms terms) // F5, F6, F8
    {
        foreach (var commitment in terms.Commitments)
        {
            var per = commitment.PerYear ? "year" : "billing period";
            yield return commitment.Units is { } units
                ? $"{Count(units)} of {commitment.OutcomeType} at {Money(commitment.Price ?? Amount.Zero, terms)} "
                    + $"each are committed for each {per}, used or not"
                : $"{Money(commitment.Amount!.Value, terms)}{Of(commitment)} is committed for each {per}, used or not";
        }
        if (terms.PeriodGrant.Micros > 0) yield return $"{terms.PeriodGrant} credits come with each billing period";
        if (terms.Rollover is { } rollover && terms.PeriodGrant.Micros > 0)
            yield return $"What is left of them rolls over, up to {rollover.Max} credits, "
                + (rollover.Periods is { } periods ? $"for {Count(periods)} billing periods" : "without end");
    }

    internal static string Money(Amount amount, Terms terms) =>
        $"{Grouped(amount.ToString(Currencies.Digits(terms.Currency)))} {terms.Currency}";

    /// <summary>A decimal with a comma between thousands.</summary>
    private static string Grouped(string number)
    {
        var point = number.IndexOf('.', StringComparison.Ordinal);
        var text = new System.Text.StringBuilder(number);
        for (var at = (point < 0 ? number.Length : point) - 3; at > 0 && char.IsAsciiDigit(number[at - 1]); at -= 3)
            text.Insert(at, ',');
        return text.ToString();
    }

    internal static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Of(Commitment commitment) => commitment.OutcomeType is { } type ? $" for {type}" : "";

    private static string Named(string id, string? description) => description is null ? id : $"{id}: {description}";

    internal static string Span(TimeSpan span)
    {
        if (span.TotalHours is >= 168 && span.TotalHours % 24 == 0) return $"{Count((long)span.TotalDays)} days";
        if (span.TotalHours is >= 2 && span.TotalMinutes % 60 == 0) return $"{Count((long)span.TotalHours)} hours";
        if (span.TotalMinutes is >= 2 && span.TotalSeconds % 60 == 0)
            return $"{Count((long)span.TotalMinutes)} minutes";
        return $"{span.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} seconds";
    }
}
