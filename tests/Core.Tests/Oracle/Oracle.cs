namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>
/// The rules, done the dumb way: it keeps everything that was ever accepted, and works every figure out of the whole of
/// it, each time. Written from the rules and decision records 0001 and 0004; it shares nothing with the product but the
/// types of its input.
/// </summary>
internal sealed partial class Oracle(Calendar calendar)
{
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    private readonly List<Report> _reports = [];
    private readonly List<Fact> _facts = [];
    private readonly List<Happened> _activities = [];
    private readonly List<Held> _held = [];
    private readonly List<(Instant From, Terms Terms)> _terms = [];
    private readonly List<Period> _periods = [];
    private readonly Dictionary<DateOnly, Authorization?> _authorizationAtEnd = [];
    private Authorization? _authorization;
    private int _arrivals;
    private string _zone = "";
    private int _anchor;
    private Instant _started;
    private TestClock? _testClock;
    private bool _closed;

    public Instant Now { get; private set; }
    public Period Open => _periods[^1];
    public List<ExpectedSignal> Signals { get; } = [];
    public IReadOnlyList<Report> Reports => _reports;
    public IReadOnlyList<Held> Reservations => _held;
    public IReadOnlyList<Period> Periods => _periods;
    public int Today => Days.Of(Open, Now);
    public bool IsOver => _closed;

    /// <summary>Closed, and its last statement is final.</summary>
    public bool HasEnded => _closed && IsClosed(Open);
    public bool InTraining => TrainingApplies(Now);

    /// <summary>
    /// Answers a command that arrives at <paramref name="realTime"/>, after everything that was due (T1).
    /// </summary>
    public Expected Run(Command command, Instant realTime)
    {
        (_resting, _standing, _present) = (false, null, null);
        _arrivals++;
        var answer = command is Command.Create create ? Create(create, realTime) : Take(command, realTime);
        _resting = true;
        return answer;
    }

    private Expected Take(Command command, Instant realTime)
    {
        FireUntil(_testClock is null ? Instant.Max(Now, realTime) : Now);
        var answer = command is Command.Event happened ? Take(happened) : Administer(command);
        Conclude();
        return answer;
    }

    // What is looked at when everything else is done: once for a command, and once for everything that is due.
    private void Conclude()
    {
        TakeBack();
        var standing = Standing();
        UpdateStates(standing);
        UpdateThresholds(standing);
        TellOfCredits(standing);
        TellOfOverage(standing);
    }

    private Expected.Done Create(Command.Create create, Instant realTime)
    {
        Now = _started = create.TestClock?.Start ?? realTime;
        (_zone, _anchor, _testClock, _plan) = (create.Zone, create.AnchorDay, create.TestClock, create.Plan);
        _terms.Add((Instant.MinValue, create.Terms));
        _periods.Add(calendar(_zone, _anchor, Now, null));
        foreach (var cap in create.Terms.Caps) _caps[cap.Id] = cap;
        foreach (var threshold in create.Terms.Thresholds) _thresholds[threshold.Id] = threshold;
        IssuePlanGrant();
        Conclude();
        return new Expected.Done();
    }

    private Expected Administer(Command command)
    {
        if (BoughtBefore(command) is { } before) return before;
        switch (command)
        {
            case Command.Tick: return new Expected.Done();
            case Command.Close: return Close();
            case Command.AdvanceClock advance: return Advance(advance.To);
            case Command.Change change: return Change(change);
            case Command.SetTerms set: return SetTerms(set);
            case Command.Withdraw withdraw: return Withdraw(withdraw.Id);
            case Command.SetCap set: return SetCap(set);
            case Command.RemoveCap remove: return RemoveCap(remove.Cap);
            case Command.Pause pause: _pausedBy = pause.Action; return new Expected.Done();
            case Command.Resume: _pausedBy = null; return new Expected.Done();
            case Command.RecordCheck check: return Check(check.Question);
            case Command.Reserve reserve: return Reserve(reserve);
            case Command.ExtendReservation extend: return Extend(extend);
            case Command.ReleaseReservation release: return Release(release.Reservation);
            case Command.SetThreshold set: return SetThreshold(set.Threshold);
            case Command.RemoveThreshold remove: return RemoveThreshold(remove.Threshold);
            case Command.IssueGrant issue: return IssueGrant(issue);
            case Command.BuyPack buy: return BuyPack(buy);
            case Command.VoidGrant gone: return VoidGrant(gone.Grant);
            case Command.AuthorizeOverage authorize: return Authorize(authorize);
            case Command.WithdrawAuthorization: _authorization = null; return new Expected.Done();
            case Command.OpenDispute open: return OpenDispute(open.OutcomeId);
            case Command.ResolveDispute resolve: return ResolveDispute(resolve.Dispute, resolve.Credited);
            default: return new Expected.Unknown();
        }
    }

    // T5
    private Expected Advance(Instant to)
    {
        if (_testClock is null) return new Expected.Refused(Refusal.NotATestClock);
        if (to < Now) return new Expected.Refused(Refusal.ClockRunsBack);
        FireUntil(to);
        return new Expected.Done();
    }

    // There is no next period, so what was to change with it never does.
    private Expected.Done Close()
    {
        _closed = true;
        _toCome.Clear();
        return new Expected.Done();
    }

    // F2: for the open period, or standing; a settling one keeps what held at its end (0004, 10).
    private Expected.Done Authorize(Command.AuthorizeOverage authorize)
    {
        _authorization = new Authorization(authorize.Standing ? null : Open.Id, authorize.Limit);
        return new Expected.Done();
    }

    /// <summary>What holds for a period; null: nothing is authorised.</summary>
    public Authorization? AuthorizationFor(Period period)
    {
        if (_authorizationAtEnd.TryGetValue(period.Id, out var atEnd)) return atEnd;
        return _authorization is { } now && (now.Period is null || now.Period == period.Id) ? now : null;
    }

    private Terms TermsAt(Instant time) => _terms.Last(known => known.From <= time).Terms;
}
