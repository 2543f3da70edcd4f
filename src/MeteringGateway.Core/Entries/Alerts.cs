namespace MeteringGateway.Core;

/// <summary>Which entries are told to those outside (S5), and under which name.</summary>
public static class Alerts
{
    public const string ThresholdCrossed = "threshold.crossed";
    public const string CapReached = "cap.reached";
    public const string CapCleared = "cap.cleared";
    public const string CreditsExhausted = "credits.exhausted";
    public const string OverageStarted = "overage.started";
    public const string GrantExpiring = "grant.expiring";
    public const string AgreementLow = "agreement.low";

    /// <summary>The alert's type, such as <c>threshold.crossed</c>; null: the entry is no alert.</summary>
    public static string? TypeOf(Entry entry) => entry switch
    {
        Entry.ThresholdCrossed => ThresholdCrossed,
        Entry.StateChanged { Cap: null, Scope: null } => null, // by hand
        Entry.StateChanged { State: >= LimitState.Paused, Before: < LimitState.Paused } => CapReached,
        Entry.StateChanged { State: < LimitState.Paused, Before: >= LimitState.Paused } => CapCleared,
        Entry.CreditsExhausted => CreditsExhausted,
        Entry.OverageStarted => OverageStarted,
        Entry.GrantExpiring => GrantExpiring,
        Entry.DisputeOpened => "dispute.opened",
        Entry.DisputeResolved => "dispute.resolved",
        Entry.AgreementLow => AgreementLow,
        Entry.PeriodClosed => "statement.final",
        _ => null,
    };
}
