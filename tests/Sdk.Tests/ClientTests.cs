namespace MeteringGateway.Sdk.Tests;

/// <summary>Every call against the product itself.</summary>
public class ClientTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_check_says_all_that_the_gateway_says_A2()
    {
        await _gateway.Tenant("check");
        var client = await _gateway.Agent("check");

        var decision = await client.CheckAsync("check", new Question
        {
            OutcomeType = Caller.Type, Agent = "bot-1", Channel = "chat", Workflow = "refund", Session = "s-1",
        });

        Assert.True(decision.MayAct);
        Assert.Equal(("ok", 3, 0.99m, new DateOnly(2026, 11, 1)),
            (decision.Reason, decision.Remaining, decision.UnitPrice, decision.Period));
        Assert.Equal(("monthly", "cap", new Limit(3, null), new Limit(0, null)),
            (decision.Limit!.Id, decision.Limit.Kind, decision.Limit.Limit, decision.Limit.Used));
        Assert.Equal(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero), decision.Limit.ResetsAt);
    }

    [Fact]
    public async Task A_refusal_is_a_decision_with_whom_to_hand_off_to()
    {
        await _gateway.Tenant("handoff");
        var client = await _gateway.Agent("handoff");
        for (var i = 0; i < 3; i++) await client.ReportAsync(Caller.Report("handoff", $"c-{i}"));

        var decision = await client.CheckAsync("handoff", Question.Outcome(Caller.Type));

        Assert.Equal((DecisionKind.Handoff, "cap_reached", 0, new Handoff("queue:tier1", null)),
            (decision.Kind, decision.Reason, decision.Remaining, decision.Handoff));
        Assert.Equal(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero), decision.RetryAt);
    }

    [Fact]
    public async Task Units_are_held_extended_drawn_and_released_A4()
    {
        await _gateway.Tenant("held");
        var client = await _gateway.Agent("held");
        var question = Question.Outcome(Caller.Type) with { Quantity = 5 };

        Assert.Null((await client.ReserveAsync("held", question, TimeSpan.FromMinutes(1))).Reservation);
        var held = (await client.ReserveAsync("held", question, TimeSpan.FromMinutes(1), allowPartial: true))
            .Reservation!;
        await client.ExtendAsync("held", held.Id, TimeSpan.FromHours(2));
        var drawn = await client.ReportAsync(Caller.Report("held", "c-1") with { Reservation = held.Id });
        var before = await client.CheckAsync("held", Question.Outcome(Caller.Type));
        await client.ReleaseAsync("held", held.Id);
        await client.ReleaseAsync("held", held.Id);
        var after = await client.CheckAsync("held", Question.Outcome(Caller.Type));

        Assert.Equal((3, EventStatus.Accepted, 0, 2), (held.Quantity, drawn.Status, before.Remaining, after.Remaining));
        var gone = await Assert.ThrowsAsync<MeteringException>(
            () => client.ExtendAsync("held", held.Id, TimeSpan.FromHours(2)));
        Assert.Equal("unknown_reservation", gone.Code);
    }

    [Fact]
    public async Task One_key_holds_once_however_often_it_is_sent()
    {
        await _gateway.Tenant("once");
        var client = await _gateway.Agent("once");
        var question = Question.Outcome(Caller.Type) with { Quantity = 2 };

        var first = await client.ReserveAsync("once", question, TimeSpan.FromMinutes(1), idempotencyKey: "k-1");
        var second = await client.ReserveAsync("once", question, TimeSpan.FromMinutes(1), idempotencyKey: "k-1");

        Assert.Equal(first.Reservation, second.Reservation);
    }

    [Fact]
    public async Task Every_kind_of_event_is_taken_with_all_its_members_and_counted_once()
    {
        await _gateway.Tenant("events");
        var client = await _gateway.Agent("events");
        MeteringEvent[] events =
        [
            new OutcomeReport("events", Caller.Type)
            {
                Id = "c-1", OutcomeId = "o-1", Quantity = 1, Result = "success", Session = "s-1", Agent = "bot-1",
                Channel = "chat", Workflow = "refund", SuccessCriteriaMet = ["answered"], EndCustomer = "u-1",
                Verification = new Verification("llm", true, 0.97m, "https://example.org/1"),
                SourceUrl = "https://example.org/c-1", Metadata = new JsonObject { ["model"] = "größer 😀" },
                Time = _gateway.Clock.GetUtcNow().AddHours(-1).ToOffset(TimeSpan.FromHours(2)),
            },
            new OutcomeFact("events", "o-1", FactKind.Confirmed) { Id = "f-1", Note = "well" },
            new ActivityReport("events", "helpdesk.ticket") { Id = "a-1", Quantity = 2, HandedOff = true },
            new OutcomeReport("events", "no.such.type") { Id = "x-1" },
        ];

        var first = await client.ReportBatchAsync(events);
        var second = await client.ReportBatchAsync(events);

        Assert.Equal([EventStatus.Accepted, EventStatus.Accepted, EventStatus.Accepted, EventStatus.Rejected],
            first.Select(result => result.Status));
        Assert.Equal([EventStatus.Duplicate, EventStatus.Duplicate, EventStatus.Duplicate, EventStatus.Rejected],
            second.Select(result => result.Status));
        Assert.Equal(new OutcomeState("o-1", "billable", "confirmed"), first[1].Outcome);
        Assert.Equal(("x-1", "unknown_outcome_type", 422),
            (first[3].Id, first[3].Problem!.Code, first[3].Problem!.Status));
        var outcome = await _gateway.Admin.Get("/v1/tenants/events/outcomes/o-1").Json();
        Assert.Equal(("größer 😀", "2026-11-21T11:00:00.000Z", "0.97"), ((string?)outcome["metadata"]!["model"],
            (string?)outcome["timestamp"], outcome["verification"]!["confidence"]!.ToJsonString()));
    }

    [Theory]
    [InlineData(FactKind.Reopened)]
    [InlineData(FactKind.Escalated)]
    [InlineData(FactKind.Abandoned)]
    [InlineData(FactKind.Failed)]
    [InlineData(FactKind.Rejected)]
    public async Task An_outcome_is_taken_back_O3(FactKind why)
    {
        var tenant = $"back-{why}".ToLowerInvariant();
        await _gateway.Tenant(tenant);
        var client = await _gateway.Agent(tenant);
        await client.ReportAsync(Caller.Report(tenant, "c-1"));

        var result = await client.ReverseAsync(tenant, "c-1", why, id: "back");

        Assert.Equal(new OutcomeState("c-1", "non_billable", why.ToString().ToLowerInvariant()), result.Outcome);
        Assert.Equal(EventStatus.Duplicate, (await client.ReverseAsync(tenant, "c-1", why, id: "back")).Status);
    }

    [Fact]
    public async Task What_is_wrong_with_a_question_is_told_with_its_pointer()
    {
        await _gateway.Tenant("wrong");
        var client = await _gateway.Agent("wrong");

        var both = await Assert.ThrowsAsync<MeteringException>(() => client.CheckAsync("wrong",
            Question.Outcome(Caller.Type) with { Quantity = 0 }));
        var nobody = await Assert.ThrowsAsync<MeteringException>(() => client.CheckAsync("nobody",
            Question.Outcome(Caller.Type)));

        Assert.Equal(("invalid", "/quantity"), (both.Code, both.Problem.Errors![0].Pointer));
        Assert.Equal(("unknown_tenant", 404), (nobody.Code, nobody.Problem.Status));
    }

    [Fact]
    public async Task A_key_that_is_none_is_refused_and_in_no_message()
    {
        var client = Caller.Client(Caller.Options(_gateway.Address, "not-a-key-of-this-one"));

        var refused = await Assert.ThrowsAsync<MeteringException>(
            () => client.ReportAsync(Caller.Report("nobody", "c-1")));

        Assert.Equal(401, refused.Problem.Status);
        Assert.DoesNotContain("not-a-key", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_is_acknowledged_S3()
    {
        await _gateway.Tenant("ack");
        var client = await _gateway.Agent("ack");
        await _gateway.Admin.Post("/v1/tenants/ack/pause", """{"action":"pause","reason":"test"}""");
        await using var signals = client.SignalsAsync(["ack"]).GetAsyncEnumerator();
        while (await signals.MoveNextAsync() && signals.Current.Kind != SignalKind.State) { }

        var signal = signals.Current.Signal!;
        await client.AcknowledgeAsync("ack", signal.Sequence, "bot-1");

        Assert.Equal(("tenant", "pause", "tenant_paused", "any"),
            (signal.Key, signal.Action, signal.Reason, Assert.Single(signal.Stops).On));
    }
}
