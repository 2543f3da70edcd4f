namespace MeteringGateway.Core;

/// <summary>N4: what would be more of a kind than one tenant may have is refused, telling the limit.</summary>
public ref partial struct Turn
{
    /// <summary>A final outcome keeps no facts, only that there were some: so many times as many as facts.</summary>
    private const int FinalFacts = 4;

    /// <summary>Of them the buyer's verdicts have these: what they leave is the vendor's.</summary>
    private const int FinalVerdicts = 3;

    /// <summary>As long as so many times as many facts wait as may, first reversals of outcomes still do.</summary>
    private const int WaitingReversals = 4;

    /// <summary>
    /// Reversals of which nobody knows whether they are the first, or of an outcome that may never come, are taken up
    /// to so many times as many bytes of memory.
    /// </summary>
    private const int ReversalsFull = 2;

    private static readonly TenantLimits UsualLimits = new();

    private Answer? OneOutcomeTooMany(Session? session, OutcomeType type)
    {
        if (_state.OutcomeCount >= _limits.OpenOutcomes)
            return Refuse(Refusal.TooManyOutcomes,
                $"a tenant has at most {_limits.OpenOutcomes} outcomes of periods that are not closed");
        if (session is null) return IsFull(1);
        if (session.Count >= _limits.SessionOutcomes)
            return Refuse(Refusal.TooManyInSession, $"a session has at most {_limits.SessionOutcomes} outcomes");
        // Each activity is an entry for each of them (O2).
        return type.WindowRestartsOnActivity && session.RestartingCount >= _limits.SessionWaiting
            ? Refuse(Refusal.TooManyInSession,
                $"in a session wait at most {_limits.SessionWaiting} outcomes whose windows activity restarts")
            : IsFull(1);
    }

    private Answer? OneActivityTooMany(Command.ReportActivity a, Instant time, PeriodBook book) =>
        _state.SessionAt(a.Session, time)?.Activities?.Count >= _limits.SessionActivities
            ? Refuse(Refusal.TooManyInSession, $"a session has at most {_limits.SessionActivities} activities")
        : book.Activities?.Names is { } names && names.Count >= _limits.ActivityNames && !names.Contains(a.Activity)
            && _state.TermsAt(time).Activity(a.Activity) is null
            ? Refuse(Refusal.TooManyActivities,
                $"a period has at most {_limits.ActivityNames} names of activities that the plan does not name")
        : IsFull(1);

    /// <summary>Whether all that grows with what is sent has so many times as many bytes as it may.</summary>
    private Answer? IsFull(int times) => _state.Bytes / times < _limits.TenantBytes ? null
        : Refuse(Refusal.TenantFull, "outcomes, facts, sessions, ids of events, kinds of activities, disputes and "
            + $"signals of a tenant take at most {_limits.TenantBytes} bytes of memory; there is room again when a "
            + "period is closed");

    private Answer? OneCounterTooMany(PeriodBook book, in ActivityKey key) =>
        book.Activities?.Count >= _limits.ActivityCounters && !book.Activities.ContainsKey(key)
            ? Refuse(Refusal.TooManyActivities, $"a period counts at most {_limits.ActivityCounters} kinds of "
                + "activities, by name, agent, channel, workflow and day")
            : null;

    /// <summary>
    /// Each party has an allowance of its own, and its first reversal of an outcome is never refused.
    /// </summary>
    private Answer? OneFactTooMany(Command.ReportFact c, Outcome outcome)
    {
        if (_state.IsFinal(outcome))
            return outcome.ChangedBy.Count < (c.IsVerdict ? FinalVerdicts : FinalFacts) * (long)_limits.OutcomeFacts
                ? IsFull(IsReversal(c) ? ReversalsFull : 1) : TooManyFacts();
        if (IsFirstReversal(c, outcome.Facts)) return null;
        if (outcome.Facts.Count(fact => fact.IsVerdict == c.IsVerdict) >= _limits.OutcomeFacts) return TooManyFacts();
        return _state.FactsIn(outcome.Session, c.IsVerdict) < _limits.SessionFacts ? IsFull(1)
            : Refuse(Refusal.TooManyFacts,
                $"at most {_limits.SessionFacts} facts of one party are taken on a session's outcomes");
    }

    private Answer? OneFactTooMany(Command.ReportFact c)
    {
        var waiting = _state.WaitingFor(c.OutcomeId, _now);
        var first = IsFirstReversal(c, waiting);
        // Anybody can name outcomes that never come: the first reversals of them have to end, too.
        if (_state.WaitingCount >= (first ? WaitingReversals : 1) * (long)_limits.WaitingFacts)
            return Refuse(Refusal.TooManyFacts, $"at most {_limits.WaitingFacts} facts wait for reports of outcomes");
        return waiting.Length < _limits.OutcomeFacts || first ? IsFull(first ? ReversalsFull : 1) : TooManyFacts();
    }

    private Answer TooManyFacts() =>
        Refuse(Refusal.TooManyFacts, $"at most {_limits.OutcomeFacts} facts of one party are taken on an outcome");

    private static bool IsFirstReversal(Command.ReportFact c, IEnumerable<Fact> before) =>
        IsReversal(c) && !before.Any(fact => fact.IsReversal && fact.IsVerdict == c.IsVerdict);

    private static bool IsReversal(Command.ReportFact c) => new Fact(c.Id, default, c.Kind, null).IsReversal;

    private Answer? OneReservationTooMany() => _state.ReservationCount >= _limits.Reservations
        ? Refuse(Refusal.TooManyReservations, $"a tenant has at most {_limits.Reservations} reservations at one time")
        : null;

    private Answer? OneGrantTooMany()
    {
        var now = _now;
        return _state.Grants.Count >= _limits.Grants
            && _state.Grants.Count(grant => !grant.Ended || grant.CreatedAt + GrantsCounted > now) >= _limits.Grants
            ? Refuse(Refusal.TooManyGrants,
                $"a tenant has at most {_limits.Grants} grants in {GrantsCounted.Days} days, ended ones included")
            : _state.Grants.Count(grant => !grant.Ended) >= _limits.GrantsInForce
            ? Refuse(Refusal.TooManyGrants, $"a tenant has at most {_limits.GrantsInForce} grants in force")
            : null;
    }

    /// <summary>What is in force already is no change, and the first one of a period is always taken.</summary>
    private Answer? OneChangeTooMany(Setting.Plan next)
    {
        if (next == _state.PlanAt(_now) || _state.TermsSetInPeriod() is not (> 0 and var changes)) return null;
        return changes >= _limits.TermChanges
            ? Refuse(Refusal.TooManyChanges,
                $"plan and terms of a tenant change at most {_limits.TermChanges} times in a period")
            : _state.TermsBytes + TermsWire.Size(next.Terms) > _limits.TermBytes
            ? Refuse(Refusal.TooManyChanges, $"all terms of a tenant have at most {_limits.TermBytes} bytes; the next "
                + "change is taken in the next period")
            : null;
    }

    /// <summary>C8: the caps of terms, with those that the tenant set itself; the same for thresholds.</summary>
    private Answer? TooManyUnder(Terms terms) =>
        _state.OwnCaps + terms.Caps.Length > MostCaps ? TooManyCaps()
        : _state.OwnThresholds + terms.Thresholds.Length > MostThresholds ? TooManyThresholds()
        : null;

    private static Answer TooManyCaps() => Refuse(Refusal.TooManyCaps, $"a tenant has at most {MostCaps} caps");

    private static Answer TooManyThresholds() =>
        Refuse(Refusal.TooManyThresholds, $"a tenant has at most {MostThresholds} thresholds");
}
