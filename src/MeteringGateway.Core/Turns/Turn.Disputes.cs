namespace MeteringGateway.Core;

/// <summary>Disputes (D3), and what the buyer's verdicts come to (O8).</summary>
public ref partial struct Turn
{
    private const string RejectedByBuyer = "rejected by the buyer";

    /// <summary>
    /// A dispute, opened or decided, of an outcome that may have left memory. Also of a tenant that was closed, until
    /// its last statement is final.
    /// </summary>
    private Answer TakeOfDispute(Command command, Outcome? recalled, bool recallDone)
    {
        if (!FireDue()) return new Answer.Unfinished();
        var isOver = _state.ClosedAt is not null && _state.Open.Status == PeriodStatus.Closed;
        if (isOver && command is not Command.ResolveDispute { Credited: false })
            return Refuse(Refusal.TenantClosed, "the tenant is closed, and its last statement is final");
        if (command is Command.OpenDispute open)
            return Sought(open.OutcomeId, recalled, recallDone, out var asked) ?? Open(open, asked!);
        var resolve = (Command.ResolveDispute)command;
        if (_state.Dispute(resolve.Dispute) is not { } dispute)
            return Refuse(Refusal.UnknownDispute, $"there is no dispute '{resolve.Dispute}'");
        if (dispute.Status != DisputeStatus.Open)
            return Refuse(Refusal.DisputeResolved, $"the dispute was {Snake.Case(dispute.Status.ToString())} before");
        return Sought(dispute.OutcomeId, recalled, recallDone, out var disputed)
            ?? Resolve(resolve, dispute, disputed!);
    }

    /// <summary>Null: it is there, as the one that counts (O3).</summary>
    private Answer? Sought(string outcomeId, Outcome? recalled, bool recallDone, out Outcome? found)
    {
        found = _state.Find(outcomeId) is { } outcome ? _state.Root(outcome) : recalled;
        return found is not null ? null
            : !recallDone && _state.MayBeArchived(outcomeId) ? new Answer.Needs(outcomeId)
            : Refuse(Refusal.UnknownOutcome, $"there is no outcome '{outcomeId}'");
    }

    private Answer Open(Command.OpenDispute c, Outcome outcome)
    {
        if (outcome.Dispute is { } dispute)
            return Refuse(Refusal.DisputeExists,
                $"it has the dispute '{dispute.Id}' already; an outcome is disputed once");
        if (outcome.Status != OutcomeStatus.Billable)
            return Refuse(Refusal.NotDisputable,
                $"only what is billable can be disputed, and it is {Snake.Case(outcome.Status.ToString())}");
        if (IsTooLate(outcome))
            return Refuse(Refusal.DisputeTooLate, $"its period was closed more than {TenantState.Disputable.Days} days "
                + $"ago, at {_state.Book(outcome.Period)!.Final!.ClosedAt}");
        if (_state.OpenDisputes >= _limits.OpenDisputes) return TooManyDisputes();
        if (IsFull(1) is { } full) return full;
        return new Answer.Disputed(Keep(Open(outcome, c.Reason, DisputeVia.Call)).Dispute!);
    }

    /// <summary>As it is with the dispute; one that has left memory is still to be kept.</summary>
    private Outcome Open(Outcome outcome, string reason, DisputeVia via)
    {
        var opened = new Entry.DisputeOpened($"d{_state.Sequence + 1}", outcome.Id, reason, via)
            { At = _now, Actor = _actor };
        Add(opened);
        return outcome with
        {
            Dispute = new Dispute(opened.Dispute, outcome.Id, reason, DisputeStatus.Open, _now),
            ChangedBy = outcome.ChangedBy.Add(_state.Sequence),
        };
    }

    private Answer Resolve(Command.ResolveDispute c, Dispute dispute, Outcome outcome)
    {
        // What was reversed or credited since is not charged already.
        var takes = c.Credited && outcome.Status == OutcomeStatus.Billable;
        var closed = _state.Book(outcome.Period)!.Status == PeriodStatus.Closed;
        var correction = takes && closed ? _state.CorrectionOf(outcome, _now) : null;
        var credit = takes ? CreditOf(outcome, correction, CreditReason.Disputed) : null;
        var resolved = new Entry.DisputeResolved(dispute, c.Credited ? DisputeStatus.Credited : DisputeStatus.Upheld,
            c.Note, credit) { At = _now, Actor = _actor };
        Add(resolved);
        outcome = outcome with
        {
            Dispute = dispute with { Status = resolved.Status, Note = c.Note, ResolvedAt = _now, Credit = credit },
            ChangedBy = outcome.ChangedBy.Add(_state.Sequence),
        };
        if (credit is not null)
        {
            var changed = _state.Sequence + 1; // of what is added, the first: grants may follow it
            Credit(Changed(outcome, outcome.Credited(), admitted: false) with { Actor = _actor }, correction, credit);
            outcome = outcome with { Status = OutcomeStatus.Credited, Admitted = false, Credit = credit,
                ChangedBy = outcome.ChangedBy.Add(changed) };
        }
        return new Answer.Disputed(Keep(outcome).Dispute!);
    }

    /// <summary>What has left memory is stored as it is now.</summary>
    private Outcome Keep(Outcome outcome)
    {
        if (_state.Find(outcome.Id) is null) _state.Depart(outcome);
        return outcome;
    }

    private bool IsTooLate(Outcome outcome) => _state.Book(outcome.Period)!.Final is { } final
        && _now >= final.ClosedAt + TenantState.Disputable;

    /// <summary>O8: a rejection after the window is a dispute of what is billable, as long as that can be disputed.
    /// </summary>
    private bool IsDisputed(Outcome outcome, IEnumerable<Fact> facts) =>
        outcome is { Status: OutcomeStatus.Billable, Dispute: null } && !IsTooLate(outcome)
        && facts.Any(fact => fact.Kind == FactKind.VerdictRejected && IsAfterWindow(outcome, fact.Time));

    private static bool IsAfterWindow(Outcome outcome, Instant time) =>
        outcome.ClosesAt is not { } closed || time >= closed;

    /// <summary>
    /// N4: a verdict that would open a dispute more than may be open; one within the window is taken.
    /// </summary>
    private Answer? OneDisputeTooMany(Command.ReportFact c, Instant time, Outcome outcome) =>
        c.Kind == FactKind.VerdictRejected && outcome is { Status: OutcomeStatus.Billable, Dispute: null }
            && IsAfterWindow(outcome, time) && _state.OpenDisputes >= _limits.OpenDisputes ? TooManyDisputes() : null;

    private Answer TooManyDisputes() => Refuse(Refusal.TooManyDisputes,
        $"a tenant has at most {_limits.OpenDisputes} disputes that are open");

    /// <summary>What is taken back of an outcome, as it still stands.</summary>
    /// <param name="correction">Null: its period is not closed, and its rating is without it from now on (F4).</param>
    private Credit CreditOf(Outcome outcome, Correction? correction, CreditReason reason)
    {
        var (amount, credits) = (Amount.Zero, Amount.Zero);
        if (correction is not null)
        {
            amount -= correction.Amount;
            foreach (var draw in correction.Returned) credits += draw.Credits;
            return new Credit(amount, credits, reason, _state.Open.Period.Id, _now);
        }
        if (outcome.IsRated)
        {
            var rating = _state.RatingOf(_state.Book(outcome.Period)!);
            var with = Lines.OfOutcomes(rating).ToArray();
            rating.Remove(outcome);
            var without = Lines.OfOutcomes(rating).ToArray();
            rating.Add(outcome);
            amount = new Amount(Math.Max(0, (with.Sum() - without.Sum()).Micros));
            credits = new Amount(Math.Max(0, (with.SumOfCredits() - without.SumOfCredits()).Micros));
        }
        return new Credit(amount, credits, reason, outcome.Period, _now);
    }

    /// <summary>
    /// The first reversal of the window that last ran, or after it, in order (O6); a verdict after it is a dispute.
    /// </summary>
    private static CreditReason WhyCredited(Outcome outcome, IEnumerable<Fact> facts)
    {
        if (outcome.Dispute is { Status: DisputeStatus.Credited }) return CreditReason.Disputed;
        var first = facts
            .Where(fact => fact.IsReversal && fact.Time >= outcome.Opened
                && (fact.Kind != FactKind.VerdictRejected || !IsAfterWindow(outcome, fact.Time)))
            .OrderBy(fact => fact, Comparer<Fact>.Create((a, b) => Outcome.Order(a.Time, a.Event, b.Time, b.Event)))
            .FirstOrDefault();
        return first?.Kind switch
        {
            FactKind.Reopened => CreditReason.Reopened,
            FactKind.Escalated => CreditReason.Escalated,
            FactKind.Abandoned => CreditReason.Abandoned,
            FactKind.Failed => CreditReason.Failed,
            _ => CreditReason.Rejected,
        };
    }

    /// <summary>
    /// What a verdict counts for: a success that the vendor stands by, or stood by until the buyer rejected it. Null:
    /// it is none, or it is of what was no success or was ruled out.
    /// </summary>
    /// <param name="named">The one that the verdict names: the outcome, or an alias of it.</param>
    private static VerdictCount? CountOf(Command.ReportFact c, Outcome outcome, Outcome named)
    {
        if (!c.IsVerdict || !outcome.MayHold || outcome.Reason is Reason.Training) return null;
        var before = outcome.Facts.Concat(named.Id == outcome.Id ? [] : named.Facts)
            .LastOrDefault(fact => fact.IsVerdict);
        return new VerdictCount(outcome.Period, outcome.Type, before?.Kind);
    }

    /// <summary>O8: once a crossing, and at most once a day.</summary>
    private void WatchAgreement()
    {
        if (_verdict is not { } verdict || _state.Book(verdict.Period)! is not { } book
            || book.Agreement?.GetValueOrDefault(verdict.OutcomeType) is not { IsLow: false } count) return;
        _verdict = null;
        var agreement = _state.AgreementOf(book, verdict.OutcomeType);
        if (!agreement.IsLow || (count.LowAt is { } last && _now - last < ThresholdBook.OnceADay)) return;
        Add(new Entry.AgreementLow(verdict.Period, verdict.OutcomeType, agreement.Agreed, agreement.Total, NextAlert)
            { At = _now });
    }
}
