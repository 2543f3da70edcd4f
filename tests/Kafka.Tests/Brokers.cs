using System.Diagnostics;

namespace MeteringGateway.Kafka.Tests;

/// <summary>Brokers in memory that speak Kafka's protocol, in a process of their own.</summary>
internal sealed class Brokers : IDisposable
{
    // Numbers of requests and errors, as Kafka's protocol has them.
    public const int Produce = 0, Fetch = 1, OffsetCommit = 8, Heartbeat = 12;
    public const int NotLeader = 6, RebalanceInProgress = 27, CoordinatorLoading = 14;

    private readonly Process _process;

    /// <param name="topics">Makes those that the settings name by default.</param>
    public Brokers(bool topics = true)
    {
        var here = AppContext.BaseDirectory.TrimEnd('/');
        var dll = Path.Combine(here, "../../../../Kafka.MockCluster/bin",
            Path.GetFileName(Path.GetDirectoryName(here))!, Path.GetFileName(here),
            "MeteringGateway.Kafka.MockCluster.dll");
        _process = Process.Start(new ProcessStartInfo("dotnet", [Path.GetFullPath(dll)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        Address = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("no brokers");
        if (!topics) return;
        foreach (var topic in (string[])["events", "events.rejected", "signals", "outcomes", "alerts"])
            Topic("metering." + topic, 4);
    }

    public string Address { get; }

    public void Topic(string name, int partitions) => Do($"topic {name} {partitions}");

    /// <summary>The next requests of a kind are answered with an error.</summary>
    public void Fail(int request, int error, int times) => Do($"errors {request} {error} {times}");

    public void Down(int broker) => Do($"down {broker}");

    public void Up(int broker) => Do($"up {broker}");

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Do(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        if (_process.StandardOutput.ReadLine() is not "ok") throw new InvalidOperationException(command);
    }
}
