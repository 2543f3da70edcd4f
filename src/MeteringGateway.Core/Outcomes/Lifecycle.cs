namespace MeteringGateway.Core;

/// <summary>
/// Rules I4 and O2 to O6 as a function of a session group: its successes and the facts on them, in order of
/// (time, source, id), whatever order they arrived in. An outcome without a session is a group of one. What is not a
/// function of the sorted facts alone is what has settled: it keeps its place and its window's end.
/// </summary>
/// <remarks>
/// The walk goes from one stretch of holding the session to the next (<see cref="Tenure"/>); who is a duplicate
/// meanwhile is not looked at. It is kept, and goes on from the last stretch that is as it was: what happens at the
/// session's end costs the same however many outcomes it has. None of it is state: it can be worked out at any time.
/// </remarks>
internal sealed partial class Lifecycle
{
    private readonly TenantState _state = state;
    private readonly Session? _session = session;
    private Instant _now;

    private static readonly SessionStep Beginning = new(Instant.MinValue, 0, default!, null!, null);

    private readonly List<Tenure> _tenures = [];

    /// <summary>Those that opened nothing, in order: duplicates, or not walked yet.</summary>
    private readonly List<Candidate> _waiting = [];

    // Who holds the session, and the segment of its life that runs now.
    private Candidate? _holder;
    private Candidate? _reversed;
    private Instant _since;
    private Segment _segment;

    /// <summary>Duplicates timed before it are not promoted any more (O5).</summary>
    private Instant _cut = Instant.MinValue;

    /// <summary>How far the walk has come.</summary>
    private SessionStep _at;

    /// <summary>While duplicates are gone through: the one in question, and the stretch whose end it began
    /// with.</summary>
    private Candidate? _asked;
    private int _cause = -1;

    /// <summary>For so long somebody holds the session, in one segment.</summary>
    private sealed class Tenure(Candidate opener, Candidate root, in SessionStep at)
    {
        public Candidate Opener { get; } = opener;
        public Candidate Root { get; } = root;
        /// <summary>With what it began: its own report, or what freed the session for it.</summary>
        public SessionStep At { get; } = at;
        public required Instant Since { get; init; }
        public required Instant Cut { get; init; }
        public required Verification? Verification { get; init; }
        /// <summary>The one at whose end it was come upon among the duplicates; -1: it was its own report's
        /// turn.</summary>
        public required int Cause { get; init; }
        /// <summary>It was over at once, while the duplicates were gone through.</summary>
        public bool EndedAtOnce { get; set; }
        public Instant Closes { get; set; }
    }

    /// <summary>
    /// The same for a new report that nothing is said of, and that shares its session with no other: the usual case.
    /// </summary>
    public static Verdict EvaluateAlone(
        OutcomeType type, Instant time, Verification? verification, bool training, List<Instant>? activities,
        Instant now)
    {
        if (training) return Segment.Trained(time);
        var segment = new Segment(time, Segment.EndOfWindow(type, time, time, activities), verification);
        return segment.IsOver(type, now) ? segment.Settled(type) : segment.Waiting();
    }

    /// <summary>Judges anew what may have changed, as of now.</summary>
    private void Walk(Instant now)
    {
        var closed = _holder is not null && _segment.Closes <= now && _segment.Closes > _now;
        _now = now;
        if (closed) Redo(_tenures[^1].At);
        if (_stale) GoOn();
        if (_holder is { } standing)
        {
            standing.Verdict = Standing(standing);
            _touched.Add(standing);
        }
        (_good, _stale) = (_tenures.Count, false);
    }

    private void GoOn()
    {
        var from = _good - 1;
        do
        {
            while (from >= 0 && _tenures[from].EndedAtOnce) from = _tenures[from].Cause;
            while (_tenures.Count > from + 1) Undo();
        }
        while (!Reopen(ref from));
        while (_holder is null ? OpenNext() : Live()) { }
    }

    private void Undo()
    {
        var (tenure, opener) = (_tenures[^1], _tenures[^1].Opener);
        _tenures.RemoveAt(_tenures.Count - 1);
        if (opener.Tenure >= 0 && IsPinned(opener)) InOrder.Put(_owed, opener, Candidate.Compare);
        opener.Tenure = -1;
        _touched.Add(tenure.Root);
        _touched.Add(opener);
        if (opener != tenure.Root) Part(opener);
        if (Has(opener)) Await(opener);
        _doubtful.Add(tenure.Root);
        _doubtful.Add(RootOf(opener));
    }

