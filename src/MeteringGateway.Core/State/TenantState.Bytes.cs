namespace MeteringGateway.Core;

/// <summary>
/// What of a tenant grows with what its callers send: outcomes, facts, sessions, ids of events, kinds of activities,
/// disputes and signals, in bytes of memory (N4). A sum that is kept up; it follows from them, so it is in no snapshot.
/// </summary>
public sealed partial class TenantState
{
    /// <summary>
    /// What is held beside the text, as measured, and a little more: an outcome's row with its places in the rating,
    /// in the indexes and among what is due; what one costs more that no row can hold; an entry of a dictionary with
    /// its part of the room that is free, and so on.
    /// </summary>
    private const int OutcomeBytes = 130, WholeBytes = 500, FactBytes = 150, WaitingBytes = 150, SessionBytes = 300,
        SingleSessionBytes = 16, EventBytes = 70, KindBytes = 150, TextBytes = 24, ReferenceBytes = 16,
        DisputeBytes = 400, SignalBytes = 300, StopBytes = 100;

    /// <summary>Bytes of memory, about; see <see cref="TenantLimits.TenantBytes"/>.</summary>
    internal long Bytes => _bytes + (_outcomes?.KindBytes ?? 0) + (Contested?.Bytes ?? 0) + (_told?.Bytes ?? 0);

    /// <summary>
    /// Without what many outcomes have alike, disputes and signals: that is for those to count who have them.
    /// </summary>
    private long _bytes;

    internal static long BytesOf(string? text) => text is null ? 0 : TextBytes + sizeof(char) * text.Length;

    internal static long BytesOf(Dimensions of) => BytesOf(of.Agent) + BytesOf(of.Channel) + BytesOf(of.Workflow);

    private static long BytesOf(EventId id) => BytesOf(id.Source) + BytesOf(id.Id);

    private static long BytesOf(Fact fact) => FactBytes + BytesOf(fact.Event) + BytesOf(fact.Verification?.Method);

    /// <summary>Of an outcome that a row holds.</summary>
    /// <param name="chars">Of its id, its session, and its event's id where that is another.</param>
    internal static long BytesOfRow(int chars) => OutcomeBytes + sizeof(char) * (long)chars;

    private static long BytesOf(Outcome outcome)
    {
        var bytes = BytesOfRow(outcome.Id.Length + (outcome.Event.Id == outcome.Id ? 0 : outcome.Event.Id.Length)
            + (outcome.Session?.Length ?? 0));
        if (OutcomeRow.CanHold(outcome)) return bytes; // what it has like others is counted once (KindBytes)
        bytes += WholeBytes + BytesOf(outcome.Event) + BytesOf(outcome.Id) + BytesOf(outcome.Session)
            + BytesOf(outcome.Dimensions) + BytesOf(outcome.Verification?.Method)
            + ReferenceBytes * outcome.ChangedBy.Count;
        foreach (var criterion in outcome.CriteriaMet) bytes += ReferenceBytes + BytesOf(criterion);
        foreach (var fact in outcome.Facts) bytes += BytesOf(fact);
        return bytes;
    }

    private static long BytesOf(string name, Session session) => SessionBytes + BytesOf(name)
        + ReferenceBytes * (session.Count + (session.Activities?.Count ?? 0));

    private static long BytesOf(in ActivityKey kind) =>
        KindBytes + BytesOf(kind.Activity) + BytesOf(kind.Dimensions);

    private static long BytesOf(PeriodBook book) => book.Activities?.Keys.Sum(kind => BytesOf(kind)) ?? 0;

    private static long BytesOf(string outcomeId, List<WaitingFact> facts) =>
        WaitingBytes + BytesOf(outcomeId) + facts.Sum(fact => BytesOf(fact.Fact));

    internal static long BytesOf(Dispute dispute) =>
        DisputeBytes + BytesOf(dispute.OutcomeId) + BytesOf(dispute.Reason) + BytesOf(dispute.Note);

    internal static long BytesOf(Signal signal) => SignalBytes + BytesOf(signal.Handoff?.To)
        + BytesOf(signal.Handoff?.Message) + StopBytes * (long)(signal.Stops?.Length ?? 0);

    private long CountedBytes() => CountedBytes(_outcomes?.All.Sum(BytesOf) ?? 0);

    private long CountedBytes(long ofOutcomes) => _books.Sum(BytesOf) + ofOutcomes
        + (_sessions?.Others.Sum(one => BytesOf(one.Key, one.Value)) ?? 0)
        + SingleSessionBytes * (long)(_sessions?.SingleCount ?? 0) + EventBytes * (long)(_events?.Count ?? 0)
        + (_waiting?.Sum(one => BytesOf(one.Key, one.Value)) ?? 0);
}
