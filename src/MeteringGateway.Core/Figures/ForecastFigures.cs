namespace MeteringGateway.Core;

/// <summary>Where the open period leads at its present pace (Q2).</summary>
internal static class ForecastFigures
{
    private static readonly TimeSpan ADay = TimeSpan.FromDays(1);
    private static readonly TimeSpan AnHour = TimeSpan.FromHours(1);

    /// <summary>The units of each type at the present pace, walked after the others; fees grow in proportion.</summary>
    public static Forecast Of(TenantState state, PeriodBook book, Instant now)
    {
        var spend = state.SpendOf(book);
        if (book != state.Open)
            return new Forecast(Lines.OfOutcomes(state, book).Sum(line => line.Quantity), spend, []);
        var since = Instant.Max(book.Period.Start, state.CreatedAt);
        var (gone, ahead) = (Gone(since, now, ADay), Math.Max(0, (book.Period.End - now).Ticks));
        var rating = state.RatingOf(book);
        var ends = rating.Tail.Copy();
        var (units, more) = (0L, Amount.Zero);
        var index = state.TermsIndexAt(now);
        foreach (var type in state.Terms.OutcomeTypes.OrderBy(type => type.Id, StringComparer.Ordinal))
        {
            var rates = rating.Rater.RatesOf(index, type.Id);
            var coming = Growth(rating.Tail[rates.Units], gone, ahead);
            units += rating.Tail[rates.Units] + coming;
            var times = new Units(index, type.Id, Pricing.NoClass, coming, now);
            if (coming > 0) more += rating.Rater.Step(ends, times, null);
        }
        foreach (var activity in UsageFigures.ActivitiesOf(book))
            more += new Amount(Growth(activity.Amount.Micros, gone, ahead));
        return new Forecast(units, spend + more,
            [.. book.Caps.Select(cap => new CapForecast(cap.Cap.Id, ReachedAt(state, cap, now)))]);
    }

    /// <summary>A pace is not taken from less than a while: the first minute says nothing of a month.</summary>
    private static long Gone(Instant since, Instant now, TimeSpan least) => Math.Max((now - since).Ticks, least.Ticks);

    private static long Growth(long sofar, long gone, long ahead) => checked((long)((Int128)sofar * ahead / gone));

    /// <summary>When its exposure, growing as it has, is at the limit; null: not in its period.</summary>
    private static Instant? ReachedAt(TenantState state, CapBook cap, Instant now)
    {
        var (day, period) = (state.CurrentDay(now), state.Open.Period);
        var (start, end) = cap.Cap.Period == CapPeriod.BillingPeriod ? (period.Start, period.End)
            : (day == 0 ? period.Start : period.DayEnd(day - 1), period.DayEnd(day));
        start = Instant.Max(start, state.CreatedAt);
        var exposure = state.ExposureOf(state.Open, cap, day, now).All;
        var left = cap.Cap.Limit.Value - exposure;
        if (left <= 0) return now;
        var gone = Gone(start, now, cap.Cap.Period == CapPeriod.BillingPeriod ? ADay : AnHour)
            / TimeSpan.TicksPerMillisecond;
        if (exposure <= 0) return null;
        var ahead = ((Int128)left * gone + exposure - 1) / exposure;
        return ahead > (end - now).Ticks / TimeSpan.TicksPerMillisecond ? null
            : new Instant(now.UnixMilliseconds + (long)ahead) is var at && at < end ? at : null;
    }
}
