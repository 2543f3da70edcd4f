namespace MeteringGateway.Core;

/// <summary>Who is in the group, and from where the walk has to be done again.</summary>
internal sealed partial class Lifecycle(TenantState state, Session? session)
{
    private const int FewPins = 16;

    private readonly Dictionary<string, Candidate> _byId = new(StringComparer.Ordinal);

    /// <summary>The last report that continues an outcome, as the state has it, at a time.</summary>
    private readonly Dictionary<(string Outcome, Instant Time), Candidate> _opens = [];

    /// <summary>Reports that opened what has settled, as the state has it, in order.</summary>
    private readonly List<Candidate> _pinned = [];

    /// <summary>Those of them that have not come to hold the session, as far as it has been walked.</summary>
    private readonly List<Candidate> _owed = [];

    /// <summary>
    /// For each of the former the first entry by which it, or one after it, settled; null: to be worked out.
    /// </summary>
    private long[]? _settled;

    /// <summary>Outcomes that may have no place any more, as another segment of theirs came or went.</summary>
    private readonly HashSet<Candidate> _doubtful = [];

    /// <summary>Outcomes whose place in the state is not kept, as they were last judged.</summary>
    private readonly List<Candidate> _lost = [];

    /// <summary>Those that may be judged otherwise than before.</summary>
    private readonly HashSet<Candidate> _touched = [];

    /// <summary>So many stretches began as they would begin now.</summary>
    private int _good;

    /// <summary>The last of these, and what comes after it, is to be walked again.</summary>
    private bool _stale;

    /// <summary>Reported by the command that is being decided, and not in the state yet.</summary>
    private Candidate? _new;

    private bool Has(Candidate one) => _byId.TryGetValue(one.Outcome.Id, out var found) && found == one;

    /// <summary>
    /// What is judged otherwise than before, or may be, in order of (time, source, id): its verdicts are as of now.
    /// </summary>
    public List<Candidate> Judge(Instant now)
    {
        foreach (var root in _lost)
        {
            root.HasLost = false;
            if (Has(root)) Pin(root, 0, moved: true);
        }
        _lost.Clear();
        do Walk(now); while (LosePlaces());
        var judged = new List<Candidate>(_touched.Count);
        foreach (var one in _touched) if (Has(one)) judged.Add(one);
        if (judged.Count > 1) judged.Sort(Candidate.Compare);
        return judged;
    }

    /// <summary>
    /// A place that turns out not to be held is kept against nobody; who settles all the same has settled now. True: so
    /// the group is to be walked again.
    /// </summary>
    private bool LosePlaces()
    {
        var lost = _lost.Count;
        foreach (var root in _doubtful)
            if (root.Pin is { } pin && (pin.Tenure < 0 || pin.Unit != root
                || !Outcome.HasSettled(root.Verdict.Reason, root.Verdict.End))) _lost.Add(root);
        _doubtful.Clear();
        for (var i = lost; i < _lost.Count; i++)
        {
            _lost[i].HasLost = true;
            _touched.Add(_lost[i]);
            Unpin(_lost[i]);
        }
        return _lost.Count > lost;
    }

    /// <summary>
    /// What was said of what is billable, or was, and of what continues it, since it came to hold the session for the
    /// last time: what was said before ended an earlier window (0001, 7).
    /// </summary>
    public List<SessionStep> SaidLast(Candidate one)
    {
        if (one.Facts.Count == 0 || one.Verdict.Status is not (OutcomeStatus.Billable or OutcomeStatus.Credited))
            return [];
        return _tenures.FindLast(tenure => tenure.Root == one) is { } last
            ? one.Facts.FindAll(step => last.At.Before(step) || step.Candidate == last.Opener) : [];
    }

    /// <summary>What was judged is what the state will have.</summary>
    public void Judged() => _touched.Clear();

    /// <summary>An outcome comes in, or something was said of it; judged it is, in any case.</summary>
    public void Take(Outcome outcome, OutcomeType type)
    {
        if (!_byId.TryGetValue(outcome.Id, out var one)) one = Add(outcome, type);
        else Change(one, outcome);
        _touched.Add(one);
        _touched.Add(one.Unit);
    }

    public Candidate Add(Outcome outcome, OutcomeType type)
    {
        var one = Candidate.Of(_state, outcome, type);
        _byId.Add(outcome.Id, one);
        if (outcome.IsNew) _new = one;
        foreach (var fact in outcome.Facts)
            InOrder.Put(one.Said ??= [], SessionStep.Of(one, fact), SessionStep.Compare);
        Await(one);
        _touched.Add(one);
        if (!HoldsFrom(one.Report)) Redo(one.Report);
        Named(one);
        if (!outcome.IsNew && outcome.ContinuationOf is null)
            foreach (var other in _byId.Values)
                if (other.Outcome.ContinuationOf == outcome.Id) Pin(other, 0, moved: true);
        Pin(RootOf(one), 0, moved: true);
        return one;
    }

