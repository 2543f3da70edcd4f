using System.Runtime.InteropServices;

namespace MeteringGateway.Kafka.MockCluster;

/// <summary>What of librdkafka makes a cluster in memory, which other processes can use, and makes it fail.</summary>
internal static partial class Native
{
    private const string Library = "librdkafka";

    // The package has builds for several systems: the first that this one has all libraries for, as its client does.
    static Native() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, (_, _, _) =>
        new[] { "librdkafka.so", "centos8-librdkafka.so", "alpine-librdkafka.so" }
            .Select(file => Path.Combine(AppContext.BaseDirectory, "runtimes",
                $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}", "native", file))
            .Select(path => NativeLibrary.TryLoad(path, out var library) ? library : 0)
            .First(library => library != 0));

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    public static partial nint NewConf();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Set(nint conf, string name, string value, nint error, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    public static partial nint New(int type, nint conf, nint error, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    public static partial nint NewCluster(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    public static partial nint Bootstraps(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateTopic(nint cluster, string topic, int partitions, int replication);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    public static partial void PushErrors(nint cluster, short api, nuint count, [In] int[] errors);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_down")]
    public static partial int SetDown(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_up")]
    public static partial int SetUp(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_group_initial_rebalance_delay_ms")]
    public static partial void SetRebalanceDelay(nint cluster, int milliseconds);
}
