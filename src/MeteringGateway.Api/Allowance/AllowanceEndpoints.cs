using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Features;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Allowance;

/// <summary>
/// May I act? Checks are answered from memory; a reservation is a promise, and durable before it is answered.
/// </summary>
internal static class AllowanceEndpoints
{
    public static void MapAllowance(this IEndpointRouteBuilder app)
    {
        var tenant = app.MapGroup("/v1/tenants/{tenant}").WithTags("Allowance").Needs(Permission.Allowance);

        // The hottest call asks for its services once, not with every request.
        var services = app.ServiceProvider;
        ITenants? found = null;

        tenant.MapPost("/check", async (string tenant, HttpContext context) =>
        {
            var tenants = found ??= services.GetRequiredService<ITenants>();
            var (question, record) = await Ask(context);
            var decision = record
                ? await Recorded(tenants, tenant, question, context.Features.GetRequiredFeature<Principal>(),
                    context.RequestAborted)
                : await tenants.Check(tenant, question, context.RequestAborted);
            if (decision is null)
                throw new ProblemException(await Unknown(tenants, tenant, question, context.RequestAborted));
            RequestSpan.Decided(decision);
            RateLimitFields.Write(context.Response, decision);
            Write(context.Response, decision.Wire(), HotJson.Default.DecisionWire);
        }).Takes<CheckWire>().Produces<DecisionWire>().SendsRateLimits()
            .Refuses(Refusal.UnknownOutcomeType)
            .WithName("checkAllowance")
            .WithSummary("Ask whether an agent may act; changes nothing");

        tenant.MapPost("/reservations", async (
            string tenant, Body<ReserveWire> body, HttpContext context, Principal caller, ITenants tenants,
            CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var (question, ttl) = QuestionReader.Reservation(body.Value, findings);
            if (findings.Problem is { } invalid) throw new ProblemException(invalid);
            var command = new Command.Reserve(question, ttl, body.Value.AllowPartial ?? false);
            var answer = await tenants.ExecuteOnce(context, tenant, command, caller, body.Bytes, cancellation);
            if (answer is Answer.Refused refused) throw new ProblemException(refused.ToProblem());
            var reserved = answer as Answer.Reserved ?? throw answer.Unexpected();
            RequestSpan.Decided(reserved.Decision);
            RateLimitFields.Write(context.Response, reserved.Decision);
            if (reserved.Reservation is { } held)
            {
                context.Response.StatusCode = StatusCodes.Status201Created;
                context.Response.Headers.Location = $"/v1/tenants/{tenant}/reservations/{held.Id}";
            }
            Write(context.Response, reserved.Wire(), HotJson.Default.ReservedWire);
        }).Takes<ReserveWire>().Produces<ReservedWire>(StatusCodes.Status201Created).Produces<ReservedWire>()
            .SendsRateLimits()
            .Refuses(Refusal.UnknownOutcomeType, Refusal.TooManyReservations, Refusal.AmountOverflow)
            .WithName("reserve").MayRepeat()
            .WithSummary("Hold units for a limited time (201), or learn why not (200)");

        tenant.MapPost("/reservations/{id}/extend", async Task<Results<Ok<ReservationWire>, Problem>> (
            string tenant, string id, Body<ExtendWire> body, ITenants tenants, CancellationToken cancellation) =>
        {
            var findings = new Findings();
            if (body.Value.Ttl is null) findings.Add("/ttl", "is required");
            var ttl = QuestionReader.Ttl(body.Value.Ttl, findings);
            if (findings.Problem is { } invalid) return invalid;
            if (await tenants.Execute(tenant, new Command.ExtendReservation(id, ttl),
                cancellation) is Answer.Refused refused) return refused.ToProblem();
            return await tenants.Reservation(tenant, id, cancellation) is { } held ? TypedResults.Ok(held.Wire())
                : Gone();
        }).Takes<ExtendWire>()
            .Refuses(Refusal.UnknownReservation, Refusal.UnknownOutcomeType, Refusal.TenantClosed)
            .WithName("extendReservation").WithSummary("Hold a reservation for longer");

        tenant.MapDelete("/reservations/{id}",
            async Task<Results<NoContent, Problem>> (string tenant, string id, ITenants tenants,
                CancellationToken cancellation) =>
            await tenants.Execute(tenant, new Command.ReleaseReservation(id), cancellation) switch
            {
                Answer.Refused refused => refused.ToProblem(),
                _ when !IsOfAReservation(id) => Gone(),
                _ => TypedResults.NoContent(),
            })
            .Refuses(Refusal.UnknownReservation, Refusal.TenantClosed)
            .WithName("releaseReservation")
            .WithSummary("Release a reservation; also when it has gone. 404 for what is no id of one");

        tenant.MapGet("/reservations/{id}",
            async Task<Results<Ok<ReservationWire>, Problem>> (string tenant, string id, ITenants tenants,
                CancellationToken cancellation) =>
            await tenants.Reservation(tenant, id, cancellation) is { } held ? TypedResults.Ok(held.Wire()) : Gone())
            .Refuses(Refusal.UnknownReservation)
            .WithName("getReservation").WithSummary("A reservation that still holds");

        // Whoever may see what stands against the caps may see what it is.
        app.MapGet("/v1/tenants/{tenant}/reservations", async Task<Results<Ok<ListWire<HeldWire>>, Problem>> (
            string tenant, ITenants tenants, string? cursor, string? limit, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            var held = await tenants.Reservations(tenant, paging.After, paging.Limit + 1, cancellation);
            if (held is null) return Problem.UnknownTenant();
            return TypedResults.Ok(new ListWire<HeldWire>([.. held.Take(paging.Limit).Select(one => one.Wire())],
                held.Count > paging.Limit ? Cursors.Write(held[paging.Limit - 1].Id) : null));
        }).WithTags("Allowance").Needs(Permission.Allowance | Permission.UsageRead)
            .WithName("listReservations")
            .WithSummary("Reservations that still hold, in the order in which they were made");
    }

