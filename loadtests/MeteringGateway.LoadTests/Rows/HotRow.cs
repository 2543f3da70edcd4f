using System.Globalization;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>All events of one tenant, against the same events spread over many.</summary>
internal static class HotRow
{
    private const int Connections = 16;

    public static async Task<Row> Measure(Options options)
    {
        var tenants = options.Short ? 400 : 10_000;
        using var bed = await Bed.Start(options, tenants);
        var ids = new Counter();
        using var hot = bed.Reports([.. Enumerable.Range(0, Connections).Select(_ => Batch.ForGateway(1, ids))]);
        // One after the other on each connection: together they go through all of the tenants.
        Batch[][] batches = [.. Enumerable.Range(0, Connections).Select(connection =>
            Enumerable.Range(0, tenants / Batch.Size).Where(i => i % Connections == connection % (tenants / Batch.Size))
                .Select(i => Batch.ForGateway(Batch.Size, ids, i * Batch.Size)).ToArray())];
        var next = new int[Connections];
        using var spread = bed.Reports([.. Enumerable.Range(0, Connections).Select(_ => batches[0][0])]) with
        {
            Name = "over all", Next = i => batches[i][next[i]++ % batches[i].Length].Next(),
        };
        var one = hot with { Name = "one tenant" };
        var (a, b) = Pair.Alternate(one, spread, options.Pairs, options.Each, options.WarmUp);
        return new Row("one hot tenant, events/s",
            string.Create(CultureInfo.InvariantCulture, $"the same events over {tenants:N0} tenants"), 0.5, 0.8, 1,
            Pair.Ratios(a, b), [Pair.Describe(one, a, "events"), Pair.Describe(spread, b, "events"),
                $"{Connections} connections, batches of {Batch.Size}"]);
    }
}
