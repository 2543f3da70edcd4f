using System.Diagnostics;

namespace MeteringGateway.Engine;

/// <summary>A turn whose caller's trace is recorded, and the entries that it took.</summary>
internal readonly record struct TracedTurn(ActivityContext Turn, long FirstSequence, int Count);

/// <summary>One flush is of many traces: a span below each turn that it writes.</summary>
internal sealed class FlushSpans
{
    private readonly Trails _trails;
    private readonly List<(int Batch, string Tenant, TracedTurn Turn, Activity Span)> _open = [];

    private FlushSpans(Trails trails) => _trails = trails;

    /// <summary>
    /// Before the write, so that whoever reads what it wrote finds where that came from. Null: nobody's trace.
    /// </summary>
    public static FlushSpans? Begin(List<Pending> waiting, long entries, Trails trails)
    {
        FlushSpans? spans = null;
        for (var i = 0; i < waiting.Count; i++)
            foreach (var turn in waiting[i].Traced ?? [])
                (spans ??= new FlushSpans(trails)).Begin(i, waiting[i].Host.Id, turn, entries);
        return spans;
    }

    private void Begin(int batch, string tenant, in TracedTurn turn, long entries)
    {
        if (Tracing.Follow(turn.Turn, "flush", ActivityKind.Internal, tenant) is not { } span) return;
        span.SetTag("metering.entries", turn.Count).SetTag("metering.flush.entries", entries);
        _trails.Add(tenant, turn.FirstSequence, turn.Count, span.Context);
        _open.Add((batch, tenant, turn, span));
    }

    /// <param name="results">Of each batch; empty: nothing of them was written.</param>
    public void End(IReadOnlyList<AppendResult> results)
    {
        // The last one first: each gives back what was current when it began.
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            var (batch, tenant, turn, span) = _open[i];
            if (results.Count == 0 || results[batch] != AppendResult.Written)
            {
                _trails.Remove(tenant, turn.FirstSequence, turn.Count);
                span.SetStatus(ActivityStatusCode.Error, "not written");
            }
            span.Dispose();
        }
    }
}
