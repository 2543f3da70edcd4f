namespace MeteringGateway.Core;

/// <summary>When, on the way to the period's end at the present pace, a cap first lacks room (Q2).</summary>
/// <param name="boundAtEnd">Ids of caps that lack room at the period's end.</param>
/// <param name="mixes">What one look costs.</param>
/// <param name="boundBy">Ids of caps that lack room for what comes until then.</param>
internal sealed class Ahead(Instant now, Instant end, IEnumerable<string> boundAtEnd, int mixes,
    Func<Instant, IEnumerable<string>> boundBy)
{
    // To the millisecond; where that would be many looks, to an hour or so.
    private const int Exactly = 32, Roughly = 10, MostExact = 1_000;

    private readonly HashSet<string> _bound = [.. boundAtEnd];
    private readonly Dictionary<Instant, HashSet<string>> _looked = [];

    /// <summary>Null: it has room to the end.</summary>
    public Instant? FirstWithoutRoom(string cap)
    {
        if (!_bound.Contains(cap)) return null;
        var (has, lacks) = (now.UnixMilliseconds, end.UnixMilliseconds);
        for (var looks = _bound.Count * mixes > MostExact ? Roughly : Exactly; looks > 0 && lacks - has > 1; looks--)
        {
            var middle = has + (lacks - has) / 2;
            if (Look(new Instant(middle)).Contains(cap)) lacks = middle;
            else has = middle;
        }
        return lacks < end.UnixMilliseconds ? new Instant(lacks) : null;
    }

    /// <summary>Caps ask for the same times, at first.</summary>
    private HashSet<string> Look(Instant until)
    {
        if (!_looked.TryGetValue(until, out var bound)) _looked[until] = bound = [.. boundBy(until)];
        return bound;
    }
}
