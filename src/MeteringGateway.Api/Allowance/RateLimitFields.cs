using System.Globalization;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Allowance;

/// <summary>
/// The decision as fields that HTTP clients know (draft-ietf-httpapi-ratelimit-headers). Seconds are those of the
/// tenant's clock, as every time in the answer is (T5). A quota of units is counted in units of the question; one of
/// money or credits in hundredths, which its <c>qu</c> says: how many units fit is in the body.
/// </summary>
internal static class RateLimitFields
{
    public static void Write(HttpResponse response, Decision decision)
    {
        if (decision.Limit is { } limit)
        {
            var name = Ids.IsId(limit.Id) ? limit.Id : limit.Kind; // an outcome type's id may hold what a field may not
            var seconds = Seconds(decision, limit.ResetsAt);
            var money = limit.Limit.IsMoney;
            var (quota, unit) = money ? (Hundredths(limit.Limit.Value), ";qu=\"hundredths\"") : (limit.Limit.Value, "");
            var rest = money ? Hundredths(Math.Max(0, limit.Limit.Value - limit.Used.Value)) : decision.Remaining ?? 0;
            response.Headers["RateLimit-Policy"] =
                string.Create(CultureInfo.InvariantCulture, $"\"{name}\";q={quota}{unit};w={Window(decision, limit)}");
            response.Headers["RateLimit"] = seconds > 0
                ? string.Create(CultureInfo.InvariantCulture, $"\"{name}\";r={rest};t={seconds}")
                : string.Create(CultureInfo.InvariantCulture, $"\"{name}\";r={rest}");
        }
        if (decision.Kind != DecisionKind.Allow && decision.RetryAt is { } at
            && Seconds(decision, at) is var wait and > 0)
            response.Headers.RetryAfter = Text.Of(wait);
    }

    public static RouteHandlerBuilder SendsRateLimits(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(
        new SendsField("RateLimit-Policy", "What binds most: its limit and its window. Absent when nothing binds."),
        new SendsField("RateLimit", "What is left of it, and for how long. Absent when nothing binds."),
        new SendsField("Retry-After", "Seconds until it may be otherwise. Absent when it is allowed, or unknown."));

    private static long Hundredths(long millionths) => millionths / 10_000;

    private static long Seconds(Decision decision, Instant then) =>
        decision.At is { } now ? (long)Math.Ceiling((then - now).TotalSeconds) : 0;

    // Nominal: a day of 24 hours, or the period's whole days.
    private static long Window(Decision decision, Binding limit)
    {
        if (limit.Period == CapPeriod.Day) return 86_400;
        var end = DateOnly.FromDateTime(limit.ResetsAt.ToDateTimeOffset().UtcDateTime.AddHours(12));
        return Math.Max(1, end.DayNumber - decision.Period.DayNumber) * 86_400L;
    }
}
