using Confluent.Kafka;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Kafka;

/// <summary>Whether the topics are there that the settings name.</summary>
internal static class Topics
{
    /// <summary>Null: all are there. Otherwise what is missing, why, and how to make it.</summary>
    public static string? Missing(Metadata brokers, KafkaSettings settings)
    {
        var there = brokers.Topics.ToDictionary(topic => topic.Topic, StringComparer.Ordinal);
        var findings = new List<string>();
        foreach (var (name, topic) in settings.Topics())
            if (!there.TryGetValue(topic, out var found) || found.Error.Code == ErrorCode.UnknownTopicOrPart)
                findings.Add($"The topic '{topic}' (the setting Metering:Kafka:{name}) is not there: make it with "
                    + $"kafka-topics.sh --bootstrap-server {settings.BootstrapServers} --create --topic {topic}"
                    + $" --partitions 12 --replication-factor {Math.Clamp(brokers.Brokers.Count, 1, 3)}");
            else if (found.Error.IsError)
                findings.Add($"The topic '{topic}' (the setting Metering:Kafka:{name}) cannot be used: "
                    + found.Error.Reason.TrimEnd('.'));
        return findings.Count == 0 ? null : string.Join('\n', findings);
    }
}
