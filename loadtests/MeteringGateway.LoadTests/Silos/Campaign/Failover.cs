using System.Diagnostics;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>How long tenants do not answer.</summary>
internal static class Failover
{
    private const string Question = """{"outcome_type":"support.resolution"}""";

    /// <summary>Asks each tenant through the other silos until it answers.</summary>
    /// <param name="since">Stopwatch ticks of the fault.</param>
    /// <param name="not">The silo that was struck.</param>
    /// <returns>Seconds from the fault to each tenant's answer; null where there was none within the time.</returns>
    public static async Task<double?[]> Of(IEnumerable<string> tenants, Caller caller, long since, int? not,
        TimeSpan within)
    {
        return await Task.WhenAll(
            tenants.Select((tenant, i) => Task.Run(() => Of(tenant, caller, since, not, within, new Random(i)))));
    }

    /// <summary>
    /// Asks each tenant through the other silos, again and again, until a second after <paramref name="ended"/>.
    /// </summary>
    /// <returns>Seconds from each tenant's one answer to its next, the longest.</returns>
    public static async Task<double[]> LongestWaits(IEnumerable<string> tenants, Caller caller, int not, Task ended)
    {
        var over = ended.ContinueWith(_ => Task.Delay(1000), TaskScheduler.Default).Unwrap();
        return await Task.WhenAll(tenants.Select((tenant, i) => Task.Run(async () =>
        {
            var (random, longest, last) = (new Random(i), 0d, Stopwatch.GetTimestamp());
            for (; !over.IsCompleted; await Task.Delay(10))
            {
                if (await Of(tenant, caller, Stopwatch.GetTimestamp(), not, TimeSpan.FromSeconds(60), random) is null)
                    return double.PositiveInfinity;
                longest = Math.Max(longest, Stopwatch.GetElapsedTime(last).TotalSeconds);
                last = Stopwatch.GetTimestamp();
            }
            return longest;
        })));
    }

    private static async Task<double?> Of(string tenant, Caller caller, long since, int? not, TimeSpan within,
        Random random)
    {
        while (Stopwatch.GetElapsedTime(since) < within)
        {
            if (await caller.Send(HttpMethod.Post, $"/v1/tenants/{tenant}/check", Question, "application/json", random,
                not: not) is { Status: 200 })
                return Stopwatch.GetElapsedTime(since).TotalSeconds;
            await Task.Delay(20);
        }
        return null;
    }
}
