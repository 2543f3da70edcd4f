using static MeteringGateway.Core.Tests.ComplaintsDesk;

namespace MeteringGateway.Core.Tests;

/// <summary>
/// An alert for every request, the same one twice, or none ever again (LiteLLM 3738, 32011; lago-api 6132; twenty
/// 16801).
/// </summary>
public sealed class ComplaintsAlerts
{
    private static readonly Threshold Eighty = new("eighty", Measure.Cap, "monthly", 80, null);

    private static ComplaintsDesk Watched(long limit) =>
        new(agreed: terms => terms with { Caps = [Units(limit)], Thresholds = [Eighty] });

    private static int Alerts(ComplaintsDesk desk) => desk.Entries.OfType<Entry.ThresholdCrossed>().Count();

    [Fact]
    public void An_alert_comes_once_for_its_crossing_and_not_once_for_each_request_S4()
    {
        var desk = Watched(100);
        for (var i = 0; i < 79; i++) desk.Report($"r{i}");
        Assert.Equal(0, Alerts(desk));

        for (var i = 79; i < 100; i++)
        {
            desk.Report($"r{i}");
            desk.Report($"r{i}"); // sent twice
            desk.Restart();
        }
        Assert.Equal(1, Alerts(desk));
        var alert = desk.Entries.OfType<Entry.ThresholdCrossed>().Single();
        Assert.Equal((80, 100), (alert.Level.Value, alert.InForce!.Value.Value));
    }

    [Fact]
    public void An_alert_is_armed_again_by_a_new_period_S4()
    {
        var desk = Watched(10);
        desk.Report("n1", quantity: 8);
        desk.Until(Instant.Parse("2026-12-01T00:00:00Z"));
        Assert.Equal(1, Alerts(desk));

        desk.Report("d1", quantity: 8);
        Assert.Equal(2, Alerts(desk));
    }

    [Fact]
    public void An_alert_is_armed_again_when_the_limit_was_raised_S4()
    {
        var desk = Watched(10);
        desk.Report("r1", quantity: 8);
        desk.Do<Answer.Done>(new Command.SetCap(Units(20), null));
        desk.Report("r2", quantity: 7);
        Assert.Equal(1, Alerts(desk));

        desk.Report("r3");
        Assert.Equal(2, Alerts(desk));
    }

    [Fact]
    public void An_alert_that_goes_up_and_down_around_its_level_comes_at_most_once_a_day_more_S4()
    {
        var desk = Watched(10);
        desk.Report("r0", quantity: 7);
        for (var i = 1; i <= 48; i++)
        {
            desk.Report($"r{i}");
            desk.Pass(TimeSpan.FromMinutes(30));
            desk.Fact($"r{i}", FactKind.Reopened);
            desk.Pass(TimeSpan.FromMinutes(30));
        }
        // Two days: the crossing, and one after each of the times that it was armed again.
        Assert.Equal(3, Alerts(desk));
        Assert.Equal(2, desk.Entries.OfType<Entry.ThresholdRearmed>().Count(armed => armed.RoomCameBack));
    }

    [Fact]
    public void A_cap_that_is_reached_tells_once_and_tells_once_when_it_is_lifted_S1()
    {
        var desk = Watched(10);
        desk.Report("r1", quantity: 10);
        for (var i = 0; i < 20; i++) desk.Report($"more-{i}");
        desk.Fact("r1", FactKind.Reopened);

        Assert.Equal([SignalAction.Pause, SignalAction.Resume],
            desk.State.SignalsAfter(0).Select(signal => signal.Action));
    }
}
