using System.Globalization;
using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Archived outcomes in segments: lists have the same pages, and each is found by its id.</summary>
public abstract partial class SealingBehaviour
{
    private static readonly OutcomeFilter[] Filters =
    [
        new(), new(ChangedAfter: 0), new(ChangedAfter: 30), new(Status: OutcomeStatus.Credited),
        new(Status: OutcomeStatus.Billable, ChangedAfter: 0), new(Period: new DateOnly(2026, 11, 1)),
        new(Period: new DateOnly(2027, 1, 1), ChangedAfter: 3), new(Session: "s"), new(OutcomeType: Make.Type),
        new(OutcomeType: "another"), new(Reason: Reason.WindowClosed, Session: "s", ChangedAfter: 0),
    ];

    [Fact]
    public async Task Archived_outcomes_leave_the_hot_store_when_their_last_entry_is_sealed()
    {
        await CloseAll("busy");
        var before = await Told();
        Assert.Equal(1_701, await ArchivedIn(_store.Hot, "busy"));
        var sum = await new Sealer(_store) { SegmentSize = 40_000 }.Seal("busy", Instant.MaxValue, true, default);
        var left = await ArchivedIn(_store.Hot, "busy");
        Assert.Equal(1_701, sum.Outcomes + left);
        Assert.True(left < 100, $"{left} are left");
        var sealedTo = new Segments(Root).Of("busy")[^1].Last;
        foreach (var bytes in await _store.Hot.ArchivedPage("busy", new OutcomeFilter(), null, null, 2_000, default))
            Assert.True(EntryCodec.ReadOutcome(bytes).LastSequence > sealedTo);
        Assert.Equal(before, await Told());
        Assert.Null(await _store.Archived("busy", "nobody's", default));
        Assert.Empty(await _store.Check(default));
        Assert.Equal(SealedSum.Nothing, await Seal("busy"));
    }

