using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What a period's rating came to when it closed (F4).</summary>
/// <param name="Committed">What its outcomes used of each of its commitments, in the plan's order: units or an
/// amount.</param>
/// <param name="Sequence">Of the entry that closed it.</param>
/// <param name="Walk">How it came to that, so that it can be said what it would have come to otherwise; null after a
/// while.</param>
internal sealed record FinalRating(
    ImmutableArray<Line> Lines, ImmutableArray<Limit> Committed, Instant ClosedAt, long Sequence, ClosedWalk? Walk);

/// <summary>A closed period's units in the order in which they were rated, those of one kind in a row as one.</summary>
/// <param name="Grants">What there was when the period began.</param>
/// <param name="Removed">What was credited since: place and units, in order of place.</param>
internal sealed record ClosedWalk(
    ImmutableArray<Units> Units, ImmutableArray<GrantRoom> Grants, ImmutableArray<long> CommittedBefore,
    ImmutableArray<(long Place, long Units)> Removed)
{
    /// <summary>Rates what was not removed.</summary>
    public Tally Rate(Rater rater)
    {
        var tally = new Tally();
        var (place, next) = (0L, 0);
        foreach (var units in Units)
        {
            var (left, end) = (units.Quantity, place + units.Quantity);
            // What is removed lies wholly in one outcome, but an outcome may be part of a row.
            for (; next < Removed.Length && Removed[next].Place < end; next++) left -= Removed[next].Units;
            if (left > 0) rater.Step(tally, units with { Quantity = left }, null);
            place = end;
        }
        return tally;
    }

    public ClosedWalk Without(long place, long units)
    {
        var at = 0;
        while (at < Removed.Length && Removed[at].Place < place) at++;
        return this with { Removed = Removed.Insert(at, (place, units)) };
    }
}
