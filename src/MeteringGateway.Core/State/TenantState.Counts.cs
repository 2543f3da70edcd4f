namespace MeteringGateway.Core;

/// <summary>How much there is of what is limited (N4). Derived, so in no snapshot.</summary>
public sealed partial class TenantState
{
    internal int ReservationCount => _reservations?.Count ?? 0;

    /// <summary>Caps that the tenant set itself: they stay when its terms change.</summary>
    internal int OwnCaps => Open.Caps.Count(cap => !Terms.Caps.Contains(cap.Cap)) + (Open.Coming?.Count ?? 0);

    internal int OwnThresholds => ThresholdBooks.Count(book => !Terms.Thresholds.Contains(book.Threshold));

    /// <summary>The most caps, or thresholds, of any terms in force or to come.</summary>
    internal int MostOfTerms(Func<Terms, int> count) => TermsSince(Now).Max(count);

    /// <summary>Facts on the outcomes of a session.</summary>
    internal int FactsIn(string? session) =>
        session is not null && _sessions?.GetValueOrDefault(session) is { } known ? known.Facts : 0;

    /// <summary>Of a state that was restored.</summary>
    private void CountFacts()
    {
        foreach (var outcome in _outcomes?.Values ?? Enumerable.Empty<Outcome>())
            CountFacts(outcome.Session, outcome.Facts.Length);
    }

    private void CountFacts(string? session, int facts)
    {
        if (facts > 0 && session is not null && _sessions?.GetValueOrDefault(session) is { } known)
            known.Facts += facts;
    }
}
