using System.Runtime.CompilerServices;

namespace MeteringGateway.Core;

/// <summary>What rating asks of the table.</summary>
internal sealed partial class OutcomeTable
{
    /// <summary>It counts toward caps (<see cref="Outcome.IsRated"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsRated(int place)
    {
        ref readonly var row = ref RowAt(place);
        return row.Kind == OutcomeRow.Whole ? _whole![place].IsRated
            : row.Admitted && row.Status is OutcomeStatus.Pending or OutcomeStatus.Billable;
    }

    /// <summary>Places of a period's outcomes that are rated, in the order in which they were reported.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public List<int> RatedIn(DateOnly period)
    {
        var (rated, places) = (new List<int>(), Places);
        for (var place = 0; place < places; place++)
            if (PeriodAt(place) == period && IsRated(place)) rated.Add(place);
        return rated;
    }

    /// <summary>What its rating looks at.</summary>
    public RatedOutcome Rated(int place)
    {
        ref var row = ref RowAt(place);
        return row.Kind == OutcomeRow.Whole ? RatedOutcome.Of(_whole![place])
            : new RatedOutcome(_kinds[row.Kind], row.Quantity, new Instant(row.Time), row.Day);
    }

    /// <summary>
    /// How many of these are rated as the first, one after the other: of one kind, and of one day. Compiled in full at
    /// once: of a tenant that was read it looks at all.
    /// </summary>
    /// <param name="places">Complements are of no row.</param>
    /// <param name="quantity">Units of all of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int CountAlike(ReadOnlySpan<int> places, out long quantity)
    {
        ref readonly var first = ref RowAt(places[0]);
        quantity = first.Quantity;
        var count = 1;
        for (; count < places.Length && places[count] >= 0; count++)
        {
            ref readonly var row = ref RowAt(places[count]);
            if (row.Kind != first.Kind || row.Day != first.Day) break;
            quantity += row.Quantity;
        }
        return count;
    }
}
