using System.Diagnostics;
using Confluent.Kafka;
using ErrorCode = Confluent.Kafka.ErrorCode;
using MeteringGateway.Api.Operations;
using MeteringGateway.LoadTests;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Kafka.Tests;

/// <summary>What keeps a gateway from starting, and what does not.</summary>
public sealed class StartTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-kafka").FullName;

    private static readonly KafkaSettings Settings = new() { BootstrapServers = "127.0.0.1:1" };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Topics_that_are_not_there_are_named_with_how_to_make_them()
    {
        var answer = new Metadata([new BrokerMetadata(1, "one", 9092)],
            [Topic(Settings.Events), Topic(Settings.Rejected, ErrorCode.TopicAuthorizationFailed),
                Topic(Settings.Signals, ErrorCode.UnknownTopicOrPart), Topic(Settings.Alerts)], 1, "one");

        var missing = Topics.Missing(answer, Settings)!.Split('\n');

        Assert.Equal(3, missing.Length);
        Assert.Contains("'metering.events.rejected' (the setting Metering:Kafka:Rejected) cannot be used", missing[0],
            StringComparison.Ordinal);
        Assert.Contains("--create --topic metering.signals --partitions 12 --replication-factor 1", missing[1],
            StringComparison.Ordinal);
        Assert.Contains("Metering:Kafka:Outcomes", missing[2], StringComparison.Ordinal);
        Assert.Null(Topics.Missing(new Metadata(answer.Brokers,
            [.. new[] { Settings.Events, Settings.Rejected, Settings.Signals, Settings.Outcomes, Settings.Alerts }
                .Select(name => Topic(name))], 1, "one"), Settings));
    }

    [Fact]
    public async Task A_gateway_whose_topics_are_not_there_does_not_start()
    {
        using var brokers = new Brokers(topics: false);
        brokers.Topic("metering.events", 1);

        var said = await Refused(("BOOTSTRAPSERVERS", brokers.Address));

        Assert.Contains("metering could not start: The topic 'metering.events.rejected'", said,
            StringComparison.Ordinal);
        Assert.DoesNotContain("'metering.events' ", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GRUOP", "x", "did you mean Metering:Kafka:Group?")]
    [InlineData("CLIENT__SECURITY.PROTOCOL", "Secret-hunter2", "Metering:Kafka:Client:SECURITY.PROTOCOL cannot have")]
    [InlineData("CLIENT__SASL.PASWORD", "Secret-hunter2", "Metering:Kafka:Client:SASL.PASWORD is no setting of")]
    [InlineData("CLIENT__ACKS", "1", "Metering:Kafka:Client:ACKS is the gateway's own")]
    [InlineData("EVENTS", "a b", "Metering:Kafka:Events must be a topic's name")]
    [InlineData("SIGNALS", "metering.alerts", "Metering:Kafka:Signals must be another topic")]
    public async Task A_setting_that_cannot_be_is_named_and_its_value_is_not_where_it_may_be_secret(string name,
        string value, string words)
    {
        var said = await Refused(("BOOTSTRAPSERVERS", "127.0.0.1:1"), (name, value));

        Assert.Contains(words, said, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_the_clients_passes_through_also_under_names_that_a_shell_can_have()
    {
        var settings = new KafkaSettings { BootstrapServers = "127.0.0.1:1",
            Client = { ["SOCKET_TIMEOUT_MS"] = "no number" } };
        var clients = new Clients(settings, new KafkaHealth(), NullLogger<Clients>.Instance);

        var said = Assert.Throws<SettingsException>(clients.Producer);

        Assert.Contains("Kafka:Client:SOCKET_TIMEOUT_MS cannot have", said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Brokers_that_do_not_answer_are_waited_for()
    {
        using var gateway = Serve(("BOOTSTRAPSERVERS", "127.0.0.1:1"), ("STARTTIMEOUT", "00:00:00.5"));
        using var http = new HttpClient();

        var health = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{gateway.Port}/health")))!;

        Assert.Equal(("degraded", "no broker answers"), ((string?)health["status"], (string?)health["kafka"]));
    }

    /// <summary>All that a gateway says that does not start.</summary>
    private async Task<string> Refused(params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Options.DefaultDll(), "serve", "--urls", "http://127.0.0.1:0",
            "--data-directory", Path.Combine(_directory, "data")]) { RedirectStandardError = true,
            RedirectStandardOutput = true };
        foreach (var (name, value) in settings) start.Environment["METERING__KAFKA__" + name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var said = await process.StandardError.ReadToEndAsync() + await output;
        await process.WaitForExitAsync();
        Assert.Equal(1, process.ExitCode);
        return said;
    }

    private GatewayServer Serve(params (string Name, string Value)[] settings) =>
        GatewayServer.Start(Options.DefaultDll(), Path.Combine(_directory, "data"),
            settings: settings.ToDictionary(one => "METERING__KAFKA__" + one.Name, one => one.Value));

    private static TopicMetadata Topic(string name, ErrorCode error = ErrorCode.NoError) =>
        new(name, [new PartitionMetadata(0, 1, [1], [1], new Error(ErrorCode.NoError))], new Error(error));
}
