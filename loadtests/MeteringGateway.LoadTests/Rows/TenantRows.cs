using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Many tenants: what a check costs when all of them are in memory, against a gateway that has one; and what is left
/// of them in memory when nobody has asked for them for a while, against a Redis hash of the same fields.
/// </summary>
internal static class TenantRows
{
    private const int Connections = 64;
    private const int Woken = 100_000; // of those that come and go before the idle ones are weighed
    private static readonly byte[] Body = """{"outcome_type":"support.resolution"}"""u8.ToArray();

    public static async Task<IReadOnlyList<Row>> Measure(Options options)
    {
        using var one = await Bed.Hosted(options, 0, (Setting, "1"));
        using var many = await Bed.Hosted(options, 0, (Setting, options.Tenants.ToString(CultureInfo.InvariantCulture)),
            ("METERING__IDLEAFTER", "1.00:00:00"));
        await Make(one, 1);
        await Make(many, options.Tenants);
        using var few = Checks(one, "1 tenant", 1);
        using var all = Checks(many, string.Create(CultureInfo.InvariantCulture, $"{options.Tenants:N0} tenants"),
            options.Tenants);
        var (a, b) = Pair.Alternate(all, few, options.Pairs, options.Each, options.WarmUp);
        var (active, alone) = (await many.Resident(), await one.Resident());
        var check = new Row(string.Create(CultureInfo.InvariantCulture, $"cost of a check at {options.Tenants:N0} tenants"),
            "at 1 tenant, over HTTP, server CPU", 1.3, 1.1, 1.03,
            [.. a.Zip(b, (x, y) => x.CpuMicroseconds / y.CpuMicroseconds)],
            [Pair.Describe(all, a, "checks"), Pair.Describe(few, b, "checks")])
        {
            LowerIsBetter = true,
        };
        return [check, await Idle(options, many, active, alone)];
    }

    private static async Task<Row> Idle(Options options, Bed many, long active, long alone)
    {
        many.Gateway.Process.Stop();
        many.StartAgain(("METERING__IDLEAFTER", options.Short ? "00:00:02" : "00:00:20"));
        using (var woken = Checks(many, "", Math.Min(Woken, options.Tenants), inOrder: true))
            Loops.Closed(woken.Connections, woken.Next, TimeSpan.FromMinutes(10), Math.Min(Woken, options.Tenants));
        for (var patience = 0; await many.Gateway.Metric("metering_tenants_loaded") > 0; patience++)
        {
            if (patience == 6_000) throw new TimeoutException("tenants that nobody asks for did not leave memory");
            await Task.Delay(100);
        }
        var idle = (double)(await many.Resident() - alone) / options.Tenants;
        var hash = Hashes(options);
        return new Row("bytes an idle tenant in memory", "a Redis hash of the same fields", 2, 1, 0.4, [idle / hash],
            [string.Create(CultureInfo.InvariantCulture,
                $"{idle:0} bytes resident each, {hash:0} in Redis; {(double)(active - alone) / options.Tenants:0} each while all {options.Tenants:N0} are active")])
        {
            LowerIsBetter = true,
        };
    }

    private const string Setting = "LOADTESTS__TENANTS";

    private static async Task Make(Bed bed, int count)
    {
        bed.Gateway.Process.Signal(HostedServer.Make);
        for (var patience = 0; await bed.Gateway.Metric("metering_tenants_loaded") < count; patience++)
        {
            if (patience == 6_000) throw new TimeoutException("the tenants were not made within ten minutes");
            await Task.Delay(100);
        }
    }

    /// <param name="inOrder">Each once, from the first on; else at random.</param>
    private static Side Checks(Bed bed, string name, int tenants, bool inOrder = false)
    {
        byte[][] requests = [.. Enumerable.Range(0, Connections).Select(_ => HttpConnection.Format("POST",
            $"/v1/tenants/{HostedServer.Id(0)}/check", GatewayServer.AdminKey, "application/json", Body))];
        var digits = requests[0].AsSpan().IndexOf("/m0000000/"u8) + 2;
        var (random, next) = (new Random(1), 0);
        return new Side(name, bed.Gateway.Process,
            [.. requests.Select(_ => new HttpConnection(bed.Gateway.Port))], i =>
            {
                var number = inOrder ? next++ % tenants : random.Next(tenants);
                number.TryFormat(requests[i].AsSpan(digits, 7), out _, "D7", CultureInfo.InvariantCulture);
                return requests[i];
            }, 1);
    }

    /// <summary>Bytes resident of each.</summary>
    private static double Hashes(Options options)
    {
        using var redis = new RedisServer(options.Machine.ServerCores);
        var before = redis.Process.ResidentBytes;
        var next = 0;
        using var side = new Side("", redis.Process, [new RespConnection(redis.Process.Port, Batch.Size)], _ =>
            Enumerable.Range(0, Batch.Size).SelectMany(_ => RespConnection.Format("HSET",
                "tenant:" + HostedServer.Id(next++), "name", "load", "plan", "load", "plan_version", "1", "time_zone",
                "UTC", "anchor_day", "1", "created_at", "2026-11-01T00:00:00.000Z", "period", "2026-11-01", "sequence",
                "2", "due", "2026-12-01T00:00:00.000Z")).ToArray(), Batch.Size);
        Loops.Closed(side.Connections, side.Next, TimeSpan.FromMinutes(10), options.Tenants / Batch.Size);
        return (double)Math.Max(1, redis.Process.ResidentBytes - before) / options.Tenants;
    }
}
