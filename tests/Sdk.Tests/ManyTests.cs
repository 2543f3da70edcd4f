using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Sdk.Tests;

/// <summary>Many runtimes of the real program, each with slices of its own.</summary>
public class ManyTests
{
    private const int Runtimes = 32;
    private const int Cap = 10_000;

    [Fact]
    public async Task Many_runtimes_together_get_exactly_what_the_cap_has_and_a_signal_stops_all_of_them()
    {
        var directory = Directory.CreateTempSubdirectory("many-");
        using var server = GatewayServer.Start(Options.DefaultDll(), directory.FullName);
        await server.PutPlan("many", $$$"""
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}],
             "caps":[{"id":"monthly","limit":{"units":{{{Cap}}}},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
            """);
        await server.PutTenant("many", "many");
        var options = Caller.Options(new Uri($"http://127.0.0.1:{server.Port}"), GatewayServer.AdminKey);
        options.AttemptTimeout = TimeSpan.FromSeconds(60);
        var client = Caller.Client(options);
        using var ended = new CancellationTokenSource();
        var gates = Enumerable.Range(0, Runtimes).Select(_ => new Gate()).ToList();
        var listening = gates.Select(gate => gate.ListenAsync(client, ["many"], ended.Token)).ToList();
        var question = Question.Outcome(Caller.Type);
        await Caller.Until(() => gates.All(gate => gate.Ask("many", question).MayAct), () => "all listen");
        var allowances = gates.Select(gate => new Allowance(client, gate, "many", question, new AllowanceOptions
        {
            OnUnavailable = OnUnavailable.Deny, SliceTime = TimeSpan.FromSeconds(20), LargestSlice = 500,
            DeafAfter = TimeSpan.FromMinutes(1),
        })).ToList();

        var admitted = 0;
        await Task.WhenAll(allowances.Select(Work));

        await Caller.Until(() => gates.All(gate => gate.Ask("many", question).State == GateState.HandedOff),
            () => "all are told");
        Assert.All(allowances, allowance =>
        {
            Assert.True(allowance.TryDecide(out var permit));
            Assert.Equal((DecisionKind.Handoff, "cap_reached", "queue:tier1"),
                (permit.Kind, permit.Reason, permit.Handoff!.To));
        });
        var type = (await server.Usage("many"))!["outcome_types"]![0]!;
        Assert.Equal((Cap, Cap, 0, "{}"), (admitted, (int)type["pending"]!, (int)type["reserved"]!,
            type["non_billable"]!.ToJsonString()));
        foreach (var allowance in allowances) await allowance.DisposeAsync();
        await ended.CancelAsync();
        await Task.WhenAll(listening).ContinueWith(_ => { }, TaskScheduler.Default);
        server.Process.Stop();
        directory.Delete(recursive: true);

        // Goes on until the signal says that the cap is reached: a refusal before that is of units that others hold.
        async Task Work(Allowance allowance)
        {
            for (; ; )
            {
                var permits = new List<Permit>();
                Permit permit;
                while ((permit = await allowance.DecideAsync()).MayAct && permits.Count < 20) permits.Add(permit);
                if (permit.MayAct) permits.Add(permit);
                foreach (var one in permits)
                {
                    var result = await allowance.ReportAsync(one, new OutcomeReport("many", Caller.Type));
                    Assert.Equal("pending", result.Outcome!.Status);
                    Interlocked.Increment(ref admitted);
                }
                if (Volatile.Read(ref admitted) >= Cap) return;
                if (permits.Count == 0) await Task.Delay(20);
            }
        }
    }
}
