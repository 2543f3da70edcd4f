namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>Who holds a session: a function of the group's reports and facts in order, and of what has settled (I4;
/// 0001
/// 2 to 7, 26 and 27).</summary>
internal sealed partial class Oracle
{
    /// <summary>Those whose places are kept in the walk that is made.</summary>
    private readonly HashSet<Report> _kept = [];

    /// <summary>One walk through a group.</summary>
    private sealed class Walk
    {
        public Dictionary<Report, View> Views { get; } = [];
        public Dictionary<Report, List<Report>> Chains { get; } = [];
        public List<Report> Duplicates { get; } = [];
        public List<(List<Report> Chain, Key From, Life Life)> Holds { get; } = [];
        public (List<Report> Chain, Key From, Life Life)? Holder { get; set; }
        public Report? Reversed { get; set; }

        /// <summary>
        /// Where in the order the session was last given back: nobody has held it from before that on.
        /// </summary>
        public Key Freed { get; set; }
    }

    // Evaluates the group as a whole; whoever finds no room is over the cap for good, and then the rest is looked at
    // again.
    private void Evaluate(List<Report> group, Report? arriving)
    {
        while (true)
        {
            var walk = WalkThrough(group);
            if (FirstRefused(group, walk, arriving) is not { } refused)
            {
                Commit(group, walk, arriving);
                return;
            }
            refused.Report.Refused = refused.Why;
            if (refused.Report == arriving) arriving.Drawn = null;
        }
    }

    // 0001, 6: a place that turns out not to be held is kept against nobody.
    private Walk WalkThrough(List<Report> group)
    {
        _kept.Clear();
        _kept.UnionWith(group.Where(report => report is { Place: not null, Refused: null }));
        while (true)
        {
            var walk = WalkOnce(group);
            if (_kept.RemoveWhere(report => PlaceOf(report, walk) is null || !walk.Holds.Any(hold =>
                hold.Chain[0] == report && hold.Chain[^1] == report.Place!.Opening)) == 0) return walk;
        }
    }

    private Walk WalkOnce(List<Report> group)
    {
        var walk = new Walk();
        foreach (var report in group.OrderBy(report => report.Key))
        {
            if (AtOnce(report) is { } reason)
            {
                walk.Views[report] = new View(OutcomeStatus.NonBillable, reason);
                continue;
            }
            if (report.Refused is { } why)
            {
                walk.Views[report] = new View(OutcomeStatus.NonBillable, why);
                continue;
            }
            FreeUntil(walk, report.Time);
            var from = report.Key < walk.Freed ? walk.Freed : report.Key;
            if (walk.Holder is null && !ComesTooLate(walk, report))
                Take(walk, report, from);
            else Duplicate(walk, report);
        }
        FreeUntil(walk, null);
        return walk;
    }

    // T3: what was reversed in a period that is closed by now stays so, unless this report has continued it already.
    private Report? Continued(Walk walk, Report report) =>
        walk.Reversed is { Type.Continuation: true } reversed
            && (!IsClosed(reversed.Period) || report.View?.AliasOf == reversed)
            && !_kept.Contains(report) ? reversed : null;

    private static void Duplicate(Walk walk, Report report)
    {
        walk.Duplicates.Add(report);
        walk.Views[report] = new View(OutcomeStatus.NonBillable, Reason.DuplicateInSession);
    }

    // 0001, 4: another outcome settled before this one arrived, and is still to hold the session.
    private bool ComesTooLate(Walk walk, Report report) =>
        _kept.Any(other => other.Place!.Since < report.Arrival && other != (report.View?.AliasOf ?? report)
            && !walk.Holds.Any(hold => hold.Chain[^1] == other.Place.Opening));

    private void Take(Walk walk, Report report, Key from)
    {
        var continues = Continued(walk, report);
        walk.Reversed = null;
        if (continues is not null)
        {
            walk.Views[report] = new View(OutcomeStatus.Pending, Reason.None, AliasOf: continues);
            walk.Chains[continues].Add(report);
            Hold(walk, walk.Chains[continues], from);
            return;
        }
        walk.Chains[report] = [report];
        if (report.Training || (report.View is null or { AliasOf: null, Reason: Reason.DuplicateInSession }
            && TrainingApplies(report.Time)))
        {
            var view = new View(OutcomeStatus.NonBillable, Reason.Training, Chain: [report]);
            walk.Views[report] = view;
            walk.Holder = ([report], from, new Life(view, true));
            walk.Holds.Add(walk.Holder.Value);
            return;
        }
        Hold(walk, walk.Chains[report], from);
    }

