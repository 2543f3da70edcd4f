using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Engine.Tests;

/// <summary>Entries of closed periods in segments: whoever asks is not told where they are.</summary>
public abstract partial class SealingBehaviour : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private SegmentedStore _store = null!;

    private string Root => Path.Combine(_directory, "segments");

    /// <summary>Opens the store; again over what was written.</summary>
    protected abstract IStore OpenHot();

    public virtual async Task InitializeAsync()
    {
        _store = Open();
        await TransferSource.Fill(_store);
    }

    public virtual async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private SegmentedStore Open() => new(OpenHot(), new Segments(Root));

    private async Task Reopen()
    {
        await _store.DisposeAsync();
        _store = Open();
    }

    [Fact]
    public async Task Entries_and_details_of_closed_periods_leave_the_hot_store_and_every_answer_is_as_before()
    {
        var before = await Told();
        var hot = await Entries(_store.Hot, "history");
        var sum = await Seal("history");

        Assert.Equal((1, true), (sum.Segments, sum.Entries > 20));
        Assert.Equal(before, await Told());
        Assert.Equal(hot - sum.Entries, await Entries(_store.Hot, "history"));
        // What is of the open period stays, and so does what is apart of it.
        var open = (await _store.Hot.Read("history", 0, int.MaxValue, default))[0].FirstSequence;
        Assert.Equal(sum.Entries + 1, open);
        Assert.All((await _store.Hot.Details("history", [.. Range(1, open - 1)], default)), Assert.Null);
        Assert.Contains(await _store.Details("history", [.. Range(1, open - 1)], default), row => row is not null);
        Assert.Equal(SealedSum.Nothing, await Seal("history"));
        await Reopen();
        Assert.Equal(before, await Told());
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task A_tenant_with_a_test_clock_is_sealed_by_its_own_time()
    {
        var closed = await Closed("replayed");
        var own = EntryCodec.Read(Frames((await _store.Read("replayed", 0, int.MaxValue, default))[^1]).Last()).At;
        foreach (var real in (Instant[])[closed.At - TimeSpan.FromDays(4_000), closed.At + TimeSpan.FromDays(4_000)])
            Assert.Equal(SealedSum.Nothing, await SealAll(real, own - closed.At + TimeSpan.FromMilliseconds(1)));
        Assert.NotEqual(SealedSum.Nothing, await SealAll(closed.At - TimeSpan.FromDays(4_000), own - closed.At));

        Task<SealedSum> SealAll(Instant now, TimeSpan after) => new Sealer(_store).SealAll(["replayed"], now, after,
            inSteps: true, (_, why) => Assert.Fail(why.Message), default);
    }

    [Fact]
    public async Task A_period_that_was_closed_later_than_asked_stays()
    {
        var closed = await Closed("history");
        Assert.Equal(SealedSum.Nothing,
            await new Sealer(_store).Seal("history", closed.At - TimeSpan.FromMilliseconds(1), false, default));
        Assert.False(Directory.Exists(Root)); // looking leaves nothing
        Assert.NotEqual(SealedSum.Nothing, await new Sealer(_store).Seal("history", closed.At, true, default));
    }

    [Fact]
    public async Task A_tenant_goes_on_after_it_was_sealed()
    {
        await Seal("history");
        var before = await Told();
        var clock = new TransferSource.Clock { Now = TransferSource.End };
        await using (var tenants = new LocalTenants(_store, new EngineOptions { DuePoll = TimeSpan.FromHours(1) },
            clock))
        {
            await tenants.StartAsync();
            var page = await tenants.Entries("history", 0, 10);
            Assert.Equal(Range(1, 10), page!.Items.Select(entry => entry.Sequence));
            Assert.Equal("u-5", Customer((await tenants.Outcome("history", "o5"))!.Detail));
            Assert.NotEmpty((await tenants.History("history", "o5"))!);
            Assert.NotNull(await tenants.ProveOutcome("history", "o5"));
            await tenants.Execute("history", Make.Report("after", clock.Now));
        }
        Assert.NotEqual(before, await Told());
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task Segments_follow_each_other_and_each_is_smaller_than_what_it_holds()
    {
        var before = await Told();
        var entries = (await _store.Read("busy", 0, int.MaxValue, default)).Sum(block => block.Entries.Length);
        await CloseAll("busy");
        before = await Told();
        var sum = await new Sealer(_store) { SegmentSize = 40_000 }.Seal("busy", Instant.MaxValue, false, default);
        Assert.True(sum.Segments > 2, $"{sum}");
        Assert.True(sum.Bytes < entries, $"{sum.Bytes} of {entries}");
        Assert.Equal(before, await Told());
        Assert.Empty(await _store.Check(default));
        Assert.All(Files(), file => Assert.Equal(OperatingSystem.IsWindows() ? 0 : OwnerOnly.File,
            OperatingSystem.IsWindows() ? 0 : File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Whoever_is_erased_is_gone_from_segments_too_and_the_chain_stays()
    {
        await Seal("history");
        var before = await Chains();
        Assert.Contains(await Customers("history"), one => one == "u-5");

        Assert.Equal(1, await Erase("history", "u-5"));
        Assert.Equal(0, await Erase("history", "u-5"));
        Assert.DoesNotContain(await Customers("history"), one => one == "u-5");
        Assert.Contains(await Customers("history"), one => one == "u-6");
        Assert.Equal(before, await Chains());
        Assert.Empty(await _store.Check(default));
        // What a page has is compressed; what it says is read.
        foreach (var file in Files())
            Segments.With("history", new Segments(Root).Of("history").Single(one => one.Path == file), segment =>
            {
                Assert.DoesNotContain(segment.Details(), row => row.EndCustomer == "u-5"
                    || Encoding.UTF8.GetString(row.Json).Contains("u-5", StringComparison.Ordinal));
                return true;
            });
    }

    [Fact]
    public async Task Whoever_dies_while_sealing_loses_and_doubles_nothing()
    {
        await CloseAll("busy");
        var (before, details) = (await Told(), await Customers("busy"));
        for (var step = 0; ; step++)
        {
            var (left, died) = (step, "");
            var segments = new Segments(Root) { Before = what =>
            {
                if (left-- > 0) return;
                died = what;
                throw new DiedException();
            } };
            var dying = new Sealer(new SegmentedStore(_store.Hot, segments)) { SegmentSize = 60_000 };
            try
            {
                await dying.Seal("busy", Instant.MaxValue, false, default);
            }
            catch (DiedException)
            {
                Assert.Equal(before, await Told());
                Assert.Equal(0, await Erase("busy", $"nobody-{died}"));
                Assert.Equal(details, await Customers("busy"));
                Assert.Empty(await _store.Check(default));
                await Reopen();
                continue;
            }
            Assert.True(step >= 8, $"{step} steps");
            break;
        }
        Assert.Equal(before, await Told());
        var first = (await _store.Hot.Read("busy", 0, 1, default))[0].FirstSequence;
        Assert.Equal(first - 1, new Segments(Root).Of("busy")[^1].Last);
        Assert.Empty(Directory.EnumerateFiles(Root, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Two_that_seal_at_once_do_it_once()
    {
        await CloseAll("busy");
        var before = await Told();
        var other = new SegmentedStore(_store.Hot, new Segments(Root));
        var sums = await Task.WhenAll(((SegmentedStore[])[_store, other, _store, other]).Select(store => Task.Run(() =>
            new Sealer(store) { SegmentSize = 60_000 }.Seal("busy", Instant.MaxValue, false, default))));
        Assert.Single(sums, sum => sum.Segments > 0);
        Assert.Equal(before, await Told());
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task Nothing_leaves_a_journal_that_is_not_the_one_that_was_sealed()
    {
        var blocks = await _store.Read("history", 0, int.MaxValue, default);
        Assert.False(await _store.Trim("history", blocks[3].FirstSequence, new byte[32], [1, 2, 3], default));
        Assert.False(await _store.Trim("history", blocks[3].FirstSequence + 10_000, blocks[3].PreviousHash, [],
            default));
        Assert.Equal(blocks.Count, (await _store.Hot.Read("history", 0, int.MaxValue, default)).Count);
        Assert.True(await _store.Trim("history", blocks[3].FirstSequence, blocks[3].PreviousHash, [], default));
        Assert.Equal(blocks[3].FirstSequence, (await _store.Hot.Read("history", 0, 1, default))[0].FirstSequence);
    }

    [Fact]
    public async Task A_segment_that_is_missing_or_of_which_a_bit_is_another_is_named_and_no_other_tenant_is_touched()
    {
        await Seal("history");
        var (file, right) = (Files().Single(), File.ReadAllBytes(Files().Single()));
        for (var at = 0; at < right.Length; at += at < 400 ? 1 : 7)
        {
            var changed = right.ToArray();
            changed[at] ^= (byte)(1 << at % 8);
            File.WriteAllBytes(file, changed);
            Assert.Contains(await _store.CheckSegments(default), finding =>
                finding.Contains(file, StringComparison.Ordinal) && finding.Contains("'history'",
                    StringComparison.Ordinal));
        }
        foreach (var length in (int[])[0, 10, right.Length / 2, right.Length - 1])
        {
            File.WriteAllBytes(file, right[..length]);
            Assert.Contains(await _store.Check(default), finding => finding.Contains(file, StringComparison.Ordinal));
            await Refused(_store, file);
        }
        File.Delete(file);
        await Refused(_store, "there is no segment of them in '" + Root);
        await Refused(new SegmentedStore(_store.Hot, null), "Metering:Journal:Segments");
        await Assert.ThrowsAsync<JournalCorruptException>(async () => await Erase("history", "u-5"));
        await Assert.ThrowsAsync<JournalCorruptException>(async () =>
            await new Sealer(_store).Seal("history", Instant.MaxValue, false, default));
        Assert.NotNull(await Recovery.Load(_store, "money", NullLogger.Instance, default));
        File.WriteAllBytes(file, right);
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task A_segment_in_the_middle_that_is_missing_or_anothers_is_named()
    {
        await CloseAll("busy");
        await new Sealer(_store) { SegmentSize = 40_000 }.Seal("busy", Instant.MaxValue, false, default);
        var files = Files().Order(StringComparer.Ordinal).ToList();
        var second = File.ReadAllBytes(files[1]);
        File.Delete(files[1]);
        Assert.Contains(await _store.Check(default),
            finding => finding.Contains("no segment", StringComparison.Ordinal));
        await Assert.ThrowsAsync<JournalCorruptException>(async () =>
            await _store.Read("busy", 0, int.MaxValue, default));
        File.WriteAllBytes(files[1], File.ReadAllBytes(files[0]));
        Assert.Contains(await _store.Check(default), finding => finding.Contains(files[1], StringComparison.Ordinal));
        File.WriteAllBytes(files[1], second);
        Assert.Empty(await _store.Check(default));
    }

    private async Task Refused(SegmentedStore store, string named)
    {
        var refused = await Assert.ThrowsAsync<JournalCorruptException>(async () =>
            await Recovery.Load(store, "history", NullLogger.Instance, default));
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        Assert.Contains("'history'", refused.Message, StringComparison.Ordinal);
    }

    private Task<SealedSum> Seal(string tenant) => new Sealer(_store).Seal(tenant, Instant.MaxValue, false, default);

    /// <summary>Ends the tenant's periods: then all but its newest block can be sealed.</summary>
    private async Task CloseAll(string tenant, TimeSpan? after = null)
    {
        var clock = new TransferSource.Clock { Now = TransferSource.End };
        await using var tenants = new LocalTenants(_store, new EngineOptions { DuePoll = TimeSpan.FromHours(1) },
            clock);
        await tenants.StartAsync();
        // A day at a time, each flushed by itself: what settled is in a block before the one in which its period closes.
        for (var end = clock.Now + (after ?? TimeSpan.FromDays(60)); clock.Now < end;)
        {
            clock.Now = Instant.Min(end, clock.Now + TimeSpan.FromDays(1));
            await tenants.Execute(tenant, new Command.Tick());
        }
        // What is many leaves in steps.
        for (var i = 0; i < 10; i++) await tenants.Execute(tenant, new Command.Archive());
        await tenants.Execute(tenant, Make.Report($"open-again {after}", clock.Now));
    }

    private async Task<Entry.PeriodClosed> Closed(string tenant)
    {
        foreach (var block in await _store.Read(tenant, 0, int.MaxValue, default))
            foreach (var bytes in Frames(block))
                if (EntryCodec.Read(bytes) is Entry.PeriodClosed closed) return closed;
        throw new InvalidOperationException("no period was closed");
    }

    private string[] Files() => [.. Directory.EnumerateFiles(Root, "*.segment", SearchOption.AllDirectories)];

    private static async Task<long> Entries(IStore store, string tenant) =>
        (await store.Read(tenant, 0, int.MaxValue, default)).Sum(block => (long)block.Count);

    private async Task<List<string?>> Customers(string tenant)
    {
        var head = (await _store.Load(tenant, default))!.Sequence;
        return [.. (await _store.Details(tenant, [.. Range(1, head)], default)).Select(row => row?.EndCustomer)];
    }

    private static string? Customer(byte[]? json) => json is null ? null
        : System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("end_customer").GetString();

    /// <summary>What the store says of every tenant's entries, however it is asked.</summary>
    private async Task<string> Chains()
    {
        var told = new StringBuilder();
        foreach (var tenant in await _store.List(null, 100, default))
        {
            var stored = (await _store.Load(tenant, default))!;
            told.AppendLine($"{tenant} {stored.Sequence} {Hex(stored.Hash)}");
            foreach (var limit in (int[])[1, 90, int.MaxValue])
                for (var after = 0L; after < stored.Sequence;)
                {
                    var page = (await _store.Read(tenant, after, limit, default))
                        .SelectMany(block => Frames(block).Select((bytes, i) => (At: block.FirstSequence + i, bytes)))
                        .Where(entry => entry.At > after && entry.At - after <= limit).ToList();
                    Assert.Equal(Range(after + 1, Math.Min(stored.Sequence, limit + after < 0 ? long.MaxValue
                        : after + limit)), page.Select(entry => entry.At));
                    told.AppendLine(Hex(SHA256.HashData(page.SelectMany(entry => entry.bytes).ToArray())));
                    after = page[^1].At;
                    if (limit == 1 && after > 30) break;
                }
            var folded = await Recovery.Load(_store, tenant, NullLogger.Instance, default);
            told.AppendLine(Hex(folded!.State.Digest()));
        }
        return told.ToString();
    }

    /// <summary>And what is apart, and the file that an export makes of all.</summary>
    private async Task<string> Told()
    {
        var told = new StringBuilder(await Chains());
        foreach (var tenant in await _store.List(null, 100, default))
        {
            told.AppendJoin(' ', (await Customers(tenant)).Select(one => one ?? "-")).AppendLine();
            await Listed(_store, tenant, told);
        }
        using var file = new MemoryStream();
        await Export.Write(_store, file, new TransferOptions
        {
            Time = new TransferSource.Clock { Now = TransferSource.End },
        }, default);
        // How entries are cut into lines means nothing, nor the order of what different tenants have to tell.
        var lines = Encoding.UTF8.GetString(file.ToArray()).Split('\n').ToLookup(line =>
            line.StartsWith("""{"outbox""", StringComparison.Ordinal));
        foreach (var line in lines[false].Concat(lines[true].Order(StringComparer.Ordinal)))
            if (!line.StartsWith("""{"block""", StringComparison.Ordinal)) told.AppendLine(line.Split("sha256")[0]);
        return told.ToString();
    }

    private static IEnumerable<long> Range(long first, long last)
    {
        for (var at = first; at <= last; at++) yield return at;
    }

    private static List<byte[]> Frames(EntryBlock block)
    {
        var frames = new List<byte[]>();
        var reader = new BlockReader(block.Entries);
        while (reader.TryRead(out var entry)) frames.Add(entry.ToArray());
        return frames;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private async Task<int> Erase(string tenant, string person)
    {
        var sequences = await _store.DetailsOf(tenant, person, default);
        await _store.Erase(tenant, sequences, default);
        return sequences.Count;
    }

    private sealed class DiedException : Exception;
}

public sealed class MemorySealingTests : SealingBehaviour
{
    private MemoryStore? _store;

    protected override IStore OpenHot() => _store = _store is null ? new MemoryStore() : MemoryStore.AfterCrash(_store);
}

public sealed class SqliteSealingTests : SealingBehaviour
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    protected override IStore OpenHot() => SqliteStore.Open(_directory);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
