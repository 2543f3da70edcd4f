using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Thresholds;

namespace MeteringGateway.Api.Plans;

/// <summary>What only the whole plan can tell: names that are there twice, or that name nothing.</summary>
internal static class PlanChecks
{
    /// <summary>
    /// What is asked of a plan, or of a tenant's own terms, when they are put; what was put before this was asked stays
    /// good. A list that gives a price, a limit or a scope has an element: with none it would be taken for there being
    /// no price, or no limit. Two lists mean something without any: <c>required_criteria</c> asks for nothing, and
    /// <c>commitments</c> of a tenant's own terms take the plan's away.
    /// </summary>
    public static void WhenPut(PlanWire plan, Findings findings)
    {
        if (plan.Currency is { Length: 3 } code && code.All(char.IsAsciiLetterUpper) && !Currencies.IsListed(code))
            findings.Add("/currency", $"is not a currency of ISO 4217 with a minor unit: '{code}'");
        findings.NotEmpty("/outcome_types", plan.OutcomeTypes);
        findings.NotEmpty("/activities", plan.Activities);
        findings.NotEmpty("/caps", plan.Caps);
        findings.NotEmpty("/thresholds", plan.Thresholds);
        findings.NotEmpty("/top_ups", plan.TopUps);
        Page(plan.Page, findings);
        CapReader.DemandWho("/overage/at_limit", plan.Overage?.AtLimit, findings);
        for (var i = 0; i < (plan.Caps?.Count ?? 0); i++)
            CapReader.DemandWho($"/caps/{i}/at_limit", plan.Caps![i]?.AtLimit, findings);
        for (var i = 0; i < (plan.OutcomeTypes?.Count ?? 0); i++)
        {
            CapReader.DemandWho($"/outcome_types/{i}/overage/at_limit", plan.OutcomeTypes![i]?.Overage?.AtLimit,
                findings);
            findings.NotEmpty($"/outcome_types/{i}/tiers", plan.OutcomeTypes![i]?.Tiers);
            findings.NotEmpty($"/outcome_types/{i}/prices", plan.OutcomeTypes[i]?.Prices);
        }
    }

    private static void Page(PlanPageWire? page, Findings findings)
    {
        if (page is null) return;
        const int mostExamples = 20, longestExample = 500;
        findings.OptionalName("/page/headline", page.Headline, 200);
        foreach (var (list, pointer) in (ReadOnlySpan<(IReadOnlyList<string?>?, string)>)
            [(page.BillableExamples, "/page/billable_examples"),
                (page.NonBillableExamples, "/page/non_billable_examples")])
            foreach (var (at, example) in findings.Each(pointer, list, mostExamples))
                findings.OptionalName(at, example, longestExample);
    }

    /// <summary>
    /// Own terms, or a plan under them, that come to credits that nothing takes, where without them there were none:
    /// the buyer would pay for what cannot be used. What was put before this was asked stays good.
    /// </summary>
    /// <param name="whole">What a tenant's own terms laid over the plan come to.</param>
    /// <param name="under">The same without these: what is wrong with it already is not their fault.</param>
    public static void CreditsAreOfUse(PlanWire whole, PlanWire under, Findings findings)
    {
        foreach (var error in CreditsOfNoUse(whole).ExceptBy(CreditsOfNoUse(under).Select(one => one.Pointer),
            one => one.Pointer))
            findings.Add(error.Pointer, error.Detail);
    }

    /// <summary>Credits that are sold, or come with the plan, and that nothing takes. Of a plan it is only told: types
    /// that take them may come with its tenants' own terms.</summary>
    public static IEnumerable<ProblemError> CreditsOfNoUse(PlanWire plan)
    {
        const string unused = "credits that no outcome type takes: give a type its 'credits', or leave this out";
        if (TakesCredits(plan)) yield break;
        if (Sells(plan)) yield return new ProblemError("/top_ups", $"sells {unused}");
        if (Grants(plan)) yield return new ProblemError("/credits/period_grant", $"grants {unused}");
    }

    private static bool TakesCredits(PlanWire plan) =>
        plan.OutcomeTypes?.Any(type => type?.Credits is not null) == true;

    private static bool Sells(PlanWire plan) => plan.TopUps is { Count: > 0 };

    private static bool Grants(PlanWire plan) => Amount.TryParse(plan.Credits?.PeriodGrant, out var amount)
        && amount > Amount.Zero;

    public static void Run(Terms terms, Findings findings)
    {
        findings.Unique("/outcome_types", "id", terms.OutcomeTypes.Select(type => type.Id));
        findings.Unique("/activities", "id", terms.Activities.Select(activity => activity.Id));
        findings.Unique("/caps", "id", terms.Caps.Select(cap => cap.Id));
        findings.Unique("/thresholds", "id", terms.Thresholds.Select(threshold => threshold.Id));
        findings.Unique("/top_ups", "id", terms.TopUps.Select(pack => pack.Id));
        KnownTypes(terms, findings);
        Commitments(terms, findings);
        Overage(terms, findings);
        for (var i = 0; i < terms.Thresholds.Length; i++)
            ThresholdReader.Check($"/thresholds/{i}", terms.Thresholds[i], terms, terms.Caps, "plan", findings);
    }

    // A typo here would be a cap that never holds. An activity need not be in the plan.
    private static void KnownTypes(Terms terms, Findings findings)
    {
        for (var i = 0; i < terms.Caps.Length; i++)
            if (terms.Caps[i].Scope.OutcomeType is { } wanted && terms.Type(wanted) is null)
                findings.Add($"/caps/{i}/scope/outcome_type",
                    $"names no outcome type of this plan: '{wanted}'; {terms.TypesInWords}");
    }

    private static void Commitments(Terms terms, Findings findings)
    {
        for (var i = 0; i < terms.Commitments.Length; i++)
            if (terms.Commitments[i].OutcomeType is { } wanted && terms.Type(wanted) is null)
                findings.Add($"/commitments/{i}/outcome_type",
                    $"names no outcome type of this plan: '{wanted}'; {terms.TypesInWords}");
    }

    // A rule that governs nothing would be taken for a limit, and would hold nothing back.
    private static void Overage(Terms terms, Findings findings)
    {
        for (var i = 0; i < terms.OutcomeTypes.Length; i++)
            if (terms.OutcomeTypes[i].Overage is not null && !Pricing.IsGoverned(terms.OutcomeTypes[i], terms))
                findings.Add($"/outcome_types/{i}/overage",
                    "governs nothing: the type has no included units, no commitment and no credits");
        if (terms.Overage is not null
            && !terms.OutcomeTypes.Any(type => type.Overage is null && Pricing.IsGoverned(type, terms)))
            findings.Add("/overage",
                "governs nothing: no type without a rule of its own has included units, a commitment or credits");
    }
}
