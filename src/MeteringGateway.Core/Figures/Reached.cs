using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>When caps were reached, or will be (Q2).</summary>
internal static class Reached
{
    private static readonly TimeSpan ADay = TimeSpan.FromDays(1);
    private static readonly TimeSpan AnHour = TimeSpan.FromHours(1);

    public static ImmutableArray<CapForecast> Of(TenantState state, Instant now, Ahead ahead)
    {
        var caps = state.Open.Caps;
        var told = Told(state, caps);
        return [.. caps.Select(cap => new CapForecast(cap.Cap.Id,
            At(state, cap, told.TryGetValue(cap.Cap.Id, out var at) ? at : null, now, ahead)))];
    }

    /// <param name="told">When its signal said so, if it did.</param>
    private static Instant? At(TenantState state, CapBook cap, Instant? told, Instant now, Ahead ahead)
    {
        var (day, daily) = (state.CurrentDay(now), cap.Cap.Period == CapPeriod.Day);
        var (start, end) = (daily && day > 0 ? state.Open.Period.DayEnd(day - 1) : state.Open.Period.Start,
            daily ? state.Open.Period.DayEnd(day) : state.Open.Period.End);
        start = Instant.Max(start, state.CreatedAt);
        var (counted, limit) = (state.ExposureOf(state.Open, cap, day, now).Counted, cap.Cap.Limit.Value);
        var notifies = cap.Cap.AtLimit.Action == LimitAction.Notify;
        if (!notifies && IsAtLimit(cap.Cap, cap.State) && told is { } then) return Instant.Max(start, then);
        if (counted >= limit)
        {
            // Of one that only notifies, a threshold may have been told before: then its pace says when.
            if (told is { } warned && !HasThreshold(state, cap.Cap)) return Instant.Max(start, warned);
            var since = (now - start).Ticks / TimeSpan.TicksPerMillisecond;
            return start + TimeSpan.FromMilliseconds(counted == 0 ? 0 : (long)((Int128)since * limit / counted));
        }
        // What money buys is not in proportion: included units come first, tiers change the price.
        if (cap.Cap.Limit.IsMoney && !daily && !notifies) return ahead.FirstWithoutRoom(cap.Cap.Id);
        if (counted <= 0) return null;
        var gone = Math.Max((now - start).Ticks, (daily ? AnHour : ADay).Ticks) / TimeSpan.TicksPerMillisecond;
        var more = ((Int128)(limit - counted) * gone + counted - 1) / counted;
        return more > (end - now).Ticks / TimeSpan.TicksPerMillisecond ? null
            : new Instant(now.UnixMilliseconds + (long)more) is var at && at < end ? at : null;
    }

    /// <summary>Of every cap whose last signals say that it is at its limit: the first of these.</summary>
    private static Dictionary<string, Instant> Told(TenantState state, List<CapBook> caps)
    {
        var told = new Dictionary<string, Instant>(StringComparer.Ordinal);
        var open = caps.ToDictionary(cap => cap.Cap.Id, cap => cap.Cap, StringComparer.Ordinal);
        var signals = state.SignalsAfter(0);
        for (var i = signals.Count - 1; i >= 0 && open.Count > 0; i--)
        {
            var signal = signals[i];
            if (signal.Cap is null || !open.TryGetValue(signal.Cap, out var cap)) continue;
            if (IsAtLimit(cap, signal.State)) told[cap.Id] = signal.At;
            else open.Remove(cap.Id);
        }
        return told;
    }

    private static bool IsAtLimit(Cap cap, LimitState state) =>
        state >= (cap.AtLimit.Action == LimitAction.Notify ? LimitState.Warned : LimitState.Paused);

    private static bool HasThreshold(TenantState state, Cap cap) =>
        state.ThresholdBooks.Any(book => book.Threshold.IsOf(cap));
}
