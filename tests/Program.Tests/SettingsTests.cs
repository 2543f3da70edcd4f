using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
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

    private static readonly Dictionary<string, XElement> Docstrings = ((string[])["Api", "Engine", "Core"])
        .SelectMany(part => XDocument.Load(Path.Combine(Path.GetDirectoryName(Options.DefaultDll())!,
            $"MeteringGateway.{part}.xml")).Descendants("member"))
        .DistinctBy(member => member.Attribute("name")!.Value).ToDictionary(member => member.Attribute("name")!.Value);

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
    public void What_the_page_says_that_a_setting_means_is_what_the_class_of_the_settings_says()
    {
        var page = Repository.Read("docs/operating.md");
        foreach (var name in MeteringSettings.Names.Keys)
        {
            var said = Regex.Match(page, $"^\\| `{name}` \\| .*? \\| (.+?) \\|$", RegexOptions.Multiline)
                .Groups[1].Value;
            Assert.True(said.Length > 0 && Meaning(name) == char.ToLowerInvariant(said[0]) + said[1..],
                $"in docs/operating.md, {name}: {Meaning(name)}");
        }
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

    /// <summary>The docstring of a setting, as the page writes it; of a group of files, after the group's.</summary>
    private static string Meaning(string name)
    {
        var (type, path) = (typeof(MeteringSettings), new List<PropertyInfo>());
        foreach (var part in name.Split(':')[1..])
        {
            path.Add(type.GetProperty(part)!);
            type = path[^1].PropertyType;
        }
        var said = path is [.., { PropertyType: var group } of, var last] && group == typeof(TlsFiles)
            ? $"{Docstring(of)}. {Docstring(last)}" : Docstring(path[^1]);
        return char.ToLowerInvariant(said[0]) + said[1..];
    }

    private static string Docstring(PropertyInfo property)
    {
        var member = Docstrings[$"P:{property.DeclaringType!.FullName}.{property.Name}"];
        if (member.Element("inheritdoc")?.Attribute("cref")?.Value is { } elsewhere) member = Docstrings[elsewhere];
        return Told(member.Element("summary")!).Trim().TrimEnd('.');
    }

    private static string Told(XElement text) => Regex.Replace(string.Concat(text.Nodes().Select(node => node switch
    {
        XText plain => plain.Value,
        XElement { Name.LocalName: "see" } link => $"[{Told(link)}]({link.Attribute("href")?.Value})",
        XElement code => $"`{code.Value}`",
        _ => "",
    })), @"\s+", " ");

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
