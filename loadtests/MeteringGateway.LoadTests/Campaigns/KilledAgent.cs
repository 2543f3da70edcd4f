using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.Sdk;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>
/// An agent runtime that reports so many outcomes over the SDK's outbox and as many over Kafka, to be killed. What it
/// reported last is in a file of each way, written once the outbox or the brokers have it: started again it goes on
/// from there, and reports what it cannot know of a second time, under the same ids. It ends when all of it is told.
/// </summary>
public static class KilledAgent
{
    private const int AtOnce = 20;

    /// <summary>Of each way.</summary>
    public const int Tenants = 4;

    public static string Tenant(string way, long outcome) =>
        string.Create(CultureInfo.InvariantCulture, $"{way}-{outcome % Tenants}");

    public static string OutboxFile(string folder) => Path.Combine(folder, "outbox");

    /// <summary>Outcomes of a way that the outbox or the brokers have.</summary>
    public static long Reported(string folder, string way)
    {
        var file = Path.Combine(folder, way);
        // Killed before it wrote anything, it leaves an empty one.
        return File.Exists(file) && BinaryPrimitives.TryReadInt64LittleEndian(File.ReadAllBytes(file), out var outcome)
            ? outcome : 0;
    }

    /// <param name="pace">Outcomes a second, of each way.</param>
    public static async Task<int> Run(string folder, string address, string brokers, string count, string pace)
    {
        var (all, wait) = (long.Parse(count, CultureInfo.InvariantCulture),
            TimeSpan.FromSeconds(AtOnce / double.Parse(pace, CultureInfo.InvariantCulture)));
        await Task.WhenAll(OverSdk(folder, address, all, wait), OverKafka(folder, brokers, all, wait));
        return 0;
    }

    private static async Task OverSdk(string folder, string address, long all, TimeSpan wait)
    {
        var options = new MeteringOptions { Address = new Uri(address), Key = GatewayServer.AdminKey,
            OutboxFile = OutboxFile(folder) };
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        await using var outbox = new Outbox(new MeteringClient(http, options), options);
        await Report(folder, "sdk", all, wait, async outcome =>
        {
            var report = new OutcomeReport(Tenant("sdk", outcome), "support.resolution") { Id = Id(outcome) };
            while (await outbox.EnqueueAsync(report) != OutboxResult.Kept) await Task.Delay(100);
        });
        while (outbox.Count > 0) await Task.Delay(100);
    }

    private static async Task OverKafka(string folder, string brokers, long all, TimeSpan wait)
    {
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
        {
            BootstrapServers = brokers, EnableIdempotence = true, Acks = Acks.All, LingerMs = 5,
        }).Build();
        await Report(folder, "kafka", all, wait, outcome => producer.ProduceAsync("metering.events",
            new Message<string, byte[]> { Key = Tenant("kafka", outcome), Value = Event(outcome) }));
    }

    private static byte[] Event(long outcome) => Encoding.UTF8.GetBytes($$$"""
        {"specversion":"1.0","id":"{{{Id(outcome)}}}","source":"/agents","type":"outcome.reported",
         "subject":"{{{Tenant("kafka", outcome)}}}","data":{"outcome_type":"support.resolution"}}
        """);

    private static string Id(long outcome) => string.Create(CultureInfo.InvariantCulture, $"o-{outcome}");

    /// <summary>Some at once, in their order; the next when all of them are kept.</summary>
    private static async Task Report(string folder, string way, long all, TimeSpan wait, Func<long, Task> report)
    {
        var reported = Reported(folder, way);
        using var file = File.OpenHandle(Path.Combine(folder, way), FileMode.OpenOrCreate, FileAccess.Write);
        var written = new byte[8];
        while (reported < all)
        {
            var next = Math.Min(all, reported + AtOnce);
            var kept = new List<Task>();
            for (var outcome = reported + 1; outcome <= next; outcome++) kept.Add(report(outcome));
            await Task.WhenAll(kept);
            BinaryPrimitives.WriteInt64LittleEndian(written, reported = next);
            RandomAccess.Write(file, written, 0);
            await Task.Delay(wait);
        }
    }
}
