namespace MeteringGateway.Core;

/// <summary>A success that may count, as the lifecycle sees it.</summary>
/// <param name="Outcome">As it stands in the state, or as it was just reported (<see cref="Outcome.IsNew"/>).</param>
/// <param name="Training">It would be free as training if it held its session (O9).</param>
/// <param name="PeriodClosed">Its period is closed: it can only be credited.</param>
public sealed record Candidate(Outcome Outcome, OutcomeType Type, bool Training, bool PeriodClosed);

/// <summary>What the lifecycle makes of a candidate.</summary>
public readonly record struct Verdict(
    OutcomeStatus Status, Reason Reason, Instant Opened, Instant? ClosesAt, WindowEnd End, string? ContinuationOf)
{
    public bool Same(Outcome outcome) =>
        Status == outcome.Status && Reason == outcome.Reason && Opened == outcome.Opened && ClosesAt == outcome.ClosesAt
        && End == outcome.End && ContinuationOf == outcome.ContinuationOf;
}

/// <summary>
/// Rules I4 and O2 to O6 as one pure function of a session group: its successes and the facts on them, in order of
/// (time, source, id), whatever order they arrived in. An outcome without a session is a group of one. What is not a
/// function of the sorted facts alone is what has settled: it keeps its place and its window's end.
/// </summary>
public sealed class Lifecycle
{
    private readonly Candidate[] _group;
    private readonly List<Instant>? _activities;
    private readonly Instant _now;
    private readonly Verdict[] _verdicts;

    /// <summary>Of each report, the report whose outcome it is: itself, or the one that it continues.</summary>
    private readonly int[] _unit;

    /// <summary>
    /// Of each report, the one that opened the segment in which its outcome stood when it was last judged.
    /// </summary>
    private readonly int[] _opener;
    private readonly Dictionary<string, int> _byId;

    /// <summary>The last report of an outcome at a time.</summary>
    private readonly Dictionary<(string Outcome, Instant Time), int> _opens;

    /// <summary>Reports that opened what has settled, in order.</summary>
    private readonly List<int> _pinned = [];
    private List<int>? _duplicates;
    private List<(int Duplicate, Fact Fact, Instant Time)>? _said;
    private int _walked = -1;

    // Who holds the session, and the segment of its life that runs now.
    private int _holder = -1;
    private int _reversed = -1;
    private Instant _since;
    private Segment _segment;

    private Lifecycle(Candidate[] group, List<Instant>? activities, Instant now)
    {
        _group = group;
        _activities = activities;
        _now = now;
        _verdicts = new Verdict[group.Length];
        _unit = new int[group.Length];
        _opener = new int[group.Length];
        _byId = new(group.Length, StringComparer.Ordinal);
        _opens = new(group.Length);
        for (var i = 0; i < group.Length; i++)
        {
            var outcome = group[i].Outcome;
            _byId[outcome.Id] = i;
            _opens[(outcome.Id, outcome.Time)] = i;
            if (outcome.ContinuationOf is { } root) _opens[(root, outcome.Time)] = i;
        }
        for (var i = 0; i < group.Length; i++)
        {
            (_unit[i], _opener[i]) = (i, OpenerOf(StateOf(i)));
            if (Pinned(i)) _pinned.Add(i);
        }
    }

    /// <param name="group">In order of (time, source, id).</param>
    /// <param name="activities">Times of the session's activities, in order; null where there are none.</param>
    /// <returns>One verdict a candidate, in the same order.</returns>
    public static Verdict[] Evaluate(Candidate[] group, List<Instant>? activities, Instant now)
    {
        var walk = new Lifecycle(group, activities, now);
        foreach (var step in walk.Steps())
        {
            if (step.Fact is null) walk.Success(walk._walked = step.Candidate, step.Time, []);
            else walk.Say(step.Candidate, step.Fact, step.Time);
        }
        if (walk._holder >= 0) walk._verdicts[walk._holder] = Standing(group[walk._holder], walk._segment, now);
        walk.CreditDisputed();
        walk.NameAliases();
        return walk._verdicts;
    }

    /// <summary>
    /// D3: whatever else is learnt of an outcome that a dispute was credited for, it is not charged. It keeps its place
    /// in the session: the success was reported once, and its duplicates are not charged in its stead.
    /// </summary>
    private void CreditDisputed()
    {
        for (var i = 0; i < _group.Length; i++)
            if (_group[i].Outcome.Dispute is { Status: DisputeStatus.Credited }
                && _verdicts[i].Status == OutcomeStatus.Billable)
                _verdicts[i] = _verdicts[i] with { Status = OutcomeStatus.Credited };
    }

    /// <summary>An alias is answered with the status of the outcome that it stands for.</summary>
    private void NameAliases()
    {
        for (var i = 0; i < _unit.Length; i++)
            if (_unit[i] != i)
                _verdicts[i] = _verdicts[i]
                    with { Status = _verdicts[_unit[i]].Status, Reason = _verdicts[_unit[i]].Reason };
    }

