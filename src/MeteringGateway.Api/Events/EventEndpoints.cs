using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Hosting;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

/// <summary>
/// Events come one by one, in batches, or as a stream. The answer comes when everything accepted is durable.
/// </summary>
internal static class EventEndpoints
{
    public const string Single = "application/cloudevents+json";
    public const string Batch = "application/cloudevents-batch+json";
    public const string Stream = "application/x-ndjson";

    public static void MapEvents(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/events",
            (HttpContext context, Principal caller, ITenants tenants, MeteringSettings settings, KeyRing keys,
                RefusedEvents refused, EndCustomers customers,
                IHostApplicationLifetime lifetime, TimeProvider clock, string? results) =>
        {
            if (results is not (null or "all" or "rejected")) throw Query.Wrong("results", "must be all or rejected");
            var take = new Intake(context, caller, tenants, refused, settings.Limits, customers,
                results == "rejected");
            var pace = new Pace(caller, settings.Limits, clock);
            var media = context.Request.ContentType.AsSpan();
            if (media.StartsWith(Batch, StringComparison.OrdinalIgnoreCase)) return take.Batch(pace);
            if (media.StartsWith(Stream, StringComparison.OrdinalIgnoreCase))
                return Workers.Shared.Run(Lane.Events, () => take.Stream(pace, keys, lifetime.ApplicationStopping));
            return take.Single();
        })
        .WithTags("Events")
        .Needs(Permission.EventsWrite | Permission.VerdictsWrite)
        .Takes<CloudEventWire>(Single, Batch, Stream, TakesExtensions.Json)
        .Produces<EventResultWire>(StatusCodes.Status201Created)
        .Produces<EventAnswerWire>()
        .RefusesEvents()
        .Refuses(StatusCodes.Status404NotFound, "unknown_tenant")
        .Refuses(StatusCodes.Status503ServiceUnavailable, "tenant_unavailable")
        .Refuses(StatusCodes.Status429TooManyRequests, "too_many_streams")
        .WithName("reportEvents").WithSummary(
            "Report events: one (201 new, 200 duplicate), a batch, or a stream of lines (200 with a result for each)");
    }

    private sealed record Intake(
        HttpContext Context, Principal Caller, ITenants Tenants, RefusedEvents Refused, MeteringLimits Limits,
        EndCustomers Customers, bool OnlyRejected)
    {
        private CancellationToken Cancellation => Context.RequestAborted;

        public async Task Single()
        {
            var body = await RequestBytes.Read(Context);
            var reader = new EventReader(Limits, Customers);
            var group = new EventGroup(Tenants, Caller, Refused);
            group.Add(Read(reader, body.Span));
            await group.Execute(Cancellation);
            var (id, accepted, problem) = group.Result(0);
            if (problem is not null) throw new ProblemException(problem);
            var result = new EventResultWire(id!, accepted!.Duplicate ? "duplicate" : "accepted",
                accepted.Outcome?.Wire(), accepted.Remaining, group.NoDispute(0));
            var status = accepted.Duplicate ? StatusCodes.Status200OK : StatusCodes.Status201Created;
            await TypedResults.Json(result, WireJson.Typed<EventResultWire>(), statusCode: status)
                .ExecuteAsync(Context);
        }

        private ReadEvent Read(EventReader reader, ReadOnlySpan<byte> body)
        {
            if (!Context.Request.ContentType!.StartsWith(TakesExtensions.Json, StringComparison.OrdinalIgnoreCase))
                return reader.Read(body);
            if (BinaryMode.Is(Context.Request)) return reader.ReadData(body, BinaryMode.Attributes(Context.Request));
            throw new ProblemException(
                Problem.Malformed(
                    $"With {TakesExtensions.Json} the attributes are in ce- fields; an event in one piece is "
                        + $"{EventEndpoints.Single}."));
        }

        public async Task Batch(Pace pace)
        {
            var body = await RequestBytes.Read(Context);
            await Workers.Shared.Run(Lane.Events, () => Batch(body, pace));
        }

        private async Task Batch(ReadOnlyMemory<byte> body, Pace pace)
        {
            var events = Elements(body.Span, Limits.BatchEvents);
            if (pace.Refuse(events.Count) is { } throttled) throw new ProblemException(throttled);
            using var answers = new EventAnswers(Context, OnlyRejected);
            var reader = new EventReader(Limits, Customers);
            var isPart = false;
            foreach (var chunk in events.Chunk(EventGroup.Most))
            {
                var group = new EventGroup(Tenants, Caller, Refused, isPart);
                isPart = true;
                foreach (var at in chunk) group.Add(reader.Read(body.Span[at]));
                await group.Execute(Cancellation);
                await answers.Write(group, Cancellation);
            }
            await answers.End(Cancellation);
        }

        public async Task Stream(Pace pace, KeyRing keys, CancellationToken stopping)
        {
            if (Context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
                size.MaxRequestBodySize = null;
            // A runtime that keeps one stream open all day may be silent for long.
            if (Context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
            using var answers = new EventAnswers(Context, OnlyRejected);
            using var open = Caller.Streams.Open(Limits.StreamsPerKey)
                ?? throw new ProblemException(Problem.TooManyStreams());
            HttpTimes.Leave(Context);
            using var counted = ApiInstruments.Open("events");
            await new EventStream(Tenants, Caller, Refused, Limits, Customers, answers, pace,
                () => keys.IsInForce(Caller),
                stopping).Run(Context.Request.BodyReader, Cancellation);
            await answers.End(Cancellation);
        }

        // The whole must be a list before any of it is taken.
        private static List<Range> Elements(ReadOnlySpan<byte> json, int most)
        {
            try
            {
                var elements = new List<Range>();
                var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 33 });
                if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                    throw new ProblemException(Problem.Malformed(
                        $"A batch must be a JSON list; one event has the content type {EventEndpoints.Single}."));
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (elements.Count == most) throw new ProblemException(Problem.TooManyEvents(most));
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    elements.Add(start..(int)reader.BytesConsumed);
                }
                reader.Read();
                return elements;
            }
            catch (JsonException failure)
            {
                throw new ProblemException(
                    Problem.Malformed($"The batch is not JSON (line {failure.LineNumber + 1})."));
            }
        }
    }
}
