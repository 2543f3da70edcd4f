using System.Diagnostics;
using System.Globalization;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Campaigns;

/// <param name="AtWork">Kills while the agent had outcomes that it had not reported.</param>
/// <param name="Failures">What was not as it must be; empty when all is well.</param>
public sealed record AgentsReport(int AgentKills, int GatewayKills, int AtWork, long Sent,
    IReadOnlyList<string> Failures)
{
    public bool Passed => Failures.Count == 0;
}

/// <summary>
/// Kills an agent and the gateway, each so many times, with <c>kill -9</c> and in random order, while the agent reports
/// over the SDK's outbox and over Kafka, and starts each again at once. When the agent has told everything, the usage is
/// what it was told, exactly, and the journal is whole.
/// </summary>
public sealed class AgentsKill : IDisposable
{
    private const int Port = 0; // any, and the same ever after
    private const double SecondsAKill = 1.75; // and what it takes to start again, until that is known
    private const double LeastPace = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string[] Ways = ["sdk", "kafka"];

    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT0S"}]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-agents-").FullName;
    private readonly Brokers _brokers = new();
    private readonly string _dll;
    private readonly long _outcomes;
    private double _pace; // of the agent that runs, each way, a second
    private GatewayServer _gateway;
    private ServerProcess _agent;

    private AgentsKill(string dll, long outcomes)
    {
        (_dll, _outcomes) = (dll, outcomes);
        _gateway = StartGateway(Port);
        _agent = null!; // once there is something to report to
    }

    /// <param name="rounds">Kills of the agent, and as many of the gateway.</param>
    /// <param name="outcomes">Over each of the two ways.</param>
    public static async Task<AgentsReport> Run(int rounds, int outcomes, int seed, string meteringDll,
        TextWriter output)
    {
        using var campaign = new AgentsKill(meteringDll, outcomes);
        await campaign._gateway.PutPlan("agents", Plan);
        foreach (var tenant in campaign.All) await campaign._gateway.PutTenant(tenant, "agents");
        campaign._agent = campaign.StartAgent(2 * rounds * SecondsAKill);
        var atWork = await campaign.Kill(rounds, seed, output);
        var failures = await campaign.End();
        foreach (var failure in failures) output.WriteLine(failure);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"seed {seed}: {rounds} kills of the agent and {rounds} of the gateway, {atWork} of them at work, while {outcomes:N0} outcomes were reported over the outbox and {outcomes:N0} over Kafka: {(failures.Count == 0 ? "all there, once" : "FAILED")}"));
        return new AgentsReport(rounds, rounds, atWork, 2L * outcomes, failures);
    }

    public void Dispose()
    {
        _agent?.Dispose();
        _gateway.Dispose();
        _brokers.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private IEnumerable<string> All => Ways.SelectMany(way =>
        Enumerable.Range(0, KilledAgent.Tenants).Select(tenant => KilledAgent.Tenant(way, tenant)));

    private bool IsAtWork => Ways.Any(way => KilledAgent.Reported(_folder, way) < _outcomes);

    private string Data => Path.Combine(_folder, "data");

    /// <returns>Kills before everything was reported.</returns>
    private async Task<int> Kill(int rounds, int seed, TextWriter output)
    {
        var random = new Random(seed);
        var killed = new bool[2 * rounds]; // true: the gateway
        Array.Fill(killed, true, 0, rounds);
        random.Shuffle(killed);
        var atWork = 0;
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < killed.Length; i++)
        {
            await Task.Delay(random.Next(20, 1500));
            if (IsAtWork) atWork++;
            if (killed[i]) RestartGateway();
            else RestartAgent((killed.Length - i) * Stopwatch.GetElapsedTime(began).TotalSeconds / (i + 1));
            if (i % 20 == 19)
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{i + 1} kills; reported: {string.Join(", ", Ways.Select(way => $"{way} {KilledAgent.Reported(_folder, way):N0}"))}"));
        }
        return atWork;
    }

    private void RestartGateway()
    {
        var port = _gateway.Port;
        _gateway.Process.KillHard();
        _gateway.Dispose();
        _gateway = StartGateway(port);
    }

    private void RestartAgent(double seconds)
    {
        _agent.Dispose(); // kills it, if it still runs
        _agent = StartAgent(seconds);
    }

    private GatewayServer StartGateway(int port) => GatewayServer.Start(_dll, Data, port: port,
        settings: new Dictionary<string, string>
        {
            ["METERING__KAFKA__BOOTSTRAPSERVERS"] = _brokers.Address,
            // The brokers miss a member that was killed after so long.
            ["METERING__KAFKA__CLIENT__SESSION_TIMEOUT_MS"] = "2000",
            ["METERING__KAFKA__CLIENT__HEARTBEAT_INTERVAL_MS"] = "200",
        });

    /// <param name="seconds">How long there will be kills: it reports at the pace that lasts so long.</param>
    private ServerProcess StartAgent(double seconds)
    {
        var left = Ways.Max(way => _outcomes - KilledAgent.Reported(_folder, way));
        _pace = Math.Max(LeastPace, left / seconds);
        return ServerProcess.StartOn(0, null, "dotnet",
            [typeof(KilledAgent).Assembly.Location, "agent", _folder, $"http://127.0.0.1:{_gateway.Port}",
                _brokers.Address, _outcomes.ToString(CultureInfo.InvariantCulture),
                _pace.ToString(CultureInfo.InvariantCulture)]);
    }

    /// <summary>The agent ends by itself, what it told is counted, and no more than that.</summary>
    private async Task<List<string>> End()
    {
        var failures = new List<string>();
        var left = Ways.Max(way => _outcomes - KilledAgent.Reported(_folder, way));
        var longest = 2 * TimeSpan.FromSeconds(left / _pace) + Patience;
        if (!_agent.Ended(longest)) failures.Add(_agent.Failure("did not end").Message);
        var before = 0L;
        for (var since = DateTime.UtcNow; await Missing() is > 0 and var missing && DateTime.UtcNow - since < Patience;)
        {
            if (missing != before) (since, before) = (DateTime.UtcNow, missing);
            await Task.Delay(100);
        }
        for (var tenant = 0; tenant < KilledAgent.Tenants; tenant++)
            foreach (var way in Ways)
            {
                var (sent, counted) = (Sent(tenant), await Counted(KilledAgent.Tenant(way, tenant)));
                if (sent != counted) failures.Add($"{KilledAgent.Tenant(way, tenant)}: {counted} of {sent} are counted");
            }
        if (File.Exists(KilledAgent.OutboxFile(_folder) + ".refused")) failures.Add("the gateway refused reports");
        if (_gateway.Process.Stop() != 0) failures.Add("the gateway did not end well when it was asked to");
        failures.AddRange(await Journal.Check(_dll, Data, All));
        return failures;
    }

    private async Task<long> Missing()
    {
        var missing = 0L;
        for (var tenant = 0; tenant < KilledAgent.Tenants; tenant++)
            foreach (var way in Ways) missing += Sent(tenant) - await Counted(KilledAgent.Tenant(way, tenant));
        return missing;
    }

    /// <summary>Outcomes from 1 on that are this tenant's.</summary>
    private long Sent(int tenant) => _outcomes / KilledAgent.Tenants
        + (tenant > 0 && tenant <= _outcomes % KilledAgent.Tenants ? 1 : 0);

    private async Task<long> Counted(string tenant) =>
        (await _gateway.Usage(tenant))!["outcome_types"]!.AsArray().Sum(type => (long)type!["reported"]!);
}
