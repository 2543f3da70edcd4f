using System.Diagnostics;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests.Generated;

/// <summary>
/// Clients that generators make of the API document, used as a person would: what they give has its types and its
/// values. Neither client is kept; who wrote the generators wrote nothing of this.
/// </summary>
public sealed class GeneratedClientTests : IAsyncLifetime
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"}],
         "caps":[{"id":"monthly","limit":{"units":2},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
        """;

    private const string Said = """
        check: allow ok 2 monthly 0
        event: accepted c-1 pending - 1
        batch: 1 1 1
        result: 0 c-1 duplicate pending - -
        result: 1 c-2 accepted pending - -
        result: 2 c-3 rejected - unknown_outcome_type 422
        full: handoff cap_reached 0 queue:tier1
        refused: 422 invalid /quantity
        stranger: 401 unauthorized -
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-generated").FullName;
    private GatewayServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = GatewayServer.Start(Options.DefaultDll(), Path.Combine(_folder, "data"));
        await _server.PutPlan("support", Plan);
        await _server.PutTenant("acme", "support");
        using var http = new HttpClient();
        await File.WriteAllTextAsync(Path.Combine(_folder, "api.json"),
            await http.GetStringAsync(new Uri($"{Address}/openapi/v1.json")));
    }

    public Task DisposeAsync()
    {
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task What_Kiota_makes_for_CSharp_gives_what_a_person_expects()
    {
        var project = Directory.CreateDirectory(Path.Combine(_folder, "kiota")).FullName;
        await Run(Repository.Root, "dotnet", "tool", "restore");
        await Run(Repository.Root, "dotnet", "kiota", "generate", "--language", "CSharp", "--class-name",
            "MeteringApi", "--namespace-name", "Metering.Generated", "--openapi", Path.Combine(_folder, "api.json"),
            "--output", Path.Combine(project, "client"));
        File.Copy(Repository.File("tests/Program.Tests/Generated/use.cs"), Path.Combine(project, "use.cs"));
        await File.WriteAllTextAsync(Path.Combine(project, "use.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
              </PropertyGroup>
              <ItemGroup>{string.Concat(Packages())}</ItemGroup>
            </Project>
            """);
        await Run(project, "dotnet", "build", "-c", "Release", "-o", Path.Combine(project, "out"), "-nologo");
        Assert.Equal(Said, await Run(project, "dotnet", Path.Combine(project, "out/use.dll"), Address,
            GatewayServer.AdminKey));
    }

    [TheoryIfInstalled("npm", "node")]
    [InlineData("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3")]
    public async Task What_openapi_typescript_makes_gives_what_a_person_expects(params string[] packages)
    {
        var project = Directory.CreateDirectory(Path.Combine(_folder, "typescript")).FullName;
        await File.WriteAllTextAsync(Path.Combine(project, "package.json"), """{"type":"module","private":true}""");
        File.Copy(Repository.File("tests/Program.Tests/Generated/use.ts"), Path.Combine(project, "use.ts"));
        await Run(project, "npm", ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", .. packages]);
        await Run(project, "node", "node_modules/openapi-typescript/bin/cli.js", "../api.json", "-o", "api.d.ts");
        await Run(project, "node", "node_modules/typescript/bin/tsc", "use.ts", "--strict", "--target", "es2022",
            "--module", "nodenext", "--noUncheckedIndexedAccess", "--lib", "es2022,dom", "--skipLibCheck");
        Assert.Equal(Said, await Run(project, "node", "use.js", Address, GatewayServer.AdminKey));
    }

    private string Address => $"http://127.0.0.1:{_server.Port}";

    /// <summary>What the client needs, in the versions that the tests' own project names.</summary>
    private static IEnumerable<string> Packages() => Regex.Matches(Repository.Read("Directory.Packages.props"),
        """<PackageVersion Include="(Microsoft\.Kiota\.[^"]+)" Version="([^"]+)" />""").Select(one =>
            $"""<PackageReference Include="{one.Groups[1].Value}" Version="[{one.Groups[2].Value}]" />""");

    private static async Task<string> Run(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder };
        start.Environment["KIOTA_OFFLINE_ENABLED"] = "true";
        start.Environment["KIOTA_CLI_TELEMETRY_OPTOUT"] = "true";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        var ended = await Metering.Run(start);
        Assert.True(ended.Code == 0, $"{program} {string.Join(' ', arguments)}:\n{ended.Output}\n{ended.Error}");
        return ended.Output.ReplaceLineEndings("\n");
    }
}
