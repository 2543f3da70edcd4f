using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>A session as it is remembered (I4).</summary>
/// <param name="BeganAt">Of the first report or activity known; null: nothing but facts were told in it.</param>
/// <param name="RememberedUntil">What comes with a later time is in a new session; every event moves it on.</param>
/// <param name="Groups">The outcome types that exclude each other in it.</param>
/// <param name="Outcomes">In order of (time, source, id).</param>
public sealed record SessionFigure(string Id, Instant? BeganAt, Instant LastEventAt, Instant RememberedUntil,
    int Activities, bool HandedOff, long Sequence, ImmutableArray<SessionGroup> Groups,
    ImmutableArray<SessionOutcome> Outcomes);

/// <param name="Types">Of the group that were reported in the session.</param>
/// <param name="Holder">The outcome that counts; null: none does.</param>
/// <param name="ContinuesId">The reversed outcome that a further success returns to pending (O3); null: there is
/// none.</param>
/// <param name="CreditsLate">A reversal after the window credits (O5).</param>
/// <param name="Window">Of the type of the last report.</param>
public sealed record SessionGroup(ImmutableArray<string> Types, bool OncePerSession, string? Holder,
    string? ContinuesId, TimeSpan Window, bool WindowRestartsOnActivity, bool CreditsLate, bool Continuation);

/// <param name="DuplicateOf">The outcome that counts in its place.</param>
public sealed record SessionOutcome(string Id, string OutcomeType, Instant Time, Result Result, OutcomeStatus Status,
    Reason Reason, WindowStatus Window, Instant Opened, Instant? ClosesAt, string? ContinuationOf,
    string? DuplicateOf);

public static class SessionReport
{
    /// <summary>Null: there is no such session, or it is forgotten.</summary>
    /// <param name="realTime">Now; a tenant on a test clock lives by its own.</param>
    public static SessionFigure? Session(this TenantState state, string name, Instant realTime)
    {
        if (state.SessionAt(name, state.TimeAt(realTime)) is not { } session) return null;
        var outcomes = session.Outcomes.Select(state.Find).OfType<Outcome>().ToList();
        outcomes.Sort(Outcome.Order);
        var groups = outcomes.GroupBy(outcome => state.TypeOf(outcome) is { OncePerSession: true } type ? type.Group
            : outcome.Type, StringComparer.Ordinal)
            .Select(group => (group.Key, Figure: Of(state, [.. group]))).ToList();
        Instant[] times = [.. (session.Activities ?? []).Take(1), .. outcomes.Take(1).Select(outcome => outcome.Time)];
        return new SessionFigure(name, times.Length == 0 ? null : times.Min(), session.LastEvent,
            session.LastEvent + TenantState.SessionsKept, session.Activities?.Count ?? 0, session.HandedOff,
            state.Sequence, [.. groups.OrderBy(group => group.Key, StringComparer.Ordinal).Select(one => one.Figure)],
            [.. outcomes.Select(outcome => Of(state, outcome,
                groups.Find(group => group.Figure.Types.Contains(outcome.Type)).Figure.Holder))]);
    }

    private static SessionGroup Of(TenantState state, Outcome[] group)
    {
        var type = state.TypeOf(group[^1]);
        var holder = type.OncePerSession ? Array.Find(group, Holds) : null;
        var reversed = holder is null && type is { OncePerSession: true, Continuation: true }
            ? Array.FindLast(group, outcome => outcome.MayHold && !outcome.IsAlias
                && outcome.End is WindowEnd.Reversed or WindowEnd.ReversedLate) : null;
        return new SessionGroup(
            [.. group.Select(outcome => outcome.Type).Distinct().Order(StringComparer.Ordinal)], type.OncePerSession,
            holder?.Id, reversed?.Id, type.MeasurementWindow, type.WindowRestartsOnActivity, type.CreditAfterWindow,
            type.Continuation);
    }

    /// <summary>It counts: it waits, has settled, or is free as training.</summary>
    private static bool Holds(Outcome outcome) => outcome is { MayHold: true, IsAlias: false }
        && outcome.Reason != Reason.DuplicateInSession
        && outcome.End is not (WindowEnd.Reversed or WindowEnd.ReversedLate);

    private static SessionOutcome Of(TenantState state, Outcome outcome, string? holder)
    {
        var root = state.Root(outcome) ?? outcome;
        return new SessionOutcome(outcome.Id, outcome.Type, outcome.Time, outcome.Result, root.Status, root.Reason,
            root.End switch
            {
                WindowEnd.None => WindowStatus.None, WindowEnd.Open => WindowStatus.Open, _ => WindowStatus.Closed,
            },
            root.Opened, root.ClosesAt, outcome.ContinuationOf,
            outcome is { IsAlias: false, Reason: Reason.DuplicateInSession } ? holder : null);
    }
}
