namespace MeteringGateway.Core;

/// <summary>
/// How outcomes leave memory when their period is closed (I4): a few with the closing, many in steps after it, so that
/// none of them is larger than a store can write at once, and others have their turn in between. Until its step an
/// outcome is here as it was.
/// </summary>
public sealed partial class TenantState
{
    /// <summary>
    /// Outcomes that leave in one step, or with the closing itself; more only when they are one outcome and what
    /// continued it.
    /// </summary>
    public const int MostLeaving = 256;

    /// <summary>Outcomes of a closed period are still to leave memory.</summary>
    public bool IsLeaving => _archived?.Leaving is not null;

    /// <summary>
    /// When something is next to be done for the tenant in real time, whether or not anything arrives; null: never.
    /// </summary>
    public Instant? WakeAt =>
        !Exists ? null : IsLeaving ? Now : TestClock is null ? NextDue : null;

    /// <summary>True if a closing may have to be followed by steps.</summary>
    internal bool LeavesInSteps => _outcomes?.Count > MostLeaving;

    /// <summary>How many leave next: with each all that stand for the same outcome (O3), none of which could be
    /// understood without it.</summary>
    internal int NextLeaving()
    {
        var (count, last) = (0, "");
        foreach (var id in _archived?.Leaving ?? [])
        {
            var root = Find(id)!.ContinuationOf ?? id;
            if (count >= MostLeaving && root != last) break;
            (count, last) = (count + 1, root);
        }
        return count;
    }

    private void Forget(Instant closed, Instant at, bool inSteps, byte idBits)
    {
        var late = TermsAt(at).MaxLateness; // an event may belong to the session, and arrive so much later
        foreach (var name in SessionsBefore(at - SessionsKept - late)) ForgetSession(name);
        _bytes -= EventBytes
            * (_events?.RemoveAll(record => record.Time < closed && record.Time + IdsKept < at) ?? 0);
        foreach (var (id, facts) in _waiting ?? [])
            if (facts.TrueForAll(fact => fact.Until < at)) ForgetWaiting(id);
        var before = IsLeaving ? new HashSet<string>(_archived!.Leaving!, StringComparer.Ordinal) : null;
        // A session is remembered at least as long after its outcome: most are seen to stay without being made.
        var leaving = _books.Where(book => book.Status == PeriodStatus.Closed)
            .SelectMany(book => _outcomes?.PlacesOf(book.Period.Id) ?? [])
            .Where(place => !_outcomes!.HasSession(place) || _outcomes.TimeOf(place) < at - SessionsKept - late)
            .Order().Select(place => _outcomes![place])
            .Where(outcome => IsDone(outcome) && before?.Contains(outcome.Id) != true).ToArray();
        if (leaving.Length == 0) return;
        (_archived ??= new IdFilter()).AddLayer(leaving.Select(outcome => outcome.Id).ToArray(), idBits);
        if (!inSteps || leaving.Length <= MostLeaving)
        {
            foreach (var outcome in leaving) Leave(outcome);
            return;
        }
        // What continued an outcome stands behind it; the order of the rest is kept.
        foreach (var outcome in leaving.OrderBy(outcome => (Root(outcome) ?? outcome).ReportedBy))
            (_archived.Leaving ??= []).Enqueue(outcome.Id);
    }

    private void Apply(Entry.OutcomesArchived e)
    {
        var leaving = _archived!.Leaving!;
        for (var i = 0; i < e.Count; i++) Leave(Find(leaving.Dequeue())!);
        if (leaving.Count == 0) _archived.Leaving = null;
    }

    private void Leave(Outcome outcome)
    {
        _outcomes!.Remove(outcome.Id);
        UnlistAlias(outcome);
        _bytes -= BytesOf(outcome);
        Depart(outcome);
        Contested?.ForgetWith(outcome);
        Measured?.Points?.Remove(outcome.Id);
    }

    private void ForgetSession(string name)
    {
        if (_sessions?.Contains(name) != true) return;
        _bytes -= _sessions.OtherOf(name) is { } other ? BytesOf(name, other) : SingleSessionBytes;
        _sessions.Remove(name);
    }

    /// <summary>Names of those whose last event was before then.</summary>
    private List<string> SessionsBefore(Instant time) => _sessions is null ? [] :
    [
        .. _sessions.Others.Where(one => one.Value.LastEvent < time).Select(one => one.Key),
        .. _sessions.Single.Where(place => _outcomes!.TimeOf(place) < time)
            .Select(place => _outcomes![place].Session!),
    ];

    private bool IsDone(Outcome outcome) =>
        Book(outcome.Period)!.Status == PeriodStatus.Closed
        && (outcome.Session is null || _sessions?.Contains(outcome.Session) != true)
        && (Root(outcome) is not { } root || Book(root.Period)!.Status == PeriodStatus.Closed);

    private void WriteLeaving(Writer to)
    {
        if (_archived?.Coarse < _archived?.Layers.Count)
        {
            var coarse = new Writer();
            coarse.Number(_archived.Coarse);
            Sections.Write(to, Sections.ArchivedIds, coarse);
        }
        if (_archived?.Leaving is not { } leaving) return;
        var section = new Writer();
        section.List(leaving, (w, id) => w.Text(id));
        Sections.Write(to, Sections.Leaving, section);
    }
}
