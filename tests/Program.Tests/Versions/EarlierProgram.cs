using System.Diagnostics;
using System.Formats.Tar;

namespace MeteringGateway.Program.Tests.Versions;

/// <summary>
/// The program as it was at <see cref="Commit"/>, built from this repository's own history into a folder that is
/// removed afterwards.
/// </summary>
public sealed class EarlierProgram : IAsyncLifetime
{
    /// <summary>
    /// The oldest whose silos work beside those of today. Whoever writes entries that it cannot read names the commit
    /// from which on they are read, here and in docs/operating.md.
    /// </summary>
    public const string Commit = "737e1df4b566828dfdf4bc9343f52917b854a1e5";

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-earlier-").FullName;

    /// <summary>Null where it can be built.</summary>
    public static string? WhyNot { get; } = Root is not { } root ? "the tests do not run within the repository"
        : Try("git", root, "--version") is null ? "git is not installed"
        : Try("git", root, "cat-file", "-e", Commit + "^{commit}") is null
            ? $"the history does not go back to {Commit[..7]}: a shallow clone, or a copy without its history" : null;

    /// <summary>Its <c>metering.dll</c>.</summary>
    public string Dll => Path.Combine(_folder, "src/MeteringGateway/bin/Release/net10.0/metering.dll");

    private static string? Root
    {
        get
        {
            for (var at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
                if (File.Exists(Path.Combine(at, "MeteringGateway.sln"))) return at;
            return null;
        }
    }

    public async Task InitializeAsync()
    {
        if (WhyNot is not null) return;
        var archive = Path.Combine(_folder, "source.tar");
        Run("git", Root!, "archive", "--output", archive, Commit);
        await TarFile.ExtractToDirectoryAsync(archive, _folder, overwriteFiles: false);
        Run("dotnet", _folder, "build", "src/MeteringGateway", "-c", "Release", "-p:RunAnalyzers=false");
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    private static void Run(string program, string folder, params string[] arguments)
    {
        if (Try(program, folder, arguments) is null)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed: {_said}");
    }

    private static string? _said;

    /// <summary>What it said; null if it is not there, or failed.</summary>
    private static string? Try(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Of the build that runs these tests; and no build server is to outlive this one.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBuild", StringComparison.Ordinal))
            .ToList()) start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        try
        {
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            _said = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
            process.WaitForExit();
            return process.ExitCode == 0 ? _said : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}

/// <summary>A test that needs redis-server and the history; where one is missing it is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactIfEarlierAttribute : FactAttribute
{
    public FactIfEarlierAttribute() => Skip = new FactIfRedisAttribute().Skip ?? EarlierProgram.WhyNot;
}
