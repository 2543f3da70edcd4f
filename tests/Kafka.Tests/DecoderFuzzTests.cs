using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Kafka.Tests;

/// <summary>
/// Headers of messages that others write, altered: a trace is followed or it is not, and what is refused keeps them.
/// METERING_FUZZ sets how many.
/// </summary>
public sealed class DecoderFuzzTests
{
    private const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public void Altered_headers_are_followed_or_not_and_kept()
    {
        // Of these alone: others of this process trace as well.
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> made) => made.Name == "process fuzzed"
                ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
        };
        ActivitySource.AddActivityListener(listener);
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", Of(Encoding.ASCII.GetBytes(Trace)));
        Assert.Null(Of(null));
        var random = new Random(20261129);
        for (var i = 0; i < Mutations.Count; i++) _ = Of(Mutations.Of(Encoding.ASCII.GetBytes(Trace), random));

        static string? Of(byte[]? header)
        {
            var message = new ConsumeResult<byte[]?, byte[]?>
            {
                TopicPartitionOffset = new TopicPartitionOffset("fuzzed", 0, 0),
                Message = new Message<byte[]?, byte[]?>
                {
                    Headers = new Headers { { Spans.Header, header }, { "", header }, { Rejections.Problem, header } },
                },
            };
            var kept = Rejections.Of(message, Problem.UnknownTenant(), "fuzzed", "refused").Headers;
            Assert.Equal(header, kept.Single(one => one.Key == Spans.Header).GetValueBytes());
            Assert.Single(kept, one => one.Key == Rejections.Problem);
            using var span = Spans.Process("fuzzed", [message]);
            return span?.TraceId.ToHexString();
        }
    }
}
