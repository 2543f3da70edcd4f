namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>One outcome's life, from its reports and facts in order (O1 to O5, O8; 0001 1 to 3 and 7 to 12).</summary>
internal sealed partial class Oracle
{
    /// <param name="Settled">Its window closed, whatever came of it.</param>
    /// <param name="FreedAt">Where in the order it gave the session back; null while it holds it.</param>
    /// <param name="Reversed">It did so by a reversal within the window, not by a credit.</param>
    private sealed record Life(View View, bool Settled, Key? FreedAt = null, bool Reversed = false);

    /// <summary>
    /// What a success is at once, before anybody asks who holds the session (O1, O7; the order of 0001, 13).
    /// </summary>
    private static Reason? AtOnce(Report report)
    {
        if (report.Command.Result != Result.Success) return Enum.Parse<Reason>(report.Command.Result.ToString());
        if (report.Command.HandedOff && !report.Type.HandoffBillable) return Reason.Escalated;
        if (report.Type.RequiredCriteria.Any(criterion => !report.Command.CriteriaMet.Contains(criterion)))
            return Reason.CriteriaNotMet;
        return report.Command.Sandbox ? Reason.Sandbox : null;
    }

    // O9: journalled first, served first, within the days and the count.
    private bool TrainingApplies(Instant time)
    {
        if (TermsAt(time).Training is not { } training) return false;
        return (training.Days is null || time < _started + TimeSpan.FromDays(training.Days.Value))
            && (training.Until is null || time < training.Until.Value)
            && (training.MaxOutcomes is null || _reports.Count(report => report.Training) < training.MaxOutcomes);
    }

    /// <param name="chain">The first report and those that continued it, in order; the last one opened the
    /// window.</param>
    /// <param name="from">Where in the order it began to hold.</param>
    private Life LifeOf(List<Report> chain, Key from)
    {
        var (first, opening) = (chain[0], chain[^1]);
        var hasWindow = first.Type.MeasurementWindow > TimeSpan.Zero;
        var closes = hasWindow ? EndOf(first, opening) : opening.Time;
        // What was said of the outcome before it was continued is of the window before.
        var facts = FactsOf(chain).Where(fact => fact.At > from || fact.Fact.Command.OutcomeId == opening.Id).ToList();
        var verification = chain.Last(report => report.Command.Verification is not null
            || report == first).Command.Verification;

        var decisive = facts.FirstOrDefault(fact =>
            hasWindow && fact.At.Time < closes && fact.Fact.Kind != FactKind.VerdictAccepted
            && !CameAfterClosing(fact.Fact, first));
        if (decisive is { Fact.Reverses: true })
            return new Life(new View(OutcomeStatus.NonBillable, decisive.Fact.Reason, decisive.At.Time, null, chain),
                false,
                decisive.At, true);
        if (decisive is null && hasWindow && closes > Now)
            return new Life(new View(OutcomeStatus.Pending, Reason.None, closes, null, chain), false);

        if (decisive is not null) verification = decisive.Fact.Command.Verification ?? verification;
        var settled = Settled(first.Type, verification, decisive is not null, hasWindow)
            with { ClosesAt = decisive?.At.Time
            ?? closes, Chain = chain };
        if (settled.Status != OutcomeStatus.Billable) return new Life(settled, true);
        var end = decisive?.At.Time ?? closes;
        var later = facts.Where(fact => fact != decisive
            && (CameAfterClosing(fact.Fact, first) || !hasWindow
                || (decisive is not null ? facts.IndexOf(fact) > facts.IndexOf(decisive) : fact.At.Time >= closes)));
        return AfterTheWindow(first, settled, end, later.Where(fact => fact.Fact.Reverses));
    }

    // O4
    private static View Settled(OutcomeType type, Verification? verification, bool confirmed, bool hasWindow)
    {
        var verified = verification is { Passed: true }
            && (type.MinConfidence is null || verification.Confidence >= type.MinConfidence);
        if (type.SettlesOnConfirmation && !confirmed) return new View(OutcomeStatus.NonBillable, Reason.Unconfirmed);
        if (type.VerificationRequired && !verified) return new View(OutcomeStatus.NonBillable, Reason.Unverified);
        return new View(OutcomeStatus.Billable, confirmed ? Reason.Confirmed : hasWindow ? Reason.WindowClosed
            : Reason.Immediate);
    }

    // O5, O8, and 0001, 10: what was within the window but came to a closed period credits, whatever after_window says.
    private Life AfterTheWindow(Report first, View settled, Instant closes, IEnumerable<Applied> reversals)
    {
        foreach (var (fact, at) in reversals)
        {
            var lateInWindow = at.Time < closes && CameAfterClosing(fact, first);
            if (lateInWindow || (fact.Kind != FactKind.VerdictRejected && first.Type.CreditAfterWindow))
                return new Life(settled with { Status = OutcomeStatus.Credited, Disputed = false }, true, at);
            if (fact.Kind == FactKind.VerdictRejected) settled = settled with { Disputed = true };
        }
        return new Life(settled, true);
    }

    private bool CameAfterClosing(Fact fact, Report first) =>
        _closedPeriods.TryGetValue(first.Period.Id, out var closed) && fact.Arrival > closed;

    /// <summary>A fact, and where it applies.</summary>
    private sealed record Applied(Fact Fact, Key At);

    private List<Applied> FactsOf(List<Report> chain) =>
        [.. from fact in _facts
            let report = chain.FirstOrDefault(report => report.Id == fact.Command.OutcomeId)
            where report is not null
            let at = fact.At(report)
            orderby at
            select new Applied(fact, at)];

    // What has settled keeps its window's end.
    private Instant EndOf(Report first, Report opening) => _kept.Contains(first) && first.Place!.Opening == opening
        ? first.Place.Closes : ClosesAt(first, opening);

    // O2: restarts, and never more than 30 days from the first report.
    private Instant ClosesAt(Report first, Report opening)
    {
        var window = first.Type.MeasurementWindow;
        var closes = opening.Time + window;
        if (first.Type.WindowRestartsOnActivity && first.Session is not null)
            foreach (var time in _activities.Where(activity =>
                activity.Command.Session == first.Command.Session && activity.Time >= opening.Time)
                    .Select(activity => activity.Time).Order())
                if (time < closes && time < first.Time + LongestWait)
                    closes = time + window;
        return Instant.Min(closes, first.Time + LongestWait);
    }
}