    // Nothing was decided: there is no such tenant, or it has no such outcome type.
    private static async Task<Problem> Unknown(ITenants tenants, string tenant, Question question,
        CancellationToken cancellation) =>
        await tenants.Tenant(tenant, cancellation) is not { } figure ? Problem.UnknownTenant()
            : new Answer.Refused(Refusal.UnknownOutcomeType, figure.Terms.NoSuchType(question.Subject.What))
                .ToProblem();

    /// <summary>
    /// Whether there may have been one: <c>r</c> and the number of the entry that made it. What was mistyped, or is the
    /// id of something else, holds on where it stands, and must not be taken for released.
    /// </summary>
    private static bool IsOfAReservation(string id) =>
        id is ['r', >= '1' and <= '9', ..] && id.Length <= 20 && !id.AsSpan(1).ContainsAnyExceptInRange('0', '9');

    private static Problem Gone() =>
        Problem.NotFound("unknown_reservation", "There is no such reservation, or it has gone.");

    private static async ValueTask<(Question Question, bool Record)> Ask(HttpContext context)
    {
        var body = context.Request.BodyReader;
        var read = await body.ReadAsync(context.RequestAborted);
        if (!read.IsCompleted || !read.Buffer.IsSingleSegment)
        {
            body.AdvanceTo(read.Buffer.Start); // not all of it is there, or not in one piece
            return QuestionReader.Read((await RequestBytes.Read(context)).Span);
        }
        try
        {
            return QuestionReader.Read(read.Buffer.FirstSpan);
        }
        finally
        {
            body.AdvanceTo(read.Buffer.End);
        }
    }

    private static async ValueTask<Decision?> Recorded(ITenants tenants, string tenant, Question question,
        Principal caller, CancellationToken cancellation) =>
        await tenants.Execute(tenant, new Command.RecordCheck(question) { Actor = caller.Actor }, cancellation) switch
        {
            Answer.Decided decided => decided.Decision,
            Answer.Refused refused => throw new ProblemException(refused.ToProblem()),
            var other => throw other.Unexpected(),
        };

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? _scratch;

    // The length is known before the first byte leaves, and the server sends head and body at once when the request
    // ends.
    private static void Write<T>(HttpResponse response, T document, JsonTypeInfo<T> type)
    {
        if (_scratch is not { } own)
        {
            var made = new ArrayBufferWriter<byte>(1024);
            _scratch = own = (made, new Utf8JsonWriter(made,
                new JsonWriterOptions { SkipValidation = true, Encoder = WireJson.Plain }));
        }
        own.Buffer.ResetWrittenCount();
        own.Writer.Reset();
        type.SerializeHandler!(own.Writer, document);
        own.Writer.Flush();
        response.ContentType = "application/json";
        response.ContentLength = own.Buffer.WrittenCount;
        response.BodyWriter.Write(own.Buffer.WrittenSpan);
    }
}
