using Xunit.Abstractions;

namespace MeteringGateway.Core.Tests.Signals;

/// <summary>
/// S6: a runtime that keeps the last signal of each key acts exactly when a check for one unit, at that sequence and
/// instant, answers <c>allow</c>; otherwise it does what the check says, for the reason that the check gives. Nothing
/// is reserved. METERING_HISTORIES sets how many histories, METERING_SEED the first.
/// </summary>
public sealed class SignalsTellAllTests(ITestOutputHelper output)
{
    private readonly SortedDictionary<string, int> _reached = new(StringComparer.Ordinal);
    private long _compared;

    [Fact]
    public void Whoever_keeps_the_last_signal_of_each_key_does_what_a_check_says_S6()
    {
        var (first, count) = (Setting("METERING_SEED", 1), Setting("METERING_HISTORIES", 250));
        for (var seed = first; seed < first + count; seed++) Play(seed);
        foreach (var (what, times) in _reached) output.WriteLine($"{what}: {times}");
        output.WriteLine($"{count} histories, {_compared} questions");
        if (count >= 250) Assert.Empty(Expected.Except(_reached.Keys));
    }

    private static readonly string[] Expected =
    [
        .. Enum.GetValues<DecisionReason>().Select(reason => $"reason {reason}"),
        .. Enum.GetValues<SignalAction>().Select(action => $"action {action}"),
        "stop Any", "stop Outcome", "stop Activity", "stop of a type", "stop of an agent", "stop of a channel",
        "stop of a workflow", "stop of all workflows but some", "several stops", "a stop that changed",
        "a hand-off that changed", "funding by class", nameof(Entry.TrainingEnded), nameof(Entry.DayStarted),
        nameof(Entry.PeriodStarted), nameof(Entry.GrantEnded), nameof(Entry.TermsSet),
    ];

    private void Play(int seed)
    {
        var (history, tenant) = (new SignalHistory(seed), new RealTenant());
        var create = history.Create();
        tenant.Run(create, history.Now);
        var runtime = Runtime.From(tenant.State.StartOfSignals(null));
        for (var step = 1; step <= 45; step++)
        {
            var command = history.Next(create.TestClock is not null);
            tenant.Run(command, history.Now);
            Note(tenant.Taken);
            runtime.Hear(tenant.State.SignalsAfter(runtime.Heard));
            if (step % 11 == 0) tenant.Reload();
            var where = $"seed {seed}, step {step}, {history.Now} {command}";
            foreach (var at in Instants(tenant.State, history.Now)) Compare(tenant.State, runtime, at, where);
            Compare(tenant.State, Runtime.From(tenant.State.StartOfSignals(null)), history.Now, $"fresh, {where}");
        }
        Assert.Equal(RealTenant.Hex(RealTenant.Fold(tenant.Journal).Digest()),
            RealTenant.Hex(tenant.State.Digest()));
    }

    // Until something is due nothing changes by itself.
    private static IEnumerable<Instant> Instants(TenantState state, Instant now)
    {
        yield return now;
        if (state.TestClock is not null) yield break;
        var last = (state.NextDue ?? now + TimeSpan.FromDays(400)) - TimeSpan.FromMilliseconds(1);
        if (last <= now) yield break;
        yield return now + TimeSpan.FromMilliseconds((last - now).TotalMilliseconds / 2);
        yield return last;
    }

    private void Compare(TenantState state, Runtime runtime, Instant at, string where)
    {
        var allowance = state.Allowance();
        foreach (var subject in SignalHistory.Questions(state.Figure(at).Terms))
        {
            var decision = allowance.Check(new Question(subject, 1), at)!;
            var told = runtime.Decide(subject);
            _compared++;
            if (decision.Reason != DecisionReason.Ok) Note($"reason {decision.Reason}");
            if (told == (decision.Kind, decision.Reason, decision.Handoff)) continue;
            Assert.Fail($"{where}: at {at} the check for {subject} says {decision}, and the signals {told}:\n"
                + string.Join('\n', runtime.Keys.Select(key => $"{key} {string.Join("; ", key.Refused)}")));
        }
    }

    private void Note(IEnumerable<Entry> entries)
    {
        foreach (var entry in entries)
        {
            Note(entry.GetType().Name);
            if (entry is not Entry.StateChanged { Stops: { } stops } told) continue;
            Note($"action {told.Action}");
            if (told.Reason == DecisionReason.Ok) Note("reason Ok");
            if (stops.Length > 1) Note("several stops");
            if (told.Before == told.State)
                Note(told.State == LimitState.Handoff ? "a hand-off that changed" : "a stop that changed");
            if (told.Cap is null && stops.Any(stop => stop.Workflow is not null || !stop.WorkflowNot.IsEmpty))
                Note("funding by class");
            foreach (var stop in stops)
            {
                Note($"stop {stop.On}");
                if (stop.OutcomeType is not null) Note("stop of a type");
                if (stop.Agent is not null) Note("stop of an agent");
                if (stop.Channel is not null) Note("stop of a channel");
                if (stop.Workflow is not null) Note("stop of a workflow");
                if (!stop.WorkflowNot.IsEmpty) Note("stop of all workflows but some");
            }
        }
    }

    private void Note(string what) => _reached[what] = _reached.GetValueOrDefault(what) + 1;

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
