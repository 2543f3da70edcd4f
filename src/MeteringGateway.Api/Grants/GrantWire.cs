using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Grants;

/// <summary>Credits to be issued (F5).</summary>
internal sealed record NewGrantWire
{
    /// <summary>Credits, above 0.</summary>
    [Demanded]
    public string? Amount { get; init; }
    /// <summary><c>top_up</c> or <c>promotional</c>.</summary>
    [Demanded]
    public string? Kind { get; init; }
    /// <summary>Absent: never.</summary>
    public string? ExpiresAt { get; init; }
    /// <summary>0 to 1000; lower is spent first. Absent: that of the kind.</summary>
    public long? Priority { get; init; }
    /// <summary>What is owed for it, in the tenant's currency: a line of the statement (F10).</summary>
    public string? Price { get; init; }
    public string? Note { get; init; }
}

/// <summary>A purchase of packs (F9).</summary>
internal sealed record NewTopUpWire
{
    /// <summary>A pack of the tenant's terms, by its id.</summary>
    [Demanded]
    public string? Pack { get; init; }
    /// <summary>1 to 1,000,000; 1 when absent.</summary>
    public long? Quantity { get; init; }
    public string? Note { get; init; }
}

/// <summary>A lot of credits (F5).</summary>
/// <param name="Amount">Credits, as issued.</param>
/// <param name="Remaining">Not taken by outcomes, and not ended.</param>
/// <param name="Price">Owed for all of it, on the statement of the period in which it was issued (F10).</param>
/// <param name="Pack">The pack that was bought (F9); null: it is none.</param>
/// <param name="Quantity">How many of it; null where it is none.</param>
internal sealed record GrantWire(
    string Id, string Kind, string Amount, string Remaining, int Priority, string EffectiveAt, string? ExpiresAt,
    string? Price, string? Note,
    string? VoidedAt, string? Pack, int? Quantity);

internal static class GrantFigures
{
    public static GrantWire Wire(this GrantFigure grant, string currency) => new(
        grant.Id, Names<GrantKind>.Of(grant.Kind), grant.Amount.ToString(), grant.Remaining.ToString(), grant.Priority,
        grant.EffectiveAt.ToString(), grant.ExpiresAt?.ToString(), Text.Money(grant.Price, currency), grant.Note,
        grant.VoidedAt?.ToString(), grant.Pack, grant.Pack is null ? null : grant.Quantity);

    public static Command.BuyPack Read(NewTopUpWire wanted, string key, Findings findings) => new(
        findings.Name("/pack", wanted.Pack), (int)(findings.Whole("/quantity", wanted.Quantity, 1, 1_000_000) ?? 1),
        findings.OptionalName("/note", wanted.Note, 1000), key);

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
