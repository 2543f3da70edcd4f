using MeteringGateway.Core;
using Orleans.Concurrency;
using Orleans.Placement;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>
/// What a tenant's grain is compared with: the same question and an answer of the same form, with nothing in between.
/// </summary>
[Alias("loadtests.empty")]
internal interface IEmptyGrain : IGrainWithStringKey
{
    [Alias("check"), ResponseTimeout("00:00:03")]
    ValueTask<Decision?> Check(Question question);

    /// <summary>Nothing asked, nothing answered.</summary>
    [Alias("nothing")]
    ValueTask Nothing();
}

[Reentrant, ResourceOptimizedPlacement, GrainType("loadtests-empty")]
internal sealed class EmptyGrain : Grain, IEmptyGrain
{
    private static readonly Instant Start = Instant.Parse("2026-11-01T00:00:00.000Z");

    private static readonly Decision Answer = new(
        DecisionKind.Allow, DecisionReason.Ok, 99_999_999_999,
        new Binding("monthly", "cap", 100_000_000_000, 1, Start + TimeSpan.FromDays(30), CapPeriod.BillingPeriod),
        Funding.OnDemand, Amount.Parse("0.99"), null, null, new DateOnly(2026, 11, 1), 2);

    public ValueTask<Decision?> Check(Question question) => new(Answer);

    public ValueTask Nothing() => default;
}
