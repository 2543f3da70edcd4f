using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>Figures of quality and series, kept up as entries are applied (Q1, Q3).</summary>
public sealed partial class TenantState
{
    internal PeriodQuality? QualityOf(PeriodBook book) => Measured?.Periods.GetValueOrDefault(book.Period.Id);

    internal Series? SeriesKept => Measured?.Series;

    private bool HasReported => _books.Exists(book => book.Types.Count > 0 || book.Activities is not null);

    /// <summary>What the outcome counts as, as it stands.</summary>
    internal Part PartOf(Outcome outcome)
    {
        if (outcome.IsAlias || outcome.Sandbox) return default;
        var type = TypeOf(outcome);
        var bits = Part.Bit(Mark.Reported);
        Set(Mark.NoSession, outcome.LacksSession(type));
        var escalated = IsHandedOff(outcome);
        Set(Mark.Escalated, escalated);
        Set(Mark.Lone, outcome.Session is null);
        Set(Mark.LoneHandedOff, outcome.Session is null && escalated);
        Set(Mark.Pending, outcome.Status == OutcomeStatus.Pending);
        Set(Mark.Rated, outcome.IsRated);
        Set(Mark.Disputed, outcome.Dispute is not null);
        var settled = outcome.Status == OutcomeStatus.Billable;
        Set(Mark.Settled, settled);
        Set(Mark.Credited, outcome.Status == OutcomeStatus.Credited);
        Set(Mark.Contacts, settled && outcome.Contact != Contact.Unknown);
        Set(Mark.FirstContacts, settled && outcome.Contact == Contact.First);
        var decided = settled || outcome.Status == OutcomeStatus.Credited;
        Set(Mark.Decided, decided);
        Set(Mark.Reopened, outcome.Reason == Reason.Reopened);
        if (!outcome.Facts.IsEmpty) Said();
        if (decided && outcome.Dispute is not null)
            bits |= Part.Bit(Mark.BuyerRejected) | Part.Bit(Mark.Contradicted);
        var forgiven = outcome is { Status: OutcomeStatus.NonBillable, Result: Result.Success };
        var listed = decided || forgiven ? (Int128)ListPrice(outcome, type).Micros * outcome.Quantity : 0;
        return new Part(bits, outcome.Quantity, listed, forgiven ? outcome.Reason : Reason.None);

        void Set(Mark measure, bool holds)
        {
            if (holds) bits |= Part.Bit(measure);
        }

        void Said()
        {
            foreach (var fact in outcome.Facts)
            {
                Set(Mark.Reopened, fact.Kind == FactKind.Reopened);
                // Of what settled all the same: it was said after the window.
                if (!decided || !fact.IsReversal || fact.Time < outcome.Opened) continue;
                bits |= Part.Bit(Mark.Contradicted)
                    | Part.Bit(fact.IsVerdict ? Mark.BuyerRejected : Mark.RecordsReversed);
            }
        }
    }

    /// <summary>Of a unit, by the type and its class alone: before included units, tiers and commitments.</summary>
    private static Amount ListPrice(Outcome outcome, OutcomeType type) => Pricing.OwnPrice(type,
        Pricing.ClassOf(type, outcome.Dimensions.Workflow, outcome.Verification?.Method), before: 0).Price;

    private static bool IsHandedOff(Outcome outcome)
    {
        if (outcome.HandedOff || outcome.Result == Result.Escalated || outcome.Reason == Reason.Escalated) return true;
        foreach (var fact in outcome.Facts) if (fact.Kind == FactKind.Escalated) return true;
        return false;
    }

    /// <param name="times">So many outcomes, of one day and hour.</param>
    private void Count(in Part before, in Part after, Outcome outcome, int times = 1)
    {
        if (before == after) return;
        var measures = Measured ??= new Measures();
        var period = measures.Of(outcome.Period);
        period.All.Change(before, after, times);
        period.Of(outcome.Type).Change(before, after, times);
        var more = new Cell(times * (after.Of(Mark.Reported) - before.Of(Mark.Reported)),
            times * (after.Of(Mark.Settled) - before.Of(Mark.Settled)), times * (after.Settled - before.Settled));
        measures.Series.Add(outcome, outcome.Period.DayNumber + outcome.Day, Open.Period, more);
    }