    private void Hold(Walk walk, List<Report> chain, Key from)
    {
        var life = LifeOf([.. chain], from);
        walk.Views[chain[0]] = AsDisputed(chain[0], life.View);
        walk.Holder = ([.. chain], from, life);
        walk.Holds.Add(walk.Holder.Value);
    }

    // 0001, 5 and 11: what a reversal or a credit does to the session, up to a place in the order.
    private void FreeUntil(Walk walk, Instant? until)
    {
        while (walk.Holder is { Life.FreedAt: { } freed } holder && (until is null || freed.Time <= until))
        {
            walk.Holder = null;
            if (holder.From > freed) freed = holder.From;
            walk.Freed = freed;
            if (!holder.Life.Reversed) walk.Duplicates.RemoveAll(other => other.Time < freed.Time);
            else if (Promoted(walk, freed, holder.Chain[^1]) is { } promoted)
            {
                walk.Duplicates.Remove(promoted);
                Take(walk, promoted, freed);
                continue;
            }
            else walk.Reversed = holder.Chain[0];
            foreach (var other in walk.Duplicates.Where(other => other.Time >= freed.Time).ToList())
                if (walk.Holder is null && !ComesTooLate(walk, other)
                    && !(holder.Life.Reversed && other.Key < holder.Chain[^1].Key))
                {
                    walk.Duplicates.Remove(other);
                    Take(walk, other, freed);
                }
        }
    }

    private Report? Promoted(Walk walk, Key freed, Report reversed)
    {
        var promoted = walk.Duplicates.Find(other => (other.Time < freed.Time || other.Key < reversed.Key)
            && !ReversedBefore(other, freed) && !ComesTooLate(walk, other));
        if (promoted is { IsHolding: false } && IsClosed(promoted.Period))
            throw new AmbiguousException("a duplicate of a closed period would be promoted");
        return promoted;
    }

    private bool ReversedBefore(Report duplicate, Key at) =>
        LifeOf([duplicate], duplicate.Key) is { Reversed: true, FreedAt: { } freed } && freed < at;

    // What the journal's order decided is kept: who settled, when windows closed, who trained, what was drawn.
    private void Commit(List<Report> group, Walk walk, Report? arriving)
    {
        foreach (var hold in walk.Holds.Where(hold => hold.Life.View.Reason == Reason.Training))
            hold.Chain[^1].Training = true;
        foreach (var report in group) report.Place = PlaceOf(report, walk);
        if (arriving is { Drawn: { } held })
        {
            var first = CarrierOf(walk, arriving);
            var kept = first != arriving && Counts(first, first.View); // 0001, 26: it adds nothing
            if (!kept && Drawn(first, arriving) is not null && Counts(first, walk.Views[first]))
                held.Remaining -= Math.Min(held.Remaining, first.Command.Quantity);
            else arriving.Drawn = null;
        }
        foreach (var report in group)
        {
            var before = report.View is { Disputed: true };
            report.View = walk.Views[report] with { Disputed = walk.Views[report].Disputed || before };
            NoteDispute(report, before);
        }
        foreach (var report in group) Correct(report);
    }

    // 0001, 27: what settles anew in the step in which it is reversed has its place from when it settled first.
    private Place? PlaceOf(Report report, Walk walk)
    {
        if (walk.Holds.FindLast(hold => hold.Chain[0] == report) is not { Chain: { } chain } last) return null;
        var kept = _kept.Contains(report) && report.Place!.Opening == chain[^1];
        if (!last.Life.Settled && !(last.Life.Reversed && kept)) return null;
        return new Place(_kept.Contains(report) ? report.Place!.Since : _arrivals, chain[^1],
            EndOf(report, chain[^1]));
    }
}