    /// <summary>What no cap had room for does not count (I4).</summary>
    public void Remove(string id)
    {
        if (!_byId.Remove(id, out var one)) return;
        if (one.Tenure >= 0) Redo(_tenures[one.Tenure].At);
        else InOrder.Remove(_waiting, one, Candidate.Compare);
        if (_new == one) _new = null;
        Unnamed(one);
        if (one.Pin is not null) Unpin(one);
        if (one.Outcome.IsNew) return;
        foreach (var other in _byId.Values)
            if (other.Outcome.ContinuationOf == id) Pin(other, 0, moved: true);
    }

    /// <summary>As an entry has made it. False: it is not known here, though it may hold the session.</summary>
    public bool Put(Outcome outcome)
    {
        if (!_byId.TryGetValue(outcome.Id, out var one)) return !outcome.MayHold;
        if (outcome.MayHold) Change(one, outcome);
        else Remove(outcome.Id);
        return true;
    }

    /// <summary>O2: activity restarts windows that were open then.</summary>
    public void Restart(Instant time)
    {
        for (var i = 0; i < _good; i++)
        {
            var tenure = _tenures[i];
            if (tenure.At.Time < time && (tenure.Closes <= time || tenure.Opener.Outcome.Time > time)) continue;
            Redo(tenure.At);
            return;
        }
    }

    private void Change(Candidate one, Outcome outcome)
    {
        var before = one.Outcome;
        if (before.ContinuationOf != outcome.ContinuationOf) Unnamed(one);
        var root = RootOf(one);
        var drawn = one.DrawnFor(one.Unit);
        one.Outcome = outcome;
        if (_new == one && !outcome.IsNew) _new = null;
        if (one.Unit != one) one.Unit.DrawnBeside += one.DrawnFor(one.Unit) - drawn;
        for (var i = before.Facts.Length; i < outcome.Facts.Length; i++) Say(one, outcome.Facts[i]);
        if (before.ContinuationOf != outcome.ContinuationOf)
        {
            Named(one);
            Redo(one.Report);
            if (root != one) Pin(root, root.Outcome.SettledBy, moved: true);
            Pin(one, before.SettledBy, moved: true);
            if (RootOf(one) is var now && now != one) Pin(now, now.Outcome.SettledBy, moved: false);
        }
        else if (before.SettledBy != outcome.SettledBy || before.Opened != outcome.Opened
            || before.ClosesAt != outcome.ClosesAt || before.End != outcome.End)
            Pin(one, before.SettledBy, moved: true);
    }

    private void Say(Candidate one, Fact fact)
    {
        var step = SessionStep.Of(one, fact);
        InOrder.Put(one.Said ??= [], step, SessionStep.Compare);
        if (one.Unit.Line is { } line) InOrder.Put(line, step, SessionStep.Compare);
        if (one.Unit == _holder || !HoldsFrom(step)) Redo(step);
    }

    /// <summary>Whoever holds the session in the end does so at that step already.</summary>
    private bool HoldsFrom(in SessionStep step) =>
        _holder is not null && !_stale && _tenures[^1].At.Before(step);

    private void Redo(in SessionStep from)
    {
        _good = Math.Min(_good,
            InOrder.CountBefore(_tenures, from, static (tenure, step) => SessionStep.Compare(tenure.At, step)));
        _stale = true;
    }

    /// <summary>It is a duplicate, until it comes to hold the session.</summary>
    private void Await(Candidate one)
    {
        one.Verdict = new Verdict(OutcomeStatus.NonBillable, Reason.DuplicateInSession, one.Outcome.Time, null,
            WindowEnd.None, null);
        InOrder.Put(_waiting, one, Candidate.Compare);
    }

    private static void Join(Candidate one, Candidate root)
    {
        one.Unit = root;
        root.Line ??= [.. root.Said ?? []];
        foreach (var step in one.Said ?? []) InOrder.Put(root.Line, step, SessionStep.Compare);
        root.DrawnBeside += one.DrawnFor(root);
    }

    private static void Part(Candidate one)
    {
        var root = one.Unit;
        foreach (var step in one.Said ?? []) InOrder.Remove(root.Line!, step, SessionStep.Compare);
        root.DrawnBeside -= one.DrawnFor(root);
        one.Unit = one;
    }

