using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MeteringGateway.Core.Tests;

/// <summary>The arrows run one way: Core &lt;- Engine &lt;- Api &lt;- executables; Sdk stands alone.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Root = FindRoot();

    [Theory]
    [InlineData("Core")]
    [InlineData("Engine", "Core")]
    [InlineData("Api", "Engine", "Core")]
    [InlineData("Sdk")]
    [InlineData("Cluster", "Api", "Engine", "Core")]
    public void A_project_of_ours_references_only_those_inside_it(string project, params string[] allowed)
    {
        var referenced = References(project, "ProjectReference")
            .Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));

        Assert.Empty(referenced.Except(allowed.Select(name => "MeteringGateway." + name)));
    }

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

    private static IEnumerable<string> References(string project, string kind) =>
        Elements(ProjectFile(project), kind).Select(element => element.Attribute("Include")?.Value ?? "");

    private static string ProjectFile(string project) =>
        Path.Combine(Root, "src", $"MeteringGateway.{project}", $"MeteringGateway.{project}.csproj");

    // Sdk and Cluster may not exist yet; a file that is absent references nothing.
    private static IEnumerable<XElement> Elements(string file, string name) =>
        File.Exists(file) ? XDocument.Load(file).Descendants(name) : [];

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "MeteringGateway.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No MeteringGateway.sln above {AppContext.BaseDirectory}.");
    }
}
