using System.Text;
using Confluent.Kafka;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using Microsoft.AspNetCore.Http;

namespace MeteringGateway.Kafka;

/// <summary>
/// Decides messages as <c>POST /v1/events</c> decides the lines of a stream. When it returns, each is stored, or it is
/// acknowledged among those that are refused.
/// </summary>
internal sealed class Decider(
    IServiceProvider services, MeteringSettings settings, EndCustomers customers, RefusedEvents refused, Sender sender,
    ILogger<Decider> log)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>Whoever writes to the topic is the vendor: all of its events, and no verdict of a buyer (O8).</summary>
    private static readonly Principal Vendor = new("kafka", "kafka", Permission.EventsWrite, tenants: null,
        expiresAt: null, hash: []);

    // There only once the gateway is ready.
    private ITenants Tenants => services.GetRequiredService<ITenants>();

    /// <param name="messages">Of one partition, in order.</param>
    /// <param name="stop">What is not decided by then is left to whoever has the partition next.</param>
    public async Task Decide(IReadOnlyList<ConsumeResult<byte[]?, byte[]?>> messages, CancellationToken stop)
    {
        using var span = Spans.Process(settings.Kafka.Events, messages);
        var reader = new EventReader(settings.Limits, customers);
        var open = messages.Select(message => (message, Read(reader, message))).ToList();
        var rejected = new List<(ConsumeResult<byte[]?, byte[]?> Message, Problem Problem)>();
        for (var wait = First; ; wait = wait * 2 < Longest ? wait * 2 : Longest)
        {
            var group = new EventGroup(Tenants, Vendor, refused, isPart: true);
            foreach (var (_, read) in open) group.Add(read);
            await Execute(group);
            open = Sort(open, group, rejected);
            if (open.Count == 0) break;
            // Only whole tenants are left, each with its events in order.
            KafkaInstruments.Retried.Add(1);
            await Task.Delay(wait, stop);
        }
        // At once, in order; each until it is there.
        await Task.WhenAll(rejected.OrderBy(one => one.Message.Offset.Value)
            .Select(one => Reject(one.Message, one.Problem, stop)).ToList());
    }

    private async Task Execute(EventGroup group)
    {
        try
        {
            await group.Execute(CancellationToken.None);
        }
#pragma warning disable CA1031 // Whatever it is, what has no answer is tried again; a store that has failed ends us.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            log.LogWarning("Events from Kafka wait: {Why}", failure.Message);
        }
    }

    /// <summary>Those that have no answer yet.</summary>
    private static List<(ConsumeResult<byte[]?, byte[]?>, ReadEvent)> Sort(
        List<(ConsumeResult<byte[]?, byte[]?> Message, ReadEvent Read)> open, EventGroup group,
        List<(ConsumeResult<byte[]?, byte[]?>, Problem)> rejected)
    {
        var left = new List<(ConsumeResult<byte[]?, byte[]?>, ReadEvent)>();
        var (taken, duplicates, refused) = (0, 0, 0);
        for (var i = 0; i < open.Count; i++)
        {
            var (_, accepted, problem) = group.Result(i);
            if (accepted is { Duplicate: true }) duplicates++;
            else if (accepted is not null) taken++;
            else if (problem is null || IsTransient(problem)) left.Add(open[i]);
            else
            {
                refused++;
                rejected.Add((open[i].Message, problem.Code != "forbidden" ? problem : problem with
                {
                    Detail = "A verdict is the buyer's, and what comes by Kafka is the vendor's.",
                }));
            }
        }
        Count(taken, "accepted");
        Count(duplicates, "duplicate");
        Count(refused, "rejected");
        return left;
    }

    private static void Count(int events, string result)
    {
        if (events > 0) KafkaInstruments.Consumed.Add(events, new KeyValuePair<string, object?>("result", result));
    }

    /// <summary>It says nothing of the event: the tenant, or the store, does not take it for the moment.</summary>
    private static bool IsTransient(Problem problem) => problem.Status is StatusCodes.Status503ServiceUnavailable
        or StatusCodes.Status507InsufficientStorage or StatusCodes.Status429TooManyRequests;

    private static ReadEvent Read(EventReader reader, ConsumeResult<byte[]?, byte[]?> message)
    {
        var read = reader.Read(message.Message.Value);
        if (read.Problem is not null || IsKey(message.Message.Key, read.Tenant!)) return read;
        const string detail = "must be the tenant, as the event's subject is: it keeps its events in order";
        return new ReadEvent(read.Tenant, read.Id, null,
            new Problem(StatusCodes.Status422UnprocessableEntity, "malformed_event", $"The key {detail}.")
            {
                Errors = [new ProblemError("/subject", "must be the message's key, too")],
            });
    }

    private static bool IsKey(byte[]? key, string tenant) =>
        key is not null && (Ascii.Equals(key, tenant)
            || (!Ascii.IsValid(tenant) && key.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(tenant))));

    private async Task Reject(ConsumeResult<byte[]?, byte[]?> message, Problem problem, CancellationToken stop)
    {
        var letter = Rejections.Of(message, problem, settings.Kafka.Events, settings.Kafka.Rejected);
        for (var wait = First; ; wait = wait * 2 < Longest ? wait * 2 : Longest)
            try
            {
                await sender.Send([letter], stop);
                return;
            }
            catch (NotTakenException failure) when (failure.IsTooLarge && letter.Value is not null)
            {
                letter = letter with { Value = null };
            }
            catch (NotTakenException failure)
            {
                log.LogError("An event from Kafka that was refused waits: {Why}", failure.Message);
                await Task.Delay(wait, stop);
            }
    }
}
