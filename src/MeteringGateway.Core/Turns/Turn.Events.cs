namespace MeteringGateway.Core;

public ref partial struct Turn
{
    private static readonly TimeSpan AllowedSkew = TimeSpan.FromMinutes(5);

    /// <summary>
    /// After what is due, recognition (I1), then whether the event can be placed (T3, T4), then the event itself.
    /// </summary>
    private Answer Take(Command.Event e, Outcome? recalled, bool recallDone)
    {
        if (!FireDue()) return new Answer.Unfinished();
        if (e is Command.ReportFact { IsVerdict: true } verdict)
        {
            if (Seen(verdict) is { } given) return given;
            // What says of itself that it is too old to be recognised is not taken a second time (I2); what says that
            // it is of a time to come would be too old only when its id is forgotten.
            if (Placeable(verdict) is Answer.Refused { Code: Refusal.EventTooOld } old) return old;
            e = verdict with { Time = null }; // O8: the gateway times it
            if (Placeable(e) is null && verdict.Time > _now + AllowedSkew)
                return Refuse(Refusal.EventInFuture, $"{verdict.Time} is more than 5 minutes ahead of {_now}");
        }
        else if (_state.Seen(e.Id) is { } seen) return Recognise(e, seen);
        if (Placeable(e) is { } refused) return refused;
        if (_state.TestClock is { FollowEvents: true } && e.Time is { } time && time > _now)
        {
            _now = time;
            if (!FireDue()) return new Answer.Unfinished();
        }
        return e switch
        {
            Command.ReportOutcome report => Report(report, recallDone, recalled),
            Command.ReportFact fact => Take(fact, recallDone, recalled),
            Command.ReportActivity activity => Take(activity),
            _ => throw new ArgumentException($"unknown event {e.GetType().Name}", nameof(e)),
        };
    }

    /// <summary>I1: verdicts have ids of their own; one journalled before they had is recognised too.</summary>
    private Answer? Seen(Command.ReportFact verdict)
    {
        if (_state.Seen(verdict.Id.VerdictKey) is { } seen) return Recognise(verdict, seen);
        return _state.Seen(verdict.Id) is { } former && former.Fingerprint == verdict.FormerFingerprint
            ? former.Answer(verdict.OutcomeId, duplicate: true) : null;
    }

    private static Answer Recognise(Command.Event e, EventRecord seen)
    {
        if (seen.Fingerprint != e.Fingerprint)
            return Refuse(Refusal.IdReused, $"id '{e.Id.Id}' of source '{e.Id.Source}' was used for another event");
        var outcome = e switch
        {
            Command.ReportOutcome report => report.OutcomeId,
            Command.ReportFact fact => fact.OutcomeId,
            _ => "",
        };
        return seen.Answer(outcome, duplicate: true);
    }

    private static string InWords(TimeSpan span) => span.Ticks % TimeSpan.TicksPerHour == 0
        ? $"{span.Ticks / TimeSpan.TicksPerHour} hours" : $"{span.Ticks / TimeSpan.TicksPerSecond} seconds";

    private Answer? Placeable(Command.Event e)
    {
        if (_state.ClosedAt is not null) return Refuse(Refusal.TenantClosed, "the tenant is closed");
        var time = e.Time ?? _now;
        if (e is Command.ReportOutcome report && _state.TermsExpectedAt(time) is var terms
            && terms.Type(report.OutcomeType) is null) return UnknownType(terms, report.OutcomeType);
        var follows = _state.TestClock is { FollowEvents: true };
        var clock = follows ? Instant.Max(_now, time) : _now;
        if (_state.TermsExpectedAt(clock).MaxLateness is var late && time < clock - late)
            return Refuse(Refusal.EventTooOld,
                $"{time} is more than the lateness allowance (max_lateness, {InWords(late)}) before {clock}");
        if (time > clock + AllowedSkew)
            return Refuse(Refusal.EventInFuture, $"{time} is more than 5 minutes ahead of {clock}");
        if (follows && time > _now && (time > TestClock.Latest || time > _now.AddYear()))
            return Refuse(Refusal.EventInFuture, $"{time} is more than a year ahead of {_now}");
        if (follows && time > _now && time > _state.TestClock!.Start + TestClock.Span)
            return Refuse(Refusal.EventInFuture, $"{time} is more than {TestClock.Span.Days} days after "
                + $"{_state.TestClock.Start}, where the clock started");
        if (time >= _state.Open.Period.End)
            return follows || _now >= _state.Open.Period.End ? null
                : Refuse(Refusal.EventInFuture, $"the period of {time} has not begun");
        return _state.BookAt(time) is { Status: not PeriodStatus.Closed } ? null
            : Refuse(Refusal.EventTooOld, $"the period of {time} is closed");
    }

    private Answer Take(Command.ReportActivity a)
    {
        var time = a.Time ?? _now;
        var book = _state.BookAt(time)!;
        if (OneActivityTooMany(a, time, book) is { } full) return full;
        var subject = new Subject(a.Activity, IsActivity: true, a.Dimensions);
        var day = book.Period.DayOf(time);
        var fee = FeeAt(time, a.Activity);
        var beyond = Left(book, subject, day, fee) < a.Quantity;
        var key = new ActivityKey(a.Activity, a.Dimensions, day, beyond ? Amount.Zero : fee, beyond);
        if (OneCounterTooMany(book, key) is { } tooMany) return tooMany;
        if (!beyond && Overflow(book, (Int128)fee.Micros * a.Quantity) is { } tooMuch) return tooMuch;
        var counts = beyond ? 0 : a.Quantity;
        var remaining = Left(book, subject, day, FeeAt(_now, a.Activity), counts, fee * counts);
        Add(new Entry.ActivityReported(
            a.Id, a.Fingerprint, time, a.Activity, a.Quantity, a.Session, a.Dimensions, a.HandedOff, book.Period.Id,
            beyond,
            remaining, Hash(a.Detail)) { At = _now, Customer = a.Customer });
        if (_state.SessionAt(a.Session, time) is { } session) RestartWindows(session);
        return new Answer.Accepted(Duplicate: false, null, remaining);
    }

    /// <summary>O2: activity in the session restarts the wait of what is pending in it.</summary>
    private void RestartWindows(Session session)
    {
        foreach (var id in session.Restarting)
            if (_state.Find(id) is { Status: OutcomeStatus.Pending, IsAlias: false } outcome) Evaluate(outcome);
    }

    private Amount FeeAt(Instant time, string activity) =>
        _state.TermsAt(time).Activity(activity)?.Price ?? Amount.Zero;

    /// <summary>
    /// Units of an activity, at this fee, left under every cap that would deny; null where none applies.
    /// </summary>
    /// <param name="counts">Units that are about to count, and what they come to.</param>
    private long? Left(PeriodBook book, in Subject subject, int day, Amount fee, long counts = 0,
        Amount charged = default)
    {
        long? left = null;
        foreach (var cap in book.Caps)
        {
            if (!Denies(cap, subject) || (cap.Cap.Limit.IsMoney && fee.Micros == 0)) continue;
            var room = cap.Cap.Limit.IsMoney
                ? Math.Max(0, cap.Cap.Limit.Value - _state.ExposureOf(book, cap, day, _now).All - charged.Micros)
                    / fee.Micros
                : Math.Max(0, cap.Room(day) - counts);
            left = Least(left, room);
        }
        return left;
    }

    private static long? Least(long? a, long? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    private static byte[]? Hash(Detail? detail)
    {
        if (detail is null) return null;
        var hash = new byte[Sha256.Length];
        Sha256.Hash(detail.Salt, detail.Json, hash);
        return hash;
    }
}
