using System.Collections.Concurrent;
using System.Text.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <summary>
/// Stored documents of one kind that this version of the gateway cannot read: they are as they are, and whoever asks
/// for one is told.
/// </summary>
internal sealed class Unreadable(string kind, ILogger log)
{
    private readonly ConcurrentDictionary<string, int> _newest = new(StringComparer.Ordinal);

    public bool Any => !_newest.IsEmpty;

    /// <summary>Reads a document; null, and a line in the log, if it cannot be read.</summary>
    public T? Read<T>(string id, int version, Func<T?> read) where T : class
    {
        try
        {
            return read() ?? throw new JsonException("it is null");
        }
#pragma warning disable CA1031 // Whatever is wrong with one document is no other's affair.
        catch (Exception failure) when (failure is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            if (_newest.TryGetValue(id, out var known) && known >= version) return null;
            _newest[id] = version;
            log.LogError(
                "Version {Version} of the {Kind} '{Id}' cannot be read by this version of the gateway: {Reason}",
                version, kind, id, failure.Message);
            return null;
        }
    }

    /// <summary>One that is newer can be read, or there is none any more.</summary>
    public void Forget(string id) => _newest.TryRemove(id, out _);

    public bool Has(string id) => _newest.ContainsKey(id);

    /// <param name="readable">The newest version that could be read; 0 if there is none.</param>
    /// <exception cref="ProblemException">A newer one could not.</exception>
    public void Demand(string id, int readable = 0)
    {
        if (_newest.TryGetValue(id, out var version) && version > readable)
            throw new ProblemException(Problem.Unreadable(kind, id));
    }
}
