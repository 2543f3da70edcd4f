namespace MeteringGateway.Core;

/// <summary>
/// A stretch for which an outcome holds its session: how long its window runs (O2), and what it comes to when that is
/// over (O4, O9).
/// </summary>
/// <param name="Closes">Exclusive end of the window.</param>
/// <param name="Confirmed">When a confirmation closed it early.</param>
internal readonly record struct Segment(Instant Start, Instant Closes, Verification? Verification,
    Instant? Confirmed = null)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    /// <summary>
    /// O2: the window, restarted by each activity in it, but no later than 30 days after the first report.
    /// </summary>
    /// <param name="activities">Of the session, in order; null where there are none.</param>
    public static Instant EndOfWindow(OutcomeType type, Instant reported, Instant start, List<Instant>? activities)
    {
        var closes = start + type.MeasurementWindow;
        if (type.WindowRestartsOnActivity && type.MeasurementWindow > TimeSpan.Zero && activities is not null)
        {
            for (var i = FirstAtOrAfter(activities, start); i < activities.Count && activities[i] < closes; i++)
                closes = activities[i] + type.MeasurementWindow;
        }
        return Instant.Min(closes, reported + LongestWait);
    }

    /// <summary>O9: free, and final.</summary>
    public static Verdict Trained(Instant time) => new(OutcomeStatus.NonBillable, Reason.Training, time, null,
        WindowEnd.None, null);

    public bool HasEnded(OutcomeType type, Instant now) => Confirmed is not null || IsOver(type, now);

    /// <summary>Without a window it is over at once, even for a report from a clock that is ahead.</summary>
    public bool IsOver(OutcomeType type, Instant now) => Closes <= now || type.MeasurementWindow == TimeSpan.Zero;

    public Verdict Waiting() => new(OutcomeStatus.Pending, Reason.None, Start, Closes, WindowEnd.Open, null);

    public Verdict Settled(Candidate holder)
    {
        var settled = Settled(holder.Type);
        // A closed period's outcome stays as it was settled: what is learnt later can only credit it.
        return holder.PeriodClosed && holder.Outcome.Reason is var reason and not Reason.None
            ? settled with { Status = IsBillable(reason) ? OutcomeStatus.Billable : OutcomeStatus.NonBillable,
                Reason = reason }
            : settled;
    }

    /// <summary>O4: what the type asks for must be there when the window closes.</summary>
    public Verdict Settled(OutcomeType type)
    {
        var none = type.MeasurementWindow == TimeSpan.Zero;
        var end = none ? WindowEnd.None : Confirmed is null ? WindowEnd.Lapsed : WindowEnd.Confirmed;
        var reason = type.SettlesOnConfirmation && Confirmed is null ? Reason.Unconfirmed
            : type.VerificationRequired && !Passes(Verification, type) ? Reason.Unverified
            : none ? Reason.Immediate
            : Confirmed is null ? Reason.WindowClosed
            : Reason.Confirmed;
        var status = IsBillable(reason) ? OutcomeStatus.Billable : OutcomeStatus.NonBillable;
        return new Verdict(status, reason, Start, none ? null : Confirmed ?? Closes, end, null);
    }

    private static bool IsBillable(Reason reason) =>
        reason is Reason.Immediate or Reason.WindowClosed or Reason.Confirmed;

    private static bool Passes(Verification? verification, OutcomeType type) =>
        verification is { Passed: true } && (type.MinConfidence is not { } least || verification.Confidence >= least);

    private static int FirstAtOrAfter(List<Instant> times, Instant time)
    {
        var (low, high) = (0, times.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (times[middle] < time) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
