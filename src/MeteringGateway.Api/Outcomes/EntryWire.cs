using System.Text.Json;

namespace MeteringGateway.Api.Outcomes;

/// <summary>An entry of the journal.</summary>
/// <param name="Kind">What became true: <c>outcome_reported</c>, <c>cap_set</c>, ...</param>
/// <param name="Data">The members of that kind.</param>
/// <param name="Actor">Null for what agent runtimes and time did.</param>
internal sealed record EntryWire(long Sequence, string At, string Kind, JsonElement Data, ActorWire? Actor,
    string PreviousHash, string Hash);

internal sealed record ActorWire(string KeyId, string Role);

/// <summary>The JSON form of entries, for those who read a journal without a server.</summary>
public static class Entries
{
    /// <summary>As <c>GET /v1/tenants/{tenant}/entries</c> shows it, UTF-8.</summary>
    /// <param name="currency">The tenant's, which the first entry of a journal says.</param>
    public static byte[] ToJson(JournalEntry entry, string currency) =>
        JsonSerializer.SerializeToUtf8Bytes(entry.Wire(currency), Json.WireJson.Typed<EntryWire>());

    internal static EntryWire Wire(this JournalEntry entry, string currency) => new(
        entry.Sequence, entry.Entry.At.ToString(),
        JsonNamingPolicy.SnakeCaseLower.ConvertName(entry.Entry.GetType().Name),
        JsonSerializer.SerializeToElement(entry.Entry, EntryJson.TypeOf(entry.Entry, currency)),
        entry.Entry.Actor is { } actor ? new ActorWire(actor.KeyId, actor.Role) : null,
        Convert.ToHexStringLower(entry.PreviousHash), Convert.ToHexStringLower(entry.Hash));
}
