using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MeteringGateway.Core.Tests;

/// <summary>
/// The arrows run one way: Core &lt;- Engine &lt;- Api &lt;- Cluster, Console, Kafka, Mcp &lt;- the program; the SDK stands alone.
/// </summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Root = Repository.Root;

    /// <summary>Each project under src, and those that it may reference.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["MeteringGateway.Core"] = [],
        ["MeteringGateway.Engine"] = ["MeteringGateway.Core"],
        ["MeteringGateway.Api"] = ["MeteringGateway.Engine", "MeteringGateway.Core"],
        ["MeteringGateway.Cluster"] = ["MeteringGateway.Api", "MeteringGateway.Engine", "MeteringGateway.Core"],
        ["MeteringGateway.Console"] = ["MeteringGateway.Api", "MeteringGateway.Engine", "MeteringGateway.Core"],
        ["MeteringGateway.Kafka"] = ["MeteringGateway.Api", "MeteringGateway.Engine", "MeteringGateway.Core"],
        ["MeteringGateway.Mcp"] = ["MeteringGateway.Api", "MeteringGateway.Engine", "MeteringGateway.Core"],
        ["MeteringGateway"] = ["MeteringGateway.Cluster", "MeteringGateway.Console", "MeteringGateway.Kafka",
            "MeteringGateway.Mcp", "MeteringGateway.Api", "MeteringGateway.Engine", "MeteringGateway.Core"],
        // What others build in: nothing of ours comes with it.
        ["MeteringGateway.Sdk"] = [],
        ["MeteringGateway.Sdk.AI"] = ["MeteringGateway.Sdk"],
    };

    [Fact]
    public void A_project_of_ours_references_only_those_inside_it()
    {
        var projects = Projects("src").ToDictionary(file => Path.GetFileNameWithoutExtension(file));

        Assert.Equal(Allowed.Keys.Order(), projects.Keys.Order());
        Assert.All(projects, project => Assert.Empty(
            Elements(project.Value, "ProjectReference").Select(Referenced).Except(Allowed[project.Key])));
    }

    [Fact]
    public void Every_file_is_compiled_in_one_project_alone() =>
        Assert.DoesNotContain(Projects("").SelectMany(file => Elements(file, "Compile")),
            element => element.Attribute("Include") is not null);

    [Fact]
    public void There_is_one_solution_and_every_project_is_in_it()
    {
        var solution = File.ReadAllText(Path.Combine(Root, "MeteringGateway.sln"));

        Assert.Single(Directory.EnumerateFiles(Root, "*.sln*"));
        Assert.All(Projects(""), file => Assert.Contains(Path.GetFileName(file), solution, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_package_has_one_exact_version()
    {
        var versions = Elements(Path.Combine(Root, "Directory.Packages.props"), "PackageVersion").ToList();

        Assert.NotEmpty(versions);
        Assert.All(versions, package =>
            Assert.Matches(@"^[0-9]+(\.[0-9]+){2,3}(-[a-z0-9.]+)?$", package.Attribute("Version")!.Value));
        Assert.DoesNotContain(Projects("").SelectMany(file => Elements(file, "PackageReference")),
            reference => reference.Attribute("Version") is not null);
    }

    [Fact]
    public void Only_what_is_for_operators_knows_prometheus_net()
    {
        var knowing = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadLines(file)
            .Any(line => line.StartsWith("using Prometheus", StringComparison.Ordinal)))
            .Select(file => Path.GetRelativePath(Root, Path.GetDirectoryName(file)!).Replace('\\', '/'));

        Assert.Equal(["src/MeteringGateway.Api/Operations"], knowing.Distinct());
    }

    [Fact]
    public void Only_the_program_knows_OpenTelemetry() =>
        Assert.Equal(["MeteringGateway"], Projects("src").Where(file => Elements(file, "PackageReference")
            .Any(package => package.Attribute("Include")!.Value.StartsWith("OpenTelemetry", StringComparison.Ordinal)))
            .Select(file => Path.GetFileNameWithoutExtension(file)));

    [Fact]
    public void Core_stands_on_the_base_library_alone()
    {
        Assert.Empty(References("Core", "FrameworkReference"));
        Assert.Empty(References("Core", "Reference"));
        Assert.Equal(["Microsoft.CodeAnalysis.BannedApiAnalyzers"], References("Core", "PackageReference"));
    }

    [Fact]
    public void The_analyzer_of_Core_is_not_passed_on() =>
        Assert.All(Elements(ProjectFile("Core"), "PackageReference"),
            package => Assert.Equal("all", package.Attribute("PrivateAssets")?.Value));

    [Fact]
    public void What_every_project_inherits_references_nothing()
    {
        var inherited = new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" }
            .SelectMany(file => new[] { Path.Combine(Root, file), Path.Combine(Root, "src", file) });
        string[] references = ["ProjectReference", "PackageReference", "FrameworkReference", "Reference",
            "GlobalPackageReference"];

        Assert.Empty(inherited.SelectMany(file => references.SelectMany(kind => Elements(file, kind))));
    }

    // The analyzer sees a use of System.Double, as in double.Parse; it does not see the keyword in a declaration, nor a
    // literal.
    [Fact]
    public void Core_counts_in_whole_numbers_and_waits_for_nothing()
    {
        var lines =
            from file in Directory.EnumerateFiles(Path.GetDirectoryName(ProjectFile("Core"))!, "*.cs",
                SearchOption.AllDirectories)
            let path = Path.GetRelativePath(Root, file).Replace('\\', '/')
            where !path.Contains("/obj/", StringComparison.Ordinal)
            from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
            where FractionOrWait().IsMatch(TextOrComment().Replace(line.Text, ""))
            select $"{path}:{line.Number}: {line.Text.Trim()}";

        Assert.Empty(lines);
    }

    [GeneratedRegex(@"\b(double|float|decimal|Half|async|await)\b|\b\d[\d_]*(\.\d|[dfmDFM]\b)")]
    private static partial Regex FractionOrWait();

    [GeneratedRegex(@"""(\\.|[^""\\])*""|//.*")]
    private static partial Regex TextOrComment();

    [Fact]
    public void Every_file_and_folder_that_the_page_on_it_names_is_there()
    {
        var page = File.ReadAllText(Path.Combine(Root, "ARCHITECTURE.md"));
        var files = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(file => "/" + Path.GetRelativePath(Path.Combine(Root, "src"), file).Replace('\\', '/')
                .Replace("MeteringGateway.", "", StringComparison.Ordinal)).ToList();
        var named = NamedFile().Matches(page).Select(name => name.Groups[1].Value).Distinct().ToList();
        var folders = NamedFolder().Matches(page).Select(name => name.Groups[1].Value).Distinct().ToList();

        Assert.True(named.Count > 40 && folders.Count > 5);
        Assert.All(named, name => Assert.Contains(files, file => file.EndsWith("/" + name, StringComparison.Ordinal)));
        Assert.All(folders, name =>
            Assert.Contains(files, file => file.StartsWith("/" + name, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_document_that_the_source_names_is_there()
    {
        var named = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(file => NamedDocument().Matches(File.ReadAllText(file))).Select(name => name.Value)
            .Distinct().ToList();

        Assert.True(named.Count > 5);
        Assert.All(named, name => Assert.True(File.Exists(Path.Combine(Root, name)), name));
    }

    [GeneratedRegex(@"docs/[A-Za-z0-9/-]+\.md")]
    private static partial Regex NamedDocument();

    [GeneratedRegex("`([A-Za-z/.]+\\.cs)`")]
    private static partial Regex NamedFile();

    [GeneratedRegex("`((?:Core|Engine|Api|Cluster)/[A-Za-z/]*/)`")]
    private static partial Regex NamedFolder();

    private static IEnumerable<string> References(string project, string kind) =>
        Elements(ProjectFile(project), kind).Select(element => element.Attribute("Include")?.Value ?? "");

    /// <summary>All but the one that nothing else waits for: what it is built on cannot be had everywhere.</summary>
    private static IEnumerable<string> Projects(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "MeteringGateway.NBomber.csproj");

    private static string Referenced(XElement reference) =>
        Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));

    private static string ProjectFile(string project) =>
        Path.Combine(Root, "src", $"MeteringGateway.{project}", $"MeteringGateway.{project}.csproj");

    // Not every folder has every file of MSBuild's; one that is absent references nothing.
    private static IEnumerable<XElement> Elements(string file, string name) =>
        File.Exists(file) ? XDocument.Load(file).Descendants(name) : [];
}
