using System.Diagnostics;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Events that wait in a topic, read and stored durably by the gateway, against a client that reads them and does
/// nothing. Each run has brokers of its own: they are in memory, in a process beside.
/// </summary>
public static class KafkaRow
{
    private const int Tenants = 100;
    private const int Partitions = 8;
    private const string Consumed = "metering_kafka_consumed_total";

    /// <summary>At once, as many as the brokers hold.</summary>
    private const int Events = 120_000;

    /// <summary>As often the gateway reads so many before it is measured: a program that was just started compiles.</summary>
    private const int WarmUps = 4;

    public static async Task<Row> Measure(Options options)
    {
        var (ours, theirs) = (new List<Sample>(), new List<Sample>());
        for (var i = -1; i < options.Pairs; i++) // the first one warms up files and caches
            foreach (var mine in i % 2 == 0 ? [true, false] : new[] { false, true })
            {
                using var brokers = new Brokers(partitions: Partitions);
                if (!mine) Fill(brokers.Address, 0);
                var sample = mine ? await Gateway(options, brokers.Address) : await Bare(brokers.Address);
                if (i >= 0) (mine ? ours : theirs).Add(sample);
            }
        return new Row("Kafka, durable", "a bare Consume loop", 0.25, 0.5, 0.8,
            [.. ours.Zip(theirs, (o, t) => o.PerSecond / t.PerSecond)],
            [Describe("gateway", ours), Describe("bare Consume loop", theirs),
                $"{Events:N0} events of {Tenants} tenants in {Partitions} partitions, brokers in memory beside"]);
    }

    private static string Describe(string name, List<Sample> samples) => string.Create(CultureInfo.InvariantCulture,
        $"{name}: {Statistics.Median(samples.Select(s => s.PerSecond)):N0} events a second, {Statistics.Median(samples.Select(s => s.CpuMicroseconds)):0.0} us of its CPU each");

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

    private static async Task<Sample> Bare(string address)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            [typeof(BareConsumer).Assembly.Location, "consume", address,
                Events.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
        var told = (await process.StandardOutput.ReadToEndAsync()).Split(' ')
            .Select(one => double.Parse(one, CultureInfo.InvariantCulture)).ToList();
        await process.WaitForExitAsync();
        return new Sample(Events / (told[0] / 1000), told[1] * 1000 / Events);
    }

    /// <summary>Tenants are made while it reads nothing; then it is started again beside the brokers.</summary>
    private static async Task<Sample> Gateway(Options options, string address)
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
                settings: new Dictionary<string, string> { ["METERING__KAFKA__BOOTSTRAPSERVERS"] = address });
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{gateway.Port}") };
            var sample = default(Sample);
            for (var i = 0; i <= WarmUps; i++)
            {
                // The brokers are filled several times as fast as it reads: what is left is timed.
                Fill(address, i * Events);
                var (first, began, cpu) = (await Stored(http), Stopwatch.GetTimestamp(), gateway.Process.CpuTime);
                while (await Stored(http) < (i + 1L) * Events) await Task.Delay(20);
                var (took, events) = (Stopwatch.GetElapsedTime(began).TotalSeconds, (i + 1L) * Events - first);
                sample = new Sample(events / took, (gateway.Process.CpuTime - cpu).TotalMicroseconds / events);
            }
            return sample;
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    /// <summary>Events that are durable.</summary>
    private static async Task<long> Stored(HttpClient http) =>
        (await http.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n')
            .Where(line => line.StartsWith(Consumed, StringComparison.Ordinal))
            .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
