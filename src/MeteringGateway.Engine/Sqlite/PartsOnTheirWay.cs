using System.Collections;

namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// Parts of a snapshot that are still being read: whoever goes through them waits for the next where it is not there
/// yet. Nobody waits for whoever goes through them.
/// </summary>
/// <param name="count">How many there will be.</param>
internal sealed class PartsOnTheirWay(int count) : IEnumerable<byte[]>
{
    private readonly List<byte[]> _parts = new(count);
    private Exception? _failure;

    public void Add(byte[] part)
    {
        lock (_parts)
        {
            _parts.Add(part);
            Monitor.PulseAll(_parts);
        }
    }

    /// <summary>There are no more; whoever goes on is told why.</summary>
    public void Fail(Exception failure)
    {
        lock (_parts)
        {
            _failure = failure;
            Monitor.PulseAll(_parts);
        }
    }

    public IEnumerator<byte[]> GetEnumerator()
    {
        for (var number = 0; number < count; number++) yield return Part(number);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private byte[] Part(int number)
    {
        lock (_parts)
        {
            while (_parts.Count <= number && _failure is null) Monitor.Wait(_parts);
            return number < _parts.Count ? _parts[number]
                : throw new StoreException($"The snapshot could not be read on: {_failure!.Message}");
        }
    }
}