    /// <summary>A report was taken; the state has it.</summary>
    /// <param name="session">Null: it is in none, or begins it.</param>
    private void Gauge(Outcome outcome, Session? session, PeriodBook book)
    {
        var measures = Measured ??= new Measures();
        Count(default, PartOf(outcome), outcome);
        if (outcome.Session is null || outcome.Sandbox) return;
        if (session is null)
        {
            Begin(measures.Of(outcome.Period), outcome);
            if (IsHandedOff(outcome)) HandOff(outcome.Session);
            return;
        }
        var (period, reports) = (measures.Of(outcome.Period), ReportsIn(session, outcome.Id));
        if (!reports.Has(outcome.Period, null) && !HasActivityIn(session, book)) Enter(period.All, session);
        if (!reports.Has(outcome.Period, outcome.Type)) Enter(period.Of(outcome.Type), session);
        var (success, ofType) = (reports.HasSuccess, reports.HasSuccessOf(outcome.Type));
        reports.Add(outcome);
        if (outcome.Result == Result.Success)
        {
            var first = session.Activities is { Count: > 0 } activities ? Instant.Min(activities[0], reports.First)
                : reports.First;
            if (!success) Waited(period.All, outcome, first);
            if (!ofType) Waited(period.Of(outcome.Type), outcome, first);
        }
        if (IsHandedOff(outcome)) HandOff(outcome.Session);
    }

    /// <summary>Outcomes begin sessions, so many that are alike: each is waited for from its own time on.</summary>
    private static void Begin(PeriodQuality period, Outcome outcome, int times = 1)
    {
        Begin(period.All, outcome, times);
        Begin(period.Of(outcome.Type), outcome, times);
    }

    private static void Begin(Tallies tallies, Outcome outcome, int times)
    {
        tallies[Mark.Sessions] += times;
        if (outcome.Result == Result.Success) tallies[Mark.FirstOutcomes] += times;
    }

    /// <param name="but">An outcome that is to be left out if they are not kept yet; null: none.</param>
    private SessionReports ReportsIn(Session session, string? but)
    {
        if (session.Reports is { } kept) return kept;
        var reports = new SessionReports();
        foreach (var id in session.Outcomes)
            if (id != but && Find(id) is { Sandbox: false } outcome) reports.Add(outcome);
        if (session.KeepsGroups) session.Reports = reports;
        return reports;
    }

    private static void Enter(Tallies tallies, Session session)
    {
        tallies[Mark.Sessions]++;
        if (session.HandedOff) tallies[Mark.HandedOffSessions]++;
    }

    private static void Waited(Tallies tallies, Outcome outcome, Instant first)
    {
        tallies[Mark.FirstOutcomes]++;
        tallies[Mark.FirstOutcomeWait] += (outcome.Time - first).Ticks / TimeSpan.TicksPerMillisecond;
    }

    private static bool HasActivityIn(Session session, PeriodBook book)
    {
        if (session.Activities is not { } activities) return false;
        var at = activities.BinarySearch(book.Period.Start);
        if (at < 0) at = ~at;
        return at < activities.Count && activities[at] < book.Period.End;
    }

    /// <summary>An activity was taken; <paramref name="session"/> has it not yet.</summary>
    private void Gauge(Entry.ActivityReported e, Session? session, PeriodBook book)
    {
        var measures = Measured ??= new Measures();
        if (session is not null && !HasActivityIn(session, book) && !ReportsIn(session, null).Has(e.Period, null))
            Enter(measures.Of(e.Period).All, session);
    }

    /// <summary>Something in the session was handed to a human: it counts as that wherever it is counted.</summary>
    private void HandOff(string name)
    {
        var session = OwnSession(name);
        if (session.HandedOff) return;
        session.HandedOff = true;
        var among = new HashSet<(DateOnly Period, string? Type)>();
        foreach (var id in session.Outcomes)
            if (Find(id) is { Sandbox: false } outcome)
            {
                among.Add((outcome.Period, null));
                among.Add((outcome.Period, outcome.Type));
            }
        foreach (var book in _books) if (HasActivityIn(session, book)) among.Add((book.Period.Id, null));
        foreach (var (id, type) in among)
        {
            var period = (Measured ??= new Measures()).Of(id);
            (type is null ? period.All : period.Of(type))[Mark.HandedOffSessions]++;
        }
    }

