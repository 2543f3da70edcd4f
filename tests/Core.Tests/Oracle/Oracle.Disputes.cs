namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>Disputes (D3): opened, decided, and what a credit takes out of the figures.</summary>
internal sealed partial class Oracle
{
    private static readonly TimeSpan Disputable = TimeSpan.FromDays(60);

    private bool StatementsAreFinal => _closed && IsClosed(Open);

    private Expected OpenDispute(string outcome)
    {
        if (StatementsAreFinal) return new Expected.Refused(Refusal.TenantClosed);
        if (_reports.Find(report => report.Id == outcome) is not { } named)
            return new Expected.Refused(Refusal.UnknownOutcome);
        var report = named.View.AliasOf ?? named;
        if (report.Dispute is not null) return new Expected.Refused(Refusal.DisputeExists);
        if (report.View.Status != OutcomeStatus.Billable) return new Expected.Refused(Refusal.NotDisputable);
        if (IsTooLate(report)) return new Expected.Refused(Refusal.DisputeTooLate);
        (report.Dispute, report.View) = (DisputeStatus.Open, report.View with { Disputed = true });
        return new Expected.Disputed(DisputeStatus.Open, null);
    }

    private bool IsTooLate(Report report) =>
        _closures.TryGetValue(report.Period.Id, out var closed) && Now >= closed.At + Disputable;

    /// <param name="outcome">Histories name a dispute by its outcome.</param>
    private Expected ResolveDispute(string outcome, bool credited)
    {
        if (StatementsAreFinal && credited) return new Expected.Refused(Refusal.TenantClosed);
        var named = _reports.Find(report => report.Id == outcome);
        if ((named?.View.AliasOf ?? named) is not { Dispute: { } dispute } report)
            return new Expected.Refused(Refusal.UnknownDispute);
        if (dispute != DisputeStatus.Open) return new Expected.Refused(Refusal.DisputeResolved);
        report.Dispute = credited ? DisputeStatus.Credited : DisputeStatus.Upheld;
        if (!credited || report.View.Status != OutcomeStatus.Billable)
            return new Expected.Disputed(report.Dispute.Value, null);
        var (before, corrections) = (Sum(RatedIn(report.Period).Select(unit => unit.Price)), _corrections.Count);
        report.View = report.View with { Status = OutcomeStatus.Credited };
        Correct(report);
        var taken = _corrections.Count > corrections ? new Amount(-_corrections[^1].Amount.Micros)
            : before - Sum(RatedIn(report.Period).Select(unit => unit.Price));
        return new Expected.Disputed(DisputeStatus.Credited, taken);
    }

    /// <summary>Whatever else is learnt of it, what was credited for a dispute is not charged again.</summary>
    private static View AsDisputed(Report report, View view) =>
        report.Dispute == DisputeStatus.Credited && view.Status == OutcomeStatus.Billable
            ? view with { Status = OutcomeStatus.Credited } : view;

    /// <summary>O8: what a rejection after the window opened.</summary>
    private void NoteDispute(Report report, bool before)
    {
        if (!before && report.View.Disputed && report.Dispute is null && IsTooLate(report))
            report.View = report.View with { Disputed = false };
        if (report.View is { Disputed: true, AliasOf: null }) report.Dispute ??= DisputeStatus.Open;
    }
}
