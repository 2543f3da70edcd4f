using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// What every edition must do, written against <see cref="ITenants"/> alone. Tenants are on a test clock, so that no
/// edition's own clock matters.
/// </summary>
public abstract partial class TenantsBehaviour : IAsyncLifetime
{
    protected const string Acme = "acme";
    protected static readonly Instant Start = Instant.Parse("2026-11-21T09:30:00Z");

    protected ITenants Tenants { get; private set; } = null!;

    /// <summary>An edition without tenants, ready to be asked.</summary>
    protected abstract Task<ITenants> Open();
    protected abstract Task Close();

    /// <summary>What a tenant is called in the journal, where an edition is shared with others.</summary>
    protected virtual string Stored(string tenant) => tenant;

    public async Task InitializeAsync() => Tenants = await Open();
    public Task DisposeAsync() => Close();

    [Fact]
    public async Task A_tenant_that_was_never_made_is_unknown_everywhere()
    {
        var refused = Assert.IsType<Answer.Refused>(await Tenants.Execute("nobody", Make.Report("a")));
        Assert.Equal(Refusal.UnknownTenant, refused.Code);
        var once = await Tenants.ExecuteOnce("nobody", Make.Reserve(1), Key("k"));
        Assert.Equal(Refusal.UnknownTenant,
            Assert.IsType<Answer.Refused>(Assert.IsType<Once.Answered>(once).Answer).Code);
        Assert.Null(await Tenants.Check("nobody", Make.One));
        Assert.Null(await Tenants.Tenant("nobody"));
        Assert.Null(await Tenants.Usage("nobody", null));
        Assert.Null(await Tenants.Outcomes("nobody", new OutcomeFilter(), null, 10));
        Assert.Null(await Tenants.Outcome("nobody", "a"));
        Assert.Null(await Tenants.History("nobody", "a"));
        Assert.Null(await Tenants.Inspect("nobody", "a"));
        Assert.Null(await Tenants.Entries("nobody", 0, 10));
        Assert.Null(await Tenants.Reservation("nobody", "r1"));
        Assert.Null(await Tenants.Reservations("nobody", null, 10));
        Assert.Null(await Tenants.Signals("nobody", null));
        Assert.Empty(await Tenants.List(null, 10));
    }

    [Fact]
    public async Task A_tenant_is_made_once_and_listed_in_order_of_ids()
    {
        foreach (var id in (string[])["b", "a", "c"]) Assert.IsType<Answer.Done>(await Create(id));

        Assert.Equal(Refusal.TenantExists, Assert.IsType<Answer.Refused>(await Create("a")).Code);
        Assert.Equal(["a", "b", "c"], await Tenants.List(null, 10));
        Assert.Equal(["b"], await Tenants.List("a", 1));
        var figure = await Tenants.Tenant("a");
        Assert.Equal(("Acme", Start), (figure!.Name, figure.Now));
    }

