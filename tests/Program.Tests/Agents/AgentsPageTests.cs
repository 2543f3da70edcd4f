using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests.Agents;

/// <summary>
/// <c>docs/agents.md</c> as somebody types it who knows one language and nothing of this: an agent that hands off.
/// </summary>
public sealed class AgentsPageTests : IDisposable
{
    private const string Said = """
        conversation-1: solved, 2 left
        conversation-2: solved, 1 left
        conversation-3: solved, 0 left
        conversation-4: to queue:tier1, as cap_reached
        conversation-5: to queue:tier1, as cap_reached
        """;

    private static readonly string Page = Repository.Read("docs/agents.md");
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("metering-agent");
    private readonly string _port = RedisServer.FreePort().ToString(CultureInfo.InvariantCulture);

    public void Dispose() => _home.Delete(recursive: true);

    [TheoryIfInstalled("python3", "node", "tsc", "curl")]
    [InlineData("python")]
    [InlineData("typescript")]
    [InlineData("dotnet")]
    public async Task Its_first_five_minutes_end_with_an_agent_that_hands_off(string language)
    {
        var blocks = Blocks("sh");
        using var gateway = Shell.Start(Here(blocks[0]));
        for (var i = 0; i < 100 && (await Metering.Run("health", $"127.0.0.1:{_port}")).Code != 0; i++) { }
        var agent = blocks[language switch { "python" => 2, "typescript" => 3, _ => 4 }];
        var (code, output, error) = await Shell.Run($"set -euo pipefail\n{Here(blocks[1])}\n{Here(agent)}",
            ("MSBUILDDISABLENODEREUSE", "1"));
        gateway.Stop();
        Assert.True(code == 0, output + error);
        Assert.EndsWith(Said, output, StringComparison.Ordinal);
    }

    /// <summary>All that the page shows of the SDK is one program, in its order: what it reports is counted.</summary>
    [Fact]
    public async Task Whatever_it_shows_of_the_SDK_for_dotNET_is_compiled_and_does_what_it_says()
    {
        using var gateway = GatewayServer.Start(Options.DefaultDll(), Path.Combine(_home.FullName, "data"));
        await gateway.PutPlan("agents",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}]}""");
        await gateway.PutTenant("acme", "agents");
        var ofSdk = Page[Page.IndexOf("\n## More of the SDK", StringComparison.Ordinal)
            ..Page.IndexOf("\n## Tools for a language model", StringComparison.Ordinal)];
        var shown = Blocks("csharp", ofSdk).Select((block, i) => block
            .Replace("/var/lib/agents/outbox", Path.Combine(_home.FullName, $"outbox-{i}"), StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8080", $"http://127.0.0.1:{gateway.Port}", StringComparison.Ordinal)
            .Replace("https://metering.example", $"http://127.0.0.1:{gateway.Port}", StringComparison.Ordinal)
            .Replace("using MeteringGateway.Sdk;\n", "", StringComparison.Ordinal)); // stands at the top
        var folder = _home.CreateSubdirectory("shown").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"),
            Repository.Read("tests/Program.Tests/Agents/shown.cs")
                .Replace("// what the page shows", string.Concat(shown), StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(folder, "shown.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>{Built("MeteringGateway.Sdk*.dll", "Microsoft.Extensions.AI*.dll")}</ItemGroup>
            </Project>
            """);
        var start = new ProcessStartInfo("dotnet", ["run", "-c", "Release", "--", GatewayServer.AdminKey])
        {
            WorkingDirectory = folder, Environment = { ["MSBUILDDISABLENODEREUSE"] = "1" },
        };
        var (code, output, error) = await Metering.Run(start);
        Assert.True(code == 0, output + error);
        Assert.Equal("a host that may act; a model that solved it", output.Trim());

        using var http = Metering.Administrator(gateway);
        var outcomes = JsonNode.Parse(await http.GetStringAsync(
            new Uri("/v1/tenants/acme/outcomes", UriKind.Relative)))!["data"]!.AsArray();
        Assert.Equal(["conv-1", "conv-2", "conv-3"], outcomes.Select(one => (string)one!["outcome_id"]!)
            .Where(id => id.StartsWith("conv-", StringComparison.Ordinal)).Order());
        Assert.Equal(4, outcomes.Count); // and the model's
    }

    /// <summary>What was built of the SDK beside this, and the framework that has most of its packages.</summary>
    private static string Built(params IEnumerable<string> files) =>
        """<FrameworkReference Include="Microsoft.AspNetCore.App" />""" + string.Concat(files
            .SelectMany(file => Directory.GetFiles(AppContext.BaseDirectory, file))
            .Select(file => $"""<Reference Include="{file}" />"""));

    private static List<string> Blocks(string language, string? part = null) =>
    [
        .. Regex.Matches(part ?? Page, $"```{language}\n(.*?)```", RegexOptions.Singleline)
            .Select(block => block.Groups[1].Value),
    ];

    /// <summary>Built already, on a port that nobody else has, and in a folder of its own.</summary>
    private string Here(string block) => block
        .Replace("dotnet build -c Release src/MeteringGateway\n", "", StringComparison.Ordinal)
        .Replace("$PWD/src/MeteringGateway/bin/Release/net10.0", Path.GetDirectoryName(Options.DefaultDll())!,
            StringComparison.Ordinal)
        .Replace("dotnet add /tmp/first-agent-net reference src/MeteringGateway.Sdk", "sed -i 's|</PropertyGroup>|&"
            + $"<ItemGroup>{Built("MeteringGateway.Sdk.dll")}</ItemGroup>|' /tmp/first-agent-net/*.csproj",
            StringComparison.Ordinal)
        .Replace("$(mktemp -d)", Path.Combine(_home.FullName, "data"), StringComparison.Ordinal)
        .Replace("metering serve", $"metering serve --urls http://127.0.0.1:{_port}", StringComparison.Ordinal)
        .Replace("/tmp/first-agent", Path.Combine(_home.FullName, "first"), StringComparison.Ordinal)
        .Replace("http://127.0.0.1:8080", $"http://127.0.0.1:{_port}", StringComparison.Ordinal);
}
