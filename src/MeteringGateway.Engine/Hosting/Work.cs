using System.Diagnostics;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// Commands of one caller on their way through a tenant's turns: one, unless an archived outcome has to be fetched
/// between.
/// </summary>
internal sealed class Work(IReadOnlyList<Command> commands, IdempotencyKey? key, Instant keyExpires)
{
    public Answer[] Answers { get; } = new Answer[commands.Count];

    /// <summary>Index of the command whose turn is next.</summary>
    public int Next { get; private set; }

    /// <summary>Grows with each answer, and each part of what is due first.</summary>
    public int Reached { get; private set; }

    public IReadOnlyList<Command> Commands => commands;

    public IdempotencyKey? Key => key;

    /// <summary>
    /// The span of whoever asked: its turns may be another thread's. What is due is done for nobody, whoever noticed.
    /// </summary>
    public Activity? Caller { get; } = commands[0] is Command.Tick ? null : Tracing.Caller;

    /// <summary>What was answered when the key was first used; null: it was not.</summary>
    public IdempotencyRow? DoneBefore { get; set; }

    public bool IsDone => Next == commands.Count;
    public Command Command => commands[Next];

    /// <summary>How urgent it is.</summary>
    public Lane Lane => commands[0] switch
    {
        Command.Tick => Lane.Bulk,
        Command.Event => Lane.Events,
        _ => Lane.People,
    };

    /// <summary>True if the tenant may have to be made.</summary>
    public bool Creates
    {
        get
        {
            for (var i = Next; i < commands.Count; i++)
                if (commands[i] is Command.Create)
                    return true;
            return false;
        }
    }

    /// <summary>Archived outcomes that were fetched, by the ids that were asked for; null: there are none.</summary>
    private Dictionary<string, Outcome?>? _recalled;

    /// <summary>
    /// Archived outcomes without which <see cref="Command"/>, and others after it, cannot be decided; null when nothing
    /// has to be fetched.
    /// </summary>
    public IReadOnlyCollection<string>? Wanted { get; private set; }

    /// <summary>
    /// The outcome that the command needs, if it does not name it itself: a decision names a dispute.
    /// </summary>
    private string? _needed;

    private string? Named => OutcomeOf(Command) ?? _needed;

    public Outcome? Recalled => Named is { } id ? _recalled?.GetValueOrDefault(id) : null;
    public bool RecallDone => Named is { } id && _recalled?.ContainsKey(id) == true;

    /// <summary>
    /// How often outcomes had left the tenant when these were asked for: if more have left since, they may be out of
    /// date.
    /// </summary>
    public int ArchiveVersion { get; private set; }

    /// <param name="needed">What the command cannot be decided without; it is among the outcomes.</param>
    public void Want(string needed, IReadOnlyCollection<string> outcomes, int archiveVersion) =>
        (_needed, Wanted, ArchiveVersion) = (needed, outcomes, archiveVersion);

    public void Recall(Dictionary<string, Outcome?> outcomes) => (_recalled, Wanted) = (outcomes, null);

    /// <summary>More outcomes have left since: they have to be fetched again.</summary>
    public void RecallAgain() => _recalled = null;

    /// <summary>The same of one that this very work has changed, under whichever id it was asked for.</summary>
    public void RecallAgain(string outcome)
    {
        foreach (var (id, recalled) in _recalled ?? [])
            if (id == outcome || recalled?.Id == outcome) _recalled!.Remove(id);
    }

    /// <summary>The outcome that a command names, if it may have to be fetched.</summary>
    public static string? OutcomeOf(Command command) => command switch
    {
        Command.ReportOutcome report => report.OutcomeId,
        Command.ReportFact fact => fact.OutcomeId,
        Command.OpenDispute open => open.OutcomeId,
        _ => null,
    };

    /// <summary>
    /// What was decided since the work stood at <paramref name="next"/> was not kept: it is decided again.
    /// </summary>
    public void BackTo(int next, int reached) =>
        (Next, Reached, _recalled, _needed, Wanted) = (next, reached, null, null, null);

    /// <summary>A turn did its part of what is due before the command; there is more.</summary>
    public void Further() => Reached++;

    public void Answer(Answer answer)
    {
        Reached++;
        Answers[Next++] = answer;
        _needed = null;
    }

    public void RefuseRest(Refusal code, string detail)
    {
        while (!IsDone) Answer(new Answer.Refused(code, detail));
    }

    /// <summary>
    /// The row that remembers the answer; null if the caller gave no key, or nothing was made: then the same may be
    /// asked for again.
    /// </summary>
    public IdempotencyRow? Remember(Answer answer) =>
        key is null || answer.MadeNothing ? null
            : new IdempotencyRow(key.Key, key.Content, EntryCodec.WriteAnswer(answer), keyExpires);
}