    [Fact]
    public async Task I1_an_event_is_counted_once_and_answered_as_the_first_time()
    {
        await Create(cap: 10);

        var first = Assert.IsType<Answer.Accepted>(await Tenants.Execute(Acme, Make.Report("a")));
        var second = Assert.IsType<Answer.Accepted>(await Tenants.Execute(Acme, Make.Report("a")));
        var other = Assert.IsType<Answer.Refused>(await Tenants.Execute(Acme, Make.Report("a", quantity: 2)));

        Assert.Equal((false, true, Refusal.IdReused), (first.Duplicate, second.Duplicate, other.Code));
        Assert.Equal((first.Outcome, first.Remaining), (second.Outcome, second.Remaining));
        Assert.Equal(1, (await Tenants.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
    }

    [Fact]
    public async Task Commands_are_decided_in_their_order_and_a_refusal_touches_no_neighbour()
    {
        await Create(cap: 2);

        var answers = await Tenants.Execute(Acme,
            [Make.Report("a"), Make.Report("b", Start - TimeSpan.FromDays(20)), Make.Report("c"), Make.Report("d")]);

        Assert.Equal(OutcomeStatus.Billable, Assert.IsType<Answer.Accepted>(answers[0]).Outcome!.Status);
        Assert.Equal(Refusal.EventTooOld, Assert.IsType<Answer.Refused>(answers[1]).Code);
        Assert.Equal(OutcomeStatus.Billable, Assert.IsType<Answer.Accepted>(answers[2]).Outcome!.Status);
        Assert.Equal(Reason.OverCap, Assert.IsType<Answer.Accepted>(answers[3]).Outcome!.Reason);
        Assert.Empty(await Tenants.Execute(Acme, []));
    }

    [Fact]
    public async Task A_tenant_may_be_made_and_used_in_one_call()
    {
        var answers = await Tenants.Execute(Acme, [CreateCommand(), Make.Report("a")]);

        Assert.IsType<Answer.Done>(answers[0]);
        Assert.IsType<Answer.Accepted>(answers[1]);
    }

    [Fact]
    public async Task A1_a_check_sees_every_answer_that_was_given_before_it()
    {
        await Create(cap: 2);
        Assert.Equal((DecisionKind.Allow, 2), Decided(await Tenants.Check(Acme, Make.One)));

        await Tenants.Execute(Acme, Make.Report("a"));
        Assert.Equal((DecisionKind.Allow, 1), Decided(await Tenants.Check(Acme, Make.One)));

        await Tenants.Execute(Acme, Make.Report("b"));
        var decision = await Tenants.Check(Acme, Make.One);
        Assert.Equal((DecisionKind.Pause, 0), Decided(decision));
        Assert.Equal((await Tenants.Usage(Acme, null))!.Sequence, decision!.Sequence);
        Assert.Null(await Tenants.Check(Acme, new Question(new Subject("no such type", false, Dimensions.None), 1)));
    }

    [Fact]
    public async Task A3_a_recorded_check_is_an_entry()
    {
        await Create();

        var decided = Assert.IsType<Answer.Decided>(await Tenants.Execute(Acme, new Command.RecordCheck(Make.One)));

        var entries = await Tenants.Entries(Acme, 0, 10);
        Assert.Equal(decided.Decision.Sequence,
            Assert.Single(entries!.Items, item => item.Entry is Entry.DecisionRecorded).Sequence);
    }

    [Fact]
    public async Task A4_a_reservation_holds_until_it_is_released_or_expires()
    {
        await Create(cap: 5);
        var held = Assert.IsType<Answer.Reserved>(await Tenants.Execute(Acme, Make.Reserve(3))).Reservation!;
        var second = Assert.IsType<Answer.Reserved>(await Tenants.Execute(Acme, Make.Reserve(3)));

        Assert.Null(second.Reservation);
        Assert.Equal(DecisionReason.CapReached, second.Decision.Reason);
        Assert.Equal(held, await Tenants.Reservation(Acme, held.Id));
        var listed = Assert.Single((await Tenants.Reservations(Acme, null, 10))!);
        Assert.Equal((held.Id, held.Quantity, held.Remaining, held.ExpiresAt),
            (listed.Id, listed.Quantity, listed.Remaining, listed.ExpiresAt));
        Assert.Empty((await Tenants.Reservations(Acme, held.Id, 10))!);
        await Tenants.Execute(Acme, new Command.AdvanceClock(Start + TimeSpan.FromMinutes(2)));
        Assert.Null(await Tenants.Reservation(Acme, held.Id));
        Assert.Equal((DecisionKind.Allow, 5), Decided(await Tenants.Check(Acme, Make.One)));
    }

    [Fact]
    public async Task The_same_idempotency_key_is_executed_once()
    {
        await Create(cap: 5);

        var first = Assert.IsType<Once.Answered>(await Tenants.ExecuteOnce(Acme, Make.Reserve(2), Key("k")));
        var again = Assert.IsType<Once.Answered>(await Tenants.ExecuteOnce(Acme, Make.Reserve(2), Key("k")));
        var other = await Tenants.ExecuteOnce(Acme, Make.Reserve(3), Key("k", content: 2));

        Assert.Equal((false, true), (first.Replayed, again.Replayed));
        Assert.Equal(Assert.IsType<Answer.Reserved>(first.Answer).Reservation,
            Assert.IsType<Answer.Reserved>(again.Answer).Reservation);
        Assert.IsType<Once.KeyReused>(other);
        Assert.Equal(3, (await Tenants.Check(Acme, Make.One))!.Remaining);
    }

    [Fact]
    public async Task A_refusal_is_not_remembered_under_its_idempotency_key()
    {
        Assert.IsType<Answer.Refused>(
            Assert.IsType<Once.Answered>(await Tenants.ExecuteOnce(Acme, Make.Reserve(2), Key("k"))).Answer);
        await Create();

        var answered = Assert.IsType<Once.Answered>(await Tenants.ExecuteOnce(Acme, Make.Reserve(2), Key("k")));

        Assert.IsType<Answer.Reserved>(answered.Answer);
        Assert.False(answered.Replayed);
    }

    [Fact]
    public async Task What_made_nothing_is_not_remembered_under_its_idempotency_key()
    {
        await Create(cap: 2);
        await Tenants.Execute(Acme, Make.Report("a"));

        Assert.Null((await Once<Answer.Reserved>(Make.Reserve(2), "k")).Reservation);
        Assert.True((await Once<Answer.Accepted>(Make.Report("a"), "d")).Duplicate);
        await Tenants.Execute(Acme, new Command.SetCap(new Cap { Id = "monthly", Limit = 5 }, null));

        var held = (await Once<Answer.Reserved>(Make.Reserve(2), "k")).Reservation;
        Assert.Equal(2, held!.Quantity);
        Assert.Equal(held, (await Once<Answer.Reserved>(Make.Reserve(2), "k", replayed: true)).Reservation);
        Assert.False((await Once<Answer.Accepted>(Make.Report("b"), "d")).Duplicate);
        Assert.False((await Once<Answer.Accepted>(Make.Report("b"), "d", replayed: true)).Duplicate);
    }

    private async Task<T> Once<T>(Command command, string key, bool replayed = false) where T : Answer
    {
        var answered = Assert.IsType<Once.Answered>(await Tenants.ExecuteOnce(Acme, command, Key(key)));
        Assert.Equal(replayed, answered.Replayed);
        return Assert.IsType<T>(answered.Answer);
    }

    [Fact]
    public async Task Many_at_once_with_one_key_execute_it_once()
    {
        await Create(cap: 100);

        var all = await Task.WhenAll(Enumerable.Range(0, 32)
            .Select(_ => Task.Run(async () => await Tenants.ExecuteOnce(Acme, Make.Reserve(2), Key("k")))));

        Assert.Single(all.OfType<Once.Answered>(), answered => !answered.Replayed);
        Assert.Equal(98, (await Tenants.Check(Acme, Make.One))!.Remaining);
    }

    [Fact]
    public async Task D1_an_outcome_is_found_with_its_detail_and_its_history()
    {
        await Create(window: TimeSpan.FromHours(1));
        await Tenants.Execute(Acme, Make.Report("a") with { Detail = Make.Detail("u-9") });
        await Tenants.Execute(Acme, Make.Report("b"));
        await Tenants.Execute(Acme, Make.Fact("f", "a", FactKind.Reopened, Start + TimeSpan.FromMinutes(1)));

        var row = await Tenants.Outcome(Acme, "a");
        var history = await Tenants.History(Acme, "a");

        Assert.Equal((OutcomeStatus.NonBillable, Reason.Reopened), (row!.Outcome.Status, row.Outcome.Reason));
        Assert.Equal(Make.Detail("u-9").Json, row.Detail);
        Assert.Null((await Tenants.Outcome(Acme, "b"))!.Detail);
        Assert.Equal([typeof(Entry.OutcomeReported), typeof(Entry.FactReported), typeof(Entry.OutcomeChanged)],
            history!.Select(item => item.Entry.GetType()));
        Assert.Null(await Tenants.Outcome(Acme, "no such outcome"));
        Assert.Null(await Tenants.History(Acme, "no such outcome"));

        var shown = (await Tenants.Inspect(Acme, "a"))!;
        Assert.Equal(("USD", row.Outcome.Sequence), (shown.Currency, shown.Row!.Outcome.Sequence));
        Assert.Equal(row.Detail, shown.Row.Detail);
        Assert.Equal(history!.Select(item => item.Hash), shown.History.Select(item => item.Hash));
        shown = (await Tenants.Inspect(Acme, "no such outcome"))!;
        Assert.Equal(("USD", null, 0), (shown.Currency, shown.Row, shown.History.Count));
    }

    [Fact]
    public async Task Outcomes_come_in_pages_newest_first_and_changes_oldest_first()
    {
        await Create(window: TimeSpan.FromHours(1));
        foreach (var id in (string[])["a", "b", "c"]) await Tenants.Execute(Acme, Make.Report(id));
        await Tenants.Execute(Acme, Make.Fact("f", "a", FactKind.Rejected, Start + TimeSpan.FromMinutes(1)));

        var first = await Tenants.Outcomes(Acme, new OutcomeFilter(), null, 2);
        var rest = await Tenants.Outcomes(Acme, new OutcomeFilter(), first!.Next, 2);
        var changed = await Tenants.Outcomes(Acme, new OutcomeFilter(ChangedAfter: 0), null, 10);
        var rejected = await Tenants.Outcomes(Acme, new OutcomeFilter(Status: OutcomeStatus.NonBillable), null, 10);

        Assert.Equal(["c", "b"], Ids(first));
        Assert.Equal(["a"], Ids(rest!));
        Assert.Null(rest!.Next);
        Assert.Equal(["b", "c", "a"], Ids(changed!));
        Assert.Equal(["a"], Ids(rejected!));
    }

    [Fact]
    public async Task Archived_outcomes_are_listed_found_and_recognised_like_any_other()
    {
        await Create();
        await Tenants.Execute(Acme,
            [.. Enumerable.Range(0, 5).Select(i => Make.Report($"a{i}") with { Detail = Make.Detail($"u-{i}") })]);
        await Tenants.Execute(Acme, new Command.AdvanceClock(Start + TimeSpan.FromDays(50)));
        await Tenants.Execute(Acme, [.. Enumerable.Range(0, 3).Select(i => Make.Report($"b{i}"))]);

        var page = await Tenants.Outcomes(Acme, new OutcomeFilter(), null, 4);
        var rest = await Tenants.Outcomes(Acme, new OutcomeFilter(), page!.Next, 10);
        Assert.Equal(["b2", "b1", "b0", "a4"], Ids(page));
        Assert.Equal(["a3", "a2", "a1", "a0"], Ids(rest!));
        var row = await Tenants.Outcome(Acme, "a3");
        // among the included units
        Assert.Equal((OutcomeStatus.Billable, Amount.Zero), (row!.Outcome.Status, row.Outcome.Amount));
        Assert.Equal(Make.Detail("u-3").Json, row.Detail);
        Assert.IsType<Entry.OutcomeReported>((await Tenants.History(Acme, "a3"))![0].Entry);
        Assert.True(row.Outcome.NoSession);
        Assert.True(rest!.Items[0].Outcome.NoSession);
        var shown = (await Tenants.Inspect(Acme, "a3"))!;
        Assert.True(shown.Row!.Outcome.NoSession);
        Assert.Equal(Make.Detail("u-3").Json, shown.Row!.Detail);
        Assert.Equal(shown.Row.Outcome.Sequence, shown.History[^1].Sequence);

        // I3: the id is taken for good, though its outcome is no longer in memory. The neighbours keep their order.
        var again = await Tenants.Execute(Acme, [
            Make.Report("c0"), Make.Report("x") with { OutcomeId = "a3" }, Make.Report("c1")]);
        Assert.Equal([typeof(Answer.Accepted), typeof(Answer.Refused), typeof(Answer.Accepted)],
            again.Select(answer => answer.GetType()));
        Assert.Equal(Refusal.OutcomeExists, ((Answer.Refused)again[1]).Code);
        Assert.True(again[0].Sequence < again[2].Sequence);

        // O8: a verdict after all is over opens a dispute, and the archived outcome has it.
        await Tenants.Execute(Acme, Make.Fact("v", "a3", FactKind.VerdictRejected));
        var dispute = (await Tenants.Outcome(Acme, "a3"))!.Outcome.Dispute!;
        Assert.Equal(DisputeStatus.Open, dispute.Status);
        Assert.Equal([dispute], (await Tenants.Disputes(Acme, DisputeStatus.Open, null, 10))!.Items);

        // D3: decided, it has that too, and what was taken back; so has one that is disputed by a call.
        Assert.Equal(DisputeStatus.Credited, Assert.IsType<Answer.Disputed>(await Tenants.Execute(Acme,
            new Command.ResolveDispute(dispute.Id, Credited: true, "agreed"))).Dispute.Status);
        var credited = (await Tenants.Outcome(Acme, "a3"))!.Outcome;
        Assert.Equal((OutcomeStatus.Credited, "agreed", CreditReason.Disputed),
            (credited.Status, credited.Dispute!.Note, credited.Credit!.Reason));
        Assert.Equal([credited.Dispute], (await Tenants.Disputes(Acme, null, null, 10))!.Items);
        var opened = await Tenants.Execute(Acme, new Command.OpenDispute("a4", "not what was asked"));
        Assert.Equal((await Tenants.Outcome(Acme, "a4"))!.Outcome.Dispute,
            Assert.IsType<Answer.Disputed>(opened).Dispute);
        var page1 = await Tenants.Disputes(Acme, null, null, 1);
        Assert.Equal("a4", Assert.Single(page1!.Items).OutcomeId);
        Assert.Equal("a3", Assert.Single((await Tenants.Disputes(Acme, null, page1.Next, 1))!.Items).OutcomeId);
        Assert.Null(await Tenants.Disputes("nobody", null, null, 1));
    }

    [Fact]
    public async Task Entries_are_numbered_without_gaps_and_chained()
    {
        await Create(cap: 3);
        for (var i = 0; i < 5; i++) await Tenants.Execute(Acme, Make.Report($"a{i}"));

        var all = (await Tenants.Entries(Acme, 0, 1000))!;
        var paged = new List<JournalEntry>();
        for (long? after = 0; after is { } from;)
        {
            var page = (await Tenants.Entries(Acme, from, 2))!;
            paged.AddRange(page.Items);
            after = page.Next;
        }

        Assert.Null(all.Next);
        Assert.Equal(Enumerable.Range(1, all.Items.Count), all.Items.Select(item => (int)item.Sequence));
        Assert.Equal(Chain.Genesis(Stored(Acme)), all.Items[0].PreviousHash);
        foreach (var (before, after) in all.Items.Zip(all.Items.Skip(1))) Assert.Equal(before.Hash, after.PreviousHash);
        Assert.Equal(all.Items.Select(item => (item.Sequence, Convert.ToHexString(item.Hash))),
            paged.Select(item => (item.Sequence, Convert.ToHexString(item.Hash))));
    }

    [Fact]
    public async Task S1_signals_arrive_in_order_and_can_be_replayed()
    {
        await Create(cap: 4, warnAt: 50);
        using var live = (await Tenants.Signals(Acme, null))!;
        for (var i = 0; i < 4; i++) await Tenants.Execute(Acme, Make.Report($"a{i}"));
        await Tenants.Execute(Acme, new Command.SetCap(new Cap { Id = "monthly", Limit = 100 }, null));
        using var replayed = (await Tenants.Signals(Acme, 0))!;

        var seen = await Take(live, 3);
        Assert.Equal([SignalAction.Warn, SignalAction.Pause, SignalAction.Resume],
            seen.Select(signal => signal.Action));
        Assert.Equal(seen.Select(Told), (await Take(replayed, 3)).Select(Told));
        Assert.Null(replayed.Start.Keys);
        using var rest = (await Tenants.Signals(Acme, seen[1].Sequence))!;
        Assert.Equal(Told(seen[2]), Told(Assert.Single(await Take(rest, 1))));
        Assert.False(rest.Signals.TryRead(out _));
        Assert.IsType<Answer.Done>(await Tenants.Execute(Acme, new Command.Acknowledge(seen[0].Sequence, "fin-3")));
    }

    [Fact]
    public async Task Usage_of_a_period_is_found_by_its_id()
    {
        await Create();
        await Tenants.Execute(Acme, Make.Report("a"));
        await Tenants.Execute(Acme, new Command.AdvanceClock(Start + TimeSpan.FromDays(60)));

        Assert.Equal(PeriodStatus.Closed, (await Tenants.Usage(Acme, DateOnly.Parse("2026-11-01")))!.Status);
        Assert.Equal(DateOnly.Parse("2027-01-01"), (await Tenants.Usage(Acme, null))!.Period.Id);
        Assert.Null(await Tenants.Usage(Acme, DateOnly.Parse("2020-01-01")));
    }

    protected Task<Answer> Create(string tenant = Acme, long? cap = null, TimeSpan? window = null,
        int? warnAt = null) =>
        Tenants.Execute(tenant, CreateCommand(cap, window, warnAt)).AsTask();

    private static Command.Create CreateCommand(long? cap = null, TimeSpan? window = null, int? warnAt = null) =>
        Make.Tenant(Make.Terms(cap, window, warnAt), new TestClock(Start, FollowEvents: false));

    private static IdempotencyKey Key(string key, byte content = 1) => new(key, [content]);

    private static (DecisionKind, long?) Decided(Decision? decision) => (decision!.Kind, decision.Remaining);

    private static IEnumerable<string> Ids(Page<OutcomeRow> page) => page.Items.Select(row => row.Outcome.Id);

    private static async Task<List<Signal>> Take(SignalReader reader, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var signals = new List<Signal>();
        while (signals.Count < count) signals.Add((await reader.Signals.ReadAsync(patience.Token)).Signal);
        return signals;
    }
}
