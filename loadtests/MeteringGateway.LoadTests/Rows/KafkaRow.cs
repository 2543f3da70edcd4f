using System.Diagnostics;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Events that wait in a topic, read and stored durably by the gateway, against a client that reads them and does
/// nothing. Neither writes anything to topics; beside, the same with every outcome told to a topic. Each run has
/// brokers of its own: they are in memory, in a process beside.
/// </summary>
public static class KafkaRow
{
    private const int Tenants = 100;
    private const int Partitions = 8;
    private const string Consumed = "metering_kafka_consumed_total";
    private const string Written = "metering_kafka_produced_total{topic=\"metering.outcomes\"";

    /// <summary>At once, as many as the brokers hold.</summary>
    private const int Events = 120_000;

    /// <summary>As often so many are read before it is measured: a program that was just started compiles.</summary>
    private const int WarmUps = 4;

    /// <summary>As often so many are read and measured.</summary>
    private const int Rounds = 5;

    public static async Task<Row> Measure(Options options)
    {
        var (warmUps, rounds) = options.Short ? (1, 1) : (WarmUps, Rounds);
        var (ours, telling, theirs) = (new List<Run>(), new List<Run>(), new List<Run>());
        for (var i = 0; i < options.Pairs; i++)
            foreach (var mine in i % 2 == 0 ? [true, false] : new[] { false, true })
            {
                using var brokers = new Brokers(partitions: Partitions);
                if (!mine) theirs.Add(await Bare(brokers.Address, warmUps, rounds));
                else
                {
                    ours.Add(await Gateway(options, brokers.Address, warmUps, rounds, tells: false));
                    using var others = new Brokers(partitions: Partitions);
                    telling.Add(await Gateway(options, others.Address, warmUps, rounds, tells: true));
                }
            }
        return new Row("Kafka, durable", "a bare Consume loop", 0.25, 0.5, 0.8,
            [.. ours.Zip(theirs, (o, t) => o.Sample.PerSecond / t.Sample.PerSecond)],
            [Describe("gateway", ours), Describe("gateway that tells of each outcome, too", telling),
                Describe("bare Consume loop", theirs), ByThread(ours),
                $"{rounds} times {Events:N0} events of {Tenants} tenants in {Partitions} partitions, brokers beside"]);
    }

    private static readonly Dictionary<string, string> Silent = new[] { "SIGNALS", "OUTCOMES", "ALERTS" }
        .ToDictionary(name => $"METERING__KAFKA__{name}", _ => "");

    /// <param name="Threads">CPU microseconds an event by name of thread.</param>
    private sealed record Run(Sample Sample, IReadOnlyDictionary<string, double> Threads);

    private static string Describe(string name, List<Run> runs)
    {
        var rate = Statistics.Median(runs.Select(run => run.Sample.PerSecond));
        var cpu = Statistics.Median(runs.Select(run => run.Sample.CpuMicroseconds));
        return string.Create(CultureInfo.InvariantCulture,
            $"{name}: {rate:N0} events a second, {cpu:0.0} us of its CPU each");
    }

    private static string ByThread(List<Run> runs) => "gateway, us by thread: " + string.Join(", ",
        runs.SelectMany(run => run.Threads.Keys).Distinct()
            .Select(name => (name, us: Statistics.Median(runs.Select(run => run.Threads.GetValueOrDefault(name)))))
            .Where(thread => thread.us >= 0.05).OrderByDescending(thread => thread.us)
            .Select(thread => string.Create(CultureInfo.InvariantCulture, $"{thread.name} {thread.us:0.0}")));

    private static void Fill(string address, int from)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = address, QueueBufferingMaxMessages = 2 * Events, LingerMs = 20,
        }).Build();
        for (var i = from; i < from + Events; i++)
        {
            var tenant = Batch.Tenant(i % Tenants);
            producer.Produce("metering.events", new Message<byte[], byte[]>
            {
                Key = Encoding.UTF8.GetBytes(tenant),
                Value = Encoding.UTF8.GetBytes($$$"""
                    {"specversion":"1.0","id":"e{{{i}}}","source":"/load","type":"outcome.reported","subject":"{{{tenant}}}","data":{"outcome_type":"support.resolution","result":"success","agent":"agent-7","channel":"chat"}}
                    """.Trim()),
            });
        }
        producer.Flush();
    }

    private static async Task<Run> Bare(string address, int warmUps, int rounds)
    {
        Fill(address, 0);
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            [typeof(BareConsumer).Assembly.Location, "consume", address, Format(Partitions), Format(Events),
                Format(warmUps), Format(rounds)]) { RedirectStandardOutput = true })!;
        var told = (await process.StandardOutput.ReadToEndAsync()).Split(' ')
            .Select(one => double.Parse(one, CultureInfo.InvariantCulture)).ToList();
        await process.WaitForExitAsync();
        var all = rounds * Events;
        return new Run(new Sample(all / (told[0] / 1000), told[1] * 1000 / all), new Dictionary<string, double>());
    }

    private static string Format(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Tenants are made while it reads nothing; then it is started again beside the brokers. It stands still while they
    /// are filled, so that all that it reads is timed, until the last event is durable. Its CPU is counted until what
    /// became of the events is written to topics, where it is.
    /// </summary>
    private static async Task<Run> Gateway(Options options, string address, int warmUps, int rounds, bool tells)
    {
        var data = Directory.CreateTempSubdirectory("metering-load-");
        try
        {
            using (var before = GatewayServer.Start(options.MeteringDll, data.FullName))
            {
                await before.PutPlan("load", Plans.Load);
                for (var i = 0; i < Tenants; i++) await before.PutTenant(Batch.Tenant(i), "load");
                before.Process.Stop();
            }
            using var gateway = GatewayServer.Start(options.MeteringDll, data.FullName, options.Machine.ServerCores,
                settings: tells ? On(address) : On(address).Concat(Silent).ToDictionary());
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{gateway.Port}") };
            var (took, cpu, threads) = (TimeSpan.Zero, TimeSpan.Zero, gateway.Process.CpuByThread());
            for (var i = 1; i <= warmUps + rounds; i++)
            {
                gateway.Process.Signal("STOP");
                Fill(address, i * Events);
                var began = Stopwatch.GetTimestamp();
                gateway.Process.Signal("CONT");
                await Reaches(http, Consumed, (long)i * Events);
                if (i > warmUps) took += Stopwatch.GetElapsedTime(began);
                if (tells) await Reaches(http, Written, (long)i * Events);
                if (i == warmUps) (cpu, threads) = (gateway.Process.CpuTime, gateway.Process.CpuByThread());
            }
            var all = rounds * Events;
            return new Run(
                new Sample(all / took.TotalSeconds, (gateway.Process.CpuTime - cpu).TotalMicroseconds / all),
                gateway.Process.CpuByThread().ToDictionary(thread => thread.Key, thread =>
                    (thread.Value - threads.GetValueOrDefault(thread.Key)).TotalMicroseconds / all));
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static Dictionary<string, string> On(string address) =>
        new() { ["METERING__KAFKA__BOOTSTRAPSERVERS"] = address };

    private static async Task Reaches(HttpClient http, string counter, long value)
    {
        while (await Count(http, counter) < value) await Task.Delay(10);
    }

    private static async Task<long> Count(HttpClient http, string counter) =>
        (await http.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n')
            .Where(line => line.StartsWith(counter, StringComparison.Ordinal))
            .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
