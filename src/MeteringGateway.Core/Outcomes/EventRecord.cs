namespace MeteringGateway.Core;

/// <summary>
/// What is remembered of an event, so that it is counted once and answered as the first time (I1, I2).
/// </summary>
/// <param name="Status">Of the outcome in the first answer; 255 where the answer named none.</param>
/// <param name="Remaining">As first answered; <see cref="Unbound"/> where nothing bound.</param>
internal readonly record struct EventRecord(ulong Fingerprint, Instant Time, long Remaining, byte Status, Reason Reason)
{
    public const byte NoOutcome = 255;
    public const long Unbound = -1;

    public static EventRecord Of(ulong fingerprint, Instant time, long? remaining, OutcomeSummary? outcome) =>
        new(fingerprint, time, remaining ?? Unbound, outcome is null ? NoOutcome : (byte)outcome.Status, outcome?.Reason
            ?? Reason.None);

    /// <summary>The first answer; again, if the event has come before.</summary>
    public Answer.Accepted Answer(string outcomeId, bool duplicate) => new(
        duplicate,
        Status == NoOutcome ? null : new OutcomeSummary(outcomeId, (OutcomeStatus)Status, Reason),
        Remaining < 0 ? null : Remaining);
}

/// <summary>
/// Which outcome ids may be among the archived: never wrong when it says no. One Bloom filter a closed period (Bloom,
/// "Space/time trade-offs in hash coding with allowable errors", 1970), 24 bits an id and 16 probes: of the ids that
/// are not there, one in 100,000 is asked for in vain in each, one in 2,800 after three years.
/// </summary>
internal sealed class IdFilter
{
    public const byte BitsPerId = 24;
    private const int Probes = 16;

    private const int CoarseBits = 12;
    private const int CoarseProbes = 8;

    public List<byte[]> Layers { get; init; } = [];

    /// <summary>So many, the oldest, have 12 bits an id and 8 probes: 0.3 % are asked for in vain in each.</summary>
    public int Coarse { get; set; }

    /// <summary>
    /// A layer as it was stored; of the coarse kind, unless <see cref="Coarse"/> says otherwise later.
    /// </summary>
    public void AddCoarse(byte[] layer)
    {
        Layers.Add(layer);
        Coarse++;
    }

    /// <summary>Places of those that are still in memory and are to leave it, in order; null: none.</summary>
    public Queue<int>? Leaving { get; set; }

    /// <summary>A layer for so many ids, which are to be put into it.</summary>
    /// <param name="bitsPerId">0: a coarse one, as entries have it that are older than the others.</param>
    public static byte[] NewLayer(int ids, byte bitsPerId) =>
        new byte[((long)ids * (bitsPerId == 0 ? CoarseBits : bitsPerId) + 7) / 8];

    /// <param name="bitsPerId">As the layer was made.</param>
    public static void Put(byte[] layer, byte bitsPerId, string id)
    {
        var (first, second) = Hashes(id);
        for (var probe = 0; probe < (bitsPerId == 0 ? CoarseProbes : Probes); probe++)
        {
            var bit = (first + (ulong)probe * second) % ((ulong)layer.Length * 8);
            layer[bit / 8] |= (byte)(1 << (int)(bit % 8));
        }
    }

    /// <param name="bitsPerId">As the layer was made.</param>
    public void AddLayer(byte[] layer, byte bitsPerId)
    {
        if (bitsPerId == 0) Coarse = Layers.Count + 1;
        Layers.Add(layer);
    }

    public bool MayContain(string id)
    {
        if (Layers.Count == 0) return false;
        var (first, second) = Hashes(id);
        for (var i = 0; i < Layers.Count; i++)
        {
            var (bits, probe, probes) = (Layers[i], 0, ProbesOf(i));
            for (; probe < probes; probe++)
            {
                var bit = (first + (ulong)probe * second) % ((ulong)bits.Length * 8);
                if ((bits[bit / 8] & (1 << (int)(bit % 8))) == 0) break;
            }
            if (probe == probes) return true;
        }
        return false;
    }

    private int ProbesOf(int layer) => layer < Coarse ? CoarseProbes : Probes;

    private static (ulong First, ulong Second) Hashes(string id)
    {
        var key = EventId.Hash("", id);
        return ((ulong)key, (ulong)(key >> 64) | 1);
    }
}