    /// <summary>
    /// As it was when that stretch had begun. False: what was said before it began ends it at once by now; then
    /// <paramref name="from"/> is where to go on from.
    /// </summary>
    private bool Reopen(ref int from)
    {
        (_reversed, _holder, _asked, _cause) = (null, null, null, -1);
        if (from < 0)
        {
            (_cut, _at) = (Instant.MinValue, Beginning);
            return true;
        }
        var tenure = _tenures[from];
        (_holder, _since, _cut, _at) = (tenure.Root, tenure.Since, tenure.Cut, tenure.At);
        Open(tenure);
        if (tenure.Cause < 0) return true;
        Replay(tenure.Opener);
        if (_holder == tenure.Root && _tenures.Count == from + 1) return true;
        from = tenure.Cause;
        return false;
    }

    /// <summary>The session is free: the next success has it. False: there is none.</summary>
    private bool OpenNext()
    {
        for (var i = InOrder.CountBefore(_waiting, _at, static (one, at) => SessionStep.Compare(one.Report, at), true);
            i < _waiting.Count; i++)
        {
            var next = _waiting[i];
            _at = next.Report;
            if (Success(next, _at.Time)) return true;
        }
        return false;
    }

    /// <summary>What is said of the holder from here on. False: it goes on holding.</summary>
    private bool Live()
    {
        var (facts, tenures) = (_holder!.Facts, _tenures.Count);
        for (var i = InOrder.CountBefore(facts, _at, SessionStep.Compare, true); i < facts.Count; i++)
        {
            _at = facts[i];
            OnHolder(_at.Fact!, _at.Time);
            if (_holder is null || _tenures.Count != tenures) return true;
        }
        return false;
    }

    /// <returns>True: it holds the session; false: it is a duplicate.</returns>
    private bool Success(Candidate one, Instant time)
    {
        if (Displaced(one)) return false;
        if (_reversed is { } root && root.Type.Continuation && MayContinue(one, root)) Continue(one, root, time);
        else Hold(one, time);
        return true;
    }

    /// <summary>
    /// What was reversed in a period that is closed by now stays so (T3), unless this report continued it before; and
    /// what has settled as an outcome of its own remains one.
    /// </summary>
    private bool MayContinue(Candidate one, Candidate root) =>
        (!root.PeriodClosed || one.Outcome.ContinuationOf == root.Outcome.Id) && one.Pin is null;

    private void Hold(Candidate one, Instant from) => Begin(one, one, from, one.Outcome.Verification);

    private void Continue(Candidate one, Candidate root, Instant time)
    {
        Join(one, root);
        Begin(one, root, time, one.Outcome.Verification ?? _segment.Verification);
    }

    private void Begin(Candidate opener, Candidate root, Instant since, Verification? verification)
    {
        InOrder.Remove(_waiting, opener, Candidate.Compare);
        if (IsPinned(opener)) InOrder.Remove(_owed, opener, Candidate.Compare);
        opener.Tenure = _tenures.Count;
        var tenure = new Tenure(opener, root, _at)
        {
            Since = since, Cut = _cut, Verification = verification, Cause = _cause,
        };
        _tenures.Add(tenure);
        (_holder, _since, _reversed) = (root, since, null);
        _touched.Add(root);
        _touched.Add(opener);
        _doubtful.Add(root);
        Open(tenure);
    }

    private void Open(Tenure tenure)
    {
        tenure.Closes = EndOf(tenure.Opener, tenure.Root);
        _segment = new Segment(tenure.Opener.Outcome.Time, tenure.Closes, tenure.Verification);
        if (IsFinal(tenure.Opener) && tenure.Root.Outcome.End == WindowEnd.Confirmed)
            _segment = _segment with { Confirmed = tenure.Closes };
    }

    /// <summary>
    /// A settled segment's end is fixed: what arrives later neither restarts nor reopens its window. Where something
    /// said within the window ended it, that something is within it again.
    /// </summary>
    private Instant EndOf(Candidate opener, Candidate root)
    {
        if (!IsPinned(opener) || RootOf(opener) != root || root.Outcome.ClosesAt is not { } at)
            return Segment.EndOfWindow(root.Type, root.Outcome.Time, opener.Outcome.Time, _session?.Activities);
        return root.Outcome.End == WindowEnd.ReversedLate || (root.Outcome.End == WindowEnd.Confirmed
            && !IsFinal(opener)) ? at + TimeSpan.FromMilliseconds(1) : at;
    }

    /// <summary>It opened what settled in a period that is closed by now: no confirmation changes that any more.
    /// </summary>
    private bool IsFinal(Candidate opener) => IsPinned(opener) && RootOf(opener).PeriodClosed;

