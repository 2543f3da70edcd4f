namespace MeteringGateway.Core;

/// <summary>
/// What is remembered of an event, so that it is counted once and answered as the first time (I1, I2).
/// </summary>
/// <param name="Status">Of the outcome in the first answer; 255 where the answer named none.</param>
/// <param name="Remaining">As first answered; -1 where nothing bound.</param>
internal readonly record struct EventRecord(ulong Fingerprint, Instant Time, long Remaining, byte Status, Reason Reason)
{
    public const byte NoOutcome = 255;

    public static EventRecord Of(ulong fingerprint, Instant time, long? remaining, OutcomeSummary? outcome) =>
        new(fingerprint, time, remaining ?? -1, outcome is null ? NoOutcome : (byte)outcome.Status, outcome?.Reason
            ?? Reason.None);

    /// <summary>The first answer; again, if the event has come before.</summary>
    public Answer.Accepted Answer(string outcomeId, bool duplicate) => new(
        duplicate,
        Status == NoOutcome ? null : new OutcomeSummary(outcomeId, (OutcomeStatus)Status, Reason),
        Remaining < 0 ? null : Remaining);
}

/// <summary>
/// Which outcome ids may be among the archived: never wrong when it says no. One Bloom filter a closed period (Bloom,
/// "Space/time trade-offs in hash coding with allowable errors", 1970), 12 bits an id and 8 probes: about 0.3 % are
/// asked for in vain.
/// </summary>
internal sealed class IdFilter
{
    private const int BitsPerId = 12;
    private const int Probes = 8;

    public List<byte[]> Layers { get; init; } = [];

    /// <summary>Ids of those that are still in memory and are to leave it, in order; null: none.</summary>
    public Queue<string>? Leaving { get; set; }

    public void AddLayer(IReadOnlyCollection<string> ids)
    {
        if (ids.Count == 0) return;
        var bits = new byte[(ids.Count * BitsPerId + 7) / 8];
        foreach (var id in ids)
        {
            var (first, second) = Hashes(id);
            for (var probe = 0; probe < Probes; probe++)
            {
                var bit = (first + (ulong)probe * second) % ((ulong)bits.Length * 8);
                bits[bit / 8] |= (byte)(1 << (int)(bit % 8));
            }
        }
        Layers.Add(bits);
    }

    public bool MayContain(string id)
    {
        if (Layers.Count == 0) return false;
        var (first, second) = Hashes(id);
        foreach (var bits in Layers)
        {
            var probe = 0;
            for (; probe < Probes; probe++)
            {
                var bit = (first + (ulong)probe * second) % ((ulong)bits.Length * 8);
                if ((bits[bit / 8] & (1 << (int)(bit % 8))) == 0) break;
            }
            if (probe == Probes) return true;
        }
        return false;
    }

    private static (ulong First, ulong Second) Hashes(string id)
    {
        var key = EventId.Hash("", id);
        return ((ulong)key, (ulong)(key >> 64) | 1);
    }
}
