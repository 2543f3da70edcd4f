using System.Diagnostics;

namespace MeteringGateway.Demo;

/// <summary>What has happened so far, in words, with the seconds since the start.</summary>
internal sealed class Story
{
    private readonly Lock _lock = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly List<(TimeSpan At, string What)> _lines = [];
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public void Tell(string what)
    {
        lock (_lock) _lines.Add((Elapsed, what));
    }

    /// <summary>Only the first time for a topic.</summary>
    public void Once(string what, string topic)
    {
        lock (_lock)
        {
            if (_told.Add(topic)) _lines.Add((Elapsed, what));
        }
    }

    public IReadOnlyList<(TimeSpan At, string What)> From(int index)
    {
        lock (_lock) return [.. _lines.Skip(index)];
    }
}
