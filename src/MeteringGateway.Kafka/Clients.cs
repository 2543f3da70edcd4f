using Confluent.Kafka;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Kafka;

/// <summary>
/// Makes clients of librdkafka: what is ours to decide is set here, everything else passes through from
/// <c>Metering:Kafka:Client</c>. No value of a setting is ever in a message: it may be a password.
/// </summary>
internal sealed class Clients(KafkaSettings settings, KafkaHealth health, ILogger<Clients> log)
{
    /// <summary>What delivery rests on, and what other settings of ours are for.</summary>
    private static readonly HashSet<string> Ours = new(StringComparer.Ordinal)
    {
        "bootstrap.servers", "metadata.broker.list", "group.id", "group.protocol", "enable.auto.commit",
        "enable.auto.offset.store", "partition.assignment.strategy", "enable.partition.eof", "enable.idempotence",
        "acks", "request.required.acks", "message.timeout.ms", "delivery.timeout.ms", "transactional.id",
        "dotnet.producer.delivery.report.fields", "dotnet.consumer.consume.result.fields",
    };

    /// <summary>Events of one partition in order, and nothing of them is taken for stored but by hand.</summary>
    public ConsumerBuilder<byte[]?, byte[]?> Consumer()
    {
        var config = Config(new()
        {
            ["group.id"] = settings.Group,
            ["enable.auto.commit"] = "false",
            ["enable.auto.offset.store"] = "false",
            ["partition.assignment.strategy"] = "cooperative-sticky",
            // All that is looked at: the topic is the one that it was asked for.
            ["dotnet.consumer.consume.result.fields"] = "headers",
        }, new()
        {
            ["auto.offset.reset"] = "earliest",
            // Beside what we hold ourselves.
            ["queued.max.messages.kbytes"] = "16384",
        });
        return new ConsumerBuilder<byte[]?, byte[]?>(config)
            .SetLogHandler((_, message) => Log(message)).SetErrorHandler((_, error) => Note(error));
    }

    /// <summary>What it has sent is there once, in order, on every replica that there is to be.</summary>
    public IProducer<byte[]?, byte[]?> Producer() => Make(() =>
        new ProducerBuilder<byte[]?, byte[]?>(new Dictionary<string, string>(ForProducer())
            {
                // Nothing of a message is copied back to tell that it is there. The other client knows no such setting.
                ["dotnet.producer.delivery.report.fields"] = "none",
            })
            .SetLogHandler((_, message) => Log(message)).SetErrorHandler((_, error) => Note(error)).Build());

    public IAdminClient Admin() => Make(() => new AdminClientBuilder(ForProducer())
        .SetLogHandler((_, message) => Log(message)).SetErrorHandler((_, error) => Note(error)).Build());

    private Dictionary<string, string> ForProducer() => Config(new()
    {
        ["enable.idempotence"] = "true",
        ["acks"] = "all",
        // As long as it takes: given up, one would be missing where those after it are there.
        ["message.timeout.ms"] = "0",
    }, new()
    {
        ["message.max.bytes"] = "10485760",
        ["linger.ms"] = "5",
    });

    /// <exception cref="SettingsException">The client does not take a setting, or cannot use what it names.</exception>
    public T Make<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (Exception failure) when (failure is InvalidOperationException or ArgumentException or KafkaException)
        {
            throw new SettingsException([Finding(failure.Message)]);
        }
    }

    private Dictionary<string, string> Config(Dictionary<string, string> ours, Dictionary<string, string> defaults)
    {
        var config = new Dictionary<string, string>(defaults, StringComparer.Ordinal)
        {
            ["client.id"] = "metering",
        };
        foreach (var (given, value) in settings.Client)
        {
            var name = Name(given);
            if (Ours.Contains(name))
                throw new SettingsException([SettingsCheck.Finding($"Kafka:Client:{given}",
                    "is the gateway's own to decide")]);
            if (value is not null) config[name] = value;
        }
        foreach (var (name, value) in ours) config[name] = value;
        config["bootstrap.servers"] = settings.BootstrapServers!;
        return config;
    }

    /// <summary>No name of the client's has an underscore, and no variable of a shell a dot.</summary>
    private static string Name(string given) => given.ToLowerInvariant().Replace('_', '.');

    private string Finding(string message)
    {
        var named = settings.Client.Keys.FirstOrDefault(name =>
            message.Contains($"\"{Name(name)}\"", StringComparison.Ordinal));
        if (named is not null)
            return SettingsCheck.Finding($"Kafka:Client:{named}",
                message.StartsWith("No such", StringComparison.Ordinal) ? "is no setting of the client"
                    : "cannot have the value that it has");
        foreach (var value in settings.Client.Values.Where(value => value is { Length: >= 4 }))
            message = message.Replace(value!, "***", StringComparison.Ordinal);
        return SettingsCheck.Finding("Kafka", $"makes no client: {message.TrimEnd('.')}");
    }

    private void Note(Error error)
    {
        if (error.Code == ErrorCode.Local_AllBrokersDown) health.Brokers = "no broker answers";
        else if (error.IsFatal) log.LogError("Kafka: {Reason}", error.Reason);
    }

    private void Log(LogMessage message)
    {
        // Of each setting that is for clients of another kind.
        if (message.Facility == "CONFWARN") return;
        var level = (LogLevel)message.LevelAs(LogLevelType.MicrosoftExtensionsLogging);
#pragma warning disable CA2254 // The text is the client's own, and one of many.
        log.Log(level, "Kafka's client: {Facility} {Message}", message.Facility, message.Message);
#pragma warning restore CA2254
    }
}
