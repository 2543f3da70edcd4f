using System.Diagnostics;
using System.Text.Json.Nodes;

namespace MeteringGateway.Program.Tests.Agents;

/// <summary>An agent with one of the clients, that does what it is told and says what came of it.</summary>
internal abstract class Agent : IDisposable
{
    public static async Task<Agent> Start(string language) =>
        language == "dotnet" ? new SdkAgent() : await ForeignAgent.Start(language);

    /// <param name="what">As in <c>behave.py</c>.</param>
    /// <param name="asked">An object with its arguments.</param>
    public Task<JsonNode> Do(string what, object? asked = null)
    {
        var line = System.Text.Json.JsonSerializer.SerializeToNode(asked ?? new { })!.AsObject();
        return Do(what, line);
    }

    protected abstract Task<JsonNode> Do(string what, JsonObject asked);

    public abstract void Dispose();
}

/// <summary>One in another language: a process of its own, which is told line by line.</summary>
internal sealed class ForeignAgent : Agent
{
    private readonly string _folder;
    private readonly Process _process;

    private ForeignAgent(string folder, ProcessStartInfo start)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true);
        (_folder, _process) = (folder, Process.Start(start)!);
    }

    public static new async Task<Agent> Start(string language)
    {
        var folder = Directory.CreateTempSubdirectory("metering-agent").FullName;
        Copy($"samples/agents/{language}/metering{Suffix(language)}", folder);
        Copy($"tests/Program.Tests/Agents/behave{Suffix(language)}", folder);
        if (language == "python")
            return new ForeignAgent(folder, new ProcessStartInfo("python3", Path.Combine(folder, "behave.py")));
        await Compile(folder, "behave.ts");
        return new ForeignAgent(folder, new ProcessStartInfo("node", Path.Combine(folder, "behave.js")));
    }

    /// <summary>With the settings of the sample, by the compiler that is here.</summary>
    public static async Task Compile(string folder, params IReadOnlyList<string> files)
    {
        Copy("samples/agents/typescript/package.json", folder);
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(
            Repository.File("samples/agents/typescript/tsconfig.json")))!;
        settings["files"] = new JsonArray([.. files.Select(file => JsonValue.Create(file))]);
        await File.WriteAllTextAsync(Path.Combine(folder, "tsconfig.json"), settings.ToJsonString());
        var compiled = await Metering.Run(new ProcessStartInfo("tsc", ["-p", folder]));
        Assert.True(compiled.Code == 0, compiled.Output + compiled.Error);
    }

    protected override async Task<JsonNode> Do(string what, JsonObject asked)
    {
        asked["do"] = what;
        await _process.StandardInput.WriteLineAsync(asked.ToJsonString());
        await _process.StandardInput.FlushAsync();
        var answer = await _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return JsonNode.Parse(answer ?? throw new InvalidOperationException($"the agent ended at {asked}"))!;
    }

    public override void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Suffix(string language) => language == "python" ? ".py" : ".ts";

    private static void Copy(string file, string folder) =>
        File.Copy(Repository.File(file), Path.Combine(folder, Path.GetFileName(file)));
}
