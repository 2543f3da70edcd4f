using System.Text.Json;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Events;

/// <summary>Writes the answer to a batch or stream as its groups are decided, in constant memory: results first, totals last.</summary>
internal sealed class EventAnswers(HttpContext context, bool onlyRejected) : IDisposable
{
    private readonly Utf8JsonWriter writer = new(context.Response.BodyWriter, new JsonWriterOptions { SkipValidation = true });
    private long index;
    private long accepted;
    private long duplicates;
    private long rejected;
    private bool started;

    public async ValueTask Write(EventGroup group, CancellationToken cancellation)
    {
        Start();
        for (var i = 0; i < group.Count; i++, index++) Write(group.Result(i));
        await Flush(cancellation);
    }

    public async ValueTask End(CancellationToken cancellation)
    {
        Start();
        writer.WriteEndArray();
        writer.WriteNumber("accepted"u8, accepted);
        writer.WriteNumber("duplicates"u8, duplicates);
        writer.WriteNumber("rejected"u8, rejected);
        writer.WriteEndObject();
        await Flush(cancellation);
    }

    public void Dispose() => writer.Dispose();

    private void Start()
    {
        if (started) return;
        started = true;
        context.Response.ContentType = "application/json";
        writer.WriteStartObject();
        writer.WriteStartArray("results"u8);
    }

    private void Write((string? Id, Answer.Accepted? Accepted, Problems.Problem? Problem) result)
    {
        if (result.Problem is not null) rejected++;
        else if (result.Accepted!.Duplicate) duplicates++;
        else accepted++;
        if (onlyRejected && result.Problem is null) return;
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, index);
        writer.WriteString("id"u8, result.Id);
        writer.WriteString("status"u8, result.Problem is not null ? "rejected" : result.Accepted!.Duplicate ? "duplicate" : "accepted");
        if (result.Problem is { } problem)
        {
            writer.WritePropertyName("problem"u8);
            JsonSerializer.Serialize(writer, problem, WireJson.Typed<Problems.Problem>());
        }
        else Write(result.Accepted!);
        writer.WriteEndObject();
    }

    private void Write(Answer.Accepted taken)
    {
        if (taken.Outcome is { } outcome)
        {
            writer.WriteStartObject("outcome"u8);
            writer.WriteString("id"u8, outcome.Id);
            writer.WriteString("status"u8, Names<OutcomeStatus>.Of(outcome.Status));
            writer.WriteString("reason"u8, outcome.Reason == Reason.None ? null : Names<Reason>.Of(outcome.Reason));
            writer.WriteEndObject();
        }
        else writer.WriteNull("outcome"u8);
        if (taken.Remaining is { } remaining) writer.WriteNumber("remaining"u8, remaining);
        else writer.WriteNull("remaining"u8);
    }

    private async ValueTask Flush(CancellationToken cancellation)
    {
        writer.Flush();
        await context.Response.BodyWriter.FlushAsync(cancellation);
    }
}
