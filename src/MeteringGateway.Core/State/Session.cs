namespace MeteringGateway.Core;

/// <summary>A conversation or case: its activities in order of time, and which outcomes belong to it.</summary>
internal sealed class Session
{
    private const int Few = 8;

    private string? _first;
    private List<string>? _others;

    /// <summary>The same, once they are more than a few.</summary>
    private HashSet<string>? _known;

    /// <summary>Its outcomes whose windows activity restarts, by the entries that reported them. Derived.</summary>
    private SortedDictionary<long, string>? _restarting;

    public Instant LastEvent { get; set; } = Instant.MinValue;
    public List<Instant>? Activities { get; set; }

    public bool HasOutcomes => _first is not null;
    public int Count => _first is null ? 0 : 1 + (_others?.Count ?? 0);

    /// <summary>Something in it was handed to a human (Q1).</summary>
    public bool HandedOff { get; set; }

    /// <summary>What was reported in it (Q1); of a session with few outcomes it is not kept. Derived.</summary>
    public SessionReports? Reports { get; set; }

    /// <summary>Facts on its outcomes, of the vendor and of the buyer. Derived.</summary>
    public int Facts { get; set; }
    public int Verdicts { get; set; }

    /// <summary>
    /// Its groups of outcomes that exclude each other, as they were last judged (I4); of a session with few outcomes
    /// none is kept. Derived.
    /// </summary>
    public Dictionary<string, Lifecycle>? Groups { get; set; }

    public bool KeepsGroups => Count > Few;

    public bool Has(string id) => _known?.Contains(id) ?? (_first == id || _others?.Contains(id) == true);

    /// <summary>In the order in which they were reported. Most sessions have one, so no list is made for it.</summary>
    public string[] Outcomes => _first is null ? [] : _others is null ? [_first] : [_first, .. _others];

    public int RestartingCount => _restarting?.Count ?? 0;

    public string[] Restarting => _restarting is null ? [] : [.. _restarting.Values];

    public void AddOutcome(string id)
    {
        if (_first is null)
        {
            _first = id;
            return;
        }
        (_others ??= []).Add(id);
        if (_known is not null) _known.Add(id);
        else if (Count > Few) _known = new(_others, StringComparer.Ordinal) { _first };
    }

    public void AddActivity(Instant time)
    {
        Activities ??= new List<Instant>(2);
        var at = Activities.Count;
        while (at > 0 && Activities[at - 1] > time) at--;
        Activities.Insert(at, time);
        foreach (var group in Groups?.Values ?? Enumerable.Empty<Lifecycle>()) group.Restart(time);
    }

    /// <param name="restarts">Activity restarts its window as it stands now.</param>
    public void Watch(Outcome outcome, bool restarts)
    {
        if (restarts) (_restarting ??= [])[outcome.ReportedBy] = outcome.Id;
        else if (_restarting?.Remove(outcome.ReportedBy) == true && _restarting.Count == 0) _restarting = null;
    }
}

/// <summary>
/// What was reported in a session, so that a long one need not be gone through with each report (Q1).
/// </summary>
internal sealed class SessionReports
{
    private readonly HashSet<(DateOnly Period, string? Type)> _reported = [];
    private readonly HashSet<string> _successes = new(StringComparer.Ordinal);

    public Instant First { get; private set; } = Instant.MaxValue;
    public bool HasSuccess => _successes.Count > 0;

    /// <param name="type">Null: of any.</param>
    public bool Has(DateOnly period, string? type) => _reported.Contains((period, type));

    public bool HasSuccessOf(string type) => _successes.Contains(type);

    public void Add(Outcome outcome)
    {
        _reported.Add((outcome.Period, null));
        _reported.Add((outcome.Period, outcome.Type));
        if (outcome.Result == Result.Success) _successes.Add(outcome.Type);
        First = Instant.Min(First, outcome.Time);
    }
}
