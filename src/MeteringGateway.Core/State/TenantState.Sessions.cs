using System.Diagnostics.CodeAnalysis;

namespace MeteringGateway.Core;

/// <summary>Sessions, and the groups of outcomes in them of which one counts (I4).</summary>
public sealed partial class TenantState
{
    /// <summary>The session, unless it was forgotten by then (I4).</summary>
    internal Session? SessionAt(string? name, Instant time) =>
        name is not null && SessionNamed(name) is var session && IsKept(session, time) ? session : null;

    private static bool IsKept([NotNullWhen(true)] Session? session, Instant time) =>
        session?.LastEvent + SessionsKept >= time;

    /// <summary>The session in which the outcome was reported; null once it is forgotten.</summary>
    internal Session? SessionOf(Outcome outcome) =>
        outcome.Session is { } name && SessionNamed(name) is { } session && session.Has(outcome.Id) ? session : null;

    /// <summary>The session as it stands: one that is to be changed is got with <see cref="OwnSession"/>.</summary>
    private Session? SessionNamed(string name) =>
        _sessions?.SingleOf(name) is >= 0 and var place ? SessionOfOne(_outcomes![place]) : _sessions?.OtherOf(name);

    /// <summary>It is there.</summary>
    private Session OwnSession(string name)
    {
        if (_sessions!.OtherOf(name) is { } other) return other;
        var session = SessionNamed(name)!;
        _sessions.Put(name, session);
        _bytes += BytesOf(name, session) - SingleSessionBytes;
        return session;
    }

    /// <summary>In no order.</summary>
    private IEnumerable<(string Name, Session Session)> AllSessions => _sessions is null ? [] :
        _sessions.Others.Select(one => (one.Key, one.Value)).Concat(_sessions.Single.Select(place =>
            _outcomes![place] is var only ? (only.Session!, SessionOfOne(only)) : default));

    private Session SessionOfOne(Outcome only)
    {
        var session = new Session { LastEvent = only.Time };
        session.AddOutcome(only.Id);
        WatchIn(session, only);
        return session;
    }

    /// <summary>
    /// The outcomes that exclude each other in a session, or the outcome alone (I4); with the outcome as it is given.
    /// </summary>
    internal Lifecycle GroupOf(Outcome outcome, OutcomeType type)
    {
        var session = outcome.IsNew ? SessionAt(outcome.Session, outcome.Time) : SessionOf(outcome);
        var group = type.OncePerSession && session is not null ? GroupIn(session, type.Group, outcome)
            : new Lifecycle(this, session);
        group.Take(outcome, type);
        return group;
    }

    private Lifecycle GroupIn(Session session, string name, Outcome asked)
    {
        if (session.Groups?.GetValueOrDefault(name) is { } kept) return kept;
        var group = new Lifecycle(this, session);
        foreach (var id in session.Outcomes)
            if (id != asked.Id && Find(id) is { MayHold: true } other && TypeOf(other) is { OncePerSession: true } type
                && type.Group == name) group.Add(other, type);
        if (session.KeepsGroups) (session.Groups ??= [])[name] = group;
        return group;
    }

    /// <summary>What was judged in the outcome's session has not become true.</summary>
    internal void Dismiss(Outcome outcome)
    {
        if (SessionAt(outcome.Session, outcome.Time) is { } session) session.Groups = null;
    }

    private Session Touch(string name, Instant time)
    {
        _sessions ??= new(_outcomes ??= new());
        if (SessionAt(name, time) is null)
        {
            ForgetSession(name);
            while (_sessions.Hides(time)) SweepSome();
            var begun = new Session { LastEvent = time };
            _sessions.Put(name, begun);
            _bytes += BytesOf(name, begun);
        }
        var session = OwnSession(name);
        session.LastEvent = Instant.Max(session.LastEvent, time);
        return session;
    }

    /// <summary>The outcome, which is in its place already, belongs to the session from now on.</summary>
    /// <returns>Null: it begins it, and there is nothing else in it.</returns>
    private Session? Enter(string name, Outcome outcome, int place)
    {
        _sessions ??= new(_outcomes!);
        var known = SessionNamed(name);
        if (IsKept(known, outcome.Time))
        {
            known = Touch(name, outcome.Time);
            known.AddOutcome(outcome.Id);
            _bytes += ReferenceBytes;
            return known;
        }
        if (known is not null || !_sessions.IsSwept) ForgetSession(name);
        while (_sessions.Hides(outcome.Time)) SweepSome();
        _sessions.Add(name, place);
        _bytes += SingleSessionBytes;
        return null;
    }

    /// <summary>The outcome as an entry has made it; a new one has its place in the table already.</summary>
    /// <param name="before">Null: it is new.</param>
    private void Put(Outcome outcome, Outcome? before)
    {
        if (before is null) _bytes += BytesOf(outcome);
        else
        {
            _outcomes!.Put(outcome);
            _bytes += BytesOf(outcome) - BytesOf(before);
            Count(PartOf(before), PartOf(outcome), outcome);
        }
        if (before?.ContinuationOf != outcome.ContinuationOf)
        {
            if (before is not null) UnlistAlias(before);
            ListAlias(outcome);
        }
        // Of a session that has nothing but one outcome there is nothing to keep up.
        if (outcome.Session is not { } name || _sessions?.OtherOf(name) is not { } session || !session.Has(outcome.Id))
            return;
        WatchIn(session, outcome);
        if (session.Groups is null || TypeOf(outcome) is not { OncePerSession: true } type
            || session.Groups.GetValueOrDefault(type.Group) is not { } group) return;
        if (!group.Put(outcome)) session.Groups.Remove(type.Group);
    }

    private void WatchIn(Session session, Outcome outcome) => session.Watch(outcome,
        outcome is { Status: OutcomeStatus.Pending, IsAlias: false } && TypeOf(outcome).WindowRestartsOnActivity);

    /// <summary>What can only be credited from now on is judged otherwise.</summary>
    private void ForgetGroups()
    {
        foreach (var (_, session) in _sessions?.Others ?? []) session.Groups = null;
    }
}
