using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// What the gateway is compared with: a member of a group that does nothing with what it reads. It prints how long that
/// took from the first message to the last, and its CPU, both in milliseconds.
/// </summary>
public static class BareConsumer
{
    public static int Run(string brokers, string messages)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = brokers, GroupId = "bare", AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
        consumer.Subscribe("metering.events");
        var left = long.Parse(messages, CultureInfo.InvariantCulture) - 1;
        consumer.Consume();
        using var self = Process.GetCurrentProcess();
        var (began, cpu) = (Stopwatch.GetTimestamp(), self.TotalProcessorTime);
        while (left > 0)
            if (consumer.Consume() is not null) left--;
        self.Refresh();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Stopwatch.GetElapsedTime(began).TotalMilliseconds} {(self.TotalProcessorTime - cpu).TotalMilliseconds}"));
        consumer.Close();
        return 0;
    }
}
