using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>What every store does with journals and what lies beside them.</summary>
public abstract partial class StoreBehaviour : IAsyncLifetime
{
    private static readonly Instant Now = Instant.Parse("2026-11-21T09:30:00Z");
    private static readonly DateOnly November = new(2026, 11, 1);
    private IStore _store = null!;

    /// <summary>Opens the store; the second time over what the first has written.</summary>
    protected abstract IStore Open();

    /// <summary>Ends what <see cref="Open"/> opened, before it is opened again.</summary>
    protected virtual async Task Close(IStore store) => await store.DisposeAsync();

    public Task InitializeAsync()
    {
        _store = Open();
        return Task.CompletedTask;
    }

    public virtual async Task DisposeAsync() => await _store.DisposeAsync();

    private async Task Reopen()
    {
        await Close(_store);
        _store = Open();
    }

    [Fact]
    public async Task What_was_appended_is_there_after_reopening()
    {
        var first = Batches.Of("acme", null, "one", "two");
        await Append(first, Batches.Of("zoo", null, "other"));
        await Append(Batches.Of("acme", first, "three") with { Due = Now });
        await Reopen();

        var stored = await _store.Load("acme", default);
        Assert.Equal((3, true), (stored!.Sequence, stored.Snapshot is null));
        Assert.Equal(["one", "two", "three"], stored.Tail.SelectMany(Batches.Texts));
        Assert.Equal([(1, 2), (3, 1)], stored.Tail.Select(block => ((int)block.FirstSequence, block.Count)));
        Assert.Equal(["acme", "zoo"], await _store.List(null, 10, default));
        Assert.Equal(["acme"], await _store.List(null, 1, default));
        Assert.Equal(["zoo"], await _store.List("acme", 10, default));
        Assert.Equal([new DueTenant("acme", Now)], await _store.Due(Now, 10, default));
        Assert.Empty(await _store.Due(Now - TimeSpan.FromMilliseconds(1), 10, default));
        Assert.Null(await _store.Load("nobody", default));
    }

    [Fact]
    public async Task Every_block_begins_with_the_hash_at_which_the_one_before_ended_D2()
    {
        var first = Batches.Of("acme", null, "one", "two");
        var second = Batches.Of("acme", first, "three");
        await Append(first);
        await Append(second);

        var stored = (await _store.Load("acme", default))!;
        Assert.Equal([Chain.Genesis("acme"), first.LastHash], stored.Tail.Select(block => block.PreviousHash));
        Assert.Equal(second.LastHash, stored.Hash);
    }

    [Fact]
    public async Task Detail_of_one_end_customer_of_one_tenant_is_erased_D2()
    {
        await Append(Batches.Of("acme", null, "1", "2", "3", "4") with
        {
            Details = [new DetailRow(1, "u-9", [1], [1]), new DetailRow(2, "u-8", [1], [2]),
                new DetailRow(3, null, [1], [3]), new DetailRow(4, "u-9", [1], [4])],
        }, Batches.Of("zoo", null, "1") with { Details = [new DetailRow(1, "u-9", [1], [5])] });

        Assert.Equal([1L, 4L], await _store.DetailsOf("acme", "u-9", default));
        Assert.Empty(await _store.DetailsOf("nobody", "u-9", default));
        await _store.Erase("acme", [1, 4], default);
        await _store.Erase("acme", [1, 4, 99], default);
        await _store.Erase("nobody", [1], default);
        Assert.Empty(await _store.DetailsOf("acme", "u-9", default));

        Assert.Equal([null, 2L, 3L, null],
            (await _store.Details("acme", [1, 2, 3, 4], default)).Select(row => row?.Sequence));
        Assert.NotNull((await _store.Details("zoo", [1], default))[0]);
    }

