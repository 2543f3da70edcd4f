namespace MeteringGateway.Core.Tests.Bounds;

/// <summary>N4: what people write is kept in memory, and counted.</summary>
public sealed class TextTests
{
    private static readonly string Text = new('x', 1_000);
    private static readonly AtLimit Full = new(LimitAction.Handoff, "queue:people", Text);
    private readonly TenantLimits _limits = new();
    private readonly Instant _now = Instant.Parse("2026-01-10T12:00:00Z");
    private readonly TenantState _state = new();

    [Fact]
    public void N4_texts_of_disputes_and_messages_of_signals_count_among_the_bytes()
    {
        Run(new Command.Create("Acme", new PlanRef("p", 1), Terms, "UTC", 1, null));
        for (var i = 0; i < 3; i++)
            Run(new Command.ReportOutcome(new EventId("/helpdesk", $"e{i}"), null, "res", $"e{i}"));
        var before = _state.Bytes;
        Run(new Command.OpenDispute("e0", Text));
        Grew(by: 1);
        var second = Assert.IsType<Answer.Disputed>(Run(new Command.OpenDispute("e1", Text))).Dispute;
        Grew(by: 2);
        Run(new Command.ResolveDispute(second.Id, Credited: false, Text));
        Grew(by: 3);

        before = _state.Bytes;
        Run(new Command.SetCap(new Cap { Id = "full", Limit = 3, AtLimit = Full }, null));
        Grew(by: 1);

        _limits.TenantBytes = _state.Bytes;
        Assert.Equal(Refusal.TenantFull,
            Assert.IsType<Answer.Refused>(Run(new Command.OpenDispute("e2", Text))).Code);

        void Grew(int by)
        {
            Assert.InRange(_state.Bytes - before, by * 2 * Text.Length, by * 4 * Text.Length);
            Assert.Equal(_state.Bytes, TenantState.Restore(_state.Snapshot()).Bytes);
            Assert.Null(_state.VerifyRating());
        }
    }

    private static Terms Terms => new()
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType
            { Id = "res", Price = Amount.Parse("1.00"), MeasurementWindow = TimeSpan.Zero }],
    };

    private Answer Run(Command command) => Turn.Run(_state, command, _now, TestCalendar.Of, [], limits: _limits);
}