    /// <summary>The outcome that the report stands for in the state.</summary>
    private Candidate RootOf(Candidate one) =>
        one.Outcome.ContinuationOf is { } root && _byId.TryGetValue(root, out var found) ? found : one;

    /// <summary>The report that opened the segment in which the outcome stands in the state.</summary>
    private Candidate? OpenerOf(Candidate root)
    {
        var beside = _opens.GetValueOrDefault((root.Outcome.Id, root.Outcome.Opened));
        return beside ?? (root.Outcome.Time == root.Outcome.Opened ? root : null);
    }

    private void Named(Candidate alias)
    {
        if (alias.Outcome.ContinuationOf is not { } root) return;
        var key = (root, alias.Outcome.Time);
        if (!_opens.TryGetValue(key, out var other) || Candidate.Compare(other, alias) < 0) _opens[key] = alias;
    }

    private void Unnamed(Candidate alias)
    {
        if (alias.Outcome.ContinuationOf is not { } root) return;
        var key = (root, alias.Outcome.Time);
        if (_opens.GetValueOrDefault(key) != alias) return;
        _opens.Remove(key);
        foreach (var other in _byId.Values)
            if (other != alias && other.Outcome.ContinuationOf == root && other.Outcome.Time == key.Time) Named(other);
    }

    /// <summary>The report opened a segment that has settled, and whose outcome held the session until then.</summary>
    private bool IsPinned(Candidate one) => RootOf(one).Pin == one;

    /// <param name="settled">The entry by which the outcome had settled; 0: it had not.</param>
    /// <param name="moved">How it settled may differ.</param>
    private void Pin(Candidate root, long settled, bool moved)
    {
        var pin = root.Outcome.SettledBy > 0 && RootOf(root) == root ? OpenerOf(root) : null;
        var before = root.Pin;
        if (pin == before && (pin is null || (!moved && settled == root.Outcome.SettledBy))) return;
        if (pin != before)
        {
            if (before is not null) Unpin(root);
            root.Pin = pin;
            if (pin is not null)
            {
                InOrder.Put(_pinned, pin, Candidate.Compare);
                if (pin.Tenure < 0) InOrder.Put(_owed, pin, Candidate.Compare);
                _doubtful.Add(root);
            }
        }
        _settled = null;
        if (pin is not null) Reopens(pin);
        if (before is not null && settled != root.Outcome.SettledBy) Frees(before, settled);
        // What is not in the state yet stands behind all that has settled.
        if (pin is not null && _new is not null) { Redo(_new.Report); Redo(pin.Report); }
    }

    private void Unpin(Candidate root)
    {
        var pin = root.Pin!;
        InOrder.Remove(_pinned, pin, Candidate.Compare);
        if (pin.Tenure < 0) InOrder.Remove(_owed, pin, Candidate.Compare);
        _settled = null;
        root.Pin = null;
        Reopens(pin);
        Frees(pin, root.Outcome.SettledBy);
    }

    private void Reopens(Candidate opener) =>
        Redo(opener.Tenure >= 0 && opener.Tenure < _tenures.Count ? _tenures[opener.Tenure].At : opener.Report);

    /// <summary>Whoever was reported after it had settled may have been its duplicate.</summary>
    private void Frees(Candidate pin, long settled)
    {
        foreach (var other in _byId.Values)
            if (other != pin && (other.Outcome.IsNew || other.Outcome.ReportedBy > settled))
            {
                Redo(other.Report);
                Redo(pin.Report);
            }
    }

    /// <summary>
    /// What settled keeps its place: a success that came after that, but is timed before it, is its duplicate (I4).
    /// </summary>
    private bool Displaced(Candidate one)
    {
        if (_owed.Count > FewPins && !one.Outcome.IsNew
            && one.Outcome.ReportedBy < Settled()[InOrder.CountBefore(_pinned, _owed[0], Candidate.Compare)])
            return false;
        foreach (var pin in _owed) if (GoesBefore(pin, one)) return true;
        return false;
    }

    private bool GoesBefore(Candidate pin, Candidate one)
    {
        var root = RootOf(pin);
        return root != RootOf(one) && (one.Outcome.IsNew || one.Outcome.ReportedBy > root.Outcome.SettledBy);
    }

    private long[] Settled()
    {
        if (_settled is { } known) return known;
        var (least, settled) = (long.MaxValue, new long[_pinned.Count]);
        for (var i = _pinned.Count - 1; i >= 0; i--)
            settled[i] = least = Math.Min(least, RootOf(_pinned[i]).Outcome.SettledBy);
        return _settled = settled;
    }
}
