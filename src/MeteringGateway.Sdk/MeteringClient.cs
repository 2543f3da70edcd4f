using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MeteringGateway.Sdk.Wire;

namespace MeteringGateway.Sdk;

/// <summary>
/// A gateway over HTTP, as an agent runtime sees it. What the gateway refuses is a <see cref="MeteringException"/>
/// with its code and pointers; what may pass (no answer, 429, 5xx) is asked again with the same ids, bounded by
/// <see cref="MeteringOptions.Attempts"/> and <see cref="MeteringOptions.RetryFor"/>, with Retry-After honoured, and
/// is a <see cref="MeteringUnavailableException"/> in the end. Safe for use by many at once.
/// </summary>
public sealed partial class MeteringClient
{
    private readonly HttpClient _http;
    private readonly MeteringOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Sender _sender;

    /// <param name="http">Whose time-out is longer than any stream of signals: infinite, usually.</param>
    /// <param name="options">Which gateway, as whom.</param>
    /// <param name="clock">Null: the system's.</param>
    /// <param name="log">Null: none.</param>
    /// <exception cref="ArgumentException">The options lack something.</exception>
    public MeteringClient(HttpClient http, MeteringOptions options, TimeProvider? clock = null,
        ILogger<MeteringClient>? log = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        (_http, _options, _clock) = (http, options, clock ?? TimeProvider.System);
        _log = (ILogger?)log ?? NullLogger.Instance;
        _sender = new Sender(http, options, _clock, _log);
    }

    /// <summary>May this be done now? Changes nothing; a promise is a reservation (A1, A3).</summary>
    /// <param name="tenant">The account that pays.</param>
    /// <param name="question">What is about to be done.</param>
    /// <param name="record">The decision is journalled, once for each time that it is sent.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="MeteringException"><c>unknown_tenant</c>, <c>unknown_outcome_type</c>, ...</exception>
    public Task<Decision> CheckAsync(string tenant, Question question, bool record = false,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        return Post("check", Path(tenant, "check"), CheckWire.Of(question, record), WireJson.Types.CheckWire,
            WireJson.Types.Decision, cancellation);
    }

    /// <summary>Holds units of an outcome type, or says why not (A4).</summary>
    /// <param name="tenant">The account that pays.</param>
    /// <param name="question">What for; its quantity is 1 to 100,000 units.</param>
    /// <param name="ttl">How long, 1 s to 24 h, in whole seconds.</param>
    /// <param name="allowPartial">Take what there is, when that is less.</param>
    /// <param name="idempotencyKey">The same key holds once; null: one of its own for this call.</param>
    /// <param name="cancellation">Gives up waiting; what was held by then expires.</param>
    /// <returns>With <see cref="Decision.Reservation"/> when something is held.</returns>
    public Task<Decision> ReserveAsync(string tenant, Question question, TimeSpan ttl, bool allowPartial = false,
        string? idempotencyKey = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        var body = new ReserveWire(question.OutcomeType, question.Quantity, Duration(ttl), allowPartial, question.Agent,
            question.Channel, question.Workflow, question.Session);
        return Post("reserve", Path(tenant, "reservations"), body, WireJson.Types.ReserveWire, WireJson.Types.Decision,
            cancellation, idempotencyKey ?? Guid.NewGuid().ToString("N"));
    }

    /// <summary>Holds a reservation from now on for so long, never shorter than it was.</summary>
    /// <exception cref="MeteringException"><c>unknown_reservation</c>: it has gone.</exception>
    public async Task ExtendAsync(string tenant, string reservation, TimeSpan ttl,
        CancellationToken cancellation = default) =>
        await _sender.Send<Decision>("extend", HttpMethod.Post,
            Path(tenant, $"reservations/{Uri.EscapeDataString(reservation)}/extend"),
            JsonSerializer.SerializeToUtf8Bytes(new ExtendWire(Duration(ttl)), WireJson.Types.ExtendWire), null,
            cancellation);

    /// <summary>Gives back what a reservation still holds; also when it has gone.</summary>
    public async Task ReleaseAsync(string tenant, string reservation, CancellationToken cancellation = default) =>
        await _sender.Send<Decision>("release", HttpMethod.Delete,
            Path(tenant, $"reservations/{Uri.EscapeDataString(reservation)}"), null, null, cancellation);

    /// <summary>Reports one event; what is wrong with it is in the result.</summary>
    /// <exception cref="MeteringException">Nothing of it was read: <c>unauthorized</c>, ...</exception>
    public async Task<EventResult> ReportAsync(MeteringEvent report, CancellationToken cancellation = default) =>
        (await ReportBatchAsync([report], cancellation))[0];