    /// <summary>
    /// The same for a new report that nothing is said of, and that shares its session with no other: the usual case.
    /// </summary>
    public static Verdict EvaluateAlone(
        OutcomeType type, Instant time, Verification? verification, bool training, List<Instant>? activities,
        Instant now)
    {
        if (training) return Segment.Trained(time);
        var segment = new Segment(0, time, Segment.EndOfWindow(type, time, time, activities), verification);
        return segment.IsOver(type, now) ? segment.Settled(type) : segment.Waiting();
    }

    /// <summary>
    /// Reports and facts in order. At the same time a fact goes before others' reports, but never before its own.
    /// </summary>
    private List<Step> Steps()
    {
        var steps = new List<Step>(_group.Length);
        for (var i = 0; i < _group.Length; i++)
        {
            var outcome = _group[i].Outcome;
            steps.Add(new Step(outcome.Time, 1, outcome.Event, i, null));
            foreach (var fact in outcome.Facts)
                steps.Add(new Step(Instant.Max(fact.Time, outcome.Time), fact.Time > outcome.Time ? 0 : 2, fact.Event,
                    i, fact));
        }
        if (steps.Count > 1) steps.Sort(Step.Compare);
        return steps;
    }

    private void Success(int i, Instant time, int[] rivals)
    {
        if (_holder >= 0 || Displaced(i, rivals)) Duplicate(i);
        else if (_reversed >= 0 && _group[_reversed].Type.Continuation && MayContinue(i)) Continue(i, time);
        else Hold(i, time);
    }

    /// <summary>
    /// What settled keeps its place: a success that came after that, but is timed before it, is its duplicate (I4).
    /// </summary>
    /// <param name="rivals">Duplicates that are in question together with it; those not yet walked are anyway.</param>
    private bool Displaced(int i, int[] rivals)
    {
        foreach (var j in _pinned)
            if ((j > _walked || rivals.Contains(j)) && GoesBefore(j, i)) return true;
        return false;
    }

    private bool GoesBefore(int j, int i) =>
        StateOf(j).Id != StateOf(i).Id
            && (_group[i].Outcome.IsNew || _group[i].Outcome.ReportedBy > StateOf(j).SettledBy);

    /// <summary>The outcome that the report stood for when it was last judged.</summary>
    private Outcome StateOf(int i)
    {
        var outcome = _group[i].Outcome;
        return outcome.ContinuationOf is { } root && _byId.TryGetValue(root, out var found)
            ? _group[found].Outcome : outcome;
    }

    /// <summary>
    /// What was reversed in a period that is closed by now stays so (T3), unless this report continued it before; and
    /// what has settled as an outcome of its own remains one.
    /// </summary>
    private bool MayContinue(int i)
    {
        var (root, outcome) = (_group[_unit[_reversed]], _group[i].Outcome);
        return (!root.PeriodClosed || outcome.ContinuationOf == root.Outcome.Id) && (outcome.IsAlias || !Pinned(i));
    }

    private void Duplicate(int i)
    {
        (_duplicates ??= []).Add(i);
        _verdicts[i] = new Verdict(OutcomeStatus.NonBillable, Reason.DuplicateInSession, _group[i].Outcome.Time, null,
            WindowEnd.None, null);
    }

    private void Hold(int i, Instant from)
    {
        _holder = i;
        _since = from;
        _reversed = -1;
        Open(i, _group[i].Outcome.Verification);
    }

    private void Continue(int i, Instant time)
    {
        var root = _unit[_reversed];
        _unit[i] = root;
        _holder = root;
        _since = time;
        _reversed = -1;
        _verdicts[i] = new Verdict(OutcomeStatus.NonBillable, Reason.None, time, null, WindowEnd.None,
            _group[root].Outcome.Id);
        Open(i, _group[i].Outcome.Verification ?? _segment.Verification);
    }

    private void Open(int report, Verification? verification)
    {
        var state = _group[_holder].Outcome;
        var start = _group[report].Outcome.Time;
        // A settled segment's end is fixed: what arrives later neither restarts nor reopens its window. Where something
        // said within the window ended it, that something is within it again.
        var closes = !Pinned(report) || state.ClosesAt is not { } at ? WindowEndsAt(_holder, start)
            : state.End is WindowEnd.Confirmed or WindowEnd.ReversedLate ? at + TimeSpan.FromMilliseconds(1)
            : at;
        _segment = new Segment(report, start, closes, verification);
    }

    /// <summary>The report opened a segment that has settled, and whose outcome held the session until then.</summary>
    private bool Pinned(int i) => _opener[i] == i && StateOf(i).SettledBy > 0;

    private int OpenerOf(Outcome state) => _opens.GetValueOrDefault((state.Id, state.Opened), -1);

    private Instant WindowEndsAt(int i, Instant start) =>
        Segment.EndOfWindow(_group[i].Type, _group[i].Outcome.Time, start, _activities);

