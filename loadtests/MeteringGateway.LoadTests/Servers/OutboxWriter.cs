using System.Globalization;
using MeteringGateway.Sdk;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// An agent runtime that does nothing but report through an outbox, to be killed: it prints each id once the outbox has
/// said that it keeps it.
/// </summary>
public static class OutboxWriter
{
    private const int AtOnce = 8;

    /// <param name="first">Number of the first id; the next ones follow, for as long as it runs.</param>
    public static async Task<int> Run(string file, string address, string key, string tenant, string first)
    {
        var options = new MeteringOptions { Address = new Uri(address), Key = key, OutboxFile = file };
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        await using var outbox = new Outbox(new MeteringClient(http, options), options);
        var next = int.Parse(first, CultureInfo.InvariantCulture);
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Report()));
        return 0;

        async Task Report()
        {
            for (; ; )
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"c-{Interlocked.Increment(ref next)}");
                if (await outbox.EnqueueAsync(new OutcomeReport(tenant, "support.resolution") { Id = id })
                    == OutboxResult.Kept)
                    Console.WriteLine(id);
            }
        }
    }
}
