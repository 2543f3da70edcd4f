using System.Collections.Concurrent;
using System.Diagnostics;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Spans of what is done for a caller whose trace is recorded, and of nothing else (0020).</summary>
public sealed class TracingTests : IDisposable
{
    private const string Acme = "acme";
    private const string CallerName = "a caller of the engine";
    private static readonly ActivitySource Caller = new(CallerName);
    private readonly ConcurrentQueue<Activity> _spans = [];
    private readonly ActivityListener _listener;

    public TracingTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is CallerName or Tracing.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Source == Caller || options.Parent.TraceFlags == ActivityTraceFlags.Recorded
                    ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task What_one_flush_writes_for_many_is_in_the_trace_of_each()
    {
        await using var engine = await TestEngine.Start();
        using var gate = new Gate(engine.Store);
        foreach (var tenant in (string[])["a", "b"]) await engine.Tenants.Execute(tenant, Make.Tenant());
        gate.Close();
        var first = engine.Tenants.Execute("a", Make.Report("first")).AsTask();
        await gate.Arrived();
        var callers = ((string[])["a", "a", "b"]).Select((tenant, i) =>
        {
            using var caller = Caller.StartActivity("a call")!;
            return (caller.Context, Tenant: tenant,
                Done: engine.Tenants.Execute(tenant, Make.Report($"r-{i}")).AsTask());
        }).ToList();
        gate.Open();
        await Task.WhenAll(callers.Select(one => one.Done));
        await first;

        foreach (var (caller, tenant, done) in callers)
        {
            var turn = One(caller, "turn");
            Assert.Equal((caller.SpanId, tenant), (turn.ParentSpanId, turn.GetTagItem("metering.tenant")));
            var flush = One(caller, "flush");
            Assert.Equal((turn.SpanId, 3L), (flush.ParentSpanId, flush.GetTagItem("metering.flush.entries")));
            var sequence = Assert.IsType<Answer.Accepted>(await done).Sequence;
            Assert.Equal(flush.Context, engine.Tenants.Trails.Of(tenant, sequence));
        }
        Assert.Null(engine.Tenants.Trails.Of("a", Assert.IsType<Answer.Accepted>(await first).Sequence));
        Assert.Null(Activity.Current);
    }

    [Fact]
    public async Task What_was_not_written_says_so_and_leaves_nothing_to_those_who_tell_others()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant());
        engine.Store.Fault = _ => Fault.Unknown;
        using var caller = Caller.StartActivity("a call")!;
        await Assert.ThrowsAnyAsync<Exception>(async () => await engine.Tenants.Execute(Acme, Make.Report("lost")));
        engine.Store.Fault = _ => Fault.None;
        caller.Stop();

        Assert.Equal(ActivityStatusCode.Error, One(caller.Context, "flush").Status);
        var kept = Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Acme, Make.Report("kept")));
        Assert.Null(engine.Tenants.Trails.Of(Acme, kept.Sequence));
    }

    [Fact]
    public async Task What_happens_by_itself_and_what_nobody_records_has_no_spans()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(window: TimeSpan.FromHours(1))));
        using var recorded = Caller.StartActivity("a call")!;
        await engine.Tenants.Execute(Acme, Make.Report("a"));
        engine.Time.Advance(TimeSpan.FromHours(2));
        await TestEngine.Until(() => engine.Store.DurableSequence(Acme) > 2);
        Assert.Equal("turn flush", string.Join(' ',
            _spans.Where(span => span.TraceId == recorded.TraceId).Select(span => span.OperationName)));
        var told = engine.Store.DurableSequence(Acme);
        recorded.Stop();

        using (var unrecorded = new Activity("a call").SetParentId(ActivityTraceId.CreateRandom(),
            ActivitySpanId.CreateRandom(), ActivityTraceFlags.None).Start())
        {
            await engine.Tenants.Execute(Acme, Make.Report("b"));
            Assert.DoesNotContain(_spans, span => span.TraceId == unrecorded.TraceId);
        }
        Assert.NotNull(engine.Tenants.Trails.Of(Acme, 2));
        Assert.Null(engine.Tenants.Trails.Of(Acme, told));
        Assert.Null(engine.Tenants.Trails.Of(Acme, engine.Store.DurableSequence(Acme)));
    }

    [Fact]
    public void N4_so_many_entries_are_remembered_and_the_oldest_is_forgotten_first()
    {
        var trails = new Trails();
        var span = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(),
            ActivityTraceFlags.Recorded);
        trails.Add("a", 1, 1, span);
        trails.Add("b", 1, Trails.Most - 1, span);
        Assert.Equal(span, trails.Of("a", 1));

        trails.Add("b", Trails.Most, 1, span);
        Assert.Null(trails.Of("a", 1));
        Assert.Equal(span, trails.Of("b", 1));

        trails.Add("c", 1, 3 * Trails.Most, span);
        Assert.Null(trails.Of("b", Trails.Most));
        Assert.Null(trails.Of("c", 2 * Trails.Most));
        Assert.Equal(span, trails.Of("c", 2 * Trails.Most + 1));
    }

    [Fact]
    public void What_nobody_records_allocates_nothing()
    {
        Tracing.Follow(Tracing.Caller?.Context, "warm", ActivityKind.Internal, Acme);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) Tracing.Follow(Tracing.Caller?.Context, "turn", ActivityKind.Internal, Acme);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private Activity One(ActivityContext caller, string name) =>
        Assert.Single(_spans, span => span.TraceId == caller.TraceId && span.OperationName == name);
}
