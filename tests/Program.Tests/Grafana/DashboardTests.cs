using System.Diagnostics;
using System.Text.Json.Nodes;

namespace MeteringGateway.Program.Tests.Grafana;

/// <summary>The dashboards and rules as files: whole, linked, and of a form that Grafana knows.</summary>
public sealed class DashboardTests : IDisposable
{
    /// <summary>Grafana's own description of its files.</summary>
    private const string Sdk = "@grafana/grafana-foundation-sdk@0.0.21";
    private const string Page = "/public/metering/operating.md#";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("grafana-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void There_is_one_for_each_who_asks() => Assert.Equal(
        ["agents.json", "cluster.json", "http.json", "ingest.json", "overview.json", "tenant.json"],
        Dashboards.Files.Select(Path.GetFileName));

    [Fact]
    public void Each_panel_asks_a_question_and_has_a_unit_thresholds_and_a_link_that_leads_somewhere()
    {
        var boards = Dashboards.All().Select(one => (string)one.Board["uid"]!).ToHashSet(StringComparer.Ordinal);
        var anchors = Dashboards.Anchors();
        foreach (var (file, board) in Dashboards.All())
            foreach (var panel in Dashboards.Panels(board))
            {
                var where = $"{file}: {panel["title"]}";
                Assert.True(((string)panel["title"]!).EndsWith('?'), where);
                var defaults = panel["fieldConfig"]!["defaults"]!;
                Assert.True(((string?)defaults["unit"])?.Length > 0, where);
                Assert.True(defaults["thresholds"]!["steps"]!.AsArray().Count > 0, where);
                var link = (string)Assert.Single(panel["links"]!.AsArray())!["url"]!;
                Assert.True(link.StartsWith("/d/", StringComparison.Ordinal)
                    ? boards.Contains(link[3..].Split('?')[0])
                    : link.StartsWith(Page, StringComparison.Ordinal) && anchors.Contains(link[Page.Length..]),
                    $"{where}: {link}");
            }
    }

    [Fact]
    public void Each_alert_is_tried_and_says_what_to_do()
    {
        var tried = Repository.Read("docker/rules.test.yml");
        Assert.True(Dashboards.Rules().Count > 15);
        foreach (var (name, _, runbook) in Dashboards.Rules())
        {
            Assert.Contains($"- name: {name}\n", tried, StringComparison.Ordinal);
            Assert.StartsWith("docs/operating.md#", runbook, StringComparison.Ordinal);
            Assert.Contains(runbook["docs/operating.md#".Length..], Dashboards.Anchors());
            Assert.Contains($"`{name}`", Repository.Read("docs/operating.md"), StringComparison.Ordinal);
        }
    }

    [FactIfInstalled("npm", "node", "tsc")]
    public async Task Grafanas_own_sdk_knows_every_member_and_value_in_the_files()
    {
        var installed = await Metering.Run(new ProcessStartInfo("npm",
            ["install", "--prefix", _directory.FullName, "--no-audit", "--no-fund", "--ignore-scripts", Sdk]));
        Assert.True(installed.Code == 0, installed.Error);
        File.Copy(Repository.File("tests/Program.Tests/Grafana/forms.ts"),
            Path.Combine(_directory.FullName, "forms.ts"));
        foreach (var (file, board) in Dashboards.All()) await Write(file, board);
        var right = await Compiled();
        Assert.True(right.Code == 0, right.Output);

        // A member that Grafana would pass over, and a value that it does not know.
        var (name, wrong) = Dashboards.All().First();
        var panel = Dashboards.Panels(wrong).First();
        panel["targets"]![0]!["legendFromat"] = "{{instance}}";
        panel["fieldConfig"]!["defaults"]!["thresholds"]!["mode"] = "absolut";
        await Write(name, wrong);
        Assert.NotEqual(0, (await Compiled()).Code);
    }

    private Task Write(string file, JsonObject board) =>
        File.WriteAllTextAsync(Path.Combine(_directory.FullName, Path.ChangeExtension(file, ".ts")),
            $"import type {{ Board }} from \"./forms\";\nexport const board: Board = {board.ToJsonString()};\n");

    private Task<Ended> Compiled() => Metering.Run(new ProcessStartInfo("tsc", ["--noEmit", "--strict",
        "--skipLibCheck", "--target", "es2020", "--module", "es2020", "--moduleResolution", "node",
        .. Directory.EnumerateFiles(_directory.FullName, "*.ts")]));
}
