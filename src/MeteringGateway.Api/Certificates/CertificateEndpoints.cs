using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Certificates;

/// <summary>Certificates, signed heads, and the keys to check them with (D2).</summary>
internal static class CertificateEndpoints
{
    public const string MediaType = "application/jose";

    /// <summary>Each head is a signature, and some reads of the journal.</summary>
    private const int MostHeads = 100;

    public static void MapCertificates(this IEndpointRouteBuilder app)
    {
        app.MapGet("/.well-known/jwks.json", (HttpContext context, CertificateKeys keys) =>
        {
            var set = keys.Published();
            context.Response.Headers.CacheControl = "public, no-cache";
            ETags.Send(context, ETags.OfContent(set));
            return TypedResults.Bytes(set, "application/json; charset=utf-8");
        }).WithTags("Certificates").OpenToAll().Conditional()
            .Produces<KeySetWire>(StatusCodes.Status200OK, TakesExtensions.Json)
            .WithName("getPublicKeys")
            .WithSummary("Public keys of certificates and heads, retired ones too (a JWK set)");

        var tenant = app.MapGroup("/v1/tenants/{tenant}").WithTags("Certificates");

        tenant.MapGet("/outcomes/{id}/certificate", async Task<Results<ContentHttpResult, Problem>> (
            string tenant, string id, ITenants tenants, CertificateKeys keys, TimeProvider clock,
            CancellationToken cancellation) =>
        {
            if (!keys.HasDirectory) return NoKeys();
            if (await tenants.Tenant(tenant, cancellation) is null) return Problem.UnknownTenant();
            return await tenants.ProveOutcome(tenant, id, cancellation) is { } proof
                ? Signed(keys, proof, tenant, clock)
                : Problem.NotFound("unknown_outcome", "There is no such outcome.");
        }).Needs(Permission.OutcomesRead).Produces<string>(StatusCodes.Status200OK, MediaType)
            .Refuses(Refusal.UnknownOutcome)
            .Refuses(StatusCodes.Status409Conflict, "no_key_directory")
            .WithName("getOutcomeCertificate")
            .WithSummary("A certificate of an outcome as it stands, and of the entry that made it so (a compact JWS)");

        tenant.MapGet("/entries/{sequence}/certificate", async Task<Results<ContentHttpResult, Problem>> (
            string tenant, string sequence, ITenants tenants, CertificateKeys keys, TimeProvider clock,
            CancellationToken cancellation) =>
        {
            if (!keys.HasDirectory) return NoKeys();
            if (await tenants.Tenant(tenant, cancellation) is null) return Problem.UnknownTenant();
            return long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && await tenants.ProveEntry(tenant, number, cancellation) is { } proof
                ? Signed(keys, proof, tenant, clock)
                : Problem.NotFound("unknown_entry", "The tenant's journal has no such entry.");
        }).Needs(Permission.EntriesRead).Produces<string>(StatusCodes.Status200OK, MediaType)
            .Refuses(StatusCodes.Status404NotFound, "unknown_entry")
            .Refuses(StatusCodes.Status409Conflict, "no_key_directory")
            .WithName("getEntryCertificate").WithSummary("A certificate of one entry of the journal (a compact JWS)");

        tenant.MapGet("/heads", async Task<Results<Ok<ListWire<DayHeadWire>>, Problem>> (
            string tenant, string? cursor, string? limit, ITenants tenants, CertificateKeys keys, TimeProvider clock,
            CancellationToken cancellation) =>
        {
            if (!keys.HasDirectory) return NoKeys();
            var paging = Paging.From(cursor, limit);
            if (await tenants.Heads(tenant, paging.Day, Math.Min(paging.Limit, MostHeads), cancellation)
                is not { } page) return Problem.UnknownTenant();
            return TypedResults.Ok(new ListWire<DayHeadWire>(
                [.. page.Items.Select(head => Signed(keys, head, tenant, clock))],
                page.Next is { } next ? Cursors.Write(next) : null));
        }).Needs(Permission.UsageRead)
            .WithName("listHeads")
            .WithSummary("The journal's signed head at the end of each day that had entries, newest first");

        tenant.MapGet("/statements/{period}/head", async Task<Results<ContentHttpResult, Problem>> (
            string tenant, string period, ITenants tenants, CertificateKeys keys, TimeProvider clock,
            CancellationToken cancellation) =>
        {
            if (!keys.HasDirectory) return NoKeys();
            var wanted = Query.PeriodInPath(period);
            if (await tenants.Tenant(tenant, cancellation) is null) return Problem.UnknownTenant();
            if (await tenants.Statement(tenant, wanted, cancellation) is not { } row)
                return Problem.NotFound("unknown_period", "The tenant has no such period.");
            var head = new SignedHeadWire(SignedHeadWire.Name, tenant, Now(clock).ToString(), row.Sequence,
                Convert.ToHexStringLower(row.Hash), null, null, HeadOfStatementWire.Of(row, tenant));
            return Jose(Sign(keys, head));
        }).Needs(Permission.UsageRead).Produces<string>(StatusCodes.Status200OK, MediaType)
            .Refuses(Refusal.UnknownPeriod)
            .Refuses(StatusCodes.Status409Conflict, "no_key_directory")
            .WithName("getStatementHead")
            .WithSummary("A statement's total and the journal's head as of it, signed (a compact JWS)");
    }

    private static ContentHttpResult Signed(CertificateKeys keys, EntryProof proof, string tenant,
        TimeProvider clock) =>
        Jose(keys.Sign(CertificateWire.Name, JsonSerializer.SerializeToUtf8Bytes(
            CertificateWire.Of(proof, tenant, Now(clock)), WireJson.Typed<CertificateWire>())));

    private static DayHeadWire Signed(CertificateKeys keys, DayHead head, string tenant, TimeProvider clock)
    {
        var (day, at, hash) = (Text.Date(head.Day), head.At.ToString(), Convert.ToHexStringLower(head.Hash));
        return new DayHeadWire(day, head.Sequence, at, hash, Sign(keys, new SignedHeadWire(SignedHeadWire.Name, tenant,
            Now(clock).ToString(), head.Sequence, hash, at, day, null)));
    }

    private static string Sign(CertificateKeys keys, SignedHeadWire head) =>
        keys.Sign(SignedHeadWire.Name, JsonSerializer.SerializeToUtf8Bytes(head, WireJson.Typed<SignedHeadWire>()));

    private static Instant Now(TimeProvider clock) => Instant.From(clock.GetUtcNow());

    private static ContentHttpResult Jose(string signed) => TypedResults.Text(signed, MediaType);

    private static Problem NoKeys() => new(StatusCodes.Status409Conflict, "no_key_directory",
        "Certificates are signed with a key that the silos share: set Metering:KeyDirectory on each of them.");
}
