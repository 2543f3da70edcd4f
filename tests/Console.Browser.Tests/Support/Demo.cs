using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace MeteringGateway.Console.Browser.Tests.Support;

/// <summary>The demo in a process of its own, started as README says, but for building it.</summary>
internal sealed class Demo : IDisposable
{
    /// <summary>Its agents take their time, so that somebody can follow.</summary>
    public static readonly TimeSpan Patience = 5 * Desk.Patience;

    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _read;

    public Demo(string command)
    {
        const string Built = "dotnet run -c Release --project src/MeteringGateway --";
        Assert.StartsWith(Built, command, StringComparison.Ordinal);
        var configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!;
        var program = Repository.File("src", "MeteringGateway", "bin", configuration, "net10.0", "metering.dll");
        _process = Process.Start(new ProcessStartInfo("bash", ["-c", $"exec dotnet {program}{command[Built.Length..]}"])
        {
            WorkingDirectory = Repository.Root, RedirectStandardOutput = true,
        })!;
        _process.OutputDataReceived += (_, line) => Said(line.Data);
        _process.BeginOutputReadLine();
    }

    /// <summary>
    /// Waits until it says so, after what was waited for before; what is in brackets, if anything is.
    /// </summary>
    public async Task<string> Says(string pattern)
    {
        for (;;)
        {
            Task more;
            lock (_said)
            {
                var found = new Regex(pattern, RegexOptions.Multiline).Match(_said.ToString(), _read);
                if (found.Success)
                {
                    _read = found.Index + found.Length;
                    return found.Groups[^1].Value;
                }
                more = _more.Task;
            }
            if (await Task.WhenAny(more, Task.Delay(Patience)) != more || _process.HasExited)
                Assert.Fail($"the demo does not say '{pattern}': {_said}");
        }
    }

    /// <summary>
    /// By SIGTERM, as Ctrl+C reaches nobody who was begun in the background; what it left is removed.
    /// </summary>
    public async Task<int> End()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        await _process.WaitForExitAsync();
        string said;
        lock (_said) said = _said.ToString();
        var left = Regex.Match(said, @"rm -r (\S+)").Groups[1].Value;
        Directory.Delete(left, recursive: true);
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), Path.GetFileName(left) + "*"));
        Assert.DoesNotContain("--stay", said, StringComparison.Ordinal); // it did
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private void Said(string? line)
    {
        TaskCompletionSource heard;
        lock (_said)
        {
            if (line is not null) _said.Append(line).Append('\n');
            heard = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        heard.TrySetResult();
    }
}
