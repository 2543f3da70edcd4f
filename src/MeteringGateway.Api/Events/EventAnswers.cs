using System.Text.Json;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Events;

/// <summary>
/// Writes the answer to a batch or stream as its groups are decided, in constant memory: results first, totals last.
/// </summary>
internal sealed class EventAnswers(HttpContext context, bool onlyRejected) : IDisposable
{
    /// <summary>Refusals that are explained one by one (N4).</summary>
    private const int Explained = 1_000;

    private readonly SortedDictionary<string, long> _unlisted = new(StringComparer.Ordinal);
    private readonly Utf8JsonWriter _writer = new(context.Response.BodyWriter,
        new JsonWriterOptions { SkipValidation = true, Encoder = WireJson.Plain });
    private long _index;
    private long _accepted;
    private long _duplicates;
    private long _rejected;
    private bool _started;

    public async ValueTask Write(EventGroup group, CancellationToken cancellation)
    {
        Start();
        for (var i = 0; i < group.Count; i++, _index++) Write(group.Result(i), group.NoDispute(i));
        await Flush(cancellation);
    }

    public async ValueTask End(CancellationToken cancellation)
    {
        Start();
        _writer.WriteEndArray();
        _writer.WriteNumber("accepted"u8, _accepted);
        _writer.WriteNumber("duplicates"u8, _duplicates);
        _writer.WriteNumber("rejected"u8, _rejected);
        if (_unlisted.Count > 0)
        {
            _writer.WriteStartObject("unlisted"u8);
            foreach (var (code, count) in _unlisted) _writer.WriteNumber(code, count);
            _writer.WriteEndObject();
        }
        _writer.WriteEndObject();
        await Flush(cancellation);
    }

    public void Dispose() => _writer.Dispose();

    private void Start()
    {
        if (_started) return;
        _started = true;
        context.Response.ContentType = "application/json";
        _writer.WriteStartObject();
        _writer.WriteStartArray("results"u8);
    }

    private void Write((string? Id, Answer.Accepted? Accepted, Problems.Problem? Problem) result, string? noDispute)
    {
        if (result.Problem is not null) _rejected++;
        else if (result.Accepted!.Duplicate) _duplicates++;
        else _accepted++;
        if (onlyRejected && result.Problem is null) return;
        var brief = result.Problem is not null && _rejected > Explained;
        if (brief && result.Id is null)
        {
            _unlisted[result.Problem!.Code] = _unlisted.GetValueOrDefault(result.Problem.Code) + 1;
            return;
        }
        _writer.WriteStartObject();
        _writer.WriteNumber("index"u8, _index);
        _writer.WriteString("id"u8, result.Id);
        _writer.WriteString("status"u8,
            result.Problem is not null ? "rejected" : result.Accepted!.Duplicate ? "duplicate" : "accepted");
        if (result.Problem is { } problem)
        {
            _writer.WritePropertyName("problem"u8);
            if (brief) WriteBriefly(problem);
            else JsonSerializer.Serialize(_writer, problem, WireJson.Typed<Problems.Problem>());
        }
        else Write(result.Accepted!);
        if (noDispute is not null) _writer.WriteString("no_dispute"u8, noDispute);
        _writer.WriteEndObject();
    }

    private void WriteBriefly(Problems.Problem problem)
    {
        _writer.WriteStartObject();
        _writer.WriteNumber("status"u8, problem.Status);
        _writer.WriteString("code"u8, problem.Code);
        _writer.WriteString("title"u8, problem.Title);
        _writer.WriteString("detail"u8, "Not explained again.");
        _writer.WriteEndObject();
    }

    private void Write(Answer.Accepted taken)
    {
        if (taken.Outcome is { } outcome)
        {
            _writer.WriteStartObject("outcome"u8);
            _writer.WriteString("id"u8, outcome.Id);
            _writer.WriteString("status"u8, Names<OutcomeStatus>.Of(outcome.Status));
            _writer.WriteString("reason"u8, outcome.Reason == Reason.None ? null : Names<Reason>.Of(outcome.Reason));
            _writer.WriteEndObject();
        }
        else _writer.WriteNull("outcome"u8);
        if (taken.Remaining is { } remaining) _writer.WriteNumber("remaining"u8, remaining);
        else _writer.WriteNull("remaining"u8);
    }

    private async ValueTask Flush(CancellationToken cancellation)
    {
        _writer.Flush();
        await context.Response.BodyWriter.FlushAsync(cancellation);
    }
}
