using System.Diagnostics;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// Brokers in memory that speak Kafka's protocol, in a process of their own. A partition holds its last 5 MB and its
/// last 100,000 messages, whoever has read them or not.
/// </summary>
public sealed class Brokers : IDisposable
{
    // Numbers of requests and errors, as Kafka's protocol has them.
    public const int Produce = 0, Fetch = 1, OffsetCommit = 8, Heartbeat = 12;
    public const int NotLeader = 6, RebalanceInProgress = 27, CoordinatorLoading = 14;

    private readonly Process _process;

    /// <param name="topics">Makes those that the settings name by default.</param>
    /// <param name="partitions">Of each of them.</param>
    public Brokers(bool topics = true, int partitions = 4)
    {
        _process = Process.Start(new ProcessStartInfo("dotnet",
            [Options.Built("tests/Kafka.MockCluster", "MeteringGateway.Kafka.MockCluster.dll")])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        Address = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("no brokers");
        if (!topics) return;
        foreach (var topic in (string[])["events", "events.rejected", "signals", "outcomes", "alerts"])
            Topic("metering." + topic, partitions);
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
