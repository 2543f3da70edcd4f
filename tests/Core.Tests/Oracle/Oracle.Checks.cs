namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>Checks and reservations (A1 to A5).</summary>
internal sealed partial class Oracle
{
    private AtLimit? _pausedBy;

    /// <summary>A1, A2</summary>
    public Expected.Decided Check(Question question)
    {
        if (_closed)
            return Denied(AtLimit.Pause, DecisionReason.TenantClosed, null, new Expected.Bound("", "", null, null),
                null);
        if (_pausedBy is not null)
            return Denied(_pausedBy, DecisionReason.TenantPaused, null, new Expected.Bound("", "", null, null), null);
        var fit = Fit(question.Subject, question.Quantity);
        var cap = fit.Caps.Where(one => one.Left is not null).OrderBy(one => one.Left)
            .ThenBy(one => one.Cap.AtLimit.Action == LimitAction.Handoff)
            .ThenBy(one => one.Cap.Id, StringComparer.Ordinal)
            .Cast<(Cap Cap, long? Left)?>().FirstOrDefault();
        var funding = fit.Funding is { } left && (cap is null || left < cap.Value.Left);
        var remaining = funding ? fit.Funding : cap?.Left;
        var bound = funding ? Binding(question.Subject, fit) : cap is { } one ? Binding(one.Cap) : null;
        if (fit.Held is { } held)
        {
            remaining = held.Left;
            bound = new Expected.Bound(held.Cap.Id, "cap", held.Cap.Limit, Exposure(held.Cap, held.Period, held.Day));
            if (held.Left < question.Quantity)
                return Denied(held.Cap.AtLimit, DecisionReason.CapReached, remaining, bound,
                    _held.Where(one => one.Period.Id == held.Period.Id && HasAPlace(one)).Max(one => one.ExpiresAt));
        }
        if (cap?.Left < question.Quantity)
            return Denied(cap.Value.Cap.AtLimit, DecisionReason.CapReached, remaining, bound, Resets(cap.Value.Cap));
        if (fit.Funding < question.Quantity)
            return Denied(RuleNow(question.Subject.What)!.AtLimit,
                Enum.Parse<DecisionReason>(fit.Why!.Value.ToString()), remaining,
                bound, Retry(question.Subject.What, fit));
        return new Expected.Decided(DecisionKind.Allow, DecisionReason.Ok, remaining, bound, fit.First, fit.UnitPrice,
            null);
    }

    // What it costs depends on what comes before it.
    private bool HasAPlace(Held held) => !held.Subject.IsActivity
        && TermsAt(Now).Type(held.Subject.What) is { } type
        && (type.Tiers.Length > 0 || Prices.RuleOf(TermsAt(held.Period.Start), TermsAt(Now), type) is not null);

    // 21: an overage limit, credits, or included and committed units together.
    private Expected.Bound Binding(Subject subject, Fitting fit)
    {
        var type = TermsAt(Now).Type(subject.What)!;
        var kind = fit.Why == Reason.OverageLimitReached ? "overage" : type.Credits is not null ? "credits"
            : "included";
        return new Expected.Bound("", kind, null, null);
    }

    // 21: the period's end, if something begins anew then.
    private Instant? Retry(string what, Fitting fit)
    {
        var terms = TermsAt(Now);
        var type = terms.Type(what)!;
        var anew = fit.Why == Reason.OverageLimitReached || type.IncludedUnits > 0
            || terms.Commitments.Any(one => !one.PerYear && Prices.Covers(one, type))
            || (type.Credits is not null && terms.PeriodGrant > Amount.Zero);
        return anew ? Open.End : null;
    }

    private static Expected.Decided Denied(
        AtLimit at, DecisionReason reason, long? remaining, Expected.Bound? bound, Instant? retry) =>
        new(at.Action == LimitAction.Handoff ? DecisionKind.Handoff : DecisionKind.Pause, reason, remaining, bound,
            null, null, retry);

    private Instant Resets(Cap cap) => cap.Period == CapPeriod.Day ? Days.EndOf(Open, Today) : Open.End;

    private Expected.Bound Binding(Cap cap) => new(cap.Id, "cap", cap.Limit, Exposure(cap, Open, Today));

    private IEnumerable<Cap> Denying(Subject subject, Period period) =>
        CapsFor(period).Where(cap => cap.AtLimit.Action != LimitAction.Notify && Matches(cap, subject));

    private long? Remaining(Subject subject)
    {
        var fit = Fit(subject, 0);
        return fit.Caps.Select(one => one.Left).Append(fit.Funding).Append(fit.Held?.Left).Min();
    }

    // What remains after an event of another period or day, or of training, may be read in more than one way.
    private bool RemainingIsPlain(Period period, int day) =>
        period.Id == Open.Id && day == Days.Of(Open, Now) && _terms.All(terms => terms.Terms.Training is null);

    // A4
    private Expected Reserve(Command.Reserve command)
    {
        var decision = Check(command.Question);
        var quantity = decision.Kind == DecisionKind.Allow ? command.Question.Quantity
            : command.AllowPartial && decision is { Reason: not DecisionReason.TenantPaused, Remaining: > 0 }
                ? decision.Remaining.Value : 0;
        if (quantity == 0) return new Expected.Reserved(decision, null);
        _held.Add(new Held(command.Question.Subject, Open, Days.Of(Open, Now)) { Remaining = quantity, ExpiresAt = Now
            + command.Ttl });
        return new Expected.Reserved(decision, quantity);
    }

    /// <summary>The product chose the id of the reservation that was made last.</summary>
    public void NameLastReservation(string id) => _held[^1].Id = id;

    private Expected Extend(Command.ExtendReservation extend)
    {
        if (_held.FirstOrDefault(held => held.Id == extend.Reservation) is not { } held)
            return new Expected.Refused(Refusal.UnknownReservation);
        if (held.Remaining == 0) throw new AmbiguousException("extending a reservation that is used up");
        if (Now + extend.Ttl < held.ExpiresAt)
            throw new AmbiguousException("extending a reservation to an earlier time");
        held.ExpiresAt = Now + extend.Ttl;
        return new Expected.Extended(held.ExpiresAt, held.Remaining);
    }

    private Expected.Done Release(string id)
    {
        // Also when it has gone (http.md).
        _held.RemoveAll(held => held.Id == id);
        return new Expected.Done();
    }
}
