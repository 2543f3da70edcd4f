using MeteringGateway.Core.Tests.Journals;
using static MeteringGateway.Core.Tests.ComplaintsDesk;

namespace MeteringGateway.Core.Tests.Signals;

/// <summary>What is kept of signals and alerts, for how long, and what was kept before signals said what they stop.
/// </summary>
public sealed class KeptTests
{
    [Fact]
    public void A_reader_begins_anew_when_signals_that_it_has_not_seen_are_no_longer_kept_S6()
    {
        var desk = new ComplaintsDesk();
        desk.Do(new Command.Pause(AtLimit.Pause, "by hand"));
        var first = desk.State.SignalsAfter(0).Single().Sequence;
        for (var i = 1; i < TenantState.SignalsKept; i++)
            desk.Do(i % 2 == 1 ? new Command.Resume() : new Command.Pause(AtLimit.Pause, "by hand"));
        Assert.Null(desk.State.StartOfSignals(first).Keys);
        Assert.Equal(TenantState.SignalsKept, desk.State.SignalsAfter(0).Count);

        desk.Do(new Command.Pause(AtLimit.Pause, "by hand"));
        desk.Do(new Command.Resume());
        desk.Do(new Command.Pause(AtLimit.Pause, "by hand"));
        Anew();
        desk.Restart();
        Anew();

        void Anew()
        {
            Assert.Equal(TenantState.SignalsKept, desk.State.SignalsAfter(0).Count);
            Assert.Equal("tenant", Assert.Single(desk.State.StartOfSignals(first).Keys!.Value).Key);
            // From the last one that went on, nothing is missing.
            Assert.Null(desk.State.StartOfSignals(desk.State.SignalsAfter(0)[0].Sequence).Keys);
        }
    }

    [Fact]
    public void Signals_that_name_many_stops_are_kept_in_smaller_number_N4()
    {
        var classes = Enumerable.Range(0, 90)
            .Select(i => new PriceClass($"w{i}", null, Amount.Parse("2.00"))).ToArray();
        var desk = new ComplaintsDesk(new OutcomeType { Id = ComplaintsDesk.Type, Prices = [.. classes] },
            terms => terms with { Caps = [Budget("1.00")] });
        Assert.Equal(90, desk.State.SignalsAfter(0).Single().Stops!.Value.Length);
        for (var i = 0; i < 1_200; i++)
        {
            desk.Do(new Command.SetCap(Budget("9.00"), null));
            desk.Do(new Command.SetCap(Budget("1.00"), null));
        }
        var kept = desk.State.SignalsAfter(0);
        Assert.InRange(kept.Sum(signal => signal.Stops!.Value.Length), 99_000, TenantState.StopsKept);
        Assert.NotNull(desk.State.StartOfSignals(1).Keys);
        desk.Restart();
        Assert.Equal(kept.Count, desk.State.SignalsAfter(0).Count);
        Assert.NotNull(desk.State.StartOfSignals(1).Keys);
        desk.Do(new Command.SetCap(Budget("9.00"), null));
        desk.Do(new Command.SetCap(Budget("1.00"), null));
        Assert.Equal(kept.Count, desk.State.SignalsAfter(0).Count);
    }

    [Fact]
    public void Of_a_period_the_newest_thousand_alerts_are_kept_S7()
    {
        var desk = new ComplaintsDesk(agreed: terms => terms with { Caps = [Units(10)] });
        desk.Report("r1", quantity: 5);
        for (var i = 0; i < TenantState.AlertsKept + 5; i++)
        {
            desk.Do(new Command.SetThreshold(new Threshold($"t{i}", Measure.Cap, "monthly", 10, null)));
            desk.Do(new Command.RemoveThreshold($"t{i}"));
        }
        var kept = desk.State.RaisedAlerts(null, null, int.MaxValue)!;
        Assert.Equal((TenantState.AlertsKept, 1005L, 6L), (kept.Count, kept[0].Number, kept[^1].Number));
        desk.Until(Instant.Parse("2026-12-02T00:00:00Z"));
        desk.Do(new Command.SetThreshold(new Threshold("d", Measure.Cap, "monthly", 10, null)));
        desk.Report("d1", quantity: 5);
        Assert.Equal(TenantState.AlertsKept + 1, desk.State.RaisedAlerts(null, null, int.MaxValue)!.Count);
        desk.Restart();
        Assert.Equal(TenantState.AlertsKept + 1, desk.State.RaisedAlerts(null, null, int.MaxValue)!.Count);
    }