    /// <summary>What is said of a duplicate is kept for when it comes to hold the session.</summary>
    private void Say(int i, Fact fact, Instant time)
    {
        if (_holder >= 0 && _unit[i] == _holder) OnHolder(fact, time);
        else if (_duplicates?.Contains(i) == true) (_said ??= []).Add((i, fact, time));
    }

    private void OnHolder(Fact fact, Instant time)
    {
        if (IsTraining(_group[_holder])) return;
        if (_segment.Confirmed is null && time < _segment.Closes)
        {
            if (fact.Kind == FactKind.Confirmed)
                _segment = _segment with { Confirmed = time, Verification = fact.Verification
                    ?? _segment.Verification };
            else if (fact.IsReversal) Reverse(fact, time);
        }
        else if (fact.IsReversal && fact.Kind != FactKind.VerdictRejected && _group[_holder].Type.CreditAfterWindow
            && _segment.HasEnded(_group[_holder].Type, _now)) Credit(time);
    }

    /// <summary>O3: within the window. Of a closed period only a credit remains.</summary>
    private void Reverse(Fact fact, Instant time)
    {
        var candidate = _group[_holder];
        var rests = _opener[_holder] == _segment.Opener; // not a segment that ended before the period did
        if (candidate.PeriodClosed && rests && candidate.Outcome.Status != OutcomeStatus.NonBillable)
        {
            Credit(time);
            return;
        }
        _verdicts[_holder] = Pinned(_segment.Opener)
            ? new Verdict(OutcomeStatus.NonBillable, fact.Reason, _segment.Start, candidate.Outcome.ClosesAt,
                WindowEnd.ReversedLate, null)
            : new Verdict(OutcomeStatus.NonBillable, fact.Reason, _segment.Start, _segment.Closes, WindowEnd.Reversed,
                null);
        _reversed = _holder;
        _holder = -1;
        Promote(time);
    }

    /// <summary>
    /// I4: the first duplicate timed before the reversal; without one, the first at the same time goes on from it (O3).
    /// </summary>
    private void Promote(Instant time)
    {
        if (_duplicates is null) return;
        var waiting = _duplicates.ToArray();
        _duplicates = null;
        var promoted = false;
        foreach (var i in waiting)
        {
            var before = _group[i].Outcome.Time < time;
            if (before && promoted && _holder < 0) continue; // credited at once, which frees no earlier duplicate (O5)
            if (_holder >= 0 || (before && (Displaced(i, waiting) || IsReversed(i))))
                (_duplicates ??= []).Add(i);
            else if (before)
            {
                promoted = true;
                HoldWithPast(i, time);
            }
            else
            {
                Success(i, time, waiting);
                Replay(i);
            }
        }
    }

    private bool IsReversed(int i)
    {
        foreach (var (duplicate, fact, time) in _said ?? [])
            if (duplicate == i && (fact.IsReversal || fact.Kind == FactKind.Confirmed))
                return fact.IsReversal && time < WindowEndsAt(i, _group[i].Outcome.Time);
        return false;
    }

    private void HoldWithPast(int i, Instant from)
    {
        Hold(i, from);
        Replay(i);
    }

    private void Replay(int i)
    {
        foreach (var (duplicate, fact, time) in _said?.ToArray() ?? [])
            if (duplicate == i && _holder >= 0 && _unit[i] == _holder) OnHolder(fact, time);
    }

    /// <summary>
    /// O5: what was billable is credited, and the session is free from then on, for what is reported at that very time
    /// too.
    /// </summary>
    private void Credit(Instant time)
    {
        var settled = _segment.Settled(_group[_holder]);
        if (settled.Status != OutcomeStatus.Billable) return;
        _verdicts[_holder] = settled with { Status = OutcomeStatus.Credited };
        var free = Instant.Max(time, _since);
        var waiting = _duplicates?.FindAll(i => _group[i].Outcome.Time >= free).ToArray() ?? [];
        _holder = -1;
        _duplicates = null;
        foreach (var i in waiting)
        {
            Success(i, free, waiting);
            Replay(i);
        }
    }

    private static Verdict Standing(Candidate holder, in Segment segment, Instant now) =>
        IsTraining(holder) ? Segment.Trained(holder.Outcome.Time)
        : segment.HasEnded(holder.Type, now) ? segment.Settled(holder)
        : segment.Waiting();

    private static bool IsTraining(Candidate candidate) =>
        candidate.Training || candidate.Outcome.Reason == Reason.Training;

    private readonly record struct Step(Instant Time, int Phase, EventId Event, int Candidate, Fact? Fact)
    {
        public static int Compare(Step a, Step b)
        {
            var order = a.Time.CompareTo(b.Time);
            if (order == 0) order = a.Phase.CompareTo(b.Phase);
            return order != 0 ? order : Outcome.Order(a.Time, a.Event, b.Time, b.Event);
        }
    }
}