    /// <summary>A fact was taken on an outcome that is in memory.</summary>
    private void Gauge(Entry.FactReported e, Outcome outcome)
    {
        if (outcome.Sandbox) return;
        if (e.Kind == FactKind.Escalated && SessionOf(outcome) is not null) HandOff(outcome.Session!);
        if (e.Csat is not { } points) return;
        var measures = Measured ??= new Measures();
        var rated = Root(outcome)!;
        var period = measures.Of(rated.Period);
        // Its last word counts: who gives others takes back what they gave before.
        var given = measures.Points ??= new(StringComparer.Ordinal);
        if (given.TryGetValue(rated.Id, out var before)) period.Add(rated.Type, Mark.CsatPoints, -before);
        else period.Add(rated.Type, Mark.Csat, 1);
        period.Add(rated.Type, Mark.CsatPoints, points);
        given[rated.Id] = points;
    }

    /// <summary>An outcome that has left memory is credited: what is known of it is what is given back.</summary>
    private void Gauge(Correction correction)
    {
        var period = (Measured ??= new Measures()).Of(correction.Period);
        foreach (var tallies in (Tallies[])[period.All, period.Of(correction.OutcomeType)])
        {
            tallies[Mark.Settled]--;
            tallies[Mark.Rated]--;
            tallies[Mark.Credited]++;
            tallies.Forgive(Reason.None, new Forgiven(correction.Quantity, -(Int128)correction.Amount.Micros));
        }
    }

    /// <summary>The end customer came, in whatever session: after which successes?</summary>
    private void Come(ulong customer, string? session, Instant time)
    {
        if (customer == 0 || Measured?.Contacts.Come(customer, session, time) is not { } again) return;
        foreach (var id in again)
            if (Find(id) is { } outcome) Put(outcome with { Contact = Contact.Again }, outcome);
    }

    private Contact ContactOf(Entry.OutcomeReported e)
    {
        if (e.Customer == 0 || e.Sandbox) return Contact.Unknown;
        Come(e.Customer, e.Session, e.Time);
        if (e.Result != Result.Success) return Contact.Unknown;
        var until = e.Time + TermsAt(e.Time).Type(e.OutcomeType)!.MeasurementWindow;
        return (Measured ??= new Measures()).Contacts.Watch(e.Customer,
            new FirstContacts.Success(e.OutcomeId, e.Session, e.Time, until), Now, TermsAt(Now).MaxLateness)
            ? Contact.First : Contact.Unknown;
    }

    private void WriteMeasures(Writer to)
    {
        if (Measured is null) return;
        var section = new Writer();
        MeasuresWire.Write(section, Measured);
        section.Bytes([]); // outcomes' contacts, when they were no part of the outcomes
        section.List(Sorted(_sessions?.Others.Where(session => session.Value.HandedOff), session => session.Key),
            (w, session) => w.Text(session.Key));
        var accepted = Contested?.Accepted.ToArray() ?? [];
        if (Measured.Points is not null || accepted.Length > 0)
        {
            section.List(Sorted(Measured.Points, one => one.Key), (w, one) => { w.Text(one.Key); w.Byte(one.Value); });
            section.List(accepted, (w, one) =>
            {
                w.Text(one.Key); w.Date(one.Value.Period); w.Text(one.Value.Type);
            });
        }
        Sections.Write(to, Sections.Measures, section);
    }

    private void ReadMeasures(ref Reader from)
    {
        Measured = MeasuresWire.Read(ref from);
        var contacts = from.Bytes();
        if (contacts.Length > 0)
            foreach (var (at, outcome) in _outcomes!.All.Index())
                if (contacts[at] != 0) _outcomes.Put(outcome with { Contact = (Contact)contacts[at] });
        foreach (var name in from.List((ref r) => r.Text())) OwnSession(name).HandedOff = true;
        if (from.AtEnd) return;
        foreach (var (id, points) in from.List((ref r) => (r.Text(), r.Byte())))
            (Measured.Points ??= new(StringComparer.Ordinal))[id] = points;
        foreach (var (id, period, type) in from.List((ref r) => (r.Text(), r.Date(), Values.Shared(ref r))))
            (Contested ??= new DisputeBook()).Accepted[id] = (period, type);
    }
}
