using System.Diagnostics;
using System.Globalization;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// A server under test: its own process, on the cores that servers are pinned to, ended when disposed.
/// </summary>
public sealed class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly TaskCompletionSource<int> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool _disposed;

    private ServerProcess(Process process) => _process = process;

    public int Port { get; private set; }

    /// <summary>User and system time since the process started, at the kernel's resolution (10 ms).</summary>
    public TimeSpan CpuTime => Cpu($"/proc/{_process.Id}");

    /// <summary>The same of the threads that it has, by their names.</summary>
    public Dictionary<string, TimeSpan> CpuByThread() => Directory.GetDirectories($"/proc/{_process.Id}/task")
        .GroupBy(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim())
        .ToDictionary(named => named.Key, named => named.Aggregate(TimeSpan.Zero, (sum, one) => sum + Cpu(one)));

    /// <summary>The same of it and the processes that it started, also those that have ended.</summary>
    public TimeSpan CpuTimeOfAll => Directory.GetDirectories("/proc")
        .Where(of => int.TryParse(Path.GetFileName(of), CultureInfo.InvariantCulture, out _)
            && Fields(of) is [_, var parent, ..] && parent == _process.Id.ToString(CultureInfo.InvariantCulture))
        .Aggregate(Cpu($"/proc/{_process.Id}", children: true), (sum, of) => sum + Cpu(of));

    /// <summary>
    /// Starts a program and waits until it prints a line with the loopback address that it listens on.
    /// </summary>
    public static ServerProcess Start(string? cores, string program, IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var server = Launch(cores, program, arguments, environment);
        server._process.Exited += (_, _) =>
        {
            server._process.WaitForExit(); // and for all that it said
            server._listening.TrySetException(
                server.Failure($"ended with {server._process.ExitCode} before it listened"));
        };
        server._process.EnableRaisingEvents = true;
        if (!server._listening.Task.Wait(TimeSpan.FromSeconds(60)))
        {
            server.Dispose();
            throw server.Failure("did not listen within a minute");
        }
        server.Port = server._listening.Task.Result;
        return server;
    }

    /// <summary>Starts a program that was told its port.</summary>
    public static ServerProcess StartOn(int port, string? cores, string program, IEnumerable<string> arguments)
    {
        var server = Launch(cores, program, arguments, null);
        server.Port = port;
        return server;
    }

    /// <summary>The power goes: nothing is flushed, nobody is told.</summary>
    public void KillHard()
    {
        _process.Kill();
        _process.WaitForExit(10_000);
    }

    /// <summary>Asks to end and waits; the exit code.</summary>
    public int Stop()
    {
        if (!_process.HasExited) Signal("TERM");
        if (!_process.WaitForExit(60_000)) KillHard();
        return _process.ExitCode;
    }

    /// <summary>Sends a signal by its name: <c>TERM</c>, <c>STOP</c>, <c>CONT</c>.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Bytes of memory that the system has given it.</summary>
    public long ResidentBytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status")
                .First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Names of the assemblies that it has loaded by now, without their folders.</summary>
    public IReadOnlySet<string> LoadedAssemblies =>
        File.ReadLines($"/proc/{_process.Id}/maps").Select(Path.GetFileName).OfType<string>()
            .Where(name => name.EndsWith(".dll", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);

    /// <summary>What it has said by now, its last 200 lines.</summary>
    public IReadOnlyList<string> Output
    {
        get
        {
            lock (_output) return [.. _output];
        }
    }

    /// <summary>False: it still runs after that time.</summary>
    public bool Ended(TimeSpan within) => _process.WaitForExit(within);

    /// <summary>Twice is as once: whoever failed to start another still ends with the first.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (!_process.HasExited) KillHard();
        _process.Dispose();
    }

    public InvalidOperationException Failure(string what)
    {
        lock (_output)
            return new(
                $"{Path.GetFileName(_process.StartInfo.ArgumentList.LastOrDefault() ?? "the server")} {what}:\n{string.Join('\n', _output)}");
    }

    private static TimeSpan Cpu(string of, bool children = false)
    {
        // utime, stime, and those of children that were waited for: 14 to 17, from 1, of all fields.
        var ticks = Fields(of) is { Length: > 14 } fields
            ? fields[11..(children ? 15 : 13)].Sum(one => long.Parse(one, CultureInfo.InvariantCulture)) : 0;
        return TimeSpan.FromMilliseconds(ticks * 10);
    }

    /// <summary>Of a process, from its state (the third) on; empty if it is gone.</summary>
    private static string[] Fields(string of)
    {
        try
        {
            // The name in parentheses may hold spaces: fields are counted from behind it.
            var stat = File.ReadAllText(Path.Combine(of, "stat"));
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static ServerProcess Launch(string? cores, string program, IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment)
    {
        string[] command = cores is null ? [program, .. arguments] : ["taskset", "-c", cores, program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true,
            RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var server = new ServerProcess(new Process { StartInfo = start });
        server._process.OutputDataReceived += (_, line) => server.Read(line.Data);
        server._process.ErrorDataReceived += (_, line) => server.Read(line.Data);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    private void Read(string? line)
    {
        if (line is null) return;
        lock (_output)
        {
            _output.Add(line);
            if (_output.Count > 200) _output.RemoveAt(0);
        }
        const string address = "http://127.0.0.1:";
        var at = line.IndexOf(address, StringComparison.Ordinal);
        if (at < 0) return;
        var digits = new string([.. line[(at + address.Length)..].TakeWhile(char.IsAsciiDigit)]);
        if (int.TryParse(digits, CultureInfo.InvariantCulture, out var port)) _listening.TrySetResult(port);
    }
}
