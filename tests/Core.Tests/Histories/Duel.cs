using MeteringGateway.Core.Tests.Oracles;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>What a history came to: nothing, a difference at a step, or an end where the rules are silent.</summary>
internal sealed record Verdict(int Step, string? Difference, string? Ambiguous)
{
    public bool Failed => Difference is not null;

    /// <summary>The kind of difference: shrinking must not wander from one to another.</summary>
    public string Kind => Difference?.Split(':')[0] ?? "";
}

/// <summary>Plays one history through the product and through the oracle, and compares after every step.</summary>
internal sealed partial class Duel(History history, Reach reach)
{
    private const int LookEvery = 4;
    private readonly RealTenant _real = new();
    private readonly Oracle _oracle = new(TestCalendar.Of);
    private readonly GrantNames _grants = new();
    private byte[]? _snapshot;
    private int _snapshotAt;
    private Usage? _usage;

    /// <summary>Of the open period, after the last command: the same question is not asked again.</summary>
    private Usage? OpenUsage => _usage ??= _real.State.Usage(null, _oracle.Now);

    public static Verdict Play(History history, Reach? reach = null) => new Duel(history, reach ?? new Reach()).Play();

    /// <summary>The entries of a history, as stored.</summary>
    public static IReadOnlyList<byte[]> Journal(History history)
    {
        var duel = new Duel(history, new Reach());
        duel.Play();
        return duel._real.Journal;
    }

    private Verdict Play()
    {
        var difference = Step(new Step(history.Start, history.Create)) ?? Look();
        if (difference is not null) return new Verdict(-1, difference, null);
        for (var index = 0; index < history.Steps.Count; index++)
        {
            try
            {
                difference = Step(history.Steps[index]);
                if (difference is null && _oracle.HasEnded) break;
                var last = index == history.Steps.Count - 1;
                if (difference is null && (last || index % LookEvery == 0)) difference = Look();
                if (difference is null && (last || index % (2 * LookEvery) == 0)) difference = Folds(index);
            }
            catch (AmbiguousException silent)
            {
                return new Verdict(index, null, silent.Message);
            }
            catch (Exception thrown)
            {
                difference = Thrown(thrown);
            }
            if (difference is not null) return new Verdict(index, difference, null);
        }
        return new Verdict(history.Steps.Count, null, null);
    }

    internal static string Thrown(Exception thrown) =>
        $"thrown {thrown.GetType().Name}: {thrown.Message} {string.Join(' ', (thrown.StackTrace ?? "").Split('\n').Take(6).Select(line => line.Trim()))}";

    private string? Step(Step step)
    {
        if (step.Ask is not null) return Ask(step);
        var before = Seen.Of(_oracle);
        var command = _grants.Labelled(_real.Labelled(step.Command!));
        var expected = _oracle.Run(command, step.Now);
        var actual = _real.Run(_grants.Labelled(step.Command!), step.Now, step.Label);
        _usage = null;
        if (expected is Expected.Reserved { Quantity: not null } && actual is Answer.Reserved { Reservation: { } made })
            _oracle.NameLastReservation(made.Id);
        _grants.Take(_real.Taken, step.Label);
        Charge();
        reach.Note(actual, _real.Taken);
        return Issued(before) ?? Compare(expected, actual) ?? Entries(command, expected) ?? Credits(before)
            ?? Closings(before)
            ?? Rating() ?? (_oracle.HasEnded ? null : Signals(before) ?? Alerts(before) ?? Limits());
    }

    // A3: a check is of now, so what is due comes first; A1: the same question, the same answer.
    private string? Ask(Step step)
    {
        if (Step(step with { Command = new Command.Tick(), Ask = null }) is { } difference) return difference;
        if (_oracle.InTraining) return null;
        var allowance = _real.State.Allowance();
        var first = allowance.Check(step.Ask!, step.Now);
        if (first != allowance.Check(step.Ask!, step.Now)
            || first != _real.State.Allowance().Check(step.Ask!, step.Now))
            return "A1: the same question was answered twice differently";
        if (first is not null) reach.Note(first);
        return first is null ? "check: not answered" : Compare("check", _oracle.Check(step.Ask!), first);
    }

