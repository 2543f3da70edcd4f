using System.Globalization;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Kafka;

/// <summary>A refused event, as whoever looks after such finds it: as it was, and beside it why and where.</summary>
internal static class Rejections
{
    /// <summary>A problem's JSON, as HTTP answers it.</summary>
    public const string Problem = "problem";
    public const string Topic = "original-topic";
    public const string Partition = "original-partition";
    public const string Offset = "original-offset";

    /// <summary>How many bytes the value had; it is absent where the topic does not take so large a message.</summary>
    public const string Bytes = "original-bytes";

    public static readonly IReadOnlyList<string> All = [Problem, Topic, Partition, Offset, Bytes];

    /// <param name="from">The topic that it was read from.</param>
    /// <param name="to">The topic of those that are refused.</param>
    public static Outgoing Of(ConsumeResult<byte[]?, byte[]?> message, Problem problem, string from, string to)
    {
        var headers = new Headers();
        foreach (var header in message.Message.Headers ?? [])
            if (!All.Contains(header.Key)) headers.Add(header.Key, header.GetValueBytes());
        headers.Add(Problem, JsonSerializer.SerializeToUtf8Bytes(problem, WireJson.Typed<Problem>()));
        Add(headers, Topic, from);
        Add(headers, Partition, message.Partition.Value.ToString(CultureInfo.InvariantCulture));
        Add(headers, Offset, message.Offset.Value.ToString(CultureInfo.InvariantCulture));
        Add(headers, Bytes, (message.Message.Value?.Length ?? 0).ToString(CultureInfo.InvariantCulture));
        return new Outgoing(to, message.Message.Key, message.Message.Value, headers);
    }

    private static void Add(Headers headers, string name, string value) =>
        headers.Add(name, Encoding.UTF8.GetBytes(value));
}
