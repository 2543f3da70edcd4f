using System.Diagnostics.Metrics;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Snapshots are taken in parts while turns go on, and whatever becomes of one, nothing is lost.</summary>
public sealed class SnapshotTests
{
    private const string Acme = "acme";

    private static readonly EngineOptions Small = new() { SnapshotEntries = 50, SnapshotPart = 500 };

    [Fact]
    public async Task A_snapshot_is_of_one_sequence_though_turns_go_on_between_its_parts()
    {
        await using var engine = await TestEngine.Start(options: Small);
        await engine.Tenants.Execute(Acme, Make.Tenant());
        for (var i = 0; i < 30; i++) await engine.Tenants.Execute(Acme, Make.Report($"a{i}"));
        var (parts, between) = (0, 0);
        engine.Store.BeforePart = async part =>
        {
            if (engine.Store.SnapshotsSaved > 0) return;
            parts = part + 1;
            if (part != 2) return;
            // What is asked meanwhile is answered meanwhile, the tenant's own turns included.
            for (; between < 20; between++)
                Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Acme, Make.Report($"b{between}")));
            Assert.NotNull(await engine.Tenants.Outcome(Acme, "b0"));
        };
        for (var i = 30; i < 50; i++) await engine.Tenants.Execute(Acme, Make.Report($"a{i}"));
        await TestEngine.Until(() => engine.Store.SnapshotsSaved > 0);
        Assert.True(parts > 5, $"{parts} parts");
        Assert.Equal(20, between);
        var digest = await engine.Tenants.Digest(Acme);

        await using var next = await engine.Crash();

        Assert.Equal(digest, await next.Tenants.Digest(Acme));
        Assert.InRange(next.Tenants.EntriesReplayed, 20, 45);
        Assert.Equal(70, (await next.Tenants.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
    }

    [Fact]
    public async Task A_crash_between_the_parts_of_a_snapshot_leaves_the_one_before_in_force()
    {
        await using var engine = await TestEngine.Start(options: Small);
        await engine.Tenants.Execute(Acme, Make.Tenant());
        for (var i = 0; i < 60; i++) await engine.Tenants.Execute(Acme, Make.Report($"a{i}"));
        await TestEngine.Until(() => engine.Store.SnapshotsSaved == 1);
        var first = (await engine.Store.Load(Acme, default))!.Snapshot!.Sequence;
        var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Store.BeforePart = part =>
        {
            if (part != 3) return Task.CompletedTask;
            cut.TrySetResult();
            throw new IOException("the process is gone");
        };
        var last = 0L;
        for (var i = 0; i < 1_000 && !cut.Task.IsCompleted; i++)
        {
            var answer = await engine.Tenants.Execute(Acme, Make.Report($"b{i}"));
            last = answer.Sequence;
        }
        await cut.Task;

        await using var next = await TestEngine.Start(MemoryStore.AfterCrash(engine.Store));

        var stored = (await next.Store.Load(Acme, default))!;
        Assert.Equal(first, stored.Snapshot!.Sequence);
        Assert.Equal(stored.Sequence, (await next.Tenants.Tenant(Acme))!.Sequence);
        Assert.True(stored.Sequence >= last);
        Assert.Equal(stored.Sequence - first, next.Tenants.EntriesReplayed);
    }

    [Fact]
    public async Task A_snapshot_that_could_not_be_stored_is_counted_and_tried_again_later()
    {
        await using var engine = await TestEngine.Start(options: Small);
        using var failures = new Failures();
        engine.Store.LosesSnapshots = true;
        await engine.Tenants.Execute(Acme, Make.Tenant());
        for (var i = 0; i < 60; i++) await engine.Tenants.Execute(Acme, Make.Report($"a{i}"));
        await TestEngine.Until(() => engine.Store.SnapshotsLost > 0 && failures.Count > 0);
        var bytes = engine.Tenants.BytesToLoad(Acme);
        engine.Store.LosesSnapshots = false;
        await engine.Tenants.Execute(Acme, Make.Report("b"));
        Assert.True(engine.Tenants.BytesToLoad(Acme) > bytes); // what is to be loaded is what it was, and more
        Assert.Equal(0, engine.Store.SnapshotsSaved);

        for (var i = 0; i < 10_000 && engine.Store.SnapshotsSaved == 0; i++)
        {
            engine.Time.Advance(SnapshotWriter.TryAgainAfter);
            await engine.Tenants.Execute(Acme, Make.Report($"c{i}"));
        }
        Assert.True(engine.Store.SnapshotsSaved > 0);
        Assert.Equal(1, engine.Store.SnapshotsLost);
    }

    [Fact]
    public async Task A_state_that_is_larger_than_a_snapshot_can_be_goes_on_without_one()
    {
        await using var engine =
            await TestEngine.Start(options: new EngineOptions { SnapshotEntries = 802, SnapshotPart = 1 });
        using var failures = new Failures();
        await engine.Tenants.Execute(Acme, Make.Tenant());
        await engine.Tenants.Execute(Acme, [.. Enumerable.Range(0, 800).Select(i => Make.Report($"a{i}"))]);
        // It may be in the snapshot or not, as it may be durable by then or not: it is too large without it, too.
        await engine.Tenants.Execute(Acme, Make.Report("802nd entry"));
        await TestEngine.Until(() => failures.Count > 0);

        Assert.Equal(0, engine.Store.SnapshotsSaved);
        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Acme, Make.Report("b")));
        await using var next = await engine.Crash();
        Assert.Equal(802, (await next.Tenants.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
    }

    /// <summary>What the counter of snapshots that failed has counted.</summary>
    private sealed class Failures : IDisposable
    {
        private readonly MeterListener _listener = new();
        private int _count;

        public Failures()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == Instruments.SnapshotsFailed) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, by, _, _) => Interlocked.Add(ref _count, (int)by));
            _listener.Start();
        }

        public int Count => Volatile.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
