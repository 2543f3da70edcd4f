namespace MeteringGateway.Core.Tests.Histories;

/// <summary>What histories have come to: a rule that none of them reaches is not tested by them.</summary>
internal sealed class Reach
{
    private readonly HashSet<string> _reached = [];

    private static readonly Reason[] Reasons =
        [Reason.WindowClosed, Reason.Confirmed, Reason.Immediate, Reason.Unverified, Reason.Unconfirmed, Reason.Sandbox,
            Reason.Training,
            Reason.DuplicateInSession, Reason.OverCap, Reason.CreditsExhausted, Reason.OverageBlocked,
            Reason.OverageNotAuthorized,
            Reason.OverageLimitReached];

    private static readonly Refusal[] Refusals =
        [Refusal.IdReused, Refusal.EventTooOld, Refusal.EventInFuture, Refusal.OutcomeExists, Refusal.CapBelowExposure,
            Refusal.UnknownGrant, Refusal.UnknownPack, Refusal.TopUpLimitReached, Refusal.IdempotencyKeyReused,
            Refusal.AlreadyExpired, Refusal.UnknownThreshold, Refusal.UnknownScheduled, Refusal.ChangedMeanwhile,
            Refusal.TenantClosed, Refusal.UnknownOutcome, Refusal.NotDisputable, Refusal.DisputeExists,
            Refusal.DisputeTooLate, Refusal.UnknownDispute, Refusal.DisputeResolved];

    public void Note(Answer answer, IEnumerable<Entry> entries)
    {
        if (answer is Answer.Refused refused) _reached.Add($"refusal {refused.Code}");
        if (answer is Answer.Granted { Bought: false }) _reached.Add("a grant bought once");
        foreach (var entry in entries) Note(entry);
    }

    public void Note(Reach other) => _reached.UnionWith(other._reached);

    public void Note(Decision decision) =>
        _reached.UnionWith([$"decision {decision.Reason}", $"bound by {decision.Limit?.Kind}",
            $"funded by {decision.Funding}"]);

    private void Note(Entry entry)
    {
        _reached.Add(entry.GetType().Name);
        _reached.UnionWith(entry switch
        {
            Entry.OutcomeReported one => [$"reason {one.Reason}"],
            Entry.OutcomeChanged one =>
                [$"reason {one.Reason}", $"credit {one.Credit?.Reason} {(one.Correction is null ? "open" : "closed")}",
                    .. one.Correction is null ? [] : Correction(one.Correction)],
            Entry.DisputeOpened one => [$"dispute by {one.Via}"],
            Entry.DisputeResolved one => [$"dispute {one.Status}", one.Credit is null ? "dispute of nothing"
                : one.Credit.Amount > Amount.Zero ? "dispute of money" : "dispute of no money"],
            Entry.GrantIssued one => [$"grant {one.Kind}"],
            Entry.GrantEnded one => [$"ended by {(one.Voided ? "voiding" : "expiry")}"],
            Entry.ThresholdCrossed one => [$"threshold of {one.Threshold.Of}"],
            Entry.ThresholdRearmed one => [one.RoomCameBack ? "re-armed by room" : "re-armed by a raise"],
            Entry.StateChanged { Cap: null, Scope: not null } => ["a state of funding"],
            Entry.ActivityReported { BeyondCap: true } => ["an activity beyond a cap"],
            Entry.ChangeScheduled one =>
                [$"scheduled {one.Setting.Of[..3]}", one.Before is null ? "scheduled first" : "scheduled instead"],
            Entry.PeriodClosed one =>
                one.Lines.SelectMany(line => new[] { $"line {line.Kind}", $"source {line.Source}" }),
            _ => [],
        });
    }

    private static IEnumerable<string> Correction(Correction correction)
    {
        if (correction.Amount < Amount.Zero) yield return "a correction in money";
        if (correction.Returned.Length > 0) yield return "a correction in credits";
    }

    /// <summary>What a few thousand histories must have come to.</summary>
    public IEnumerable<string> Missed() => Expected().Where(what => !_reached.Contains(what));

    private static IEnumerable<string> Expected() =>
    [
        .. Reasons.Select(reason => $"reason {reason}"), .. Refusals.Select(code => $"refusal {code}"),
        .. Enum.GetValues<DecisionReason>().Select(reason => $"decision {reason}"),
        .. new[] { "cap", "included", "credits", "overage" }.Select(kind => $"bound by {kind}"),
        .. new[] { Funding.Included, Funding.Committed, Funding.Credits, Funding.OnDemand }
            .SelectMany(source => new[] { $"funded by {source}", $"source {source}" }),
        .. Enum.GetValues<GrantKind>().Select(kind => $"grant {kind}"),
        .. Enum.GetValues<LineKind>().Select(kind => $"line {kind}"),
        .. Enum.GetValues<Measure>().Select(of => $"threshold of {of}"),
        "a grant bought once", "ended by voiding", "ended by expiry", "re-armed by room", "re-armed by a raise",
        "a state of funding",
        "an activity beyond a cap", "a correction in money", "a correction in credits", nameof(Entry.CreditsExhausted),
        nameof(Entry.OverageStarted), nameof(Entry.GrantExpiring), nameof(Entry.TermsSet), nameof(Entry.DisputeOpened),
        nameof(Entry.TenantChanged), nameof(Entry.ChangeWithdrawn), "scheduled pla", "scheduled tim", "scheduled anc",
        "scheduled cap", "scheduled instead", "dispute by Verdict", "dispute by Call", "dispute Credited",
        "dispute Upheld", "dispute of money", "credit Disputed open", "credit Disputed closed",
    ];
}
