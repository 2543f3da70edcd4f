namespace MeteringGateway.Core;

/// <summary>When, on the way to the period's end at the present pace, a cap first lacks room (Q2).</summary>
/// <param name="boundAtEnd">Ids of caps that lack room at the period's end.</param>
/// <param name="mixes">What one look costs.</param>
/// <param name="boundBy">Ids of caps that lack room for what comes until then.</param>
internal sealed class Ahead(Instant now, Instant end, IEnumerable<string> boundAtEnd, int mixes,
    Func<Instant, IEnumerable<string>> boundBy)
{
    /// <summary>
    /// Mixes that are gone through for all caps together: beyond that a time is as near as was found.
    /// </summary>
    private const int Most = 100_000;

    private readonly HashSet<string> _bound = [.. boundAtEnd];
    private readonly Dictionary<Instant, HashSet<string>> _looked = [];

    /// <summary>To the millisecond, by halves. Null: it has room to the end.</summary>
    public Instant? FirstWithoutRoom(string cap)
    {
        if (!_bound.Contains(cap)) return null;
        var (has, lacks) = (now.UnixMilliseconds, end.UnixMilliseconds);
        while (lacks - has > 1)
        {
            var middle = has + (lacks - has) / 2;
            if (Look(new Instant(middle)) is not { } bound) break;
            if (bound.Contains(cap)) lacks = middle;
            else has = middle;
        }
        return lacks < end.UnixMilliseconds ? new Instant(lacks) : null;
    }

    /// <summary>Caps ask for the same times, at first. Null: that would be too many.</summary>
    private HashSet<string>? Look(Instant until)
    {
        if (_looked.TryGetValue(until, out var bound)) return bound;
        if ((long)_looked.Count * mixes >= Most) return null;
        return _looked[until] = [.. boundBy(until)];
    }
}
