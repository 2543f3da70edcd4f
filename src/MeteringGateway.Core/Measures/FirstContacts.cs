namespace MeteringGateway.Core;

/// <summary>What is known of an outcome's end customer (Q1); the numbers are stored.</summary>
public enum Contact : byte
{
    /// <summary>The report did not say who it was.</summary>
    Unknown = 0,
    /// <summary>Nothing came of the same end customer in another session within the window, so far.</summary>
    First = 1,
    /// <summary>Something did.</summary>
    Again = 2,
}

/// <summary>
/// Successes after which the same end customer may still come again within the window, by a keyed hash of who it is:
/// what erases the person's stored detail changes no figure.
/// </summary>
internal sealed class FirstContacts
{
    /// <summary>Successes that are watched at one time; of what comes beyond them it is not known who it was.</summary>
    public const int Most = 100_000;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    private readonly SortedDictionary<ulong, List<Success>> _open = [];
    private Instant _sweepAt = Instant.MinValue;

    /// <param name="Until">Exclusive end of the outcome's window.</param>
    public readonly record struct Success(string Outcome, string? Session, Instant Time, Instant Until);

    public int Count { get; private set; }

    /// <summary>Outcomes that something of this end customer comes after, in another session, within the window.
    /// They are watched no more.</summary>
    public List<string>? Come(ulong customer, string? session, Instant time)
    {
        if (!_open.TryGetValue(customer, out var successes)) return null;
        List<string>? again = null;
        for (var i = successes.Count - 1; i >= 0; i--)
        {
            var one = successes[i];
            if (time <= one.Time || time >= one.Until || (session is not null && session == one.Session)) continue;
            (again ??= []).Add(one.Outcome);
            successes.RemoveAt(i);
            Count--;
        }
        if (successes.Count == 0) _open.Remove(customer);
        return again;
    }

    /// <summary>False: there are too many.</summary>
    /// <param name="late">How long after its time an event may come.</param>
    public bool Watch(ulong customer, in Success success, Instant now, TimeSpan late)
    {
        if (now >= _sweepAt) Sweep(now, late);
        if (Count >= Most) return false;
        if (!_open.TryGetValue(customer, out var successes)) _open[customer] = successes = new List<Success>(1);
        successes.Add(success);
        Count++;
        return true;
    }

    private void Sweep(Instant now, TimeSpan late)
    {
        _sweepAt = now + SweepEvery;
        foreach (var (customer, successes) in _open.ToArray())
        {
            Count -= successes.RemoveAll(success => success.Until + late < now);
            if (successes.Count == 0) _open.Remove(customer);
        }
    }

    public void Write(Writer to)
    {
        to.Time(_sweepAt);
        to.List(_open, (w, customer) =>
        {
            w.Fixed(customer.Key);
            w.List(customer.Value, (w, one) =>
            {
                w.Text(one.Outcome); w.MaybeText(one.Session); w.Time(one.Time); w.Time(one.Until);
            });
        });
    }

    public void Read(ref Reader from)
    {
        _sweepAt = from.Time();
        foreach (var (customer, successes) in from.List((ref r) => (r.Fixed(), r.List((ref r) =>
            new Success(r.Text(), r.MaybeText(), r.Time(), r.Time())))))
        {
            _open[customer] = [.. successes];
            Count += successes.Length;
        }
    }
}
