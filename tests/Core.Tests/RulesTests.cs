using System.Text.RegularExpressions;

namespace MeteringGateway.Core.Tests;

/// <summary>docs/rules.md says what the numbers in the code mean.</summary>
public sealed partial class RulesTests
{
    private static readonly string Rules = Repository.Read("docs/rules.md");

    [Fact]
    public void Every_rule_that_the_code_names_is_in_the_list()
    {
        var listed = Listed().Matches(Rules).Select(match => match.Groups[1].Value).ToHashSet();
        var named = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(file => File.ReadLines(file)
                .Where(line => line.Contains("//", StringComparison.Ordinal))
                .SelectMany(line => Named().Matches(line[line.IndexOf("//", StringComparison.Ordinal)..]))
                .Select(match => (Rule: match.Value, File: Path.GetFileName(file))))
            .ToArray();
        Assert.Contains(named, name => name.Rule == "T1");
        Assert.Empty(named.Where(name => !listed.Contains(name.Rule)).Distinct());
    }

    [GeneratedRegex(@"^- \*\*([A-Z]\d+)\*\*", RegexOptions.Multiline)]
    private static partial Regex Listed();

    [GeneratedRegex(@"(?<![\w-])[NTIOCFASDQ][1-9](?:\d)?(?![\w.])")]
    private static partial Regex Named();
}
