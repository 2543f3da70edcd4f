using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Statements;

namespace MeteringGateway.Api.Outcomes;

/// <summary>Outcomes of a closed period, drawn so that both sides draw the same, and neither can choose.</summary>
/// <param name="Population">Outcomes that it was drawn from.</param>
/// <param name="Seed">Hex; see <c>docs/disputes.md</c>.</param>
/// <param name="Head">Of the period's final statement, of which the seed is made.</param>
/// <param name="Data">In the order in which they were drawn.</param>
internal sealed record SampleWire(string Tenant, string Period, long Population, string Seed, HeadWire Head,
    IReadOnlyList<OutcomeWire> Data);

internal static class SampleEndpoint
{
    private const int Most = 1_000;

    public static void MapSample(this IEndpointRouteBuilder app) =>
        app.MapGet("/v1/tenants/{tenant}/outcomes/sample", async Task<Results<Ok<SampleWire>, Problem>> (
            string tenant, string? n, string? period, string? status, string? outcome_type, ITenants tenants,
            CancellationToken cancellation) =>
        {
            if (Query.Whole("n", n) is not (>= 1 and <= Most and var count))
                throw Query.Wrong("n", $"must be a whole number from 1 to {Most}");
            var filter = new OutcomeFilter(Query.Date("period", period) ?? throw Query.Wrong("period", "is required"),
                Query.OneOf<OutcomeStatus>("status", status), outcome_type);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            if (await tenants.Statement(tenant, filter.Period, cancellation) is not { } row)
                return Problem.NotFound("unknown_period", "The tenant has no such period.");
            if (row.Statement.Status != PeriodStatus.Closed)
                return new Problem(StatusCodes.Status409Conflict, "period_not_closed",
                    "Outcomes are drawn when the period's statement is final: until then its head could be chosen.");
            var seed = Sample.Seed(tenant, filter.Period!.Value, row.Hash);
            var (population, drawn) = await Draw(tenants, tenant, filter, new Sample(seed, (int)count), cancellation);
            return TypedResults.Ok(new SampleWire(tenant, Text.Date(filter.Period.Value), population,
                Convert.ToHexStringLower(seed), new HeadWire(row.Sequence, Convert.ToHexStringLower(row.Hash)),
                [.. drawn.Select(outcome => outcome.Wire(tenant, figure.Terms.Currency))]));
        }).WithTags("Outcomes").Needs(Permission.OutcomesRead).AnsweringMuch()
            .Refuses(Refusal.UnknownPeriod)
            .Refuses(StatusCodes.Status409Conflict, "period_not_closed")
            .WithName("sampleOutcomes")
            .WithSummary("Outcomes of a closed period, drawn by its final head: everybody draws the same");

    private static async Task<(long Population, IReadOnlyList<OutcomeRow> Drawn)> Draw(
        ITenants tenants, string tenant, OutcomeFilter filter, Sample sample, CancellationToken cancellation)
    {
        var population = 0L;
        for (long? cursor = null; ;)
        {
            var page = await tenants.Outcomes(tenant, filter, cursor, 1000, cancellation)
                ?? throw new ProblemException(Problem.UnknownTenant());
            foreach (var row in page.Items) sample.Offer(row);
            population += page.Items.Count;
            cursor = page.Next;
            if (cursor is null) return (population, sample.Drawn());
        }
    }
}

/// <summary>The outcomes with the lowest ranks: an outcome's is SHA-256 of the seed and its id.</summary>
internal sealed class Sample(byte[] seed, int size)
{
    // The highest on top.
    private readonly PriorityQueue<OutcomeRow, byte[]> _lowest =
        new(Comparer<byte[]>.Create((a, b) => b.AsSpan().SequenceCompareTo(a)));

    /// <param name="head">The chain's hash after the entry that closed the period.</param>
    public static byte[] Seed(string tenant, DateOnly period, byte[] head) => SHA256.HashData(
        [.. Encoding.UTF8.GetBytes($"metering-sample-v1\0{tenant}\0{Text.Date(period)}\0"), .. head]);

    public void Offer(OutcomeRow row)
    {
        var rank = SHA256.HashData([.. seed, .. Encoding.UTF8.GetBytes(row.Outcome.Id)]);
        if (_lowest.Count < size) _lowest.Enqueue(row, rank);
        else _lowest.EnqueueDequeue(row, rank);
    }

    public IReadOnlyList<OutcomeRow> Drawn()
    {
        var drawn = new OutcomeRow[_lowest.Count];
        for (var i = drawn.Length - 1; i >= 0; i--) drawn[i] = _lowest.Dequeue();
        return drawn;
    }
}
