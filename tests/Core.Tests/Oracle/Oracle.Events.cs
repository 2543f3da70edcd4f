namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>Events: recognition (I1 to I3), time (T3 to T5), and what each adds.</summary>
internal sealed partial class Oracle
{
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(35);
    // The buyer's verdicts have ids of their own (I1).
    private readonly Dictionary<(EventId, bool Verdict), (string Content, Instant Time, Expected.Accepted Answer)>
        _known = [];
    private readonly Dictionary<string, int> _sessionGenerations = [];

    private Expected Take(Command.Event happened)
    {
        var isVerdict = happened is Command.ReportFact { Kind: FactKind.VerdictAccepted or FactKind.VerdictRejected };
        if (_known.TryGetValue((happened.Id, isVerdict), out var first)) return Recognise(happened, first);
        if (isVerdict)
        {
            // I2: what says of itself that it is too old is not taken.
            if (!_closed && happened.Time is { } said && (said < Now - Lateness || said < _periods[0].Start
                || (said < Open.End && IsClosed(PeriodOf(said))))) return new Expected.Refused(Refusal.EventTooOld);
            var early = happened.Time > Now + Ahead;
            happened = happened with { Time = null }; // O8: the gateway times it
            if (early && Impossible(happened, Now) is null) return new Expected.Refused(Refusal.EventInFuture);
        }
        var time = happened.Time ?? Now;
        var follows = _testClock is { FollowEvents: true };
        if (Impossible(happened, time) is { } refusal)
            return follows && time > Now ? throw new AmbiguousException("a refused event ahead of a clock that follows")
                : new Expected.Refused(refusal);
        var exists = happened is Command.ReportOutcome again && _reports.Any(report => report.Id == again.OutcomeId);
        // T4, T5: an event moves the clock by a year at most.
        if (follows && time > Instant.From(Now.ToDateTimeOffset().AddYears(1)))
            return new Expected.Refused(Refusal.EventInFuture);
        if (follows && time > Now && exists)
            throw new AmbiguousException("a refused event ahead of a clock that follows");
        if (follows && time > Now) FireUntil(time);
        if (time < Now - Lateness || time < _periods[0].Start) return new Expected.Refused(Refusal.EventTooOld);
        if (time < Open.End && IsClosed(PeriodOf(time))) return new Expected.Refused(Refusal.EventTooOld);
        if (time > Now + Ahead || time >= Open.End) return new Expected.Refused(Refusal.EventInFuture);
        if (exists) return new Expected.Refused(Refusal.OutcomeExists);
        if (isVerdict && !_reports.Any(report => report.Id == ((Command.ReportFact)happened).OutcomeId))
            return new Expected.Refused(Refusal.UnknownOutcome);

        var answer = happened switch
        {
            Command.ReportOutcome report => Add(report, time),
            Command.ReportFact fact => Add(fact, time),
            Command.ReportActivity activity => Add(activity, time),
            _ => throw new InvalidOperationException(),
        };
        _known[(happened.Id, isVerdict)] = (EventText.Of(happened), time, answer with { Duplicate = true });
        return answer;
    }

    // I1, I2: the first answer, as long as it must be remembered; id_reused at another content.
    private Expected Recognise(Command.Event happened, (string Content, Instant Time, Expected.Accepted Answer) first)
    {
        var mustKnow = Now < first.Time + Remembered || !IsClosed(PeriodOf(first.Time));
        if (mustKnow && EventText.Of(happened) == first.Content) return first.Answer;
        if (!mustKnow && happened.Time is null)
            throw new AmbiguousException(
                "an event without a time of its own sent again after its id may have been forgotten");
        if (EventText.Of(happened) == first.Content) return new Expected.DuplicateOrTooOld();
        if (!mustKnow) throw new AmbiguousException("an id reused after it may have been forgotten");
        return happened.Time > Now && _testClock is { FollowEvents: true }
            ? throw new AmbiguousException("a refused event ahead of a clock that follows")
            : new Expected.Refused(Refusal.IdReused);
    }

