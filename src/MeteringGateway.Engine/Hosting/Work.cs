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

    public IReadOnlyList<Command> Commands => commands;

    public IdempotencyKey? Key => key;

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

    /// <summary>
    /// The archived outcome that <see cref="Command"/> cannot be decided without; null when nothing has to be fetched.
    /// </summary>
    public string? Wanted { get; private set; }

    public Outcome? Recalled { get; private set; }
    public bool RecallDone { get; private set; }

    /// <summary>
    /// How often outcomes had left the tenant when this one was asked for: if more have left since, it may be out of
    /// date.
    /// </summary>
    public int ArchiveVersion { get; private set; }

    public void Want(string outcomeId, int archiveVersion) => (Wanted, ArchiveVersion) = (outcomeId, archiveVersion);

    public void Recall(Outcome? outcome) => (Recalled, RecallDone, Wanted) = (outcome, true, null);

    /// <summary>More outcomes have left since: it has to be fetched again.</summary>
    public void RecallAgain() => (Recalled, RecallDone) = (null, false);

    /// <summary>
    /// What was decided since the work stood at <paramref name="next"/> was not kept: it is decided again.
    /// </summary>
    public void BackTo(int next) => (Next, Recalled, RecallDone, Wanted) = (next, null, false, null);

    public void Answer(Answer answer)
    {
        Answers[Next++] = answer;
        (Recalled, RecallDone) = (null, false);
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
