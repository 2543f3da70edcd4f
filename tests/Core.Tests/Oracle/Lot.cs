using System.Runtime.CompilerServices;

namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>A grant (F5, F6).</summary>
/// <param name="number">In the order of issue, from 1.</param>
internal sealed class Lot(int number, GrantKind kind, Amount amount, int priority, Instant effectiveAt,
    Instant? expiresAt, Lot? from)
{
    public GrantKind Kind => kind;
    public Amount Amount => amount;
    public int Priority => priority;
    public Instant EffectiveAt => effectiveAt;
    public Instant? ExpiresAt => expiresAt;
    public Lot? From => from;

    /// <summary>The product's name for it.</summary>
    public string Id { get; set; } = "";

    /// <summary>By expiry or by voiding.</summary>
    public Amount Taken { get; set; }

    /// <summary>By closed periods, less what they gave back.</summary>
    public Amount Used { get; set; }

    public bool Expired { get; set; }
    public Instant? VoidedAt { get; set; }
    public bool Warned { get; set; }
    public bool Ended => Expired || VoidedAt is not null;
    public Amount Left => amount - Taken - Used;

    /// <summary>0004, 11: the order in which grants are spent.</summary>
    public (int, Instant, Instant, int) Place => (priority, expiresAt ?? Instant.MaxValue, effectiveAt, number);

    public bool Funds(Instant time) => effectiveAt <= time && (expiresAt is null || time < expiresAt);
}

/// <summary>
/// A commitment, with a name by which it is known in other periods of its year, under whatever terms.
/// </summary>
internal sealed record Pledge(string Name, Commitment Commitment)
{
    private static readonly ConditionalWeakTable<Terms, IReadOnlyList<Pledge>> OfTerms = [];

    public static IReadOnlyList<Pledge> Of(Terms terms) => OfTerms.GetValue(terms, terms =>
        [.. terms.Commitments.Select((one, index) => new Pledge(Kind(one)
            + terms.Commitments.Take(index).Count(earlier => Kind(earlier) == Kind(one)), one))]);

    public static bool IsInUnits(string name) => name.StartsWith("units", StringComparison.Ordinal);

    private static string Kind(Commitment one) =>
        $"{(one.Units is null ? "amount" : "units")} {one.OutcomeType} {(one.PerYear ? "year" : "period")} ";
}