    [Fact]
    public async Task Detail_goes_with_the_entry_that_says_so_or_stays_D2()
    {
        var first = Batches.Of("acme", null, "1", "2", "3") with
        {
            Details = [new DetailRow(1, "u-9", [1], [1]), new DetailRow(2, "u-9", [1], [2]),
                new DetailRow(3, "u-9", [1], [3])],
        };
        await Append(first);
        Assert.Equal(AppendResult.LostFence, (await _store.Append(
            [Batches.Of("acme", null, "another") with { Erased = [1, 2] }], default))[0]);
        Assert.Equal([1L, 2L, 3L], await _store.DetailsOf("acme", "u-9", default));
        await Append(Batches.Of("acme", first, "erased") with { Erased = [1, 2] });
        Assert.Equal([3L], await _store.DetailsOf("acme", "u-9", default));
    }

    [Fact]
    public async Task A_tenant_that_lost_the_fence_is_refused_alone_and_wholly()
    {
        var first = Batches.Of("acme", null, "one");
        await Append(first);
        var stale = Batches.Of("acme", null, "stale")
            with { Due = Now, Severity = LimitState.Paused, Details = [new DetailRow(1, null, [1], [2])] };
        var ahead = Batches.Of("new", Batches.Of("new", null, "never written"), "ahead");

        Assert.Equal(
            [AppendResult.LostFence, AppendResult.Written, AppendResult.LostFence],
            await Append(stale, Batches.Of("zoo", null, "other"), ahead));

        Assert.Equal(["one"], (await _store.Load("acme", default))!.Tail.SelectMany(Batches.Texts));
        Assert.Equal([null], await _store.Details("acme", [1], default));
        Assert.Empty(await _store.Due(Now, 10, default));
        Assert.Empty(await _store.Attention(null, null, 10, default));
        Assert.NotNull(await _store.Load("zoo", default));
        Assert.Null(await _store.Load("new", default));
    }

    [Fact]
    public async Task A_batch_without_entries_keeps_what_lies_beside_them_under_the_same_fence()
    {
        var first = Batches.Of("acme", null, "one");
        await Append(first);
        var key = new IdempotencyRow("k", [5], [6], Now);
        Assert.Equal([AppendResult.LostFence], await Append(Batches.Of("acme", null) with { Idempotency = [key] }));
        Assert.Null(await _store.Idempotent("acme", "k", default));

        Assert.Equal([AppendResult.Written],
            await Append(Batches.Of("acme", first) with { Due = Now, Idempotency = [key] }));

        Assert.Equal(1, (await _store.Load("acme", default))!.Sequence);
        Assert.NotNull(await _store.Idempotent("acme", "k", default));
        Assert.Single(await _store.Due(Now, 10, default));
        Assert.Equal([AppendResult.Written], await Append(Batches.Of("acme", first, "two")));
    }

    [Fact]
    public async Task Entries_are_read_in_whole_blocks_from_any_of_them_on()
    {
        var first = Batches.Of("acme", null, "1", "2", "3");
        var second = Batches.Of("acme", first, "4");
        await Append(first);
        await Append(second);
        await Append(Batches.Of("acme", second, "5", "6"));

        Assert.Equal(["1", "2", "3"], await Read(0, 3));
        Assert.Equal(["1", "2", "3", "4"], await Read(0, 4));
        Assert.Equal(["1", "2", "3", "4"], await Read(2, 2));
        Assert.Equal(["4", "5", "6"], await Read(3, 2));
        Assert.Equal(["5", "6"], await Read(5, 100));
        Assert.Empty(await Read(6, 100));
        Assert.Equal(["1", "2", "3", "4", "5", "6"], await Read(0, int.MaxValue));

        async Task<IEnumerable<string>> Read(long after, int limit) =>
            (await _store.Read("acme", after, limit, default)).SelectMany(Batches.Texts);
    }

    [Fact]
    public async Task What_is_stored_beside_the_entries_is_found_again()
    {
        await Append(Batches.Of("acme", null, "one", "two") with
        {
            Details = [new DetailRow(2, "u-9", [1, 2], [3, 4])],
            Idempotency = [new IdempotencyRow("k", [5], [6], Now + TimeSpan.FromHours(24))],
        });
        await Reopen();

        var details = await _store.Details("acme", [1, 2], default);
        Assert.Equal([null, [3, 4]], details.Select(row => row?.Json));
        Assert.Equal((2, "u-9", 2), (details[1]!.Sequence, details[1]!.EndCustomer, details[1]!.Salt.Length));
        var row = await _store.Idempotent("acme", "k", default);
        Assert.Equal([5, 6], [.. row!.Content, .. row.Answer]);
        Assert.Equal(Now + TimeSpan.FromHours(24), row.ExpiresAt);
    }

