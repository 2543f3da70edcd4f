using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Hosting;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Signals;

/// <summary>What agent runtimes are told as it happens, and that they took note of it.</summary>
internal static class SignalEndpoints
{
    private const int MostTenants = 100;
    private const string EventStream = "text/event-stream";

    public static void MapSignals(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/tenants/{tenant}/signals",
            (string tenant, string? after, SignalSource source, HttpContext context) =>
            source.Open([tenant], after, context))
            .WithTags("Signals").Needs(Permission.Signals).Produces<SignalWire>(StatusCodes.Status200OK, EventStream)
            .Refuses(StatusCodes.Status429TooManyRequests, "too_many_streams")
            .WithName("streamSignals").WithMetadata(new ReadsField("Last-Event-ID"))
            .WithSummary("Signals of a tenant as they happen; first reset, the keys that stop or warn, and ready");

        app.MapGet("/v1/signals",
            (string[] tenant, string? after, Principal caller, SignalSource source, HttpContext context) =>
        {
            if (tenant.Length is 0 or > MostTenants)
                throw Query.Wrong("tenant", $"must be there 1 to {MostTenants} times");
            if (!tenant.All(caller.MaySee)) throw new ProblemException(Problem.UnknownTenant());
            return source.Open([.. tenant.Distinct()], after, context);
        }).WithTags("Signals").Needs(Permission.Signals).Produces<SignalWire>(StatusCodes.Status200OK, EventStream)
            .Refuses(StatusCodes.Status429TooManyRequests, "too_many_streams")
            .Refuses(StatusCodes.Status404NotFound, "unknown_tenant")
            .Refuses(StatusCodes.Status503ServiceUnavailable, "tenant_unavailable")
            .WithName("streamAllSignals").WithMetadata(new ReadsField("Last-Event-ID"))
            .WithSummary("Signals of many tenants in one stream");

        app.MapPost("/v1/tenants/{tenant}/signals/{sequence}/ack", async Task<Results<NoContent, Problem>> (
            string tenant, string sequence, Body<AckWire> body, ITenants tenants, Principal caller,
            CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var agent = findings.Name("/agent", body.Value.Agent);
            if (findings.Problem is { } invalid) return invalid;
            var signal = Query.Whole("sequence", sequence) ?? 0;
            return await tenants.Execute(tenant, new Command.Acknowledge(signal, agent) { Actor = caller.Actor },
                cancellation) is Answer.Refused refused
                ? refused.ToProblem()
                : TypedResults.NoContent();
        }).WithTags("Signals").Needs(Permission.Signals).Takes<AckWire>()
            .Refuses(Refusal.UnknownSignal)
            .WithName("acknowledgeSignal")
            .WithSummary("Acknowledge a signal (S3)");
    }

    /// <summary>Opens streams, and ends them when the process stops.</summary>
    internal sealed class SignalSource(ITenants tenants, MeteringSettings settings, TimeProvider clock, KeyRing keys,
        IHostApplicationLifetime lifetime)
    {
        public async Task Open(IReadOnlyList<string> wanted, string? after, HttpContext context)
        {
            var position = Position(wanted, context, after);
            var caller = context.Features.Get<Principal>()!;
            using var open = caller.Streams.Open(settings.Limits.StreamsPerKey)
                ?? throw new ProblemException(Problem.TooManyStreams());
            var readers = new List<(string Tenant, SignalReader Reader)>();
            try
            {
                foreach (var tenant in wanted)
                    readers.Add((tenant, await tenants.Signals(tenant, position[tenant], context.RequestAborted)
                        ?? throw new ProblemException(Problem.UnknownTenant())));
            }
            catch
            {
                foreach (var (_, reader) in readers) reader.Dispose();
                throw;
            }
            HttpTimes.Leave(context);
            using var counted = ApiInstruments.Open("signals");
            await new SignalStream(context, position, settings.Limits, clock, () => keys.IsInForce(caller),
                lifetime.ApplicationStopping)
                .Run(readers);
        }

        private static StreamPosition Position(IReadOnlyList<string> wanted, HttpContext context, string? after)
        {
            var last = context.Request.Headers["Last-Event-ID"] is [{ Length: > 0 } header] ? header : null;
            var position = new StreamPosition(wanted);
            if ((last ?? after) is not { } id || position.Continue(id)) return position;
            throw last is null ? Query.Wrong("after", "is not one of our event ids")
                : new ProblemException(new Problem(StatusCodes.Status422UnprocessableEntity, "invalid",
                    "The header Last-Event-ID is not one of our event ids."));
        }
    }
}
