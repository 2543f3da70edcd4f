namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>Who holds a session: a function of the group's reports and facts in order, and of what has settled (I4;
/// 0001
/// 2 to 7, 26 and 27).</summary>
internal sealed partial class Oracle
{
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

        /// <summary>What was credited there, if it was a credit that gave the session back.</summary>
        public Report? Credited { get; set; }
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

    private Walk WalkThrough(List<Report> group)
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
            FreeUntil(walk, group, report.Time);
            var from = report.Key < walk.Freed ? walk.Freed : report.Key;
            var credited = report.Time == walk.Freed.Time ? walk.Credited : null; // 0001, 11
            if (walk.Holder is null && !ComesTooLate(report, group, credited is null ? report.Key : from, credited))
                Take(walk, report, from);
            else Duplicate(walk, report);
        }
        FreeUntil(walk, group, null);
        return walk;
    }

    // T3: what was reversed in a period that is closed by now stays so, unless this report has continued it already.
    private Report? Continued(Walk walk, Report report) =>
        walk.Reversed is { Type.Continuation: true } reversed
            && (!IsClosed(reversed.Period) || report.View?.AliasOf == reversed)
            && report.Pin?.First != report ? reversed : null;

    private static void Duplicate(Walk walk, Report report)
    {
        walk.Duplicates.Add(report);
        walk.Views[report] = new View(OutcomeStatus.NonBillable, Reason.DuplicateInSession);
    }

    // 0001, 4: another outcome settled before this one arrived, and holds from later on. What was not admitted does not
    // count (I4).
    private static bool ComesTooLate(Report report, List<Report> group, Key at, Report? freed = null) =>
        group.Any(other => other != freed && other.Refused is null && other.Pin is { } pin
            && pin.Arrival < report.Arrival && pin.From >= at && pin.First != (report.View?.AliasOf ?? report));

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
        if (report.Training || (report.Pin is null && TrainingApplies(report.Time)))
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
        var life = LifeOf([.. chain]);
        walk.Views[chain[0]] = AsDisputed(chain[0], life.View);
        walk.Holder = ([.. chain], from, life);
        walk.Holds.Add(walk.Holder.Value);
    }

    // 0001, 5 and 11: what a reversal or a credit does to the session, up to a place in the order.
    private void FreeUntil(Walk walk, List<Report> group, Instant? until)
    {
        while (walk.Holder is { Life.FreedAt: { } freed } holder && (until is null || freed.Time <= until))
        {
            walk.Holder = null;
            if (holder.From > freed) freed = holder.From;
            (walk.Freed, walk.Credited) = (freed, holder.Life.Reversed ? null : holder.Chain[^1]);
            if (!holder.Life.Reversed)
            {
                Credit(walk, group, holder.Chain[^1], freed);
                continue;
            }
            walk.Reversed = holder.Chain[0];
            var promoted = walk.Duplicates.FirstOrDefault(other =>
                other.Time < freed.Time && !ReversedBefore(other, freed)
                    // 0001, 6: who would not be promoted either, by what came late, has no place to keep.
                    && !ComesTooLate(other, [.. group.Where(rival => !walk.Duplicates.Contains(rival)
                        || !ReversedBefore(rival, freed))], freed, holder.Chain[^1]));
            if (promoted is null
                && walk.Duplicates.Exists(other => other.Time == freed.Time && other.Key < holder.Chain[^1].Key))
                throw new AmbiguousException(
                    "a duplicate at the very instant of a reversal, in order before what is reversed");
            if (promoted is null) continue;
            if (IsClosed(promoted.Period) && !promoted.IsHolding)
                throw new AmbiguousException("a duplicate of a closed period would be promoted");
            walk.Duplicates.Remove(promoted);
            walk.Reversed = null;
            Take(walk, promoted, freed);
        }
    }

    // 0001, 11: the session is free for a success at that very time too, also one that is before what was credited in
    // the order.
    private void Credit(Walk walk, List<Report> group, Report credited, Key freed)
    {
        var then = walk.Duplicates.Where(other => other.Time >= freed.Time).ToList();
        walk.Duplicates.Clear();
        foreach (var other in then)
            if (walk.Holder is null && !ComesTooLate(other, group, freed, credited)) Take(walk, other, freed);
            else Duplicate(walk, other);
    }

    private bool ReversedBefore(Report duplicate, Key at) =>
        LifeOf([duplicate]) is { Reversed: true, FreedAt: { } freed } && freed < at;

    // What the journal's order decided is kept: who settled, when windows closed, who trained, what was drawn.
    private void Commit(List<Report> group, Walk walk, Report? arriving)
    {
        foreach (var (chain, from, life) in walk.Holds)
        {
            var opening = chain[^1];
            if (life.View.Reason == Reason.Training) opening.Training = true;
            if (!life.Settled || opening.Pin is not null) continue;
            // 0001, 27: what settles anew in the step in which it is reversed has its place from when it settled first.
            var settled = chain.SkipLast(1).Select(earlier => earlier.Pin).LastOrDefault(pin => pin?.First == chain[0]);
            opening.Pin = new Pin(settled?.Arrival ?? _arrivals, from, chain[0]);
            opening.FrozenClose = ClosesAt(chain[0], opening);
        }
        // 0001, 6: a place is not kept against what came late and counts as if it had come in time.
        foreach (var report in group.Where(report => report.Pin is not null))
            if (!walk.Holds.Any(hold => hold.Chain[^1] == report && hold.Chain[0] == report.Pin!.First))
                (report.Pin, report.FrozenClose) = (null, null);
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
        // What was reversed and continued has no place of its own to keep any more.
        foreach (var report in group)
            foreach (var earlier in report.View is { AliasOf: null, Chain: { } chain } ? chain.SkipLast(1) : [])
                (earlier.Pin, earlier.FrozenClose) = (null, null);
        foreach (var report in group) Correct(report);
    }
}
