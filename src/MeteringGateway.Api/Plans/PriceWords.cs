using System.Globalization;

namespace MeteringGateway.Api.Plans;

/// <summary>What counts, when, and how a buyer can see for itself, in sentences that follow from the terms.</summary>
internal static class PriceWords
{
    public static string Headline(Terms terms) => terms.OutcomeTypes is [var only]
        ? $"Pay for what works: {Result(only)}, {string.Join("; ", PriceLines.Of(only, terms))}."
        : $"Pay for what works: {terms.OutcomeTypes.Length} kinds of outcome, each with its price.";

    /// <summary>[product] completes [result] without [failure] within [window], verified by [source].</summary>
    public static string Definition(OutcomeType type)
    {
        var without = new List<string>();
        if (!type.HandoffBillable) without.Add("handing it to a person");
        if (type.MeasurementWindow > TimeSpan.Zero && !type.SettlesOnConfirmation)
            without.Add($"its being reopened, escalated, abandoned or rejected within {Window(type)}");
        var criteria = type.RequiredCriteria.IsEmpty ? "" : $", meeting {string.Join(" and ", type.RequiredCriteria)}";
        return $"The agent completes {Result(type)}{criteria}"
            + (without.Count > 0 ? $" without {string.Join(" and without ", without)}" : "") + $", {Verified(type)}.";
    }

    public static IEnumerable<string> Examples(OutcomeType type) // O2, O4, I4
    {
        var what = type.VerificationRequired ? "It is reported with a verification that passed" : "It is reported";
        if (type.SettlesOnConfirmation)
            yield return $"{what}, and confirmed within {PricePage.Span(type.MeasurementWindow)}.";
        else if (type.MeasurementWindow == TimeSpan.Zero) yield return $"{what}.";
        else
        {
            yield return $"{what}, and nothing is said against it within {Window(type)}.";
            if (type.Continuation)
                yield return "It is reopened in its window, and solved in the same session again: it counts once, and "
                    + "its window begins anew.";
        }
        if (!type.OncePerSession) yield return "Two successes in one session: each counts.";
        if (type.HandoffBillable) yield return "A person took part, and it was solved all the same.";
    }

    public static IEnumerable<string> Timing(Terms terms)
    {
        foreach (var type in terms.OutcomeTypes)
            if (type.MeasurementWindow > TimeSpan.Zero)
                yield return $"{type.Id}: the window is {PricePage.Span(type.MeasurementWindow)} from the success on"
                    + (type.WindowRestartsOnActivity ? ", and begins anew with each activity in its session." : ".");
        yield return $"What happened is taken until {PricePage.Span(terms.MaxLateness)} later; it is charged in the "
            + "period in which it happened."; // T3, T4
        yield return "A statement is final when its period is over, its windows have closed and late events have had "
            + "their time. It is not changed afterwards: what is taken back later is credited on the next one, by "
            + "name.";
    }

    public static IEnumerable<string> Auditability() // D1, D2, F10
    {
        yield return "Every outcome can be looked at: what was reported, by whom, and why it was charged or not.";
        yield return "Every line of a statement lists the outcomes that it is made of.";
        yield return "Every decision is an entry of a journal that is chained by hashes, and has a certificate that "
            + "can be checked with a public key, without us.";
        yield return "Who set which limit, price or credit is told, with what was before.";
    }

    /// <summary>A description that is a sentence of its own, or several, is none within one.</summary>
    private static string Result(OutcomeType type) => type.Description is { Length: > 0 } said
        && char.IsLower(said[0]) && said.AsSpan().IndexOfAny(".:;") < 0 ? said : type.Id;

    private static string Window(OutcomeType type) => type.WindowRestartsOnActivity
        ? $"{PricePage.Span(type.MeasurementWindow)} without activity" : PricePage.Span(type.MeasurementWindow);

    private static string Verified(OutcomeType type)
    {
        if (type.SettlesOnConfirmation)
            return $"verified by a confirmation within {PricePage.Span(type.MeasurementWindow)}";
        if (!type.VerificationRequired) return "verified by what is reported of it";
        return type.MinConfidence is not { } least ? "verified by a check that passed"
            : $"verified by a check that passed with a confidence of "
                + $"{(least / 1_000_000m).ToString("0.######", CultureInfo.InvariantCulture)} or more";
    }
}
