using System.Buffers;
using System.Globalization;

namespace MeteringGateway.Core.Tests;

/// <summary>The real thing, with what a store does for it: entries kept as bytes, and outcomes that left memory kept
/// as bytes.</summary>
internal sealed class RealTenant
{
    private readonly Dictionary<string, byte[]> _archive = [];
    private readonly Dictionary<string, string> _reservations = [];

    public TenantState State { get; private set; } = new();
    public List<byte[]> Journal { get; } = [];

    /// <summary>Entries of the last command.</summary>
    public List<Entry> Taken { get; } = [];

    public Answer Run(Command command, Instant now)
    {
        Taken.Clear();
        Outcome? recalled = null;
        var asked = 0;
        var answer = Turn(command, now, null, false);
        while (answer is Answer.Needs needs && asked++ < 3)
        {
            Store();
            recalled = Archived(needs.OutcomeId);
            while (recalled is { ContinuationOf: { } first }) recalled = Archived(first);
            answer = Turn(command, now, recalled, true);
        }
        foreach (var entry in Taken) Journal.Add(Bytes(entry));
        Store();
        return answer;
    }

    // As many turns as it takes until what is due is done.
    private Answer Turn(Command command, Instant now, Outcome? recalled, bool recallDone)
    {
        while (true)
        {
            var taken = new List<Entry>();
            var answer = Core.Turn.Run(State, command, now, TestCalendar.Of, taken, recalled, recallDone);
            Taken.AddRange(taken);
            if (answer is not Answer.Unfinished) return answer;
        }
    }

    // An outcome may depart in the very turn that then asks for it.
    private void Store()
    {
        foreach (var departed in State.TakeDeparted()) _archive[departed.Id] = EntryCodec.WriteOutcome(departed);
    }

    /// <summary>The same, with the id of the reservation that a label stands for.</summary>
    public Answer Run(Command command, Instant now, string? label)
    {
        var answer = Run(Identified(Labelled(command)), now);
        if (label is not null && answer is Answer.Reserved { Reservation: { } made }) _reservations[label] = made.Id;
        return answer;
    }

    public Command Labelled(Command command) => command switch
    {
        Command.ReportOutcome { Reservation: { } label } report when _reservations.TryGetValue(label, out var id) =>
            EventText.Fingerprinted(report with { Reservation = id }),
        Command.ExtendReservation extend =>
            extend with { Reservation = _reservations.GetValueOrDefault(extend.Reservation, extend.Reservation) },
        Command.ReleaseReservation release =>
            release with { Reservation = _reservations.GetValueOrDefault(release.Reservation, release.Reservation) },
        _ => command,
    };

    // A change to come, by what it is of; a dispute, by its outcome.
    private Command Identified(Command command) => command is Command.ResolveDispute resolve
        ? resolve with { Dispute = Outcome(resolve.Dispute)?.Dispute?.Id ?? "d0" }
        : command is Command.Withdraw withdraw
        && State.Schedule.FirstOrDefault(change => change.Setting.Of == withdraw.Id) is { } change
        ? withdraw with { Id = change.Id } : command;

    public OutcomeFigure? Outcome(string id)
    {
        if (State.Outcome(id) is { } known) return known;
        return Archived(id) switch
        {
            null => null,
            { ContinuationOf: { } first } => Outcome(first),
            var archived => State.Archived(archived),
        };
    }

    private Outcome? Archived(string id) =>
        _archive.TryGetValue(id, out var bytes) ? EntryCodec.ReadOutcome(bytes) : null;

    /// <summary>As after a restart: the same state from its snapshot.</summary>
    public void Reload() => State = TenantState.Restore(State.Snapshot());

    public static byte[] Bytes(Entry entry)
    {
        var to = new ArrayBufferWriter<byte>();
        EntryCodec.Write(to, entry);
        return to.WrittenSpan.ToArray();
    }

    /// <summary>The fold of the journal's bytes, and of nothing else.</summary>
    public static TenantState Fold(IEnumerable<byte[]> journal, TenantState? onto = null)
    {
        var state = onto ?? new TenantState();
        var folding = new TenantState.Folding(state);
        foreach (var entry in journal) folding.Take(entry);
        folding.End();
        return state;
    }

    public static string Hex(byte[] digest) => Convert.ToHexString(digest).ToLower(CultureInfo.InvariantCulture);
}
