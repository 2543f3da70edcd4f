using System.Globalization;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Allowance;

/// <summary>
/// The decision as fields that HTTP clients know (draft-ietf-httpapi-ratelimit-headers). Seconds are real seconds: a
/// tenant on a test clock whose limit resets in the past, as we see it, gets none. A quota of units is counted in units
/// of the question; one of money or credits in hundredths, which its <c>qu</c> says: how many units fit is in the body.
/// </summary>
internal static class RateLimitFields
{
    public static void Write(HttpResponse response, Decision decision, Instant now)
    {
        if (decision.Limit is { } limit)
        {
            var name = Ids.IsId(limit.Id) ? limit.Id : limit.Kind; // an outcome type's id may hold what a field may not
            var seconds = Seconds(now, limit.ResetsAt);
            var money = limit.Limit.IsMoney;
            var (quota, unit) = money ? (Hundredths(limit.Limit.Value), ";qu=\"hundredths\"") : (limit.Limit.Value, "");
            var rest = money ? Hundredths(Math.Max(0, limit.Limit.Value - limit.Used.Value)) : decision.Remaining ?? 0;
            response.Headers["RateLimit-Policy"] =
                string.Create(CultureInfo.InvariantCulture, $"\"{name}\";q={quota}{unit};w={Window(decision, limit)}");
            response.Headers["RateLimit"] = seconds > 0
                ? string.Create(CultureInfo.InvariantCulture, $"\"{name}\";r={rest};t={seconds}")
                : string.Create(CultureInfo.InvariantCulture, $"\"{name}\";r={rest}");
        }
        if (decision.Kind != DecisionKind.Allow && decision.RetryAt is { } at && Seconds(now, at) is var wait and > 0)
            response.Headers.RetryAfter = Text.Of(wait);
    }

    private static long Hundredths(long millionths) => millionths / 10_000;

    private static long Seconds(Instant now, Instant then) => (long)Math.Ceiling((then - now).TotalSeconds);

    // Nominal: a day of 24 hours, or the period's whole days.
    private static long Window(Decision decision, Binding limit)
    {
        if (limit.Period == CapPeriod.Day) return 86_400;
        var end = DateOnly.FromDateTime(limit.ResetsAt.ToDateTimeOffset().UtcDateTime.AddHours(12));
        return Math.Max(1, end.DayNumber - decision.Period.DayNumber) * 86_400L;
    }
}
