using System.Collections.Immutable;

namespace MeteringGateway.Core;

public sealed partial class Turn
{
    /// <summary>Everything that is due by now, in order of (time, kind, id), each as of its own time (T1).</summary>
    private void FireDue()
    {
        while (state.Upcoming() is { } due && due.At <= now) Fire(due);
    }

    private void Fire(Due due)
    {
        var until = now;
        now = Instant.Max(due.At, state.Now);
        switch (due.Kind)
        {
            case DueKind.Window: Evaluate(GroupOf(state.Find(due.Id)!)); break;
            case DueKind.Reservation: Add(new Entry.ReservationExpired(due.Id) { At = now }); break;
            case DueKind.Day: Add(new Entry.DayStarted(state.Open.Period.Id, state.Open.Period.DayOf(due.At)) { At = now }); break;
            case DueKind.PeriodEnd: StartPeriod(); break;
            case DueKind.PeriodClose: ClosePeriod(DateOnly.ParseExact(due.Id, "O")); break;
        }
        Signal();
        now = until;
    }

    private void StartPeriod()
    {
        var ended = state.Open.Period;
        Add(new Entry.PeriodStarted(calendar(state.Zone, state.AnchorDay, ended.End, ended.End)) { At = now });
    }

    private void ClosePeriod(DateOnly id)
    {
        var book = state.Book(id)!;
        var ratings = ImmutableArray.CreateBuilder<RatedType>();
        foreach (var type in book.Types)
        {
            var rating = state.RatingOf(book, type.Id);
            ratings.Add(new RatedType(type.Id, rating.Units, rating.Included, rating.Amount));
        }
        Add(new Entry.PeriodClosed(id, ratings.ToImmutable()) { At = now });
    }

    /// <summary>T5: forward only, and everything on the way happens in order.</summary>
    private Answer Advance(Instant to)
    {
        if (state.TestClock is null) return Refuse(Refusal.NotATestClock, "the tenant lives in real time");
        if (to < state.Now) return Refuse(Refusal.ClockRunsBack, $"the clock stands at {state.Now} and moves only forward");
        now = to;
        FireDue();
        return to > state.Now ? Add(new Entry.ClockAdvanced { At = to, Actor = actor }) : new Answer.Done();
    }
}
