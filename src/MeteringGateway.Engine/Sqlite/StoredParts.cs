using System.Collections;

namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// Parts of a large snapshot, each read from the store when it is asked for, on the thread of whoever asks: no other
/// read waits for it, and no more is in memory than somebody wants. Parts of a snapshot in force are never written
/// over, so that they need no transaction that lasts from the first to the last; of one that others took the place of
/// meanwhile the last is missing.
/// </summary>
/// <param name="read">Lends a connection, for one part at a time; throws where the store is closed.</param>
/// <param name="first">That were read already.</param>
internal sealed class StoredParts(Func<Func<Connection, bool>, bool> read, long tenant, long sequence,
    IReadOnlyList<byte[]> first) : IEnumerable<byte[]>
{
    public IEnumerator<byte[]> GetEnumerator()
    {
        foreach (var part in first) yield return part;
        byte[] next = [];
        for (var number = first.Count; Read(number, part => next = part.ToArray()); number++) yield return next;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Gives each of them, in order, where SQLite has it: whoever takes it copies what is to stay.</summary>
    public void Each(Action<ReadOnlySpan<byte>> take)
    {
        foreach (var part in first) take(part);
        for (var number = first.Count; Read(number, take); number++) { }
    }

    /// <summary>False: there is no such part.</summary>
    private bool Read(int number, Action<ReadOnlySpan<byte>> take) => read(db =>
    {
        using var row = db["SELECT bytes FROM snapshots WHERE tenant=? AND sequence=? AND part=?"].Add(tenant)
            .Add(sequence).Add(number);
        if (!row.Step()) return false;
        take(row.Bytes(0));
        return true;
    });
}