    /// <summary>
    /// Reports events, at most 50,000 and 10 MiB; the answer comes when all that were accepted are durable. What is
    /// wrong with one is in its result, and never touches another.
    /// </summary>
    /// <returns>A result for each, in their order.</returns>
    public Task<IReadOnlyList<EventResult>> ReportBatchAsync(IReadOnlyList<MeteringEvent> events,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Report([.. events.Select(e => new ReadOnlyMemory<byte>(EventJson.Write(e, _options.Source, null)))],
            cancellation);
    }

    /// <summary>Says that an outcome stands, which closes its window (O4).</summary>
    /// <param name="tenant">The account that pays.</param>
    /// <param name="outcome">The outcome's id.</param>
    /// <param name="id">The event's id; null: made of what is said, so that the same said again is one event.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public Task<EventResult> ConfirmAsync(string tenant, string outcome, string? id = null,
        CancellationToken cancellation = default) =>
        ReverseAsync(tenant, outcome, FactKind.Confirmed, id, cancellation);

    /// <summary>Takes an outcome back: within its window it is not charged (O3).</summary>
    /// <param name="tenant">The account that pays.</param>
    /// <param name="outcome">The outcome's id.</param>
    /// <param name="why">What happened.</param>
    /// <param name="id">The event's id; null: made of what is said, so that the same said again is one event.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public Task<EventResult> ReverseAsync(string tenant, string outcome, FactKind why, string? id = null,
        CancellationToken cancellation = default)
    {
        var said = JsonNamingPolicy.SnakeCaseLower.ConvertName(why.ToString());
        return ReportAsync(new OutcomeFact(tenant, outcome, why) { Id = id ?? $"{outcome}:{said}" }, cancellation);
    }

    /// <summary>Says that an agent took note of a signal (S3).</summary>
    public async Task AcknowledgeAsync(string tenant, long sequence, string agent,
        CancellationToken cancellation = default) =>
        await _sender.Send<Decision>("acknowledge", HttpMethod.Post,
            Path(tenant, FormattableString.Invariant($"signals/{sequence}/ack")),
            JsonSerializer.SerializeToUtf8Bytes(new AckWire(agent), WireJson.Types.AckWire), null, cancellation);

    /// <summary>Events as they were written by <see cref="EventJson"/>.</summary>
    /// <param name="callers">The traces that they are of; null: that of whoever calls.</param>
    internal async Task<IReadOnlyList<EventResult>> Report(IReadOnlyList<ReadOnlyMemory<byte>> events,
        CancellationToken cancellation, IEnumerable<ActivityContext>? callers = null)
    {
        if (events.Count == 0) return [];
        var answer = await _sender.Send("report", HttpMethod.Post, "v1/events", Batch(events),
            WireJson.Types.BatchAnswerWire, cancellation, "application/cloudevents-batch+json", callers: callers);
        return answer!.Results is { } results && results.Count == events.Count ? results
            : throw new MeteringUnavailableException(
                new Problem(200, "unreachable", "What answered gave no result for each event."), null);
    }

    private static byte[] Batch(IReadOnlyList<ReadOnlyMemory<byte>> events)
    {
        var body = new byte[events.Sum(e => e.Length) + events.Count + 1];
        var at = 0;
        for (var i = 0; i < events.Count; i++)
        {
            body[at++] = i == 0 ? (byte)'[' : (byte)',';
            events[i].Span.CopyTo(body.AsSpan(at));
            at += events[i].Length;
        }
        body[at] = (byte)']';
        return body;
    }

    private async Task<TAnswer> Post<T, TAnswer>(string name, string path, T body, JsonTypeInfo<T> type,
        JsonTypeInfo<TAnswer> answer, CancellationToken cancellation, string? idempotencyKey = null)
        where TAnswer : class =>
        (await _sender.Send(name, HttpMethod.Post, path, JsonSerializer.SerializeToUtf8Bytes(body, type), answer,
            cancellation, idempotencyKey: idempotencyKey))!;

    private static string Path(string tenant, string rest)
    {
        ArgumentException.ThrowIfNullOrEmpty(tenant);
        return $"v1/tenants/{Uri.EscapeDataString(tenant)}/{rest}";
    }

    private static string Duration(TimeSpan ttl) =>
        FormattableString.Invariant($"PT{Math.Max(1, (long)Math.Floor(ttl.TotalSeconds))}S");
}
