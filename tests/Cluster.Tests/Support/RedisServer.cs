using System.Diagnostics;
using System.Globalization;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>
/// A real redis-server on a free port of this machine, over a directory of its own. It syncs every write before it
/// answers, so that what it has acknowledged outlives <see cref="Kill"/>.
/// </summary>
public sealed class RedisServer : IAsyncLifetime, IAsyncDisposable
{
    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("metering-redis").FullName;
    private readonly List<string> _log = [];
    private readonly List<string> _more = [];
    private string[]? _instead; // of all settings
    private Process? _process;

    /// <summary>Where redis-server is; null if it is not on the path.</summary>
    public static string? Program { get; } = Installed.Find("redis-server");

    /// <summary>Where it writes.</summary>
    public string Directory => _directory;

    public int Port { get; } = FreePort.Find();

    public string ConnectionString => $"127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)},abortConnect=false";

    /// <summary>Among the settings of <see cref="Run"/>: the port that is this server's own.</summary>
    public const string OwnPort = "own-port";

    /// <param name="more">Settings as on the command line of redis-server.</param>
    public static async Task<RedisServer> Run(params string[] more)
    {
        var server = new RedisServer();
        server._more.AddRange(more);
        await server.Start();
        return server;
    }

    /// <summary>One that watches a master by the name of <c>metering</c>, and alone says when it is down.</summary>
    public static async Task<RedisServer> Sentinel(int master)
    {
        var server = new RedisServer();
        var settings = Path.Combine(server._directory, "sentinel.conf");
        await File.WriteAllTextAsync(settings, string.Create(CultureInfo.InvariantCulture, $"""
            port {server.Port}
            bind 127.0.0.1
            dir {server._directory}
            sentinel monitor metering 127.0.0.1 {master} 1
            sentinel down-after-milliseconds metering 1000
            sentinel failover-timeout metering 5000

            """));
        server._instead = [settings, "--sentinel"];
        await server.Start();
        return server;
    }

    /// <summary>Starts it over what it has written before; completes when it answers.</summary>
    public async Task Start()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = new ProcessStartInfo(Program
            ?? throw new InvalidOperationException("redis-server is not installed"))
        {
            RedirectStandardOutput = true,
            WorkingDirectory = _directory,
        };
        string[] settings = ["--port", OwnPort, "--bind", "127.0.0.1", "--dir", _directory, "--save", "",
            "--appendonly", "yes", "--appendfsync", "always"];
        foreach (var setting in _instead ?? settings.Concat(_more))
            start.ArgumentList.Add(setting == OwnPort ? Port.ToString(CultureInfo.InvariantCulture) : setting);
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Heard(line.Data, ready);
        _process.Exited += (_, _) =>
            ready.TrySetException(new InvalidOperationException($"redis-server ended: {Log()}"));
        _process.Start();
        _process.BeginOutputReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Ends it as a loss of power to its process would: at once, with nothing said.</summary>
    public void Kill()
    {
        if (_process is not { } process) return;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        _process = null;
    }

    /// <summary>It stands still: its connections stay open, and what is sent to it waits.</summary>
    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    public ValueTask DisposeAsync()
    {
        Kill();
        System.IO.Directory.Delete(_directory, recursive: true);
        return default;
    }

    // As a fixture, where redis-server may be missing: then every test that would use it is skipped.
    Task IAsyncLifetime.InitializeAsync() => Program is null ? Task.CompletedTask : Start();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private void Heard(string? line, TaskCompletionSource ready)
    {
        if (line is null) return;
        lock (_log) _log.Add(line);
        if (line.Contains("Ready to accept connections", StringComparison.Ordinal)
            || (_instead is not null && line.Contains("+monitor", StringComparison.Ordinal))) ready.TrySetResult();
    }

    private string Log()
    {
        lock (_log) return string.Join('\n', _log.TakeLast(20));
    }
}
