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

    /// <summary>Segments of the tables that are swept in one step.</summary>
    private const int MostSwept = 16;

    /// <summary>Something of a closed period is still to leave memory.</summary>
    public bool IsLeaving => _archived?.Leaving is not null || !IsSwept;

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
        foreach (var place in _archived?.Leaving ?? [])
        {
            var root = _outcomes![place] is { ContinuationOf: { } first } ? first : _outcomes.IdAt(place);
            if (count >= MostLeaving && root != last) break;
            (count, last) = (count + 1, root);
        }
        return count;
    }

    /// <summary>Sessions whose last event was before then are forgotten by a closing.</summary>
    /// <param name="at">When it is.</param>
    private Instant SessionsForgottenBy(Instant at) =>
        at - SessionsKept - TermsAt(at).MaxLateness; // an event may belong to the session, and arrive so much later

    private void Forget(Instant closed, Instant at, ClosingWork work)
    {
        _sessions?.Forget(SessionsForgottenBy(at), work.Sessions);
        _events?.Forget(Instant.Min(closed, at - IdsKept));
        Sweep();
        foreach (var (id, facts) in _waiting ?? [])
            if (facts.TrueForAll(fact => fact.Until < at)) ForgetWaiting(id);
    }

    private void Depart(ClosingWork work)
    {
        if (work.Ids is null) return;
        (_archived ??= new IdFilter()).AddLayer(work.Ids, work.IdBits);
        if (!work.InSteps || work.Leaving.Count <= MostLeaving)
            foreach (var place in work.Leaving) Leave(place);
        else if (_archived.Leaving is { } before) foreach (var place in work.Leaving) before.Enqueue(place);
        else _archived.Leaving = work.Leaving;
    }

    private void Apply(Entry.OutcomesArchived e)
    {
        var leaving = _archived!.Leaving!;
        for (var i = 0; i < e.Count; i++) Leave(leaving.Dequeue());
        if (leaving.Count == 0) _archived.Leaving = null;
    }

    private void Leave(int place)
    {
        var outcome = _outcomes![place];
        // One that is forgotten and not swept yet would be looked for here.
        if (!IsSwept && outcome.Session is { } name && _sessions?.Contains(name) == false) ForgetSession(name);
        _outcomes.Remove(outcome.Id);
        UnlistAlias(outcome);
        _bytes -= BytesOf(outcome);
        Depart(outcome);
        Contested?.ForgetWith(outcome);
        Measured?.Points?.Remove(outcome.Id);
    }

    private void ForgetSession(string name)
    {
        if (_sessions?.Remove(name, out var other) == true)
            _bytes -= other is null ? SingleSessionBytes : BytesOf(name, other);
    }

    /// <summary>
    /// What a closing has forgotten is taken out in steps after it; nobody sees it meanwhile. False: there is more.
    /// </summary>
    internal bool Sweep()
    {
        for (var most = MostSwept; most > 0 && !IsSwept; most--) SweepSome();
        return IsSwept;
    }

    private bool IsSwept => _sessions?.IsSwept != false && _events?.IsSwept != false;

    private void SweepSome()
    {
        if (_events?.IsSwept == false) _bytes -= EventBytes * _events.Sweep();
        if (_sessions?.IsSwept != false) return;
        var others = new List<(string Name, Session Session)>();
        _bytes -= SingleSessionBytes * _sessions.Sweep(others);
        foreach (var (name, session) in others) _bytes -= BytesOf(name, session);
    }

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
        section.List(leaving, (w, place) => w.Text(_outcomes!.IdAt(place)));
        Sections.Write(to, Sections.Leaving, section);
    }
}
