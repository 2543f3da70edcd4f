using System.Globalization;
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
    public async Task Its_first_five_minutes_end_with_an_agent_that_hands_off(string language)
    {
        var blocks = Blocks("sh");
        using var gateway = Shell.Start(Here(blocks[0]));
        for (var i = 0; i < 100 && (await Metering.Run("health", $"127.0.0.1:{_port}")).Code != 0; i++) { }
        var agent = language == "python" ? blocks[2] : await TypeScript();
        var (code, output, error) = await Shell.Run($"set -euo pipefail\n{Here(blocks[1])}\n{Here(agent)}");
        gateway.Stop();
        Assert.True(code == 0, output + error);
        Assert.EndsWith(Said, output, StringComparison.Ordinal);
    }

    /// <summary>Compiled as it stands, and asked five times.</summary>
    private async Task<string> TypeScript()
    {
        File.Copy(Repository.File("samples/agents/typescript/metering.ts"), Path.Combine(_home.FullName, "metering.ts"));
        await File.WriteAllTextAsync(Path.Combine(_home.FullName, "agent.ts"), $$"""
            declare const process: { env: Record<string, string | undefined> };
            {{Here(Blocks("ts").Single())}}
            for (let number = 1; number < 6; number++) await answer(`conversation-${number}`);
            """);
        await ForeignAgent.Compile(_home.FullName, "agent.ts");
        return $"node {Path.Combine(_home.FullName, "agent.js")}";
    }

    private static List<string> Blocks(string language) =>
    [
        .. Regex.Matches(Page, $"```{language}\n(.*?)```", RegexOptions.Singleline).Select(block => block.Groups[1].Value),
    ];

    /// <summary>Built already, on a port that nobody else has, and in a folder of its own.</summary>
    private string Here(string block) => block
        .Replace("dotnet build -c Release src/MeteringGateway\n", "", StringComparison.Ordinal)
        .Replace("$PWD/src/MeteringGateway/bin/Release/net10.0", Path.GetDirectoryName(Options.DefaultDll())!,
            StringComparison.Ordinal)
        .Replace("$(mktemp -d)", Path.Combine(_home.FullName, "data"), StringComparison.Ordinal)
        .Replace("metering serve", $"metering serve --urls http://127.0.0.1:{_port}", StringComparison.Ordinal)
        .Replace("/tmp/first-agent", Path.Combine(_home.FullName, "first"), StringComparison.Ordinal)
        .Replace("http://127.0.0.1:8080", $"http://127.0.0.1:{_port}", StringComparison.Ordinal);
}
