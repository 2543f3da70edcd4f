using System.Globalization;
using System.Runtime.InteropServices;
using MeteringGateway.Kafka.MockCluster;

// A cluster in memory, as a process that can be killed. It prints its address, then takes a command a line from
// standard input and says ok to each: topic NAME PARTITIONS, errors API CODE COUNT, down BROKER, up BROKER.
const int producer = 0, brokers = 3;
var client = Native.New(producer, Native.NewConf(), 0, 0);
var cluster = Native.NewCluster(client, brokers);
Native.SetRebalanceDelay(cluster, 100);
Console.WriteLine(Marshal.PtrToStringUTF8(Native.Bootstraps(cluster)));
while (Console.ReadLine() is { } line)
{
    var words = line.Split(' ');
    var result = words[0] switch
    {
        "topic" => Native.CreateTopic(cluster, words[1], Number(2), brokers),
        "errors" => Push(),
        "down" => Native.SetDown(cluster, Number(1)),
        "up" => Native.SetUp(cluster, Number(1)),
        _ => throw new ArgumentException(line),
    };
    Console.WriteLine(result == 0 ? "ok" : $"error {result}");

    int Number(int word) => int.Parse(words[word], CultureInfo.InvariantCulture);

    int Push()
    {
        Native.PushErrors(cluster, (short)Number(1), (nuint)Number(3), [.. Enumerable.Repeat(Number(2), Number(3))]);
        return 0;
    }
}