    private void OnHolder(Fact fact, Instant time)
    {
        var holder = _holder!;
        if (IsTraining(holder)) return;
        if (time < (_segment.Confirmed ?? _segment.Closes))
        {
            if (fact.Kind == FactKind.Confirmed && !IsFinal(_tenures[^1].Opener))
                _segment = _segment with { Confirmed = time, Verification = fact.Verification
                    ?? _segment.Verification };
            else if (fact.IsReversal) Reverse(holder, fact, time);
        }
        else if (fact.IsReversal && fact.Kind != FactKind.VerdictRejected && holder.Type.CreditAfterWindow
            && _segment.HasEnded(holder.Type, _now)) Credit(holder, time);
    }

    /// <summary>O3: within the window. Of a closed period only a credit remains.</summary>
    private void Reverse(Candidate holder, Fact fact, Instant time)
    {
        var opener = _tenures[^1].Opener;
        var rests = OpenerOf(RootOf(holder)) == opener; // not a segment that ended before the period did
        if (holder.PeriodClosed && rests && holder.Outcome.Status != OutcomeStatus.NonBillable)
        {
            Credit(holder, time);
            return;
        }
        holder.Verdict = IsPinned(opener)
            ? new Verdict(OutcomeStatus.NonBillable, fact.Reason, _segment.Start, RootOf(opener).Outcome.ClosesAt,
                WindowEnd.ReversedLate, null)
            : new Verdict(OutcomeStatus.NonBillable, fact.Reason, _segment.Start, _segment.Closes, WindowEnd.Reversed,
                null);
        _reversed = holder;
        _holder = null;
        GoThrough(time, credited: false);
    }

    /// <summary>
    /// O5: what was billable is credited, and the session is free from then on, for what is reported at that very time
    /// too.
    /// </summary>
    private void Credit(Candidate holder, Instant time)
    {
        var settled = _segment.Settled(holder);
        if (settled.Status != OutcomeStatus.Billable) return;
        holder.Verdict = settled with { Status = OutcomeStatus.Credited };
        _cut = Instant.Max(time, _since);
        _holder = null;
        GoThrough(_cut, credited: true);
    }

    /// <summary>
    /// I4: after a reversal the first duplicate timed before it, or in order before the report that it ends; without
    /// one, or after a credit, the first at the same time (O3).
    /// </summary>
    private void GoThrough(Instant time, bool credited)
    {
        var (cause, asked) = (_cause, _asked);
        if (cause >= 0) _tenures[^1].EndedAtOnce = true;
        else _cause = _tenures.Count - 1;
        var (before, promoted, ended) = (asked?.Report ?? _at, false, _tenures[^1].Opener.Report);
        for (var one = Next(null, before); one is not null && _holder is null; one = Next(one, before))
        {
            _asked = one;
            if (credited || (one.Outcome.Time >= time && ended.Before(one.Report)))
            {
                if (Success(one, time)) Replay(one);
            }
            else if (promoted) _cut = Instant.Max(_cut, time); // credited at once: no earlier one is promoted (O5)
            else if (!Displaced(one) && !IsReversed(one))
            {
                promoted = true;
                Hold(one, time);
                Replay(one);
            }
        }
        (_cause, _asked) = (cause, asked);
    }

    private Candidate? Next(Candidate? after, in SessionStep before)
    {
        var at = after is null ? 0 : InOrder.CountBefore(_waiting, after, Candidate.Compare, true);
        at = Math.Max(at, InOrder.CountBefore(_waiting, _cut,
            static (one, time) => one.Outcome.Time.CompareTo(time)));
        return at < _waiting.Count && _waiting[at].Report.Before(before) ? _waiting[at] : null;
    }

    private bool IsReversed(Candidate one)
    {
        foreach (var step in one.Said ?? [])
        {
            if (!step.Before(_at)) return false;
            if (step.Fact!.IsReversal || step.Fact.Kind == FactKind.Confirmed)
                return step.Fact.IsReversal && step.Time < EndOf(one, one);
        }
        return false;
    }

    /// <summary>What was said of a duplicate was kept for when it comes to hold the session.</summary>
    private void Replay(Candidate one)
    {
        foreach (var step in one.Said?.ToArray() ?? [])
        {
            if (_holder is null || one.Unit != _holder || !step.Before(_at)) return;
            OnHolder(step.Fact!, step.Time);
        }
    }

    private Verdict Standing(Candidate holder) =>
        IsTraining(holder) ? Segment.Trained(holder.Outcome.Time)
        : _segment.HasEnded(holder.Type, _now) ? _segment.Settled(holder)
        : _segment.Waiting();

    /// <summary>It is free as training, or would be if it held its session (O9).</summary>
    private bool IsTraining(Candidate one) => one.Outcome.Reason == Reason.Training
        || ((one.Outcome.IsNew || one.Outcome.Reason == Reason.DuplicateInSession)
            && _state.IsTraining(one.Outcome.Time));
}
