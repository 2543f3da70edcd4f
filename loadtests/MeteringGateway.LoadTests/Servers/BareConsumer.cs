using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// What the gateway is compared with: a client that does nothing with what it reads, and reads the same again and
/// again. It prints how long that took, from when it asked until the last message, and its CPU, both in milliseconds.
/// </summary>
public static class BareConsumer
{
    public static int Run(string brokers, params int[] numbers)
    {
        var (partitions, messages, warmUps, rounds) = (numbers[0], numbers[1], numbers[2], numbers[3]);
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = brokers, GroupId = "bare",
        }).Build();
        using var self = Process.GetCurrentProcess();
        var (took, cpu) = (TimeSpan.Zero, TimeSpan.Zero);
        for (var i = 1; i <= warmUps + rounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            consumer.Assign(Enumerable.Range(0, partitions)
                .Select(partition => new TopicPartitionOffset("metering.events", partition, 0)));
            for (var left = messages; left > 0;)
                if (consumer.Consume() is not null) left--;
            if (i > warmUps) took += Stopwatch.GetElapsedTime(began);
            self.Refresh();
            if (i == warmUps) cpu = self.TotalProcessorTime;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{took.TotalMilliseconds} {(self.TotalProcessorTime - cpu).TotalMilliseconds}"));
        consumer.Close();
        return 0;
    }
}
