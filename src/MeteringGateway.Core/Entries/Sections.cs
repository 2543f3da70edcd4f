namespace MeteringGateway.Core;

/// <summary>
/// What was added to a stored form later: at its very end, a tag and the length before the bytes, in order of the tags,
/// and only where there is something to say. So what was written before is read as it was, and its bytes stay the same.
/// </summary>
internal static class Sections
{
    /// <summary>What is to come (T2, C6, F7).</summary>
    public const byte Schedule = 1;

    /// <summary>What was told last of each key, and alerts (S6, S7).</summary>
    public const byte Signals = 2;

    /// <summary>Packs, and what was bought of them (F9).</summary>
    public const byte Money = 3;

    /// <summary>Outcomes of closed periods that are still to leave memory (I4).</summary>
    public const byte Leaving = 4;

    /// <summary>Disputes, credits and agreement (D3, O5, O8).</summary>
    public const byte Disputes = 5;

    /// <summary>Figures of quality and series (Q1, Q3); beside the canonical bytes.</summary>
    public const byte Measures = 6;

    /// <summary>How many of the filters of archived ids are of the coarse kind that there was first.</summary>
    public const byte ArchivedIds = 7;

    public static void Write(Writer to, byte tag, Writer section)
    {
        to.Byte(tag);
        to.Bytes(section.Written);
    }

    public static Reader Read(ref Reader from, out byte tag)
    {
        tag = from.Byte();
        return new Reader(from.Bytes());
    }
}
