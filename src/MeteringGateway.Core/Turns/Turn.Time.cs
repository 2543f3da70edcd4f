namespace MeteringGateway.Core;

public ref partial struct Turn
{
    /// <summary>
    /// How much of what is due one turn does: so many steps, or steps until so many entries were taken. What is left
    /// is done in the next turns, before anything else.
    /// </summary>
    public const int MostDue = 256;

    /// <summary>
    /// How much of what a closing needs one turn works out, in looks at a row: some thousand outcomes are rated.
    /// </summary>
    private const int MostLooks = 1 << 15;

    /// <summary>
    /// Everything that is due by now, in order of (time, kind, id), each as of its own time (T1). False: more is due
    /// than one turn does.
    /// </summary>
    /// <exception cref="TenantStoppedException">Something stays due though it fired: this would never end.</exception>
    private bool FireDue()
    {
        if (_state.IsQuiet(_now)) return true;
        HashSet<Due>? fired = null;
        while (_state.Upcoming() is { } due && due.At <= _now)
        {
            if (fired?.Count >= MostDue || _taken.Count >= MostDue || !IsPrepared(due)) return false;
            if (!(fired ??= []).Add(due)) throw new TenantStoppedException($"{due} fired, and is still due");
            Fire(due);
        }
        return true;
    }

    /// <summary>False: a closing is to be prepared further than one turn does.</summary>
    private bool IsPrepared(in Due due) => due.Kind != DueKind.PeriodClose || _state.Prepare(
        _state.Book(DateOnly.ParseExact(due.Id, "O"))!, Instant.Max(due.At, _state.Now), ref _looks);

    private void Fire(Due due)
    {
        var until = _now;
        _now = Instant.Max(due.At, _state.Now);
        switch (due.Kind)
        {
            case DueKind.Window: Evaluate(_state.Find(due.Id)!); break;
            case DueKind.Reservation: Add(new Entry.ReservationExpired(due.Id) { At = _now }); break;
            case DueKind.GrantNotice: Announce(due); break;
            case DueKind.Grant: End(_state.Grant(due.Id)!, voided: false); break;
            case DueKind.Day: StartDay(due.At); break;
            case DueKind.PeriodEnd: StartPeriod(); break;
            case DueKind.Threshold: break; // armed again with whatever else is to be told
            case DueKind.Training: Add(new Entry.TrainingEnded { At = _now }); break;
            case DueKind.PeriodClose: ClosePeriod(DateOnly.ParseExact(due.Id, "O")); break;
        }
        // At the very instant of its end a period's grants have ended and the next one's are not there: nobody is told
        // before both are done.
        if (due.Kind == DueKind.PeriodEnd || _now < _state.Open.Period.End || _state.ClosedAt is not null) Settle();
        _now = until;
    }

    private void StartPeriod()
    {
        var ended = _state.Open.Period;
        var coming = _state.ToComeBy(ended.End);
        BeginZone(coming);
        var next = _calendar(_state.Zone, _state.AnchorDay, ended.End, ended.End);
        if (next.Id <= ended.Id || next.Start != ended.End || next.End <= next.Start)
            throw new TenantStoppedException($"{next} cannot follow {ended}");
        var rolled = EndPlanGrant(ended);
        Add(new Entry.PeriodStarted(next) { At = _now });
        BeginCaps(coming);
        BeginTerms(coming);
        if (rolled is { } left) RollOver(left.Grant, left.Left, _state.TermsAt(ended.Start).Rollover);
        GrantForPeriod();
    }

    private void StartDay(Instant at)
    {
        var coming = _state.ToComeBy(at);
        Add(new Entry.DayStarted(_state.Open.Period.Id, _state.Open.Period.DayOf(at)) { At = _now });
        BeginCaps(coming);
    }

    private void ClosePeriod(DateOnly id) =>
        Add(_state.Closing(_state.Book(id)!, _now) with
        {
            InSteps = _state.LeavesInSteps, IdBits = IdFilter.BitsPerId,
        });

    private Answer Archive()
    {
        if (!_state.IsLeaving) return new Answer.Done();
        if (!_state.Sweep()) return new Answer.Unfinished();
        if (_state.NextLeaving() is > 0 and var count) Add(new Entry.OutcomesArchived(count) { At = _now });
        return _state.IsLeaving ? new Answer.Unfinished() : new Answer.Done();
    }

    /// <summary>T5: forward only, and everything on the way happens in order.</summary>
    private Answer Advance(Instant to)
    {
        if (_state.TestClock is null) return Refuse(Refusal.NotATestClock, "the tenant lives in real time; a "
            + "test_clock is given to a tenant when it is made");
        if (to < _state.Now)
            return Refuse(Refusal.ClockRunsBack, $"the clock stands at {_state.Now} and moves only forward");
        _now = to;
        if (!FireDue()) return new Answer.Unfinished(); // asked again, it goes on from where the clock stands then
        return to > _state.Now ? Add(new Entry.ClockAdvanced { At = to, Actor = _actor }) : new Answer.Done();
    }
}
