using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.Engine;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>
/// Durable reports in batches of 100, over HTTP and in process, against Redis that only appends as many bytes.
/// </summary>
internal static class ReportRows
{
    private const int Connections = 8;
    private const int TenantsPerBatch = 10;
    private const string Against =
        "plain Redis appends of the same bytes (XADD, pipelined by the batch, appendfsync always)";

    public static async Task<Row> OverHttp(Options options)
    {
        using var cluster = LoadCluster.Start(options.MeteringDll, 1);
        var silo = cluster.Silos[0];
        await silo.Gateway.PutPlan("load", Plans.Load);
        for (var i = 0; i < TenantsPerBatch; i++) await silo.Gateway.PutTenant(Batch.Tenant(i), "load");
        var ids = new Counter();
        var batches = Enumerable.Range(0, Connections).Select(_ => Batch.ForGateway(TenantsPerBatch, ids)).ToArray();
        var ours = new Side("silo and its Redis", silo.Process, [.. batches.Select(_ => new HttpConnection(silo.Port))],
            i => batches[i].Next(), Batch.Size)
        {
            Beside = [cluster.Redis.Process],
        };
        try
        {
            var row = await Row(options, "durable reports over HTTP, batches of 100, events/s", ours, cluster.Redis);
            var counted = await Counted(silo);
            return counted < batches.Sum(batch => batch.Sent)
                ? throw new InvalidOperationException(
                    $"{counted} of {batches.Sum(batch => batch.Sent)} events were counted") : row;
        }
        finally
        {
            foreach (var connection in ours.Connections) connection.Dispose();
        }
    }

    public static async Task<Row> InThisProcess(Options options)
    {
        using var redis = new RedisServer(null);
        await using var silo = await OwnSilo.Start(redis);
        var tenants = silo.Get<ITenants>();
        for (var i = 0; i < TenantsPerBatch; i++) await LoadTenants.Make(tenants, Batch.Tenant(i));
        var last = 0L;
        var ours = new InProcess("silo and its Redis", Connections, [redis.Process], async (_, _) =>
        {
            await Task.WhenAll(Enumerable.Range(0, TenantsPerBatch).Select(async i =>
            {
                var commands = Enumerable.Range(0, Batch.Size / TenantsPerBatch)
                    .Select(_ =>
                        LoadTenants.Report(string.Create(CultureInfo.InvariantCulture,
                            $"e{Interlocked.Increment(ref last):D10}"))).ToArray();
                var answers = await tenants.Execute(Batch.Tenant(i), commands);
                if (answers.Any(answer => answer is not Core.Answer.Accepted { Duplicate: false }))
                    throw new InvalidOperationException("a new event was not accepted");
            }));
            return Batch.Size;
        });
        return await Row(options, "durable reports in process, batches of 100, events/s", ours, redis);
    }

    private static async Task<Row> Row(Options options, string figure, Measurable ours, RedisServer redis)
    {
        ours.Measure(options.Each);
        var bytes = await PlainAppends.BytesPerEvent(redis, Batch.Tenant(0));
        using var plain = new RedisServer(null);
        var theirs = PlainAppends.To(plain, Connections, TenantsPerBatch, bytes);
        try
        {
            var (a, b) = Pair.Alternate(ours, theirs, options.Pairs, options.Each, TimeSpan.FromSeconds(2));
            return new Row(figure, Against, null, null, null, [.. a.Zip(b, (x, y) => x.PerSecond / y.PerSecond)],
                [Pair.Describe(ours, a, "events"), Pair.Describe(theirs, b, "events"),
                 string.Create(CultureInfo.InvariantCulture,
                     $"{Connections} batches under way at a time, {TenantsPerBatch} tenants in each; {bytes:0} bytes of journal an event; CPU of all processes of a side")]);
        }
        finally
        {
            foreach (var connection in theirs.Connections) connection.Dispose();
        }
    }

    private static async Task<long> Counted(SiloServer silo)
    {
        var sum = 0L;
        for (var i = 0; i < TenantsPerBatch; i++)
            sum += (await silo.Gateway.Usage(Batch.Tenant(i)))!["outcome_types"]!.AsArray()
                .Sum(type => (long)type!["pending"]!);
        return sum;
    }
}
