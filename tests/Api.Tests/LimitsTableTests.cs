using System.Globalization;
using System.Text.RegularExpressions;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Api.Tests;

/// <summary><c>docs/limits.md</c> against the code: it leaves out no setting and no code, and makes up no test.</summary>
public sealed class LimitsTableTests
{
    private static readonly string[][] Rows = [.. File.ReadLines(Repository.File("docs/limits.md"))
        .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(1)
        .Select(line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries))];
    private static readonly string Sources = Text("src");

    [Fact]
    public void Each_setting_of_a_limit_is_in_the_table_with_its_default()
    {
        var settings = MeteringSettings.Names
            .Where(one => one.Key.StartsWith("Metering:Limits:", StringComparison.Ordinal)).ToList();
        Assert.True(settings.Count > 15);
        foreach (var (name, value) in settings)
        {
            var row = Rows.SingleOrDefault(row => row[2] == $"`{name}`");
            Assert.True(row is not null, $"{name} is not in docs/limits.md");
            var number = value is IFormattable formattable and not TimeSpan
                ? formattable.ToString("N0", CultureInfo.InvariantCulture) : $"{value}";
            Assert.True(row[1] == number, $"{name} is {number}, and {row[1]} in docs/limits.md");
        }
        foreach (var name in Rows.SelectMany(row => Words(row[2])).Where(name => name.StartsWith("Metering:Limits:",
            StringComparison.Ordinal)))
            Assert.Contains(name, settings.Select(one => one.Key));
    }

    [Fact]
    public void Each_code_of_a_limit_is_in_the_table_and_in_the_code()
    {
        var told = Rows.SelectMany(row => Words(row[3])).ToHashSet(StringComparer.Ordinal);
        var refusals = Enum.GetNames<Core.Refusal>()
            .Select(name => Regex.Replace(name, "(?<!^)([A-Z])", "_$1").ToLowerInvariant()).ToList();
        var literals = Regex.Matches(Sources, "\"([a-z]+(?:_[a-z]+)*)\"").Select(match => match.Groups[1].Value);
        var codes = literals.Concat(refusals).ToHashSet(StringComparer.Ordinal);

        Assert.Empty(told.Except(codes));
        const string ofLimits = "^too_many_|_too_often$|too_large$|^throttled$|_overflow$";
        Assert.Empty(codes.Where(code => Regex.IsMatch(code, ofLimits)).Except(told));
    }

    [Fact]
    public void Each_test_that_the_table_names_is_there()
    {
        var tests = Regex.Matches(Text("tests"), @"public (?:async )?(?:Task|void) (\w+)\(")
            .Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        foreach (var row in Rows)
        {
            Assert.Equal(6, row.Length);
            if (row[5].StartsWith("none: ", StringComparison.Ordinal)) continue;
            Assert.NotEmpty(Words(row[5]));
            Assert.Empty(Words(row[5]).Except(tests));
        }
    }

    private static IEnumerable<string> Words(string cell) =>
        Regex.Matches(cell, "`([^`]+)`").Select(match => match.Groups[1].Value);

    private static string Text(string folder) => string.Join('\n',
        Directory.EnumerateFiles(Repository.File(folder), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
}
