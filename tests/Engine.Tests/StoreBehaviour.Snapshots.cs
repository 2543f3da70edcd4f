namespace MeteringGateway.Engine.Tests;

public abstract partial class StoreBehaviour
{
    [Fact]
    public async Task A_snapshot_takes_the_place_of_the_one_before_and_of_what_came_before_it()
    {
        var first = Batches.Of("acme", null, "one", "two");
        await Append(first);
        await Append(Batches.Of("acme", first, "three", "four"));
        var large = Enumerable.Range(0, 5).Select(i => new byte[(100 << 10) + i]).ToList();
        foreach (var part in large) new Random(part.Length).NextBytes(part);
        await _store.SaveSnapshot("acme", new StoredSnapshot(1, Batches.Of("acme", null, "one").LastHash, [[9]]),
            default);
        await _store.SaveSnapshot("acme", new StoredSnapshot(3, Batches.Of("acme", first, "three").LastHash, large),
            default);
        await _store.SaveSnapshot("acme", new StoredSnapshot(2, first.LastHash, [[7], [8]]), default); // late, and older
        await Reopen();

        var stored = await _store.Load("acme", default);
        Assert.Equal(3, stored!.Snapshot!.Sequence);
        Assert.Equal(large, stored.Snapshot.Parts);
        Assert.Equal(["three", "four"], stored.Tail.SelectMany(Batches.Texts)); // whole blocks
        Assert.Equal(["one", "two", "three", "four"],
            (await _store.Read("acme", 0, 100, default)).SelectMany(Batches.Texts));
        Assert.Equal(["one", "two"], (await _store.Read("acme", 1, 1, default)).SelectMany(Batches.Texts));
    }

    [Fact]
    public async Task A_snapshot_that_breaks_off_between_its_parts_leaves_the_one_before_in_force()
    {
        var first = Batches.Of("acme", null, "one", "two");
        await Append(first);
        await Append(Batches.Of("acme", first, "three"));
        StoredSnapshot before = new(1, Batches.Of("acme", null, "one").LastHash, [[1], [2]]),
            after = new(3, Batches.Of("acme", first, "three").LastHash, [[3], [4], [5]]);
        Assert.True(await _store.SaveSnapshot("acme", before, default));

        // Whoever makes the parts is told to stop, or cannot go on.
        using var stopping = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.SaveSnapshot("acme",
            after with { Parts = after.Parts.Take(2).Select((part, i) => { if (i == 1) stopping.Cancel(); return part; })
                .Concat(after.Parts.Skip(2)) }, stopping.Token));
        await Assert.ThrowsAsync<SnapshotTooLargeException>(async () => await _store.SaveSnapshot("acme",
            after with { Parts = after.Parts.Take(2).Concat(Fails()) }, default));
        await Reopen();

        var stored = (await _store.Load("acme", default))!.Snapshot!;
        Assert.Equal(1, stored.Sequence);
        Assert.Equal(before.Parts, stored.Parts);
        // The next is whole, with nothing of what broke off in it.
        Assert.True(await _store.SaveSnapshot("acme", after with { Parts = [[6], [7]] }, default));
        stored = (await _store.Load("acme", default))!.Snapshot!;
        Assert.Equal((3, 2), (stored.Sequence, stored.Parts.Count()));
        Assert.Equal([[6], [7]], stored.Parts);
        // One of the same sequence is there: its parts are not written over.
        Assert.True(await _store.SaveSnapshot("acme", after with { Parts = [[8]] }, default));
        Assert.Equal([[6], [7]], (await _store.Load("acme", default))!.Snapshot!.Parts);

        static IEnumerable<byte[]> Fails()
        {
            yield return [5];
            throw new SnapshotTooLargeException("acme");
        }
    }

    [Fact]
    public async Task A_snapshot_of_all_entries_leaves_no_tail()
    {
        var first = Batches.Of("acme", null, "one", "two");
        var second = Batches.Of("acme", first, "three");
        await Append(first);
        await _store.SaveSnapshot("acme", new StoredSnapshot(2, first.LastHash, [[7]]), default);
        Assert.Empty((await _store.Load("acme", default))!.Tail);

        await Append(second);

        Assert.Equal(["three"], (await _store.Load("acme", default))!.Tail.SelectMany(Batches.Texts));
    }
}
