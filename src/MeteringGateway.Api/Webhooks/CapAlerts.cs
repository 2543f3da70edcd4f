namespace MeteringGateway.Api.Webhooks;

/// <summary>What receivers are to be told of one limit: its last alert of a type, and how many it stands for.</summary>
/// <param name="FirstAt">When the first of them happened, on the tenant's clock.</param>
/// <param name="Superseded">Positions in the outbox of those that it stands for, without its own.</param>
internal sealed record Told(OutboxRow Row, int Count, Instant FirstAt, IReadOnlyList<long> Superseded)
{
    public static Told Alone(OutboxRow row) => new(row, 1, row.Alert.At, []);
}

/// <summary>
/// Alerts of limits that are held back: a limit that goes up and down a thousand times in a second would bury all
/// others. The first of each type is told at once; what follows within the interval is held, and told when it ends, as
/// the last of its type with how many they were. So the last state is always told. Rows that are held stay in the
/// outbox: whoever starts next finds them there. <c>docs/decisions/0014-alerts.md</c> says why so.
/// </summary>
/// <param name="interval">Zero: nothing is held.</param>
internal sealed class CapAlerts(TimeSpan interval)
{
    private readonly Dictionary<(string Tenant, string Key), Window> _windows = [];

    /// <summary>When something is to be told next; the end of time if nothing is held.</summary>
    public Instant Next => _windows.Count == 0 ? Instant.MaxValue : _windows.Values.Min(window => window.EndsAt);

    /// <summary>The key of the limit that an alert is of; null: it is no limit's, and never held.</summary>
    public static string? KeyOf(OutboxRow row) => row.Alert.Type is not (Alerts.CapReached or Alerts.CapCleared) ? null
        : EntryCodec.Read(row.Alert.Entry) is Entry.StateChanged entry ? entry.ToSignal(row.Alert.Sequence).Key : null;

    /// <summary>True: it is told at once. False: it is held.</summary>
    public bool Take(OutboxRow row, string key, Instant now)
    {
        if (interval <= TimeSpan.Zero) return true;
        if (!_windows.TryGetValue((row.Tenant, key), out var window))
            _windows[(row.Tenant, key)] = window = new Window(now + interval);
        // What is held of the other type came before it, and is told before it: both are held then.
        if (window.Held.Count == 0 && window.TypesTold.Add(row.Alert.Type)) return true;
        window.Held[row.Alert.Type] = window.Held.TryGetValue(row.Alert.Type, out var before)
            ? before.And(row) : new Held(row, 1, row.Alert.At, []);
        return false;
    }

    /// <summary>
    /// What is held and to be told now, in order of its sequences; it is held no longer, and its limits wait anew.
    /// Windows that ended with nothing held are forgotten.
    /// </summary>
    /// <param name="which">Null: those that have ended.</param>
    public List<Told> Release(Instant now, Func<string, bool>? which = null)
    {
        var told = new List<Told>();
        foreach (var (key, window) in _windows.ToList())
        {
            if (which is null ? window.EndsAt > now : !which(key.Tenant)) continue;
            if (window.Held.Count == 0)
            {
                if (window.EndsAt <= now) _windows.Remove(key);
                continue;
            }
            told.AddRange(window.Held.Values.Select(held => held.Tell()));
            var next = new Window(now + interval);
            next.TypesTold.UnionWith(window.Held.Keys);
            _windows[key] = next;
        }
        return [.. told.OrderBy(one => one.Row.Position)];
    }

    /// <summary>Forgets all: what was held is in the outbox, and is read again.</summary>
    public void Clear() => _windows.Clear();

    private sealed class Window(Instant endsAt)
    {
        public Instant EndsAt => endsAt;
        public HashSet<string> TypesTold { get; } = new(StringComparer.Ordinal);
        public Dictionary<string, Held> Held { get; } = new(StringComparer.Ordinal);
    }

    private sealed record Held(OutboxRow Last, int Count, Instant FirstAt, List<long> Superseded)
    {
        public Held And(OutboxRow next)
        {
            Superseded.Add(Last.Position);
            return this with { Last = next, Count = Count + 1 };
        }

        public Told Tell() => new(Last, Count, FirstAt, Superseded);
    }
}
