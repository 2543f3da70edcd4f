using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Wire;
using StackExchange.Redis;

namespace MeteringGateway.LoadTests.Silos.Memory;

/// <summary>What a tenant costs while it is active, and while it is not; and what it takes to bring it back.</summary>
internal sealed class MemoryRun(Options options, TextWriter output) : IDisposable
{
    private const int EventsEach = 3;
    private const int Connections = 32;
    private const int Samples = 2000;
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly byte[] Body = """{"outcome_type":"support.resolution"}"""u8.ToArray();

    // Long enough to make them all, as a tenant that is idle for so long leaves memory.
    private readonly LoadCluster _cluster = LoadCluster.Start(
        typeof(MemoryRun).Assembly.Location, 1,
        $"--Metering:IdleAfter={TimeSpan.FromSeconds(90 + options.Tenants / 400):c}",
        string.Create(CultureInfo.InvariantCulture, $"--{HostedServer.Tenants}={options.Tenants}"));

    private SiloServer Silo => _cluster.Silos[0];

    /// <param name="Heap">Bytes of live objects, after a full collection.</param>
    /// <param name="Resident">Bytes, after a full collection.</param>
    /// <param name="Redis">Bytes that Redis uses.</param>
    private sealed record State(long Tenants, long Heap, long Resident, long Redis);

    /// <summary>Milliseconds.</summary>
    private sealed record Times(double Median, double P99, double Worst);

    public async Task Run()
    {
        await Silo.Gateway.PutPlan("load", Plans.Load);
        await WarmUp();
        var before = await Now("before");
        await Make();
        var active = await Now("all active");
        Checks("first check of an active tenant");
        var warm = Checks("check of an active tenant");
        await Idle();
        var idle = await Now("all idle");
        var cold = Checks("first check of an idle tenant");
        var again = Checks("second check of it");
        var figures = new
        {
            options.Tenants, EventsEach, before, active, idle, warm, cold, again,
            HeapAnActive = Each(active.Heap - before.Heap, active.Tenants - before.Tenants),
            ResidentAnActive = Each(active.Resident - before.Resident, active.Tenants - before.Tenants),
            HeapAnIdle = Each(idle.Heap - before.Heap, options.Tenants),
            ResidentAnIdle = Each(idle.Resident - before.Resident, options.Tenants),
            RedisEach = Each(active.Redis - before.Redis, options.Tenants),
        };
        output.WriteLine(JsonSerializer.Serialize(figures, Json));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Json))!);
        await File.WriteAllTextAsync(options.Json, JsonSerializer.Serialize(figures, Json) + "\n");
    }

    public void Dispose() => _cluster.Dispose();

    private static double Each(long bytes, long tenants) => Math.Round((double)bytes / Math.Max(1, tenants));

    /// <summary>What runs for the first time is not a tenant's.</summary>
    private async Task WarmUp()
    {
        await All(100,
            i => HttpConnection.Format("PUT", $"/v1/tenants/warm-{i}", GatewayServer.AdminKey, "application/json",
                """{"name":"m","plan":"load"}"""u8));
        await All(20, n => Events(i => $"warm-{i}", n));
    }

    private async Task Make()
    {
        var (started, before) = (Stopwatch.GetTimestamp(), await Loaded());
        Silo.Process.Signal(HostedServer.Make);
        for (var until = Environment.TickCount64 + 1_200_000; await Loaded() < before
            + options.Tenants; await Task.Delay(1000))
            if (Environment.TickCount64 > until)
                throw new TimeoutException("the tenants were not made");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{options.Tenants:N0} tenants made in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s"));
        for (var n = 0; n < EventsEach; n++)
        {
            var number = n;
            await All(options.Tenants / Batch.Size,
                batch => Events(i => HostedServer.Id(batch * Batch.Size + i), number));
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{EventsEach} events each reported after {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s"));
    }

    /// <summary>One event for each of a batch of tenants.</summary>
    private static byte[] Events(Func<int, string> tenant, int number)
    {
        var events = Enumerable.Range(0, Batch.Size).Select(i => $$$"""
            {"specversion":"1.0","id":"{{{tenant(i)}}}-{{{number}}}","source":"/load","type":"outcome.reported","subject":"{{{tenant(i)}}}","data":{"outcome_type":"support.resolution","session":"s{{{number}}}"}}
            """.Trim());
        return HttpConnection.Format("POST", "/v1/events?results=rejected", GatewayServer.AdminKey,
            "application/cloudevents-batch+json",
            System.Text.Encoding.UTF8.GetBytes("[" + string.Join(',', events) + "]"));
    }

    /// <summary>Sends so many requests, each once, over some connections.</summary>
    private Task All(int count, Func<int, byte[]> request)
    {
        var next = -1;
        return Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(() =>
        {
            using var connection = new HttpConnection(Silo.Port);
            for (int i; (i = Interlocked.Increment(ref next)) < count;) Ask(connection, request(i));
        })));
    }

    private static void Ask(HttpConnection connection, byte[] request)
    {
        connection.Send(request);
        while (!connection.Receive()) { }
    }

    private async Task Idle()
    {
        for (var until = Environment.TickCount64 + 1_800_000; await Loaded() > 0; await Task.Delay(2000))
            if (Environment.TickCount64 > until)
                throw new TimeoutException("the tenants did not leave memory");
        // The grains go in rounds of their own.
        await Task.Delay(TimeSpan.FromSeconds(90));
    }

    private async Task<long> Loaded() => (long)await Silo.Gateway.Metric("metering_tenants_loaded");

    private async Task<State> Now(string what)
    {
        for (var i = 0; i < 3; i++)
        {
            Silo.Process.Signal(HostedServer.Collect);
            await Task.Delay(3000);
        }
        var state = new State(await Loaded(), (long)await Silo.Gateway.Metric("dotnet_gc_last_collection_heap_size"),
            Silo.Process.ResidentBytes, await RedisBytes());
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: {state.Tenants:N0} tenants in memory, heap {state.Heap / 1048576.0:N1} MiB, resident {state.Resident / 1048576.0:N1} MiB, Redis {state.Redis / 1048576.0:N1} MiB"));
        return state;
    }

    private async Task<long> RedisBytes()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_cluster.Redis.Process.Port},allowAdmin=true"));
        var memory = await redis.GetServers()[0].InfoAsync("memory");
        return long.Parse(memory.SelectMany(part => part).First(pair => pair.Key == "used_memory").Value,
            CultureInfo.InvariantCulture);
    }

    /// <summary>One after the other, the same tenants each time.</summary>
    private Times Checks(string what)
    {
        var milliseconds = new List<double>();
        using var connection = new HttpConnection(Silo.Port);
        var random = new Random(1);
        for (var i = 0; i < Math.Min(Samples, options.Tenants); i++)
        {
            var request = HttpConnection.Format("POST",
                $"/v1/tenants/{HostedServer.Id(random.Next(options.Tenants))}/check", GatewayServer.AdminKey,
                "application/json", Body);
            var started = Stopwatch.GetTimestamp();
            Ask(connection, request);
            milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        milliseconds.Sort();
        var times = new Times(milliseconds[milliseconds.Count / 2], milliseconds[(int)(milliseconds.Count * 0.99)],
            milliseconds[^1]);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: median {times.Median:0.000} ms, p99 {times.P99:0.000} ms, worst {times.Worst:0.0} ms"));
        return times;
    }
}
