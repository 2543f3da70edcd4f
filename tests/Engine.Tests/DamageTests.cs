using MeteringGateway.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Engine.Tests;

/// <summary>One flipped bit, anywhere: it is found, or it does not matter.</summary>
public sealed class DamageTests
{
    private const string Acme = "acme";

    [Fact]
    public async Task No_flipped_bit_of_a_snapshot_is_ever_read_as_state()
    {
        await using var engine = await Stopped();
        var whole = (await Load(engine))!;
        Assert.Equal(0, whole.TailEntries); // the snapshot is what is read
        var (digest, length) = (whole.State.Digest(), whole.SnapshotBytes);

        for (var bit = 0; bit < length * 8; bit++)
        {
            Flip(engine, bit);
            var found = (await Load(engine))!;
            Assert.Equal(digest, found.State.Digest());
            Assert.Equal(3, found.TailEntries); // folded from the entries
            Flip(engine, bit);
        }
        Assert.Equal(0, (await Load(engine))!.TailEntries);

        static void Flip(TestEngine engine, int bit) =>
            engine.Store.ChangeSnapshot(Acme, snapshot =>
            {
                snapshot.Parts.Single()[bit / 8] ^= (byte)(1 << (bit % 8));
                return snapshot;
            });
    }

    [Fact]
    public async Task Of_an_entry_with_a_flipped_bit_it_is_said_what_is_wrong_with_it_and_nothing_of_the_program()
    {
        await using var engine = await Stopped();
        byte[][] entries = [.. (await engine.Store.Read(Acme, 0, int.MaxValue, default)).SelectMany(Split)];
        var refused = new HashSet<string>(StringComparer.Ordinal);
        for (var place = 0; place < entries.Length; place++)
            for (var bit = 0; bit < entries[place].Length * 8; bit++)
            {
                var fold = new TenantFold(Acme);
                for (var i = 0; i < place; i++) fold.Take(entries[i]);
                byte[] flipped = [.. entries[place]];
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                try
                {
                    fold.Take(flipped);
                }
                catch (TransferException e)
                {
                    Assert.True(e.InnerException is FormatException
                        || e.Message.EndsWith("it cannot follow what is before it", StringComparison.Ordinal),
                        e.Message);
                    refused.Add(e.InnerException!.GetType().Name);
                }
            }
        Assert.True(refused.Count > 1, string.Join(", ", refused));

        static List<byte[]> Split(EntryBlock block)
        {
            var all = new List<byte[]>();
            for (var reader = new BlockReader(block.Entries); reader.TryRead(out var entry);) all.Add(entry.ToArray());
            return all;
        }
    }

    public static TheoryData<string> Misplaced => ["sequence", "hash", "cut short", "empty", "without parts",
        "with another part", "another tenant's"];

    [Theory]
    [MemberData(nameof(Misplaced))]
    public async Task A_snapshot_that_is_not_of_where_it_stands_is_not_read(string what)
    {
        await using var engine = await Stopped();
        var digest = (await Load(engine))!.State.Digest();
        var others = await Load(engine, "other");
        engine.Store.ChangeSnapshot(Acme, snapshot => what switch
        {
            "sequence" => snapshot with { Sequence = snapshot.Sequence - 1 },
            "hash" => snapshot with { Hash = [.. snapshot.Hash.Select(one => (byte)~one)] },
            "cut short" => snapshot with { Parts = [snapshot.Parts.Single()[..^1]] },
            "empty" => snapshot with { Parts = [[]] },
            "without parts" => snapshot with { Parts = [] },
            "with another part" => snapshot with { Parts = [.. snapshot.Parts, snapshot.Parts.Single()] },
            _ => SnapshotSeal.Take("other", others!.State, snapshot.Hash),
        });

        var found = (await Load(engine))!;

        Assert.Equal(digest, found.State.Digest());
        Assert.Equal(3, found.TailEntries);
    }

    /// <summary>Its parts are verified on a thread of their own while those before them are read.</summary>
    [Fact]
    public async Task No_part_of_a_large_snapshot_is_read_that_is_not_what_was_stored()
    {
        await using var engine = await TestEngine.Start(options: new EngineOptions { IdleSnapshotEntries = 1 });
        await engine.Tenants.Execute(Acme, Make.Tenant());
        foreach (var some in Enumerable.Range(0, 12_000).Chunk(1_000))
            await engine.Tenants.Execute(Acme, [.. some.Select(i => Make.Report($"report-{i}"))]);
        await engine.DisposeAsync();
        var whole = (await Load(engine))!;
        Assert.Equal(0, whole.TailEntries);
        Assert.InRange(whole.SnapshotBytes, 1 << 20, int.MaxValue);
        var digest = whole.State.Digest();

        foreach (var part in (int[])[0, 1, 3])
        {
            engine.Store.ChangeSnapshot(Acme, snapshot =>
            {
                snapshot.Parts.ElementAt(part)[^1] ^= 1;
                return snapshot;
            });
            var found = (await Load(engine))!;
            Assert.Equal(digest, found.State.Digest());
            Assert.NotEqual(0, found.TailEntries); // folded from the entries
            engine.Store.ChangeSnapshot(Acme, snapshot =>
            {
                snapshot.Parts.ElementAt(part)[^1] ^= 1;
                return snapshot;
            });
        }
        Assert.Equal(0, (await Load(engine))!.TailEntries);
    }

    [Fact]
    public async Task No_changed_entry_is_served_as_if_it_were_whole()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant());
        foreach (var id in (string[])["a", "b", "c"]) await engine.Tenants.Execute(Acme, Make.Report(id));
        var entries = (await engine.Tenants.Entries(Acme, 0, 100))!.Items;
        var first = entries.Single(entry => entry.Entry is Entry.OutcomeReported { OutcomeId: "a" }).Sequence;

        for (var block = 0; block < engine.Store.Blocks(Acme); block++)
            for (var offset = 0; offset < engine.Store.BlockLength(Acme, block); offset++)
            {
                engine.Store.Corrupt(Acme, block, offset);
                await Assert.ThrowsAsync<JournalCorruptException>(async () =>
                    await engine.Tenants.Entries(Acme, 0, 100));
                if (block == first - 1)
                {
                    await Assert.ThrowsAsync<JournalCorruptException>(async () =>
                        await engine.Tenants.Entries(Acme, first - 1, 1));
                    await Assert.ThrowsAsync<JournalCorruptException>(async () =>
                        await engine.Tenants.History(Acme, "a"));
                }
                engine.Store.Corrupt(Acme, block, offset);
            }
        Assert.Equal(entries.Count, (await engine.Tenants.Entries(Acme, 0, 100))!.Items.Count);
    }

    /// <summary>A tenant whose newest entries are all in its snapshot.</summary>
    private static async Task<TestEngine> Stopped()
    {
        var engine = await TestEngine.Start(options: new EngineOptions { IdleSnapshotEntries = 1 });
        foreach (var tenant in (string[])[Acme, "other"])
            await engine.Tenants.Execute(tenant, [Make.Tenant(), Make.Report("a"), Make.Report("b")]);
        await engine.DisposeAsync();
        return engine;
    }

    private static Task<Recovered?> Load(TestEngine engine, string tenant = Acme) =>
        Recovery.Load(engine.Store, tenant, NullLogger.Instance, default);
}
