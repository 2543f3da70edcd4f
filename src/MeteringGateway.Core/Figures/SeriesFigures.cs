using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>Usage by hour (UTC) or by local day (Q3), where there was any.</summary>
/// <param name="HoursKeptFrom">Nothing is kept of before; null: it is by day.</param>
/// <param name="DaysKeptFrom">The same, where it is by day.</param>
/// <param name="Zone">Of the open period's days; UTC by hour.</param>
public sealed record UsageSeries(string Currency, long Sequence, Instant? HoursKeptFrom, DateOnly? DaysKeptFrom,
    ImmutableArray<SeriesPoint> Points, string Zone);

/// <param name="Hour">Its start; null: it is a day.</param>
/// <param name="Day">Local date in the zone of its period; null: it is an hour.</param>
/// <param name="Spend">What its outcomes come to as they are rated now (F4); null: by hour, or before the open period.
/// </param>
public sealed record SeriesPoint(Instant? Hour, DateOnly? Day, ImmutableArray<SeriesValue> Values, Amount? Spend);

/// <param name="Id">Null: it was not told; or it is among the <paramref name="Others"/>.</param>
/// <param name="Others">Everything beyond the values that are told apart.</param>
/// <param name="Listed">Settled units at the list price; null: more than an amount can be.</param>
public sealed record SeriesValue(string? Id, bool Others, long Reported, long Settled, Amount? Listed);

/// <summary>Which part of a series.</summary>
/// <param name="From">First hour, or day; days are told by their start in UTC.</param>
/// <param name="To">Before which it ends.</param>
public sealed record SeriesQuestion(bool ByHour, Instant From, Instant To, SeriesGroup Group);

public static class SeriesReport
{
    public static UsageSeries Series(this TenantState state, SeriesQuestion question)
    {
        var open = state.Open.Period;
        var byHour = question.ByHour;
        var spent = byHour ? [] : SpentByDay(state);
        var points = byHour
            ? state.SeriesKept?.Read(byHour, Core.Series.HourOf(question.From), Core.Series.HourOf(question.To),
                question.Group)
            : state.SeriesKept?.Read(byHour, DayOf(question.From), DayOf(question.To), question.Group);
        return new UsageSeries(state.Terms.Currency, state.Sequence,
            byHour ? Core.Series.StartOf(Core.Series.FirstHour(open)) : null,
            byHour ? null : DateOnly.FromDayNumber(Core.Series.FirstDay(open)),
            [.. (points ?? []).Select(point => new SeriesPoint(
                byHour ? Core.Series.StartOf(point.At) : null, byHour ? null : DateOnly.FromDayNumber(point.At),
                [.. point.Cells.Select(one => new SeriesValue(one.Value, one.Others, one.Cell.Reported,
                    one.Cell.Settled, AmountOf(one.Cell.Listed)))],
                spent.TryGetValue(point.At, out var spend) ? spend : null))],
            byHour ? "UTC" : state.ZoneOf(state.Open));
    }

    /// <summary>Of each day of the open period, by its number.</summary>
    private static Dictionary<int, Amount> SpentByDay(TenantState state)
    {
        var (period, rating) = (state.Open.Period, state.RatingOf(state.Open));
        var (spent, before) = (new Dictionary<int, Amount>(), Amount.Zero);
        for (var day = 0; day < period.Days.Length; day++)
        {
            var until = rating.ChargedBefore(period.DayEnd(day));
            spent[period.Id.DayNumber + day] = until - before;
            before = until;
        }
        return spent;
    }

    private static int DayOf(Instant time) =>
        DateOnly.FromDateTime(time.ToDateTimeOffset().UtcDateTime).DayNumber;

    private static Amount? AmountOf(Int128 micros) =>
        micros <= long.MaxValue && micros >= long.MinValue ? new Amount((long)micros) : null;
}
