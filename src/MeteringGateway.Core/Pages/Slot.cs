namespace MeteringGateway.Core;

/// <summary>A place in a table, of which there is one, under the hash of a name. The default is none.</summary>
internal readonly struct Slot(int hash, int place)
{
    private readonly int _hash = hash, _after = place + 1;

    public bool IsUsed => _after != 0;

    /// <summary>-1 of none.</summary>
    public int Place => _after - 1;

    public ulong Hash => Spread(_hash);

    public bool IsSame(in Slot other) => _after == other._after;

    /// <summary>The same name's, elsewhere.</summary>
    public Slot At(int place) => new(_hash, place);

    /// <summary>Multiplied by 2^64 over the golden ratio.</summary>
    public static ulong Spread(int hash) => (uint)hash * 0x9E3779B97F4A7C15;
}
