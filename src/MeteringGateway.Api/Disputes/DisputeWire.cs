using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Disputes;

/// <summary>The buyer contests an outcome (D3).</summary>
internal sealed record NewDisputeWire
{
    /// <summary>1 to 1,000 characters.</summary>
    [Demanded]
    public string? Reason { get; init; }
}

/// <summary>The vendor decides a dispute (D3).</summary>
internal sealed record ResolveWire
{
    /// <summary><c>credited</c>: the outcome is not charged; <c>upheld</c>: it stays as it is.</summary>
    [Demanded]
    public string? Resolution { get; init; }
    /// <summary>1 to 1,000 characters: what the buyer is told.</summary>
    [Demanded]
    public string? Note { get; init; }
}

/// <summary>A dispute (D3).</summary>
/// <param name="Status"><c>open</c>, <c>upheld</c> or <c>credited</c>.</param>
/// <param name="Note">What the vendor said when it decided; null until then.</param>
/// <param name="Amount">What its period came to less without the outcome; null where nothing was taken back.</param>
internal sealed record DisputeWire(string Id, string OutcomeId, string Reason, string Status, string? Note,
    string OpenedAt, string? ResolvedAt, string? Amount)
{
    public static DisputeWire From(Dispute dispute, string currency) => new(dispute.Id, dispute.OutcomeId,
        dispute.Reason, Names<DisputeStatus>.Of(dispute.Status), dispute.Note, dispute.OpenedAt.ToString(),
        dispute.ResolvedAt?.ToString(), Text.Money(dispute.Credit?.Amount, currency));
}

internal static class DisputeReader
{
    /// <summary>Characters of a reason, and of a note.</summary>
    public const int Longest = 1_000;

    public static Command.OpenDispute Read(string outcome, NewDisputeWire wire, Findings findings) =>
        new(outcome, findings.Name("/reason", wire.Reason, Longest));

    public static Command.ResolveDispute Read(string dispute, ResolveWire wire, Findings findings)
    {
        if (wire.Resolution is not ("credited" or "upheld"))
            findings.Add("/resolution", Findings.OneOf(wire.Resolution, ["credited", "upheld"]));
        return new(dispute, wire.Resolution == "credited", findings.Name("/note", wire.Note, Longest));
    }
}
