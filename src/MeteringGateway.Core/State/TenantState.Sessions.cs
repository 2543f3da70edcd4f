namespace MeteringGateway.Core;

/// <summary>Sessions, and the groups of outcomes in them of which one counts (I4).</summary>
public sealed partial class TenantState
{
    /// <summary>The session, unless it was forgotten by then (I4).</summary>
    internal Session? SessionAt(string? name, Instant time) =>
        name is not null && _sessions?.GetValueOrDefault(name) is { } session
            && session.LastEvent + SessionsKept >= time ? session : null;

    /// <summary>The session in which the outcome was reported; null once it is forgotten.</summary>
    internal Session? SessionOf(Outcome outcome) =>
        outcome.Session is { } name && _sessions?.GetValueOrDefault(name) is { } session
            && session.Has(outcome.Id) ? session : null;

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
        _sessions ??= [];
        if (SessionAt(name, time) is not { } session)
        {
            ForgetSession(name);
            _sessions[name] = session = new Session();
            Bytes += BytesOf(name, session);
        }
        session.LastEvent = Instant.Max(session.LastEvent, time);
        return session;
    }

    /// <summary>The outcome as an entry has made it.</summary>
    /// <param name="before">Null: it is new.</param>
    private void Put(Outcome outcome, Outcome? before)
    {
        (_outcomes ??= [])[outcome.Id] = outcome;
        Listing ??= new OutcomeOrder();
        if (before is null)
        {
            Listing.Add(outcome);
            Bytes += BytesOf(outcome);
        }
        else
        {
            Listing.Change(before, outcome);
            Bytes += ReferenceBytes * (outcome.ChangedBy.Length - before.ChangedBy.Length);
            Count(PartOf(before), PartOf(outcome), outcome);
        }
        if (before?.ContinuationOf != outcome.ContinuationOf)
        {
            if (before is not null) UnlistAlias(before);
            ListAlias(outcome);
        }
        if (outcome.Session is null || SessionOf(outcome) is not { } session) return;
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
        foreach (var session in _sessions?.Values ?? Enumerable.Empty<Session>()) session.Groups = null;
    }
}
