namespace MeteringGateway.Core;

/// <summary>Which entries are told to those outside (S5), and under which name.</summary>
public static class Alerts
{
    /// <summary>The alert's type, such as <c>threshold.crossed</c>; null: the entry is no alert.</summary>
    public static string? TypeOf(Entry entry) => entry switch
    {
        Entry.ThresholdCrossed => "threshold.crossed",
        Entry.StateChanged { Cap: null, Scope: null } => null, // by hand
        Entry.StateChanged { State: >= LimitState.Paused, Before: < LimitState.Paused } => "cap.reached",
        Entry.StateChanged { State: < LimitState.Paused, Before: >= LimitState.Paused } => "cap.cleared",
        Entry.CreditsExhausted => "credits.exhausted",
        Entry.OverageStarted => "overage.started",
        Entry.GrantExpiring => "grant.expiring",
        Entry.DisputeOpened => "dispute.opened",
        Entry.PeriodClosed => "statement.final",
        _ => null,
    };
}
