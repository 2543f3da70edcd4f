using System.Diagnostics;
using System.Globalization;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>A PostgreSQL of our own on a loopback port, in a directory of its own; every commit is synced.</summary>
internal sealed class PostgresServer : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-postgres-").FullName;
    private readonly ServerProcess _process;

    public PostgresServer(string? cores)
    {
        var data = Path.Combine(_directory, "data");
        if (AsRoot) Run("chown", "postgres", _directory);
        string[] initdb = [.. Own("initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"];
        Run(initdb[0], initdb[1..]);
        string[] start = [.. Own("postgres"), "-D", data, "-p", Port, "-c", "listen_addresses=127.0.0.1", "-c",
            $"unix_socket_directories={_directory}", "-c", "shared_buffers=256MB", "-c", "max_wal_size=8GB"];
        _process = ServerProcess.StartOn(int.Parse(Port, CultureInfo.InvariantCulture), cores, start[0], start[1..]);
        for (var attempt = 0; attempt < 600 && !_process.HasExited; attempt++, Thread.Sleep(50))
            if (TryRun("pg_isready", "-q", "-h", "127.0.0.1", "-p", Port) == 0) return;
        throw _process.Failure("was not ready within 30 s");
    }

    /// <summary>Null, or the folder of its programs.</summary>
    public static string? Installed => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
            .Where(bin => File.Exists(Path.Combine(bin, "pgbench"))).Order(StringComparer.Ordinal).LastOrDefault()
        : null;

    public string Port { get; } = RedisServer.FreePort().ToString(CultureInfo.InvariantCulture);

    /// <summary>Of all its processes, those that have ended among them.</summary>
    public TimeSpan CpuTime => _process.CpuTimeOfAll;

    private static bool AsRoot => Environment.UserName == "root";

    public void Sql(string text) => Run(Tool("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", Port, "-U",
        "postgres", "-c", text);

    /// <summary>Runs a program of it as a client; what it printed.</summary>
    public string Client(string program, params string[] arguments) => Run(Tool(program),
        [.. arguments, "-h", "127.0.0.1", "-p", Port, "-U", "postgres", "postgres"]);

    public void Dispose()
    {
        _process.Stop();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Tool(string name) => Path.Combine(Installed!, name);

    /// <summary>It refuses to be run by root.</summary>
    private static string[] Own(string program) => AsRoot
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", Tool(program)] : [Tool(program)];

    private static int TryRun(string program, params string[] arguments)
    {
        using var process = Process.Start(Tool(program), arguments);
        process.WaitForExit();
        return process.ExitCode;
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
            { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? text
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {error.Result}");
    }
}
