using System.Diagnostics;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using MeteringGateway.LoadTests;

namespace MeteringGateway.Kafka.Tests;

/// <summary>The real program beside brokers, and who else is there.</summary>
internal sealed class Bed : IAsyncDisposable
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT0S"}]}
        """;

    /// <summary>The brokers wait for that long, but a second, for members that join again.</summary>
    public const string SessionTimeout = "2000";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-kafka").FullName;
    private readonly Dictionary<string, string> _settings;
    private IProducer<byte[]?, byte[]?>? _producer;

    private Bed(Dictionary<string, string> settings) => _settings = settings;

    public Brokers Brokers { get; } = new();
    public GatewayServer Gateway { get; set; } = null!;

    /// <param name="settings">Below <c>Metering:Kafka</c>.</param>
    public static async Task<Bed> Start(string plan = Plan, params (string Name, string Value)[] settings)
    {
        var bed = new Bed(settings.ToDictionary(one => "METERING__KAFKA__" + one.Name, one => one.Value));
        bed._settings["METERING__KAFKA__BOOTSTRAPSERVERS"] = bed.Brokers.Address;
        bed._settings["METERING__KAFKA__CLIENT__SESSION_TIMEOUT_MS"] = SessionTimeout;
        bed._settings["METERING__KAFKA__CLIENT__HEARTBEAT_INTERVAL_MS"] = "200";
        bed.Restart();
        await bed.Fill(plan);
        return bed;
    }

    /// <param name="start">A gateway of another kind.</param>
    public static async Task<Bed> StartOver(Func<Brokers, GatewayServer> start)
    {
        var bed = new Bed([]);
        bed.Gateway = start(bed.Brokers);
        await bed.Fill(Plan);
        return bed;
    }

    private async Task Fill(string plan)
    {
        await Gateway.PutPlan("support", plan);
        foreach (var tenant in (string[])["acme", "bank", "zoo"]) await Gateway.PutTenant(tenant, "support");
    }

    /// <summary>On the same directory.</summary>
    public void Restart() => Gateway = GatewayServer.Start(Options.DefaultDll(), Path.Combine(_directory, "data"),
        settings: _settings);

    public static string Report(string tenant, string id) => $$$"""
        {"specversion":"1.0","id":"{{{id}}}","source":"/desk","type":"outcome.reported","subject":"{{{tenant}}}",
        """.TrimEnd() + """
         "data":{"outcome_type":"support.resolution"}}
        """;

    /// <summary>Sends to the topic of events, and waits until they are there.</summary>
    /// <param name="trace">Their header <c>traceparent</c>.</param>
    public void Send(IEnumerable<(string? Key, string? Value)> events, string? trace = null)
    {
        _producer ??= new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig
        {
            BootstrapServers = Brokers.Address, MessageMaxBytes = 4_000_000, LingerMs = 5,
        }).Build();
        foreach (var (key, value) in events)
            _producer.Produce("metering.events", new Message<byte[]?, byte[]?> { Key = Bytes(key),
                Value = Bytes(value),
                Headers = trace is null ? null : new Headers { { "traceparent", Bytes(trace) } } });
        _producer.Flush();
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    /// <summary>Sends lines of a key, a tab and an event with kcat, somebody else's client.</summary>
    public async Task SendByKcat(IEnumerable<(string Key, string Value)> events)
    {
        using var kcat = System.Diagnostics.Process.Start(new ProcessStartInfo("kcat",
            ["-P", "-b", Brokers.Address, "-t", "metering.events", "-K", "\t"]) { RedirectStandardInput = true })!;
        foreach (var (key, value) in events) await kcat.StandardInput.WriteLineAsync($"{key}\t{value}");
        kcat.StandardInput.Close();
        await kcat.WaitForExitAsync();
        Assert.Equal(0, kcat.ExitCode);
    }

    /// <summary>Reports that count.</summary>
    public async Task<long> Reported(string tenant) =>
        (await Gateway.Usage(tenant))!["outcome_types"]!.AsArray().Sum(one => (long)one!["reported"]!);

    /// <summary>Waits until the tenant has so many, and no fewer.</summary>
    public Task Counts(string tenant, long reports) => Until(async () => await Reported(tenant) == reports,
        async () => $"{tenant} has {await Reported(tenant)} of {reports}");

    /// <summary>A figure of /metrics, of all its labels together.</summary>
    public async Task<double> Figure(string name)
    {
        using var http = Http();
        var lines = (await http.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n');
        return lines.Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public HttpClient Http()
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Gateway.Port}") };
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + GatewayServer.AdminKey);
        return http;
    }

    /// <summary>What is in a topic, once there is so much.</summary>
    public async Task<List<ConsumeResult<string?, string?>>> Read(string topic, int messages)
    {
        using var consumer = new ConsumerBuilder<string?, string?>(new ConsumerConfig
        {
            BootstrapServers = Brokers.Address, GroupId = "reader", EnableAutoCommit = false,
        }).Build();
        consumer.Assign(Enumerable.Range(0, 4).Select(one => new TopicPartitionOffset(topic, one, Offset.Beginning)));
        var read = new List<ConsumeResult<string?, string?>>();
        await Until(() =>
        {
            while (consumer.Consume(200) is { } message) read.Add(message);
            return Task.FromResult(read.Count >= messages);
        }, () => Task.FromResult($"{topic} has {read.Count} of {messages}"));
        return read;
    }

    public static async Task Until(Func<Task<bool>> condition, Func<Task<string>> otherwise)
    {
        for (var began = Stopwatch.GetTimestamp(); !await condition(); await Task.Delay(50))
            if (Stopwatch.GetElapsedTime(began) > Patience) Assert.Fail(await otherwise());
    }

    public ValueTask DisposeAsync()
    {
        _producer?.Dispose();
        Gateway?.Dispose();
        Brokers.Dispose();
        Directory.Delete(_directory, recursive: true);
        return default;
    }
}