    [Fact]
    public async Task One_that_is_changed_after_it_was_sealed_hides_what_the_segment_has_and_is_sealed_in_its_place()
    {
        var clock = new TransferSource.Clock { Now = TransferSource.Begin };
        await using var tenants = await Late(clock);
        Assert.Equal(10, (await Seal("late")).Outcomes);
        Assert.Equal(0, await ArchivedIn(_store.Hot, "late"));
        var all = await Listed(tenants);
        Assert.Equal(12, all.Count);

        Assert.IsType<Answer.Accepted>(await tenants.Execute("late", Make.Fact("no", "d7", FactKind.VerdictRejected)));
        Assert.Equal(1, await ArchivedIn(_store.Hot, "late"));
        var changed = (await tenants.Outcome("late", "d7"))!;
        Assert.Equal(DisputeStatus.Open, changed.Outcome.Dispute!.Status);
        Assert.Equal("u-7", Customer(changed.Detail));
        Assert.Equal(all, await Listed(tenants));
        Assert.Equal("d7", Assert.Single((await tenants.Outcomes("late", new OutcomeFilter(ChangedAfter:
            changed.Outcome.Sequence - 1), null, 10))!.Items).Outcome.Id);
        Assert.IsType<Answer.Disputed>(await tenants.Execute("late",
            new Command.ResolveDispute(changed.Outcome.Dispute.Id, Credited: true, "agreed")));
        // In the segment it still counts as it was.
        var credited = new OutcomeFilter(Status: OutcomeStatus.Credited);
        Assert.Equal("d7", Assert.Single((await tenants.Outcomes("late", credited, null, 10))!.Items).Outcome.Id);
        Assert.Equal(11, (await tenants.Outcomes("late", new OutcomeFilter(Status: OutcomeStatus.Billable), null, 50))!
            .Items.Count);
        Assert.Equal(Refusal.OutcomeExists, Assert.IsType<Answer.Refused>(await tenants.Execute("late",
            Make.Report("x", clock.Now) with { OutcomeId = "d8" })).Code);
        Assert.Equal(SealedSum.Nothing, await Seal("late")); // its last entry is of the open period

        clock.Now += TimeSpan.FromDays(40);
        await tenants.Execute("late", new Command.Tick());
        await tenants.Execute("late", Make.Report("newest", clock.Now));
        var told = await Told();
        var sum = await Seal("late");
        Assert.Equal((2, 3), (sum.Segments, sum.Outcomes)); // of the first period, and d7 into the one before
        Assert.Equal(0, await ArchivedIn(_store.Hot, "late"));
        Assert.Equal(OutcomeStatus.Credited, (await tenants.Outcome("late", "d7"))!.Outcome.Status);
        Assert.Equal(told, await Told());
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task Segments_without_outcomes_are_read_and_get_them_when_the_tenant_is_sealed_again()
    {
        await CloseAll("busy");
        var before = await Told();
        var (files, rows) = (new Dictionary<string, byte[]>(), await _store.Hot.ArchivedPage("busy",
            new OutcomeFilter(), null, null, 2_000, default));
        // As an earlier program left it: entries and details are sealed, and all outcomes are hot.
        var segments = new Segments(Root) { Before = what =>
        {
            if (what == "remove outcomes") throw new DiedException();
            if (what == "make" && Directory.Exists(Root))
                foreach (var file in Files()) files.TryAdd(file, File.ReadAllBytes(file));
        } };
        await Assert.ThrowsAsync<DiedException>(() => new Sealer(new SegmentedStore(_store.Hot, segments))
            { SegmentSize = 60_000 }.Seal("busy", Instant.MaxValue, false, default));
        Assert.True(files.Count > 2, $"{files.Count} files");
        foreach (var (file, bytes) in files) File.WriteAllBytes(file, bytes);
        Segments.With("busy", new Segments(Root).Of("busy")[0], segment =>
        {
            Assert.Null(segment.Outcomes);
            return true;
        });
        Assert.Equal(rows.Count, await ArchivedIn(_store.Hot, "busy"));
        Assert.Equal(before, await Told());
        Assert.Empty(await _store.Check(default));

        var sum = await Seal("busy");
        Assert.Equal((0, true, true), (sum.Entries, sum.Segments > 1, sum.Outcomes > 1_500));
        Assert.Equal(before, await Told());
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task Whoever_is_erased_takes_no_outcome_along()
    {
        await CloseAll("history");
        await Seal("history");
        var listed = new StringBuilder();
        await Listed(_store, "history", listed);
        Assert.Equal(1, await Erase("history", "u-5"));
        var after = new StringBuilder();
        await Listed(_store, "history", after);
        Assert.Equal(listed.ToString(), after.ToString());
        Assert.DoesNotContain(await Customers("history"), one => one == "u-5");
        Assert.NotNull(await _store.Archived("history", "o5", default));
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task A_sealed_tenant_is_exported_and_imported_over_the_same_segments_or_none()
    {
        await CloseAll("busy");
        await Seal("busy");
        await Seal("history");
        var before = await Told();
        using var file = new MemoryStream();
        await Export.Write(_store, file, new TransferOptions { Time = new TransferSource.Clock() }, default);
        foreach (var segments in (Segments?[])[null, new Segments(Root)])
        {
            var moved = new SegmentedStore(new MemoryStore(), segments);
            await Import.Read(() => new MemoryStream(file.ToArray()), moved,
                new TransferOptions { Time = new TransferSource.Clock() }, default);
            Assert.Equal(1_701, await ArchivedIn(moved.Hot, "busy"));
            foreach (var tenant in (string[])["busy", "history"])
            {
                var (one, other) = (new StringBuilder(), new StringBuilder());
                await Listed(_store, tenant, one);
                await Listed(moved, tenant, other);
                Assert.Equal(one.ToString(), other.ToString());
            }
            if (segments is null) continue;
            var sum = await new Sealer(moved).Seal("busy", Instant.MaxValue, false, default);
            Assert.Equal((0, true), (sum.Segments, sum.Outcomes > 1_500)); // they have them
        }
        Assert.Equal(before, await Told());
    }

    [Fact]
    public async Task What_changes_while_it_is_moved_stays()
    {
        await using var tenants = await Late(new TransferSource.Clock { Now = TransferSource.Begin });
        var said = false;
        var segments = new Segments(Root) { Before = what =>
        {
            if (what != "remove outcomes" || said) return;
            said = true;
            tenants.Execute("late", Make.Fact("no", "d9", FactKind.VerdictRejected)).AsTask().GetAwaiter().GetResult();
        } };
        await new Sealer(new SegmentedStore(_store.Hot, segments)).Seal("late", Instant.MaxValue, false, default);
        Assert.True(said);
        Assert.NotNull((await tenants.Outcome("late", "d9"))!.Outcome.Dispute);
        Assert.NotNull(EntryCodec.ReadOutcome((await _store.Hot.Archived("late", "d9", default))!).Dispute);
        Assert.Null(await _store.Hot.Archived("late", "d8", default));
        Assert.Empty(await _store.Check(default));
    }

    /// <summary>A tenant with ten outcomes that have settled and left memory with their period, and two that have
    /// not.</summary>
    private async Task<LocalTenants> Late(TransferSource.Clock clock)
    {
        var tenants = new LocalTenants(_store, new EngineOptions { DuePoll = TimeSpan.FromHours(1) }, clock);
        await tenants.StartAsync();
        await tenants.Execute("late", Make.Tenant());
        for (var i = 0; i < 10; i++)
            await tenants.Execute("late", Make.Report($"d{i}") with { Detail = Make.Detail($"u-{i}") });
        clock.Now += TimeSpan.FromDays(20);
        await tenants.Execute("late", new Command.Tick());
        for (var i = 0; i < 2; i++) await tenants.Execute("late", Make.Report($"open-{i}", clock.Now));
        return tenants;
    }

    private static async Task<List<string>> Listed(LocalTenants tenants) =>
        [.. (await tenants.Outcomes("late", new OutcomeFilter(), null, 1_000))!.Items.Select(row => row.Outcome.Id)];

    private static async Task<int> ArchivedIn(IStore store, string tenant) =>
        (await store.ArchivedPage(tenant, new OutcomeFilter(), null, null, 10_000, default)).Count;

    /// <summary>Every list, page by page, and each outcome by its id.</summary>
    private static async Task Listed(IStore store, string tenant, StringBuilder told)
    {
        foreach (var filter in Filters)
            foreach (var (limit, most, end) in ((int, int, long?)[])[(3, 4, null), (400, 9, null), (50, 2, 60)])
            {
                long? cursor = null;
                for (var pages = 0; pages < most; pages++)
                {
                    var page = (await store.ArchivedPage(tenant, filter, cursor, end, limit, default))
                        .Select(bytes => EntryCodec.ReadOutcome(bytes)).ToList();
                    if (page.Count == 0) break;
                    cursor = filter.ChangedAfter is null ? page[^1].ReportedBy : page[^1].LastSequence;
                    told.AppendLine(CultureInfo.InvariantCulture, $"{filter} {limit} {end}: ").AppendJoin(' ',
                        page.Select(one => $"{one.Id}={one.LastSequence}")).AppendLine();
                }
            }
        var all = await store.ArchivedPage(tenant, new OutcomeFilter(), null, null, 5_000, default);
        var found = await store.Archived(tenant, [.. all.Select(bytes => EntryCodec.ReadOutcome(bytes).Id)], default);
        Assert.Equal(all.Select(Convert.ToHexString), found.Select(bytes => Convert.ToHexString(bytes!)));
        foreach (var bytes in all) told.AppendLine(Convert.ToHexString(bytes));
    }
}