    [Fact]
    public async Task The_answer_to_a_key_is_kept_until_its_time_T5()
    {
        var first = Batches.Of("acme", null, "one");
        IdempotencyRow[] rows = [.. "cab".Select((key, i) =>
            new IdempotencyRow($"{key}", [1], [(byte)i], Now + TimeSpan.FromHours(i)))];
        await Append(first with { Idempotency = rows });
        Assert.Equal(["a", "b"], (await _store.IdempotencyPage(null, 2, default)).Select(row => row.Key));
        Assert.Equal(["c"], (await _store.IdempotencyPage("b", 2, default)).Select(row => row.Key));

        await _store.Expire(Now + TimeSpan.FromHours(1), default);
        Assert.Equal(["b"], (await _store.IdempotencyPage(null, 10, default)).Select(row => row.Key));
        Assert.Null(await _store.Idempotent("acme", "c", default));

        var later = new IdempotencyRow("b", [1], [9], Now + TimeSpan.FromHours(9));
        await Append(Batches.Of("acme", first, "two") with { Idempotency = [later] });
        await _store.Expire(Now + TimeSpan.FromHours(2), default);
        Assert.Equal([9], (await _store.Idempotent("acme", "b", default))!.Answer);
    }

    [Fact]
    public async Task What_may_be_done_once_is_kept_until_its_time()
    {
        var row = new IdempotencyRow("link", [], [1], Now + TimeSpan.FromHours(1));
        Assert.True(await _store.Once(row, default));
        Assert.False(await _store.Once(row, default)); // the same again is another who came with it
        Assert.False(await _store.Once(row with { Answer = [2], ExpiresAt = Now + TimeSpan.FromHours(9) }, default));
        Assert.Equal((1, row.ExpiresAt), ((await _store.Idempotent(null, "link", default))!.Answer[0],
            (await _store.Idempotent(null, "link", default))!.ExpiresAt));

        await _store.Expire(Now + TimeSpan.FromMinutes(59), default);
        Assert.False(await _store.Once(row, default));
        await _store.Expire(row.ExpiresAt, default);
        Assert.Empty(await _store.IdempotencyPage(null, 10, default));
        Assert.True(await _store.Once(row, default));
        // Of many at once one is let through.
        var racing = await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            Task.Run(async () => await _store.Once(row with { Key = "race", Answer = [(byte)i] }, default))));
        Assert.Single(racing, won => won);
    }

    [Fact]
    public async Task Archived_outcomes_are_listed_newest_first_or_as_they_changed()
    {
        await Append(Batches.Of("acme", null, "one") with
        {
            Archived = [Archived("a", 1, 8), Archived("b", 2, 5), Archived("c", 3, 6), Archived("d", 4, 7)],
        });
        await Append(Batches.Of("zoo", null, "one") with { Archived = [Archived("z", 1, 1)] });

        Assert.Equal(["d", "c"], await Ids(new OutcomeFilter(), null, 2));
        Assert.Equal(["b", "a"], await Ids(new OutcomeFilter(), 3, 2));
        Assert.Empty(await Ids(new OutcomeFilter(), 1, 2));
        Assert.Equal(["b", "c", "d"], await Ids(new OutcomeFilter(ChangedAfter: 0), null, 3));
        Assert.Equal(["c", "d", "a"], await Ids(new OutcomeFilter(ChangedAfter: 5), null, 10));
        Assert.Equal(["d", "a"], await Ids(new OutcomeFilter(ChangedAfter: 5), 6, 10));
        Assert.Equal(["d", "c"], await Ids(new OutcomeFilter(), null, 10, end: 2)); // b, at 2, is not in it
        Assert.Equal(["b", "c"], await Ids(new OutcomeFilter(ChangedAfter: 0), null, 10, end: 7));

        var stored = (await _store.Load("acme", default))!;
        var changed = new TenantBatch("acme", stored.Hash, 2, 0, default, stored.Hash, null, [], [Archived("b", 2, 9)],
            [], []);
        await Append(changed); // as it has changed
        Assert.Equal(["c", "d", "a", "b"], await Ids(new OutcomeFilter(ChangedAfter: 0), null, 10));
        Assert.Equal("b"u8.ToArray(), await _store.Archived("acme", "b", default));
        Assert.Null(await _store.Archived("acme", "z", default));
    }

    [Fact]
    public async Task Archived_outcomes_that_have_not_changed_since_are_removed_and_are_in_no_list()
    {
        await Append(Batches.Of("acme", null, "one") with
        {
            Archived = [Archived("a", 1, 8), Archived("b", 2, 5), Archived("c", 3, 6), Archived("d", 4, 7)],
        });
        await _store.RemoveArchived("acme", [new("a", 8), new("b", 4), new("c", 6), new("x", 1), new("d", 8)], default);
        await _store.RemoveArchived("nobody", [new("a", 8)], default);

        Assert.Equal([null, "b", null, "d", null], (await _store.Archived("acme", ["a", "b", "c", "d", "x"], default))
            .Select(bytes => bytes is null ? null : Encoding.UTF8.GetString(bytes)));
        Assert.Equal(["d", "b"], await Ids(new OutcomeFilter(), null, 10));
        Assert.Equal(["b", "d"], await Ids(new OutcomeFilter(ChangedAfter: 0), null, 10));
    }

    [Fact]
    public async Task Archived_outcomes_are_filtered_by_each_member_and_by_all_of_them()
    {
        var some = Archived("a", 1, 1).Outcome;
        OutcomeFigure[] all =
        [
            some, some with { Id = "b", Period = November.AddMonths(-1) },
            some with { Id = "c", Status = OutcomeStatus.Credited },
            some with { Id = "d", OutcomeType = "other" }, some with { Id = "e", Reason = Reason.Cancelled },
            some with { Id = "f", Session = null }, some with { Id = "g", Session = "s" },
        ];
        await Append(Batches.Of("acme", null, "one") with
        {
            Archived = [.. all.Select((outcome, i) =>
                new ArchivedRow(outcome with { FirstSequence = 10 + i }, Encoding.UTF8.GetBytes(outcome.Id)))],
        });

        Assert.Equal(["b"], await Ids(new OutcomeFilter(Period: November.AddMonths(-1)), null, 10));
        Assert.Equal(["c"], await Ids(new OutcomeFilter(Status: OutcomeStatus.Credited), null, 10));
        Assert.Equal(["d"], await Ids(new OutcomeFilter(OutcomeType: "other"), null, 10));
        Assert.Equal(["e"], await Ids(new OutcomeFilter(Reason: Reason.Cancelled), null, 10));
        Assert.Equal(["g"], await Ids(new OutcomeFilter(Session: "s"), null, 10));
        Assert.Equal(["e", "d"],
            await Ids(new OutcomeFilter(November, OutcomeStatus.Billable, Session: "session"), 16, 2));
        Assert.Equal(["a"],
            await Ids(new OutcomeFilter(November, OutcomeStatus.Billable, "type", Reason.Immediate, "session"), null,
                10));
        Assert.Empty(await Ids(new OutcomeFilter(OutcomeType: "typ"), null, 10));
        Assert.Equal(7, (await Ids(new OutcomeFilter(ChangedAfter: 0), null, 10)).Count()); // all of one entry
        Assert.Equal(["e"], await Ids(new OutcomeFilter(Reason: Reason.Cancelled, ChangedAfter: 0), null, 10));
    }

    [Fact]
    public async Task The_most_urgent_tenants_come_first_and_one_without_a_time_not_at_all()
    {
        var later = Batches.Of("later", null, "one") with { Due = Now };
        await Append(later, Batches.Of("soon", null, "one") with { Due = Now - TimeSpan.FromHours(1) },
            Batches.Of("never", null, "one"));
        Assert.Equal(["soon", "later"], (await _store.Due(Now, 10, default)).Select(one => one.Tenant));
        Assert.Equal(["soon"], (await _store.Due(Now, 1, default)).Select(one => one.Tenant));

        await Append(Batches.Of("later", later, "two"));

        Assert.Equal(["soon"], (await _store.Due(Now, 10, default)).Select(one => one.Tenant));
    }

    [Fact]
    public async Task Those_in_need_are_listed_by_severity_and_then_by_id()
    {
        var b = Batches.Of("b", null, "one") with { Severity = LimitState.Warned };
        await Append(
            b, Batches.Of("a", null, "one") with { Severity = LimitState.Warned },
            Batches.Of("c", null, "one") with { Severity = LimitState.Handoff },
            Batches.Of("d", null, "one") with { Severity = LimitState.Active }, Batches.Of("e", null, "one"));
        Assert.Equal(["c", "a", "b"], await InNeed(null, null, 10));
        Assert.Equal(["c", "a"], await InNeed(null, null, 2));
        Assert.Equal(["b"], await InNeed(null, new TenantInNeed("a", LimitState.Warned), 10));
        Assert.Equal(["a", "b"], await InNeed(null, new TenantInNeed("c", LimitState.Handoff), 10));
        Assert.Equal(["c", "b"], await InNeed(["b", "c", "d", "nobody"], null, 10));
        Assert.Equal(["b"], await InNeed(["b", "c", "d"], new TenantInNeed("c", LimitState.Handoff), 10));
        Assert.Empty(await InNeed([], null, 10));

        var again = Batches.Of("b", b, "two"); // as it was
        await Append(again);
        Assert.Equal(["c", "a", "b"], await InNeed(null, null, 10));
        await Append(Batches.Of("b", again, "three") with { Severity = LimitState.Paused });
        Assert.Equal(["c", "b", "a"], await InNeed(null, null, 10));
        await Append(Batches.Of("a", b with { Tenant = "a" }, "never")); // another's hash: refused
        Assert.Equal(["c", "b", "a"], await InNeed(null, null, 10));
        Assert.Equal([2L, 1, 1, 1], await _store.TenantsByState(default)); // d and e are active

        async Task<IEnumerable<string>> InNeed(string[]? among, TenantInNeed? after, int limit) =>
            (await _store.Attention(among, after, limit, default)).Select(one => one.Tenant);
    }

    [Fact]
    public async Task Of_a_tenant_that_was_never_written_there_is_nothing()
    {
        Assert.Null(await _store.Load("nobody", default));
        Assert.Empty(await _store.Read("nobody", 0, 10, default));
        Assert.Null(await _store.Archived("nobody", "a", default));
        Assert.Empty(await _store.ArchivedPage("nobody", new OutcomeFilter(), null, null, 10, default));
        Assert.Empty(await _store.Attention(["nobody"], null, 10, default));
        Assert.Null(await _store.Idempotent("acme", "nobody", default));
        Assert.Empty(await _store.List(null, 10, default));
    }

    private async Task<IReadOnlyList<AppendResult>> Append(params TenantBatch[] batches) =>
        await _store.Append(batches, default);

    private async Task<IEnumerable<string>> Ids(OutcomeFilter filter, long? cursor, int limit, long? end = null) =>
        (await _store.ArchivedPage("acme", filter, cursor, end, limit, default)).Select(Encoding.UTF8.GetString);

    /// <summary>An archived outcome whose bytes are its id.</summary>
    private static ArchivedRow Archived(string id, long first, long sequence) => new(
        new OutcomeFigure(
            id, Now, November, "type", Dimensions.None, "session", 1, default, [], false, null, WindowStatus.None, null,
            OutcomeStatus.Billable,
            Reason.Immediate, [], default, default, null, first, sequence, false),
        Encoding.UTF8.GetBytes(id));
}
