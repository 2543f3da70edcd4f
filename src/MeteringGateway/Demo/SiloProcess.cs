using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace MeteringGateway.Demo;

/// <summary>A silo in a process of its own, on loopback. It ends when it is disposed.</summary>
internal sealed class SiloProcess : IDisposable
{
    private const string Listens = "metering listens on ";
    private readonly Process _process;
    private readonly TaskCompletionSource<string> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string _said = "";

    private SiloProcess(int number, ProcessStartInfo start)
    {
        Number = number;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith(Listens, StringComparison.Ordinal) == true)
                _url.TrySetResult(line.Data[Listens.Length..]);
        };
        _process.ErrorDataReceived += (_, line) => _said = line.Data ?? _said;
        _process.Exited += (_, _) => _url.TrySetException(new CommandException($"silo {number} ended: {_said}"));
    }

    public int Number { get; }

    /// <summary>Where it listens; known once it does.</summary>
    public string Url => _url.Task.Result;

    public bool HasExited => _process.HasExited;

    public static SiloProcess Start(int number, string adminKey, IEnumerable<string> settings)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // By `dotnet metering.dll`, or by an executable of its own.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(SiloProcess).Assembly.Location);
        string[] arguments = ["serve", "--urls", "http://127.0.0.1:0", "--Metering:Cluster:AdvertisedAddress=127.0.0.1",
            $"--Metering:Cluster:SiloPort={FreePort()}", .. settings];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["METERING__ADMINKEY"] = adminKey;
        var silo = new SiloProcess(number, start);
        silo._process.Start();
        silo._process.BeginOutputReadLine();
        silo._process.BeginErrorReadLine();
        return silo;
    }

    /// <exception cref="CommandException">It has ended instead.</exception>
    public Task Listening(CancellationToken cancellation) => _url.Task.WaitAsync(cancellation);

    /// <summary>At once: it is not asked, and tells nobody.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
