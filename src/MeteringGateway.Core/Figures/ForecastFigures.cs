namespace MeteringGateway.Core;

/// <summary>Where the open period leads at its present pace (Q2).</summary>
internal static class ForecastFigures
{
    /// <summary>Null: it would go beyond what an amount can be (N1).</summary>
    public static Forecast? Of(TenantState state, PeriodBook book, Instant now)
    {
        var (units, spend) = (Lines.OfOutcomes(state, book).Sum(line => line.Quantity), state.SpendOf(book));
        if (book != state.Open) return new Forecast(units, spend, new Projection(units, spend), []);
        try
        {
            var (pace, names) = (Pace.Of(state, now), new NamedValues(book, state.TermsAt(now)));
            var demand = Demand.Of(state, book, names);
            var (bounded, free) = (Course.Bounded(state, book, now), Course.Free(state, book, now));
            Go(state, book, now, pace, demand, names, bounded, free);
            return new Forecast(checked(units + bounded.Units), spend + bounded.Amount,
                new Projection(checked(units + free.Units), spend + free.Amount),
                Reached.Of(state, now, new Ahead(now, book.Period.End, bounded.Bound, demand.Count, BoundBy)));
        }
        catch (OverflowException)
        {
            return null;
        }

        IEnumerable<string> BoundBy(Instant until)
        {
            var (pace, names) = (Pace.Of(state, now).Until(now, until), new NamedValues(book, state.TermsAt(now)));
            var course = Course.Bounded(state, book, now);
            Go(state, book, now, pace, Demand.Of(state, book, names), names, course, null);
            return course.Bound;
        }
    }

    /// <summary>Outcomes in order of the types' ids, then activities.</summary>
    private static void Go(TenantState state, PeriodBook book, Instant now, Pace pace,
        IReadOnlyList<KeyValuePair<Mix, Asked>> demand, NamedValues names, Course bounded, Course? free)
    {
        var terms = state.TermsAt(now);
        foreach (var (mix, asked) in demand)
        {
            var coming = pace.Ahead(asked.Rated + asked.Refused);
            bounded.Go(mix, coming);
            free?.Go(mix, checked(asked.Refused + coming));
        }
        foreach (var group in (book.Activities ?? [])
            .GroupBy(counted => (counted.Key.Activity, Where: names.Of(counted.Key.Dimensions)))
            .OrderBy(group => new Mix(group.Key.Activity, group.Key.Where.Agent, group.Key.Where.Channel,
                group.Key.Where.Workflow, null)))
        {
            var activity = new Subject(group.Key.Activity, IsActivity: true, group.Key.Where);
            var (units, refused) = (0L, 0L);
            var fees = Amount.Zero;
            foreach (var (key, quantity) in group)
                if (key.Beyond) refused += quantity;
                else (units, fees) = (units + quantity, fees + key.Fee * quantity);
            var given = (terms.Activity(activity.What)?.Price ?? Amount.Zero) * refused;
            var more = new Amount(pace.Ahead((fees + given).Micros));
            bounded.Go(activity, pace.Ahead(units + refused), more);
            free?.Go(activity, 0, given + more);
        }
    }
}
