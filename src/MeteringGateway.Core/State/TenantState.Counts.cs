using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>How much there is of what is limited (N4). Derived, so in no snapshot.</summary>
public sealed partial class TenantState
{
    internal int ReservationCount => _reservations?.Count ?? 0;

    /// <summary>
    /// The first period before the open one that is not closed and in which something is held: it was held before all
    /// that is in a later one. Null: there is none.
    /// </summary>
    internal PeriodBook? HeldBefore
    {
        get
        {
            if (_reservations is null) return null;
            foreach (var held in _reservations.Values)
                if (held.Period == Open.Period.Id) return null;
                else if (Book(held.Period)!.Status != PeriodStatus.Closed) return Book(held.Period);
            return null;
        }
    }

    /// <summary>Outcomes in memory that are not about to leave it (I4).</summary>
    internal int OutcomeCount => (_outcomes?.Count ?? 0) - (_archived?.Leaving?.Count ?? 0);

    /// <summary>Facts that wait for reports, those in vain included until they are forgotten (O6).</summary>
    internal int WaitingCount { get; private set; }

    /// <summary>Caps that the tenant set itself: they stay when its terms change.</summary>
    internal int OwnCaps => Open.Caps.Count(cap => !Terms.Caps.Contains(cap.Cap))
        + CapsWithThoseToCome - Open.Caps.Count;

    internal int OwnThresholds => ThresholdBooks.Count(book => !Terms.Thresholds.Contains(book.Threshold));

    /// <summary>The most caps, or thresholds, of any terms in force or to come.</summary>
    internal int MostOfTerms(Func<Terms, int> count) => TermsSince(Now).Max(count);

    /// <summary>Facts on the outcomes of a session that one party has said: the buyer, or the vendor.</summary>
    internal int FactsIn(string? session, bool verdicts) =>
        session is null || _sessions?.OtherOf(session) is not { } known ? 0
        : verdicts ? known.Verdicts : known.Facts;

    /// <summary>Of a state that was restored.</summary>
    /// <param name="bytesOfRows">Of the outcomes that are rows; null: they were not counted.</param>
    private void CountAnew(long? bytesOfRows)
    {
        _bytes = bytesOfRows is { } rows ? CountedBytes(rows + (_outcomes?.Unusual.Sum(BytesOf) ?? 0)) : CountedBytes();
        WaitingCount = _waiting?.Values.Sum(facts => facts.Count) ?? 0;
        foreach (var outcome in _outcomes?.Unusual ?? [])
        {
            CountFacts(outcome.Session, outcome.Facts);
            ListAlias(outcome);
        }
        foreach (var (_, session) in _sessions?.Others ?? [])
            foreach (var id in session.Outcomes) WatchIn(session, Find(id)!);
    }

    private void ForgetWaiting(string outcomeId)
    {
        if (_waiting is null || !_waiting.Remove(outcomeId, out var facts)) return;
        WaitingCount -= facts.Count;
        _bytes -= BytesOf(outcomeId, facts);
    }

    private void CountFacts(string? session, ImmutableArray<Fact> facts)
    {
        if (facts.IsEmpty || session is null || _sessions?.Contains(session) != true) return;
        var known = OwnSession(session);
        var verdicts = facts.Count(fact => fact.IsVerdict);
        known.Verdicts += verdicts;
        known.Facts += facts.Length - verdicts;
    }
}
