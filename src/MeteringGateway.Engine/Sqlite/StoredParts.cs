using System.Collections;

namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// Parts of a large snapshot, each read from the file when it is asked for, on the thread and over a connection of
/// whoever asks: no other read waits for it, and no more is in memory than somebody wants. Parts of a snapshot in force
/// are never written over, so that they need no transaction that lasts from the first to the last; of one that others
/// took the place of meanwhile the last is missing.
/// </summary>
/// <param name="open">Opens a connection.</param>
/// <param name="first">That were read already.</param>
internal sealed class StoredParts(Func<Connection> open, long tenant, long sequence, IReadOnlyList<byte[]> first)
    : IEnumerable<byte[]>
{
    public IEnumerator<byte[]> GetEnumerator()
    {
        foreach (var part in first) yield return part;
        using var db = open();
        for (var number = first.Count; Read(db, number, row => row.Blob(0)) is { } part; number++) yield return part;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Gives each of them, in order, where SQLite has it: whoever takes it copies what is to stay.</summary>
    public void Each(Action<ReadOnlySpan<byte>> take)
    {
        foreach (var part in first) take(part);
        using var db = open();
        for (var number = first.Count; Read(db, number, Take) is not null; number++) { }

        object Take(Statement row)
        {
            take(row.Bytes(0));
            return row;
        }
    }

    /// <summary>Null: there is no such part.</summary>
    private T? Read<T>(Connection db, int number, Func<Statement, T> read) where T : class
    {
        using var row = db["SELECT bytes FROM snapshots WHERE tenant=? AND sequence=? AND part=?"].Add(tenant)
            .Add(sequence).Add(number);
        return row.Step() ? read(row) : null;
    }
}
