namespace MeteringGateway.Engine.Tests;

/// <summary>A snapshot in parts.</summary>
public sealed partial class SqliteStoreTests
{
    /// <summary>No transaction lasts from the first to the last: of a snapshot that another takes the place of
    /// meanwhile the last part is missing, and no part is another's.</summary>
    [Fact]
    public async Task Parts_of_a_large_snapshot_are_read_when_they_are_asked_for()
    {
        var first = Batches.Of("acme", null, "one", "two");
        await Append(first);
        byte[][] parts = [.. Enumerable.Range(1, 9).Select(i => Enumerable.Repeat((byte)i, 100_000).ToArray())];
        await _store.SaveSnapshot("acme", new StoredSnapshot(1, Batches.Of("acme", null, "one").LastHash, parts),
            default);
        var stored = (await _store.Load("acme", default))!.Snapshot!;
        for (var time = 0; time < 2; time++)
        {
            var given = new List<byte[]>();
            stored.Each(part => given.Add(part.ToArray()));
            Assert.Equal(parts, given);
            Assert.Equal(parts, stored.Parts);
        }

        using var read = stored.Parts.GetEnumerator();
        for (var i = 0; i < 6; i++) Assert.True(read.MoveNext());
        Assert.Equal(parts[5], read.Current);
        await _store.SaveSnapshot("acme", new StoredSnapshot(2, first.LastHash, [.. parts.Reverse()]), default);
        Assert.False(read.MoveNext());
        var newest = (await _store.Load("acme", default))!.Snapshot!;
        Assert.Equal(parts.Reverse(), newest.Parts);

        // Whoever still reads when the store is closed is told, and holds nothing open.
        var closed = Assert.Throws<ObjectDisposedException>(() => newest.Each(part =>
        {
            if (part[0] == 3) _store.DisposeAsync().AsTask().Wait();
        }));
        Assert.Equal(typeof(SqliteStore).FullName, closed.ObjectName);
        Assert.False(File.Exists(Path.Combine(_directory, "metering.db-wal")));
    }
}