    private Refusal? Impossible(Command.Event happened, Instant time)
    {
        if (_closed) return Refusal.TenantClosed;
        // Plans of the histories have the same types, so that a plan to come does not matter here.
        if (happened is Command.ReportOutcome report && TermsAt(time).Type(report.OutcomeType) is null)
            return Refusal.UnknownOutcomeType;
        return null;
    }

    private Expected.Accepted Add(Command.ReportOutcome command, Instant time)
    {
        var session = command.Session is null ? null : Generation(command.Session, time);
        var report = new Report(command, time, _arrivals, TermsAt(time), PeriodOf(time), session);
        report.Drawn = Drawable(report);
        // 0001, 14: what waited for it too long is forgotten.
        _facts.RemoveAll(fact => fact.Command.OutcomeId == report.Id && fact.ArrivedAt + Lateness < Now);
        _reports.Add(report);
        Evaluate(GroupOf(report), report);
        var view = (report.View.AliasOf ?? report).View;
        return new Expected.Accepted(false, view.Status, view.Reason, RemainingIsPlain(report.Period, report.Day),
            Remaining(report.Subject));
    }

    private Expected.Accepted Add(Command.ReportFact command, Instant time)
    {
        var fact = new Fact(command, time, _arrivals, Now);
        _facts.Add(fact);
        var report = _reports.FirstOrDefault(known => known.Id == command.OutcomeId);
        if (report is null) return new Expected.Accepted(false, null, null, false, null);
        Evaluate(GroupOf(report), null);
        var view = (report.View.AliasOf ?? report).View;
        return new Expected.Accepted(false, view.Status, view.Reason, false, null);
    }

    private Expected.Accepted Add(Command.ReportActivity command, Instant time)
    {
        if (command.Session is { } session) Generation(session, time);
        var period = PeriodOf(time);
        var day = Days.Of(period, time);
        var subject = new Subject(command.Activity, true, command.Dimensions);
        var price = TermsAt(time).Activity(command.Activity)?.Price;
        _activities.Add(new Happened(command, time, period, day, _arrivals,
            IsBeyond(subject, command.Quantity, price, period, day),
            price));
        foreach (var group in _reports.Where(report => command.Session is not null
            && report.Command.Session == command.Session)
            .Select(GroupOf).ToList())
            Evaluate(group, null);
        return new Expected.Accepted(false, null, null, RemainingIsPlain(period, day), Remaining(subject));
    }

    // C9; 0004, 15 and 19: whole or not at all; what carries no fee adds nothing to money.
    private bool IsBeyond(Subject subject, int quantity, Amount? price, Period period, int day)
    {
        var walk = Exposed();
        return Denying(subject, period).Any(cap => cap.Limit.IsMoney
            ? price > Amount.Zero && Money(cap, period, day, walk) + (price.Value * quantity).Micros > cap.Limit.Value
            : Units(cap, period, day) + quantity > cap.Limit.Value);
    }

    /// <summary>True when the activity's quantity found no room under a cap on it (C9).</summary>
    public bool LastActivityWasBeyond => _activities[^1].Beyond;

    // I4: 30 days after its last event a session is another one. What counts as its last event, by which clock, is left
    // open.
    private string Generation(string session, Instant time)
    {
        var generation = _sessionGenerations.GetValueOrDefault(session);
        var known = _reports.Where(report => report.Session == $"{session} {generation}").ToList();
        if (known.Count > 0 && time > known.Max(report => report.Time) + TimeSpan.FromDays(29))
        {
            var latest = _facts.Where(fact => known.Any(report => report.Id == fact.Command.OutcomeId))
                .Select(fact => fact.ArrivedAt)
                .Concat(_activities.Where(activity => activity.Command.Session == session)
                    .Select(activity => activity.Time + Lateness))
                .Concat(known.Select(report => report.Time + Lateness)).Max();
            if (time < latest + TimeSpan.FromDays(31)) throw new AmbiguousException("a session about to be forgotten");
            _sessionGenerations[session] = ++generation;
        }
        return $"{session} {generation}";
    }

    private List<Report> GroupOf(Report report) =>
        report.Session is null || !report.Type.OncePerSession
            ? [report]
            : [.. _reports.Where(other =>
                other.Session == report.Session && other.Type.OncePerSession && other.Type.Group == report.Type.Group)
                .OrderBy(other => other.Key)];
}
