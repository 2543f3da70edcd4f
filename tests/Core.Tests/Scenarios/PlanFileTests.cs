using System.Text.Json;

namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>The sample plans, and the strictness with which they are read.</summary>
public sealed class PlanFileTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "samples", "plans");

    public static TheoryData<string> Plans =>
        [.. Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileName(file))
            .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Plans))]
    public void A_sample_plan_is_read_says_what_it_charges_for_and_names_only_what_it_has(string file)
    {
        var terms = PlanFile.Read(Path.Combine(Folder, file));

        Assert.NotEmpty(terms.OutcomeTypes);
        Assert.All(terms.OutcomeTypes, type => Assert.False(string.IsNullOrEmpty(type.Description), type.Id));
        Assert.All(terms.Activities, activity => Assert.False(string.IsNullOrEmpty(activity.Description), activity.Id));
        var types = terms.OutcomeTypes.Select(type => type.Id).ToList();
        Assert.Empty(terms.Commitments.Select(commitment => commitment.OutcomeType).OfType<string>().Except(types));
        Assert.Empty(terms.Caps.Select(cap => cap.Scope.OutcomeType).OfType<string>().Except(types));
        Assert.Empty(terms.Thresholds.Select(threshold => threshold.Target).OfType<string>()
            .Except(types.Concat(terms.Caps.Select(cap => cap.Id))));
    }

    [Theory]
    [MemberData(nameof(Plans))]
    public void A_sample_plan_is_the_same_when_it_is_written_as_a_scenario_and_read_again(string file)
    {
        var terms = Plain(PlanFile.Read(Path.Combine(Folder, file)));
        var again = PlanLines.Read(ScenarioWriter.Plan(terms).Select(line => new Words(line)));

        Assert.Equal(Bytes(terms), Bytes(again));
    }

    [Fact]
    public void A_misspelt_member_is_refused_and_not_taken_for_a_missing_one()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """{"currency":"USD","outcome_types":[{"id":"a","prise":"1.00"}]}""");
        Assert.Throws<JsonException>(() => PlanFile.Read(file));
        File.Delete(file);
    }

    // Scenarios leave out what is said to people.
    private static Terms Plain(Terms terms) => terms with
    {
        OutcomeTypes = [.. terms.OutcomeTypes.Select(type =>
            type with { Description = null, Overage = Plain(type.Overage) })],
        Activities = [.. terms.Activities.Select(activity => activity with { Description = null })],
        Overage = Plain(terms.Overage),
        Caps = [.. terms.Caps.Select(cap => cap with { AtLimit = cap.AtLimit with { Message = null } })],
    };

    private static OverageRule? Plain(OverageRule? rule) =>
        rule is null ? null : rule with { AtLimit = rule.AtLimit with { Message = null } };

    private static string Bytes(Terms terms) => RealTenant.Hex(RealTenant.Bytes(
        new Entry.TermsSet(new PlanRef("plan", 1), terms, default) { At = default }));
}
