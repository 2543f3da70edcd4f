namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>
/// The scenario files beside this one, each about one group of rules. With METERING_REWRITE=1 their outputs are written
/// anew; what changed is then read as a diff, because every output is a claim about the rules.
/// </summary>
public sealed class ScenarioTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Core.Tests", "Scenarios");

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Folder, "*.txt", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_scenario_gives_the_outputs_written_in_it(string file)
    {
        var path = Path.Combine(Folder, file);
        var text = File.ReadAllText(path);
        var result = Scenario.Run(text);

        if (Environment.GetEnvironmentVariable("METERING_REWRITE") == "1") File.WriteAllText(path, result);
        else Assert.Equal(text.ReplaceLineEndings("\n"), result);
    }
}
