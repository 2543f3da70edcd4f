using System.Collections.Concurrent;
using Orleans.Storage;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>Grain storage in memory, with the ETags of a real one.</summary>
internal sealed class GrainSnapshots : IGrainStorage
{
    private readonly ConcurrentDictionary<(string, GrainId), (string ETag, object State)> _states = [];
    private int _written;

    /// <summary>Called before each write.</summary>
    public Func<Task>? BeforeWrite { get; set; }

    /// <summary>Called before each read.</summary>
    public Action? BeforeRead { get; set; }

    public int Count => _states.Count;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        BeforeRead?.Invoke();
        var found = _states.TryGetValue((stateName, grainId), out var there);
        (grainState.State, grainState.ETag, grainState.RecordExists) = found ? ((T)there.State, there.ETag, true)
            : (default, null, false);
        return Task.CompletedTask;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (BeforeWrite is { } before) await before();
        var etag = $"{Interlocked.Increment(ref _written)}";
        _states.AddOrUpdate(
            (stateName, grainId),
            _ => grainState.ETag is null ? (etag, (object)grainState.State!)
                : throw new InconsistentStateException("gone"),
            (_, there) => there.ETag == grainState.ETag ? (etag, (object)grainState.State!)
                : throw new InconsistentStateException("changed"));
        grainState.ETag = etag;
        grainState.RecordExists = true;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        _states.TryRemove((stateName, grainId), out _);
        return Task.CompletedTask;
    }
}