    private string? Compare(Expected expected, Answer actual) => (expected, actual) switch
    {
        (Expected.Unknown, _) => null,
        (Expected.Done, Answer.Done) => null,
        (Expected.Granted should, Answer.Granted granted) when should.Bought == granted.Bought
            && should.Lot.Id == granted.Grant.Id =>
            Compare(should.Lot, granted.Grant, should.Lot.Amount, voided: null),
        (Expected.Refused should, Answer.Refused refused) when should.Code == refused.Code
            && (should.Exposure is null || should.Exposure == refused.Exposure) => null,
        (Expected.DuplicateOrTooOld,
            Answer.Refused { Code: Refusal.EventTooOld or Refusal.TenantClosed }
                or Answer.Accepted { Duplicate: true }) => null,
        (Expected.Accepted should, Answer.Accepted taken) => Compare(should, taken),
        (Expected.Decided should, Answer.Decided decided) =>
            Compare("recorded check", should, decided.Decision),
        (Expected.Reserved should, Answer.Reserved reserved) when should.Quantity == reserved.Reservation?.Quantity =>
            should.Quantity is not null ? null : Compare("reservation", should.Decision, reserved.Decision),
        (Expected.Extended should, Answer.Reserved { Reservation: { } held }) when should.ExpiresAt == held.ExpiresAt
            && should.Remaining == held.Remaining => null,
        (Expected.Disputed should, Answer.Disputed was) when should.Status == was.Dispute.Status
            && should.Amount == was.Dispute.Credit?.Amount => null,
        _ => $"answer: expected {expected}, was {actual}",
    };

    private static string? Compare(Expected.Accepted should, Answer.Accepted taken)
    {
        if (should.Duplicate != taken.Duplicate) return $"duplicate: expected {should}, was {taken}";
        if (should.Status != taken.Outcome?.Status || should.Reason != taken.Outcome?.Reason)
            return $"accepted {should.Reason} {taken.Outcome?.Reason}: expected {should}, was {taken}";
        return should.RemainingKnown && should.Remaining != taken.Remaining
            ? $"remaining: expected {should}, was {taken}" : null;
    }

    private static string? Compare(string what, Expected.Decided should, Decision decision)
    {
        var same = should.Kind == decision.Kind && should.Reason == decision.Reason;
        if (same && should.Reason is not (DecisionReason.TenantPaused or DecisionReason.TenantClosed))
            same = should.Remaining == decision.Remaining && should.Funding == decision.Funding
                && should.UnitPrice == decision.UnitPrice
                && should.RetryAt == decision.RetryAt && Same(should.Limit, decision.Limit);
        return same ? null : $"{what} {should.Reason} {decision.Reason}: expected {should}, was {decision}";
    }

    private static bool Same(Expected.Bound? should, Binding? was) =>
        should is null || was is null ? should is null && was is null
        : should.Kind == was.Kind && (should.Kind != "cap" || should.Id == was.Id)
        && (should.Limit is null || should.Limit == was.Limit)
            && (should.Used is null || should.Used == was.Used);

    // C9: what arrives beyond a cap on an activity is flagged.
    private string? Entries(Command command, Expected expected)
    {
        if (command is not Command.ReportActivity || expected is not Expected.Accepted { Duplicate: false })
            return null;
        var entry = _real.Taken.OfType<Entry.ActivityReported>().Single();
        return entry.BeyondCap == _oracle.LastActivityWasBeyond ? null
            : $"beyond cap: expected {_oracle.LastActivityWasBeyond}, was {entry.BeyondCap}";
    }

    // In order for whatever each is about; between several the order is not said.
    private static string? Same(string what, IEnumerable<string> expected, IEnumerable<string> actual)
    {
        static string[] Sorted(IEnumerable<string> texts) =>
            [.. texts.OrderBy(text => text.Split(' ')[0], StringComparer.Ordinal)];
        var (should, was) = (Sorted(expected), Sorted(actual));
        return should.SequenceEqual(was) ? null
            : $"{what}: expected [{string.Join("; ", should)}], was [{string.Join("; ", was)}]";
    }
}
