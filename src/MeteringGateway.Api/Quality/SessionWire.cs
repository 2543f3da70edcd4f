using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Quality;

/// <summary>A session as it is remembered, and the five rules of timing answered for it.</summary>
/// <param name="BeganAt">Null: nothing but facts were told in it.</param>
/// <param name="RememberedUntil">What comes with a later time is in a new session of the same name.</param>
internal sealed record SessionWire(string Tenant, string Id, string? BeganAt, string LastEventAt,
    string RememberedUntil, int Activities, bool HandedOff, long Sequence, IReadOnlyList<SessionGroupWire> Groups,
    IReadOnlyList<SessionOutcomeWire> Outcomes);

/// <summary>Outcome types that exclude each other in the session.</summary>
/// <param name="Holder">The outcome that counts; null: none does, or each does.</param>
internal sealed record SessionGroupWire(IReadOnlyList<string> OutcomeTypes, bool OncePerSession, string? Holder,
    SessionRulesWire Rules);

/// <summary>When it begins, when it ends, how long it waits, what reverses it, and whether what comes next is new or
/// goes on.</summary>
internal sealed record SessionRulesWire(string Start, string End, string Wait, string Reversal, string Next);

/// <param name="DuplicateOf">The outcome that counts in its place.</param>
internal sealed record SessionOutcomeWire(string OutcomeId, string OutcomeType, string Time, string Result,
    string Status, string? Reason, string WindowStatus, string? WindowOpenedAt, string? WindowClosesAt,
    string? ContinuationOf, string? DuplicateOf);

internal static class SessionWires
{
    public static SessionWire Wire(this SessionFigure of, string tenant) => new(
        tenant, of.Id, of.BeganAt?.ToString(), of.LastEventAt.ToString(), of.RememberedUntil.ToString(), of.Activities,
        of.HandedOff, of.Sequence,
        [.. of.Groups.Select(group => new SessionGroupWire(group.Types, group.OncePerSession, group.Holder,
            Rules(of, group)))],
        [.. of.Outcomes.Select(Wire)]);

    private static SessionOutcomeWire Wire(SessionOutcome of) => new(
        of.Id, of.OutcomeType, of.Time.ToString(), Names<Result>.Of(of.Result), Names<OutcomeStatus>.Of(of.Status),
        of.Reason == Reason.None ? null : Names<Reason>.Of(of.Reason), Names<WindowStatus>.Of(of.Window),
        of.Window == WindowStatus.None ? null : of.Opened.ToString(), of.ClosesAt?.ToString(), of.ContinuationOf,
        of.DuplicateOf);

    private static SessionRulesWire Rules(SessionFigure of, SessionGroup group)
    {
        var holder = of.Outcomes.FirstOrDefault(one => one.Id == group.Holder);
        var window = Durations.Write(group.Window);
        return new SessionRulesWire(
            $"It began with its first event, at {of.BeganAt ?? of.LastEventAt}.",
            $"It is remembered until {of.RememberedUntil}, 30 days after its last event; every event moves that on.",
            group.Window == TimeSpan.Zero ? "An outcome settles at once."
                : (holder is { Window: WindowStatus.Open, ClosesAt: { } closes }
                    ? $"The window of '{holder.Id}' closes at {closes}" : $"A window lasts {window}; none is open")
                    + (group.WindowRestartsOnActivity ? ", and every activity starts it anew." : "."),
            "Within the window it makes the outcome non-billable; after it "
                + (group.CreditsLate ? "the outcome is credited." : "it is recorded, and changes nothing."),
            !group.OncePerSession ? "A further success is an outcome of its own."
                : group.Holder is not null ? $"A further success is a duplicate of '{group.Holder}'."
                : group.ContinuesId is not null ? $"A further success continues '{group.ContinuesId}'."
                : "A further success is an outcome of its own.");
    }
}
