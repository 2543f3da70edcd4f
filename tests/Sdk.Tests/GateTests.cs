namespace MeteringGateway.Sdk.Tests;

/// <summary>S6: whoever keeps the last signal of each key knows what a check would say.</summary>
public class GateTests(Started started) : IClassFixture<Started>
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[
           {"id":"a","price":"1.00","included_units":4,
            "overage":{"mode":"bill","limit":{"units":6},"at_limit":{"action":"handoff","to":"people"}}},
           {"id":"b","price":"0.50","measurement_window":"PT0S",
            "prices":[{"when":{"workflow":"hard"},"price":"3.00"}]}],
         "activities":[{"id":"ticket","price":"0.40"}]}
        """;

    private static readonly Question[] Questions =
    [
        .. from type in new[] { "a", "b" }
        from agent in new[] { null, "one", "two" }
        from workflow in new[] { null, "easy", "hard" }
        select new Question { OutcomeType = type, Agent = agent, Workflow = workflow },
        new Question { Activity = "ticket", Agent = "one" }, new Question { Activity = "ticket" },
        new Question { Activity = "other", Channel = "chat" },
    ];

    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_gate_says_what_a_check_says_whatever_happens_and_however_often_its_stream_breaks_off_S6()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("METERING_SEED"), out var given) ? given
            : Environment.TickCount & 0xFFFFFF;
        var random = new Random(seed);
        for (var history = 0; history < 4; history++)
        {
            var tenant = $"gate-{history}";
            await _gateway.Tenant(tenant, Plan);
            using var cable = new Cable();
            var client = Caller.Client(Caller.Options(_gateway.Address, await _gateway.Key("agent", tenant)), null,
                cable);
            var gate = new Gate();
            using var ended = new CancellationTokenSource();
            var listening = gate.ListenAsync(client, [tenant], ended.Token);
            await Caller.Until(() => gate.Ask(tenant, Questions[0]).State != GateState.Unknown, () => $"ready");

            for (var step = 0; step < 40; step++)
            {
                var done = await Step(tenant, client, random, step);
                if (random.Next(5) == 0) cable.Break();
                var asked = new List<Decision>();
                foreach (var question in Questions) asked.Add(await client.CheckAsync(tenant, question));
                await Caller.Until(
                    () => Questions.Zip(asked).All(each => Same(gate.Ask(tenant, each.First), each.Second)),
                    () => $"seed {seed}, history {history}, step {step}, {done}: the same answers");
            }
            await ended.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening);
            Assert.True(cable.Opened > 1, $"seed {seed}: the stream never broke off");
        }
    }

    private static bool Same(GateAnswer heard, Decision asked) => heard.State == asked.Kind switch
    {
        DecisionKind.Allow => GateState.Open,
        DecisionKind.Handoff => GateState.HandedOff,
        _ => GateState.Paused,
    } && (heard.Signal?.Reason ?? "ok") == asked.Reason
        && (asked.Handoff?.To is null || asked.Handoff == heard.Signal?.Handoff);

    private async Task<string> Step(string tenant, MeteringClient client, Random random, int step)
    {
        var path = $"/v1/tenants/{tenant}";
        switch (random.Next(8))
        {
            case 0:
                await _gateway.Admin.Post($"{path}/pause",
                    $$"""{"action":"{{(random.Next(2) == 0 ? "pause" : "handoff")}}","reason":"test"}""");
                return "paused by hand";
            case 1:
                await _gateway.Admin.Post($"{path}/resume", "{}");
                return "resumed by hand";
            case 2 or 3:
                var scope = random.Next(4) switch
                {
                    0 => "{}", 1 => """{"agent":"one"}""", 2 => """{"outcome_type":"b"}""",
                    _ => """{"activity":"ticket"}""",
                };
                var limit = random.Next(2) == 0 ? $$"""{"units":{{random.Next(8)}}}"""
                    : $$"""{"amount":"{{random.Next(8)}}.00"}""";
                var then = random.Next(2) == 0 ? """{"action":"pause"}""" : """{"action":"handoff","to":"people"}""";
                var period = random.Next(2) == 0 ? "day" : "billing_period";
                var cap = $$"""
                    {"limit":{{limit}},"scope":{{scope}},"period":"{{period}}","at_limit":{{then}},
                     "when_below_exposure":"now"}
                    """;
                await _gateway.Admin.Put($"{path}/caps/c{random.Next(3)}", cap);
                return cap;
            case 4:
                await _gateway.Admin.Delete($"{path}/caps/c{random.Next(3)}");
                return "a cap removed";
            case 5:
                _gateway.Clock.Advance(TimeSpan.FromHours(random.Next(1, 30)));
                return "time goes by";
            case 6:
                await client.ReportAsync(new ActivityReport(tenant, "ticket") { Agent = "one", Quantity = 2 });
                return "activities";
            default:
                var question = Questions[random.Next(18)];
                await client.ReportAsync(new OutcomeReport(tenant, question.OutcomeType!)
                {
                    Id = $"o-{step}", Agent = question.Agent, Workflow = question.Workflow,
                    Quantity = random.Next(1, 3),
                });
                return $"{question.OutcomeType} by {question.Agent} in {question.Workflow}";
        }
    }

    [Fact]
    public void Nothing_is_known_before_it_was_told_and_what_is_told_anew_replaces_what_was()
    {
        var gate = new Gate(new FakeClock());
        var question = Question.Outcome("a");
        Assert.Equal(GateState.Unknown, gate.Ask("t", question).State);

        gate.Hear(new SignalEvent(SignalKind.Connected));
        gate.Hear(new SignalEvent(SignalKind.Reset, "t"));
        gate.Hear(new SignalEvent(SignalKind.State, "t", Told(3, "cap:x", "pause", new Stop("outcome"))));
        Assert.Equal(GateState.Unknown, gate.Ask("t", question).State);
        gate.Hear(new SignalEvent(SignalKind.Ready, "t"));
        Assert.Equal(GateState.Paused, gate.Ask("t", question).State);

        // Until it is told whole, what was known holds; a beginning that breaks off is forgotten.
        gate.Hear(new SignalEvent(SignalKind.Reset, "t"));
        Assert.Equal(GateState.Paused, gate.Ask("t", question).State);
        gate.Hear(new SignalEvent(SignalKind.Lost));
        gate.Hear(new SignalEvent(SignalKind.Ready, "t"));
        Assert.Equal(GateState.Paused, gate.Ask("t", question).State);
        gate.Hear(new SignalEvent(SignalKind.Reset, "t"));
        gate.Hear(new SignalEvent(SignalKind.Ready, "t"));
        Assert.Equal(GateState.Open, gate.Ask("t", question).State);
        Assert.Equal(GateState.Unknown, gate.Ask("other", question).State);
    }

    [Fact]
    public void Who_is_told_and_fails_keeps_nobody_else_from_being_told()
    {
        var gate = new Gate(new FakeClock());
        var told = 0;
        gate.Changed += _ => throw new InvalidOperationException("the caller's own fault");
        gate.Changed += _ => told++;

        gate.Hear(new SignalEvent(SignalKind.Reset, "t"));
        gate.Hear(new SignalEvent(SignalKind.Ready, "t"));

        Assert.Equal((2, GateState.Open), (told, gate.Ask("t", Question.Outcome("a")).State));
    }

    [Fact]
    public void What_is_older_changes_nothing_and_the_first_by_A1_is_told()
    {
        var gate = new Gate(new FakeClock());
        var question = Question.Outcome("a");
        gate.Hear(new SignalEvent(SignalKind.Reset, "t"));
        gate.Hear(new SignalEvent(SignalKind.Ready, "t"));
        foreach (var signal in new[]
        {
            Told(10, "funding:a", "pause", new Stop("outcome", "a")), Told(11, "cap:b", "handoff", new Stop("outcome")),
            Told(12, "cap:c", "pause", new Stop("outcome")), Told(12, "cap:c", "resume"), Told(5, "cap:c", "resume"),
        }) gate.Hear(new SignalEvent(SignalKind.Pause, "t", signal));
        Assert.Equal("cap:c", gate.Ask("t", question).Signal!.Key);

        gate.Hear(new SignalEvent(SignalKind.Pause, "t", Told(13, "tenant", "handoff", new Stop("any"))));
        var answer = gate.Ask("t", question);
        Assert.Equal(("tenant", GateState.HandedOff), (answer.Signal!.Key, answer.State));

        gate.Hear(new SignalEvent(SignalKind.Resume, "t", Told(14, "tenant", "resume")));
        gate.Hear(new SignalEvent(SignalKind.Resume, "t", Told(15, "cap:c", "resume")));
        Assert.Equal("cap:b", gate.Ask("t", question).Signal!.Key);
    }

    [Fact]
    public void How_long_nothing_was_heard_is_known()
    {
        var clock = new FakeClock();
        var gate = new Gate(clock);
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((false, TimeSpan.FromSeconds(3)), (gate.IsLive, gate.DeafFor));
        gate.Hear(new SignalEvent(SignalKind.Connected));
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((true, TimeSpan.Zero), (gate.IsLive, gate.DeafFor));
        gate.Hear(new SignalEvent(SignalKind.Lost));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((false, TimeSpan.FromSeconds(2)), (gate.IsLive, gate.DeafFor));
    }

    private static Signal Told(long sequence, string key, string action, params Stop[] stops) => new("t", sequence, key,
        action, stops, "cap_reached", key.StartsWith("cap:", StringComparison.Ordinal) ? key[4..] : null, null, null,
        default, null);
}
