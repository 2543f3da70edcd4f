namespace MeteringGateway.Sdk;

/// <summary>What comes over a stream of signals, and what becomes of the stream itself.</summary>
public enum SignalKind
{
    /// <summary>The stream is open: what is known is up to date, or will be told.</summary>
    Connected,

    /// <summary>The stream broke off, and is opened again: until then nobody is told anything.</summary>
    Lost,

    /// <summary>Forget what was told of this tenant; it is told anew, up to <see cref="Ready"/>.</summary>
    Reset,

    /// <summary>A key as it stands, while the stream begins.</summary>
    State,

    /// <summary>Every key that stops or warns has been told.</summary>
    Ready,

    /// <summary>A key stands otherwise: a threshold was crossed.</summary>
    Warn,

    /// <summary>A key stands otherwise: it stops.</summary>
    Pause,

    /// <summary>A key stands otherwise: it stops, and people take over.</summary>
    Handoff,

    /// <summary>A key stands otherwise: it stops no more.</summary>
    Resume,
}

/// <summary>One thing that was heard.</summary>
/// <param name="Kind">What.</param>
/// <param name="Tenant">Of whom; null of <see cref="SignalKind.Connected"/> and <see cref="SignalKind.Lost"/>.</param>
/// <param name="Signal">The complete state of one key; null of what is no signal.</param>
/// <param name="Cursor">Where a stream of the same tenants goes on; null while it begins.</param>
public sealed record SignalEvent(SignalKind Kind, string? Tenant = null, Signal? Signal = null, string? Cursor = null);

/// <summary>The complete state of one key, in place of what was told of it before (S1, S6).</summary>
/// <param name="Tenant">The account that pays.</param>
/// <param name="Sequence">Of the entry: a higher one is newer.</param>
/// <param name="Key"><c>tenant</c>, <c>cap:</c> and a cap's id, or <c>funding:</c> and an outcome type's.</param>
/// <param name="Action"><c>warn</c>, <c>pause</c>, <c>handoff</c>, <c>resume</c>.</param>
/// <param name="Stops">The questions that the key refuses for one unit; empty: none.</param>
/// <param name="Reason">As in <see cref="Decision.Reason"/>.</param>
/// <param name="Cap">Null: not a cap's.</param>
/// <param name="Limit">What the key is limited to.</param>
/// <param name="Handoff">With <c>handoff</c>: to whom.</param>
/// <param name="At">When the entry became true.</param>
/// <param name="ResetsAt">When the limit begins anew.</param>
public sealed record Signal(string Tenant, long Sequence, string Key, string Action, IReadOnlyList<Stop> Stops,
    string Reason, string? Cap, Limit? Limit, Handoff? Handoff, DateTimeOffset At, DateTimeOffset? ResetsAt)
{
    /// <summary>Whether the key refuses one unit of what is asked (S6).</summary>
    public bool Refuses(Question question)
    {
        foreach (var stop in Stops) if (stop.Matches(question)) return true;
        return false;
    }
}

/// <summary>
/// Questions that match every member that it has; a member that it lacks matches anything.
/// </summary>
/// <param name="On"><c>any</c>, <c>outcome</c> or <c>activity</c>.</param>
/// <param name="OutcomeType">Null: any.</param>
/// <param name="Activity">Null: any.</param>
/// <param name="Agent">Null: any.</param>
/// <param name="Channel">Null: any.</param>
/// <param name="Workflow">Null: any.</param>
/// <param name="WorkflowNot">Any workflow but these, and none.</param>
public sealed record Stop(string On, string? OutcomeType = null, string? Activity = null, string? Agent = null,
    string? Channel = null, string? Workflow = null, IReadOnlyList<string>? WorkflowNot = null)
{
    /// <summary>Whether it is about this question. What kind of stop is not known is taken to be about any.</summary>
    public bool Matches(Question question)
    {
        ArgumentNullException.ThrowIfNull(question);
        var isActivity = question.Activity is not null;
        if (On == "outcome" && isActivity || On == "activity" && !isActivity) return false;
        return (OutcomeType is null || OutcomeType == question.OutcomeType)
            && (Activity is null || Activity == question.Activity)
            && (Agent is null || Agent == question.Agent) && (Channel is null || Channel == question.Channel)
            && (Workflow is null || Workflow == question.Workflow)
            && (WorkflowNot is null || question.Workflow is not { } workflow || !WorkflowNot.Contains(workflow));
    }
}
