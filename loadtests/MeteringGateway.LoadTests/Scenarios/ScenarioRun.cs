using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using HdrHistogram;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Scenarios;

/// <summary>
/// Plays a scenario against the program by an open-loop driver, each kind of request on a thread of its own, and the
/// same checks against an empty endpoint meanwhile: what the driver and the machine alone make of them.
/// </summary>
internal sealed class ScenarioRun : IDisposable
{
    /// <summary>How long the last answer of a phase is waited for: what fell behind is timed, not given up.</summary>
    private static readonly TimeSpan Behind = TimeSpan.FromMinutes(5);

    private static readonly byte[] Question =
        """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat"}"""u8.ToArray();

    private readonly Scenario _scenario;
    private readonly Bed _bed;
    private readonly double _times;
    private readonly List<Side> _sides = [];
    private readonly List<Socket> _slow = [];
    private readonly Side _checks, _nothing, _batches, _statements, _pauses;
    private bool _oneTenant;

    private ScenarioRun(Scenario scenario, Bed bed, ServerProcess empty, double times)
    {
        (_scenario, _bed, _times) = (scenario, bed, times);
        var gateway = bed.Gateway.Process;
        _checks = Over(gateway, 64, "POST", i => $"/v1/tenants/{Batch.Tenant(i)}/check", Question);
        _nothing = Over(empty, 64, "POST", _ => EmptyServer.BoundPath, Question);
        _statements = Over(gateway, 32, "GET", i => $"/v1/tenants/{Batch.Tenant(i)}/statements/current", []);
        // On one connection: a tenant that is paused goes on before it is paused again.
        byte[][] turns = [.. ((string[])["pause", "resume"]).Select(turn => Request("POST",
            $"/v1/tenants/{Batch.Tenant(scenario.Tenants - 1)}/{turn}", """{"action":"pause","reason":"load"}"""u8))];
        var turn = 0;
        _pauses = Over(gateway, 1, () => turns[turn++ % 2]);
        var ids = new Counter();
        Batch[] spread = [.. Enumerable.Range(0, 16).Select(i =>
            Batch.ForGateway(Math.Min(Batch.Size, scenario.Tenants), ids, i * Batch.Size % scenario.Tenants))];
        Batch[] one = [.. spread.Select(_ => Batch.ForGateway(1, ids))];
        _batches = bed.Reports(spread) with { Next = i => (_oneTenant ? one : spread)[i].Next() };
        _sides.Add(_batches);
        for (var i = 0; i < scenario.SlowReaders; i++) _slow.Add(SlowReader());
    }

    /// <param name="times">Each phase takes so many times its seconds.</param>
    public static async Task Run(Options options, string file, double times, TextWriter output)
    {
        var scenario = Scenario.Read(file);
        // A batch goes over a hundred tenants from any of them on, and so beyond the last.
        using var bed = await Bed.Start(options, scenario.Tenants + Batch.Size);
        using var empty = EmptyServer.Start(options);
        using var run = new ScenarioRun(scenario, bed, empty, times);
        Say(output, $"{scenario.Name}: {scenario.Tenants:N0} tenants; {options.Machine}; load {Machine.Load}");
        foreach (var phase in scenario.Phases) run.Play(phase, output);
        if (run._slow.Count > 0)
            Say(output, $"{run._slow.Count(Ended)} of {run._slow.Count} slow readers were closed by the gateway");
        var process = bed.Gateway.Process;
        var resident = process.ResidentBytes / 1048576.0;
        Say(output, $"{resident:N0} MiB resident, {process.CpuTime.TotalSeconds:0.0} s of CPU");
    }

    public void Dispose()
    {
        foreach (var side in _sides) side.Dispose();
        foreach (var socket in _slow) socket.Dispose();
    }

    private void Play(Phase phase, TextWriter output)
    {
        _oneTenant = phase.OneTenant;
        var process = _bed.Gateway.Process;
        var (cpu, began) = (process.CpuTime, Stopwatch.GetTimestamp());
        (string What, Side Side, IReadOnlyList<double> Rate)[] kinds =
        [
            ("checks", _checks, phase.Checks), ("the same, of nothing", _nothing, phase.Checks),
            ("batches", _batches, phase.Batches), ("statements", _statements, phase.Statements),
            ("pauses", _pauses, phase.Pauses),
        ];
        Task<string>[] playing = [.. kinds.Where(kind => kind.Rate.Count > 0).Select(kind => Task.Factory.StartNew(
            () => Line(kind.What, kind.Side, phase, kind.Rate), default, TaskCreationOptions.LongRunning,
            TaskScheduler.Default))];
        var lines = Task.WhenAll(playing).GetAwaiter().GetResult();
        var took = Stopwatch.GetElapsedTime(began);
        Say(output, $"- {phase.Name}, {took.TotalSeconds:0.0} s: {(process.CpuTime - cpu).TotalSeconds:0.0} s of CPU");
        foreach (var line in lines) output.WriteLine(line);
    }

    private string Line(string what, Side side, Phase phase, IReadOnlyList<double> rate)
    {
        var histogram = new LongHistogram(TimeStamp.Hours(2), 3);
        var took = Loops.Open(side.Connections, side.Next, phase.Due(rate, _times), histogram.RecordValue,
            TimeSpan.FromSeconds(phase.Seconds * _times) + Behind, wait: 200);
        double At(double percentile) =>
            histogram.GetValueAtPercentile(percentile) / OutputScalingFactor.TimeStampToMilliseconds;
        return string.Create(CultureInfo.InvariantCulture, $"  {what}: {histogram.TotalCount / took.TotalSeconds:N0} a "
            + $"second; from when each was due p50 {At(50):0.00} ms, p99 {At(99):0.00} ms, p99.9 {At(99.9):0.0} ms, "
            + $"worst {At(100):0} ms");
    }

    private Side Over(ServerProcess server, int connections, string method, Func<int, string> path, byte[] body)
    {
        byte[][] requests = [.. Enumerable.Range(0, Math.Min(_scenario.Tenants, 10_000))
            .Select(i => Request(method, path(i), body))];
        var next = 0;
        return Over(server, connections, () => requests[_oneTenant ? 0 : next++ % requests.Length]);
    }

    private Side Over(ServerProcess server, int connections, Func<byte[]> next)
    {
        var side = new Side("", server,
            [.. Enumerable.Range(0, connections).Select(_ => new HttpConnection(server.Port))], _ => next(), 1);
        _sides.Add(side);
        return side;
    }

    /// <summary>Takes as little as a socket can, and reads none of it.</summary>
    private Socket SlowReader()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveBufferSize = 1024,
        };
        socket.Connect(IPAddress.Loopback, _bed.Gateway.Port);
        socket.Send(Request("GET", $"/v1/tenants/{Batch.Tenant(_scenario.Tenants - 1)}/signals", []));
        return socket;
    }

    /// <summary>Reads what is left of it.</summary>
    private static bool Ended(Socket socket)
    {
        try
        {
            var bytes = new byte[64 * 1024];
            while (socket.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead))
                if (socket.Receive(bytes) == 0) return true;
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static byte[] Request(string method, string path, ReadOnlySpan<byte> body) =>
        HttpConnection.Format(method, path, GatewayServer.AdminKey, "application/json", body);

    private static void Say(TextWriter output, FormattableString text) =>
        output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
