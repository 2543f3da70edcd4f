using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>What is configured is written one after the other, and whoever waits holds no thread.</summary>
public sealed class WriteGateTests
{
    [Fact]
    public async Task Of_many_documents_at_once_one_holds_a_thread_while_the_disk_is_busy()
    {
        const int most = 20;
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using var store = SqliteStore.Open(directory);
        var writes = new Task<bool>[most];
        var free = 0;
        List<Thread> threads;
        using (var other = new Connection(Path.Combine(directory, "metering.db"), write: true))
        {
            other.Execute("BEGIN IMMEDIATE");
            threads = [.. Enumerable.Range(0, most).Select(i => new Thread(() =>
            {
                writes[i] = store.Put(new Document("kind", $"d-{i}", 1, new Instant(0), "test", [1]), default).AsTask();
                Interlocked.Increment(ref free);
            }))];
            threads.ForEach(thread => thread.Start());
            // Before the disk is free again: all but the one that writes have their threads back.
            SpinWait.SpinUntil(() => Volatile.Read(ref free) == most - 1, TimeSpan.FromSeconds(5));
            var before = Volatile.Read(ref free);
            other.Execute("ROLLBACK");
            threads.ForEach(thread => thread.Join());
            Assert.Equal(most - 1, before);
        }
        Assert.All(await Task.WhenAll(writes), Assert.True);
        Assert.Equal(most, (await store.Documents("kind", default)).Count);
    }
}