    [Fact]
    public void Every_alert_that_was_told_is_listed_as_it_was_told_S7()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var (history, tenant, told) = (new SignalHistory(seed), new RealTenant(), new List<Entry>());
            var create = history.Create();
            tenant.Run(create, history.Now);
            told.AddRange(tenant.Taken);
            for (var step = 0; step < 60; step++)
            {
                tenant.Run(history.Next(create.TestClock is not null), history.Now);
                told.AddRange(tenant.Taken);
            }
            tenant.Reload();
            var listed = tenant.State.RaisedAlerts(null, null, int.MaxValue)!.Reverse().ToList();
            var numbered = told.Where(entry => NumberOf(entry) > 0).ToList();
            Assert.Equal(Enumerable.Range(1, numbered.Count), listed.Select(alert => (int)alert.Number));
            foreach (var (entry, alert) in numbered.Zip(listed))
                Assert.Equal((Alerts.TypeOf(entry), entry.At), (alert.Type, alert.At));
            // One that is not listed is a limit that was reached, as before, on the same day.
            foreach (var entry in told.Where(entry => Alerts.TypeOf(entry) is Alerts.CapReached && NumberOf(entry) == 0)
                .Cast<Entry.StateChanged>())
                Assert.Contains(listed, alert => alert.Of == entry.ToSignal(0).Key && alert.Limit == entry.Limit
                    && alert.At <= entry.At && entry.At - alert.At < TimeSpan.FromDays(1));
            Assert.All(told, entry => Assert.True(NumberOf(entry) != 0 || entry is not (Entry.ThresholdCrossed
                or Entry.CreditsExhausted or Entry.OverageStarted or Entry.GrantExpiring)));
        }
    }

    /// <summary>An entry of before is read with what was true then, and written back as it was.</summary>
    [Fact]
    public void Entries_of_before_stay_as_they_are_and_say_what_they_stopped_S6()
    {
        var stopped = 0;
        foreach (var (_, entries) in JournalsKept.Kept())
            foreach (var bytes in entries)
            {
                var entry = EntryCodec.Read(bytes);
                Assert.Equal(bytes, RealTenant.Bytes(entry));
                if (entry is not Entry.StateChanged { State: >= LimitState.Paused } changed) continue;
                Assert.Null(changed.Stops);
                Assert.Single(changed.ToSignal(1).Refused);
                stopped++;
            }
        Assert.True(stopped > 50);
    }

    /// <summary>A tenant whose signals said less is told of anew, whole, before anybody reads.</summary>
    [Fact]
    public void A_tenant_of_before_is_told_of_as_soon_as_something_is_asked_of_it_S6()
    {
        var (compared, closed) = (0, 0);
        foreach (var (name, entries) in JournalsKept.Kept())
        {
            var state = RealTenant.Fold(entries);
            if (state.Usage(null, state.Now)!.OutcomeTypes.Any(type => type.Reserved > 0)) continue;
            Turn.Run(state, new Command.Tick(), state.Now, TestCalendar.Of, []);
            var (runtime, allowance) = (Runtime.From(state.StartOfSignals(null)), state.Allowance());
            foreach (var subject in SignalHistory.Questions(state.Figure(state.Now).Terms))
            {
                var decision = allowance.Check(new Question(subject, 1), state.Now)!;
                Assert.True((decision.Kind, decision.Reason, decision.Handoff) == runtime.Decide(subject),
                    $"{name}: {subject} is {decision}, told {runtime.Decide(subject)}");
                compared++;
            }
            if (state.ClosedAt is not null) closed++;
        }
        Assert.True(compared > 1_000 && closed > 0, $"{compared} compared, {closed} closed");
    }

    private static long NumberOf(Entry entry) => entry switch
    {
        Entry.ThresholdCrossed e => e.Alert,
        Entry.CreditsExhausted e => e.Alert,
        Entry.OverageStarted e => e.Alert,
        Entry.GrantExpiring e => e.Alert,
        Entry.StateChanged e => e.Alert,
        _ => 0,
    };

    private static Cap Budget(string amount) => new() { Id = "budget", Limit = Limit.Of(Amount.Parse(amount)) };
}
