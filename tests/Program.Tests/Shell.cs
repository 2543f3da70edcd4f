using System.Diagnostics;

namespace MeteringGateway.Program.Tests;

/// <summary>Commands as somebody types them, in the project's folder.</summary>
internal sealed class Shell : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private Shell(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>In a group of its own, so that all that it starts can be ended.</summary>
    public static Shell Start(string commands, params IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo("setsid", ["bash", "-c", commands])
        {
            WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new Shell(Process.Start(start)!);
    }

    public static async Task<Ended> Run(string commands, params IEnumerable<(string Name, string Value)> environment)
    {
        using var shell = Start(commands, environment);
        return await shell.Ended();
    }

    public async Task<Ended> Ended()
    {
        await _process.WaitForExitAsync();
        return new Ended(_process.ExitCode, (await _output).TrimEnd(), (await _error).TrimEnd());
    }

    /// <summary>SIGTERM to all of it, and waits for its end.</summary>
    public void Stop()
    {
        if (_process.HasExited) return;
        using var kill = Process.Start("kill", ["--", $"-{_process.Id}"]);
        kill.WaitForExit();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Stop();
        _process.Dispose();
    }
}
