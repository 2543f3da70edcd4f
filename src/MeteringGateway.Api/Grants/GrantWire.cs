using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Grants;

/// <summary>Credits to be issued (F5).</summary>
internal sealed record NewGrantWire
{
    /// <summary>Credits, above 0.</summary>
    public string? Amount { get; init; }
    /// <summary><c>top_up</c> or <c>promotional</c>.</summary>
    public string? Kind { get; init; }
    /// <summary>Absent: never.</summary>
    public string? ExpiresAt { get; init; }
    /// <summary>0 to 1000; lower is spent first. Absent: that of the kind.</summary>
    public long? Priority { get; init; }
    /// <summary>What was paid for it, in the tenant's currency.</summary>
    public string? Price { get; init; }
    public string? Note { get; init; }
}

/// <summary>A lot of credits (F5).</summary>
/// <param name="Amount">Credits, as issued.</param>
/// <param name="Remaining">Not taken by outcomes, and not ended.</param>
internal sealed record GrantWire(
    string Id, string Kind, string Amount, string Remaining, int Priority, string EffectiveAt, string? ExpiresAt,
    string? Price, string? Note,
    string? VoidedAt);

internal static class GrantFigures
{
    public static GrantWire Wire(this GrantFigure grant) => new(
        grant.Id, Names<GrantKind>.Of(grant.Kind), grant.Amount.ToString(), grant.Remaining.ToString(), grant.Priority,
        grant.EffectiveAt.ToString(),
        grant.ExpiresAt?.ToString(), grant.Price is { } price ? Text.Money(price)
            : null, grant.Note, grant.VoidedAt?.ToString());

    public static Command.IssueGrant Read(NewGrantWire grant, string? key, Findings findings)
    {
        if (grant.Amount is null) findings.Add("/amount", "is required");
        if (grant.Kind is not ("top_up" or "promotional"))
            findings.Add("/kind", grant.Kind is null ? "is required" : "must be top_up or promotional");
        return new Command.IssueGrant(
            grant.Kind == "promotional" ? GrantKind.Promotional : GrantKind.TopUp,
            findings.Positive("/amount", grant.Amount) ?? Amount.Zero,
            findings.Time("/expires_at", grant.ExpiresAt),
            (int?)findings.Whole("/priority", grant.Priority, 0, 1000),
            findings.Amount("/price", grant.Price),
            findings.OptionalName("/note", grant.Note, 1000), key);
    }
}
