using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MeteringGateway.Api.Operations;
using MeteringGateway.LoadTests;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// What is said of the settings is what the program knows: in the shipped file, and on the page for operators.
/// </summary>
public sealed class SettingsTests : IDisposable
{
    /// <summary>Its presence is what makes a silo: nothing stands for "none".</summary>
    private const string Redis = "Metering:Cluster:Redis";

    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_file_that_ships_beside_the_program_has_every_setting_with_its_default_and_no_other()
    {
        var file = Path.Combine(Path.GetDirectoryName(Options.DefaultDll())!, "appsettings.json");
        var shipped = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Flatten(JsonNode.Parse(File.ReadAllText(file))!["Metering"], "Metering", shipped);
        Assert.Equal(Known(), shipped);
    }

    [Fact]
    public void The_page_for_operators_has_a_row_for_every_setting_with_its_default_and_a_meaning()
    {
        var page = Repository.Read("docs/operating.md");
        var section = page[page.IndexOf("## Settings", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", 4, StringComparison.Ordinal)];
        var rows = Regex.Matches(section, "^\\| `(Metering:[^`]+)` \\| (.*?) \\| (.+?) \\|$", RegexOptions.Multiline);
        Assert.Equal(Known(), new SortedDictionary<string, string>(rows.ToDictionary(row => row.Groups[1].Value,
            row => row.Groups[2].Value.Trim('`')), StringComparer.Ordinal));
        Assert.All(rows, row => Assert.True(row.Groups[3].Value.Trim().Length > 10, row.Value));
    }

    [Fact]
    public async Task A_file_in_the_working_directory_wins_over_the_one_beside_the_program()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "appsettings.json"),
            """{"Metering":{"Limits":{"BodyBytes":100,"BodyBites":1}}}""");
        var (code, _, error) = await Metering.RunIn(_directory, "serve", "--urls", "http://127.0.0.1:0");
        Assert.Equal(1, code);
        Assert.Equal("metering could not start: There is no setting Metering:Limits:BodyBites:"
            + " did you mean Metering:Limits:BodyBytes?", error);
    }

    private static SortedDictionary<string, string> Known()
    {
        var names = MeteringSettings.Names;
        Assert.True(names.Count > 40);
        return new(names.ToDictionary(one => one.Key, one => one.Key == Redis ? "" : Written(one.Value)),
            StringComparer.Ordinal);
    }

    private static string Written(object? value) => value switch
    {
        null => "",
        bool truth => truth ? "true" : "false",
        System.Collections.IDictionary => "", // whatever stands below it
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static void Flatten(JsonNode? node, string name, SortedDictionary<string, string> into)
    {
        if (node is not JsonObject group) into[name] = node?.ToString() ?? "";
        else foreach (var (member, value) in group) Flatten(value, $"{name}:{member}", into);
    }
}
