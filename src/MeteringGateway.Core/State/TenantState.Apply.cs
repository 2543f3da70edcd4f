namespace MeteringGateway.Core;

public sealed partial class TenantState
{
    /// <summary>Folds one entry in. It decides nothing: what an entry says has become true.</summary>
    public void Apply(Entry entry)
    {
        Sequence++;
        Now = Instant.Max(Now, entry.At);
        KeepsQuiet(entry);
        switch (entry)
        {
            case Entry.OutcomeReported e: Apply(e); break;
            case Entry.OutcomeChanged e: Apply(e); break;
            case Entry.ActivityReported e: Apply(e); break;
            case Entry.FactReported e: Apply(e); break;
            case Entry.ReservationMade e: Apply(e); break;
            case Entry.ReservationExtended e: Extend(e); break;
            case Entry.ReservationReleased e: Release(e.Reservation); break;
            case Entry.ReservationExpired e: Release(e.Reservation); break;
            case Entry.StateChanged e: Apply(e); break;
            case Entry.PeriodStarted e: Start(e.Period); break;
            case Entry.PeriodClosed e: Close(e); break;
            case Entry.OutcomesArchived e: Apply(e); break;
            case Entry.DayStarted e: NextDay(e.At); break;
            case Entry.CapSet e: Apply(e); break;
            case Entry.CapRemoved e: Apply(e); break;
            case Entry.TermsSet e: Apply(e); break;
            case Entry.TenantCreated e: Apply(e); break;
            case Entry.TenantChanged e:
                (Name, Zone, AnchorDay) = (e.Name, e.Zone, e.AnchorDay);
                Open.ZoneUntilChanged ??= e.ZoneBefore;
                break;
            case Entry.ChangeScheduled e: Apply(e); break;
            case Entry.ChangeWithdrawn e: Unschedule(e.Before); break;
            case Entry.TenantPaused e: Paused = e; break;
            case Entry.TenantResumed: Paused = null; break;
            case Entry.TenantClosed: Close(entry.At); break;
            case Entry.DisputeOpened e: Apply(e); break;
            case Entry.DisputeResolved e: Apply(e); break;
            case Entry.AgreementLow e: Apply(e); break;
            case Entry.GrantIssued e: Apply(e); break;
            case Entry.GrantEnded e: Apply(e); break;
            case Entry.GrantExpiring e: Apply(e); break;
            case Entry.CreditsExhausted e: Apply(e); break;
            case Entry.OverageStarted e: Apply(e); break;
            case Entry.OverageAuthorized e: Apply(e); break;
            case Entry.AuthorizationWithdrawn: Authorization = null; break;
            case Entry.ThresholdSet e: Put(e.Threshold); break;
            case Entry.ThresholdRemoved e: RemoveThreshold(e.Before.Id); break;
            case Entry.ThresholdCrossed e: Apply(e); break;
            case Entry.ThresholdRearmed e: Apply(e); break;
            case Entry.DetailErased or Entry.ClockAdvanced or Entry.TrainingEnded or Entry.SignalAcknowledged
                or Entry.DecisionRecorded: break;
            default: throw new ArgumentException($"unknown entry {entry.GetType().Name}", nameof(entry));
        }
    }

    private void Apply(Entry.TenantCreated e)
    {
        (Name, Zone, AnchorDay, TestClock, CreatedAt) = (e.Name, e.Zone, e.AnchorDay, e.TestClock, e.At);
        _terms.Add(new TermsInForce(e.At, e.Plan, e.Terms));
        var book = new PeriodBook(e.Period);
        foreach (var cap in e.Terms.Caps) book.Put(new CapBook(cap));
        _books.Add(book);
        foreach (var threshold in e.Terms.Thresholds) Put(threshold);
    }

    private void Close(Instant at)
    {
        ClosedAt = at;
        // There is no next period for them. Only the last: an outcome knows its terms by their place.
        while (_terms[^1].From > at) _terms.RemoveAt(_terms.Count - 1);
        _scheduled = null;
        ForgetBounds();
        foreach (var grant in Grants) Watch(grant);
    }

    private void Apply(Entry.TermsSet e)
    {
        var before = Terms;
        _terms.Add(new TermsInForce(e.From, e.Plan, e.Terms));
        ForgetBounds();
        // Terms set at a period's very first instant are the terms that it begins with.
        if (e.From == Open.Period.Start) (Open.Rating, _stakes) = (null, null);
        if (e.From <= e.At) ReplaceCaps(before, e.Terms);
    }

    /// <summary>The new terms' caps take the place of the old ones'; caps that the tenant set itself stay.</summary>
    private void ReplaceCaps(Terms before, Terms after)
    {
        List<CapBook>? gone = null;
        foreach (var cap in before.Caps)
            if (Open.Cap(cap.Id) is { } book && book.Cap == cap && !after.Caps.Contains(cap))
            {
                Remove(book);
                (gone ??= []).Add(book);
            }
        foreach (var cap in after.Caps)
            if (Open.Cap(cap.Id) is null)
                Open.Put(Recount(new CapBook(cap, gone?.Find(book => book.Cap.Id == cap.Id))));
        foreach (var book in gone ?? []) if (Open.Cap(book.Cap.Id) is null) Lift(book);
        ReplaceThresholds(before, after);
    }

    private void Remove(CapBook cap)
    {
        Open.Caps.Remove(cap);
        if (cap.Cap.Limit.IsMoney) Open.Rating = null;
    }

    private void Apply(Entry.OutcomeReported e)
    {
        var book = Book(e.Period)!;
        var facts = WaitingFor(e.OutcomeId, e.At);
        ForgetWaiting(e.OutcomeId);
        var contact = ContactOf(e);
        var outcome = new Outcome
        {
            Event = e.Id, Id = e.OutcomeId, Time = e.Time, Type = e.OutcomeType, Quantity = e.Quantity,
            Result = e.Result,
            Period = e.Period, Day = book.Period.DayOf(e.Time), Session = e.Session, Dimensions = e.Dimensions,
            CriteriaMet = e.CriteriaMet,
            HandedOff = e.HandedOff, Sandbox = e.Sandbox, Verification = e.Verification, Drawn = e.Drawn,
            DrawnIn = e.Drawn > 0 && e.ContinuationOf is { } continued && Find(continued)?.Period is { } drawnIn
                && drawnIn != e.Period ? drawnIn : null,
            HasDetail = e.DetailHash is not null, Contact = contact,
            Terms = TermsIndexAt(e.Time),
            Status = e.Status, Reason = e.Reason, Admitted = e.Admitted, Opened = e.Time, ClosesAt = e.ClosesAt,
            End = e.End,
            ContinuationOf = e.ContinuationOf, Facts = facts, ReportedBy = Sequence,
            SettledBy = Core.Outcome.HasSettled(e.Reason, e.End) ? Sequence : 0,
        };
        if (e.Reservation is not null && e.Drawn > 0) Draw(e.Reservation, e.Drawn);
        var place = (_outcomes ??= new()).Add(outcome);
        var session = e.Session is null ? null : Enter(e.Session, outcome, place);
        Put(outcome, null);
        CountFacts(e.Session, facts);
        Gauge(outcome, session, book);
        if (e.Reason == Reason.Training) Trained++;
        book.Count(outcome, 1);
        CountTaken(book, StakeOf(book, outcome));
        book.Rate(null, outcome);
        Remember(e.Id.Key,
            new EventRecord(e.Fingerprint, e.Time, e.Remaining ?? EventRecord.Unbound, (byte)e.Status, e.Reason));
    }

    private void Apply(Entry.OutcomeChanged e)
    {
        if (e.Correction is { } correction) Apply(correction);
        if (e is { Correction: { } of, Credit: { } credit }) NameTaken(of, e.OutcomeId,
            credit.Reason == CreditReason.Disputed ? Contested?.Of(e.OutcomeId)?.Id
                : e.IsNamed ? Snake.Case(credit.Reason.ToString()) : null);
        if (Find(e.OutcomeId) is not { } before)
        {
            if (e.Correction is not null) Gauge(e.Correction);
            return; // archived: the store holds it
        }
        var after = before with
        {
            Status = e.Status, Reason = e.Reason, Admitted = e.Admitted, Opened = e.Opened, ClosesAt = e.ClosesAt,
            End = e.End,
            ContinuationOf = e.ContinuationOf, ChangedBy = before.ChangedBy.Add(Sequence),
            SettledBy = !Core.Outcome.HasSettled(e.Reason, e.End) ? 0
                : before.SettledBy > 0 && !e.Anew ? before.SettledBy : Sequence,
            Credit = e.Status == OutcomeStatus.Credited ? e.Credit ?? before.Credit : null,
        };
        var book = Book(before.Period)!;
        if (book.Status != PeriodStatus.Closed)
        {
            book.Count(before, -1);
            book.Count(after, 1);
            if (before.MayBeCharged != after.MayBeCharged)
                CountTaken(book, StakeOf(book, after) - StakeOf(book, before));
            book.Rate(before, after);
            if (e.Reason == Reason.Training && before.Reason != Reason.Training) Trained++;
        }
        Put(after, before);
    }

    private void Apply(Entry.FactReported e)
    {
        var fact = new Fact(e.Id, e.Time, e.Kind, e.Verification);
        if (Find(e.OutcomeId) is { } outcome)
        {
            var kept = !IsFinal(outcome);
            if (kept) CountFacts(outcome.Session, [fact]);
            Put(outcome with { Facts = kept ? outcome.Facts.Add(fact) : outcome.Facts,
                ChangedBy = outcome.ChangedBy.Add(Sequence) }, outcome);
            Gauge(e, outcome);
        }
        else if (e.Waits)
        {
            _waiting ??= [];
            if (!_waiting.TryGetValue(e.OutcomeId, out var facts))
            {
                _waiting[e.OutcomeId] = facts = new List<WaitingFact>(1);
                _bytes += BytesOf(e.OutcomeId, facts);
            }
            WaitingCount++;
            _bytes += BytesOf(fact);
            facts.Add(new WaitingFact(fact, e.At + TermsAt(e.At).MaxLateness));
        }
        if (e.Counts is { } counts)
        {
            Count(counts, e.Kind);
            Contested?.Say(Find(e.OutcomeId) is { } said ? Root(said)!.Id : e.OutcomeId, counts.Period,
                counts.OutcomeType, e.Kind == FactKind.VerdictAccepted);
        }
        if (e.Session is not null) Touch(e.Session, e.Time);
        Remember(e.IsApart ? e.Id.VerdictKey : e.Id.Key, EventRecord.Of(e.Fingerprint, e.Time, null, e.Outcome));
    }

    private void Apply(Entry.ActivityReported e)
    {
        var book = Book(e.Period)!;
        var day = book.Period.DayOf(e.Time);
        var fee = e.BeyondCap ? Amount.Zero : TermsAt(e.Time).Activity(e.Activity)?.Price ?? Amount.Zero;
        var kind = new ActivityKey(e.Activity, e.Dimensions, day, fee, e.BeyondCap);
        if (book.AddActivity(kind, e.Quantity)) _bytes += BytesOf(kind);
        CountTaken(book, (Int128)fee.Micros * e.Quantity);
        if (!e.BeyondCap)
        {
            var subject = new Subject(e.Activity, IsActivity: true, e.Dimensions);
            foreach (var cap in book.Caps)
                if (cap.Cap.Counts(subject))
                    cap.Add(day, cap.Cap.Limit.IsMoney ? (fee * e.Quantity).Micros : e.Quantity, 0);
        }
        Come(e.Customer, e.Session, e.Time);
        var session = e.Session is null ? null : Touch(e.Session, e.Time);
        Gauge(e, session, book);
        if (session is not null)
        {
            session.AddActivity(e.Time);
            _bytes += ReferenceBytes;
            if (e.HandedOff) HandOff(e.Session!);
        }
        Remember(e.Id.Key, EventRecord.Of(e.Fingerprint, e.Time, e.Remaining, null));
    }

    private void Apply(Entry.ReservationMade e)
    {
        var reservation = new Reservation(e.Reservation, e.Subject, e.Quantity, e.Quantity, e.ExpiresAt, e.Period,
            e.Day);
        (_reservations ??= new(Ids.InOrder)).Add(e.Reservation, reservation);
        CountHeld(reservation, e.Quantity);
        Book(e.Period)!.Reserve(e.Subject, e.Day, e.Quantity);
        _due.Enqueue(new Due(e.ExpiresAt, DueKind.Reservation, e.Reservation));
    }

    private void Extend(Entry.ReservationExtended e)
    {
        var held = _reservations![e.Reservation] with { ExpiresAt = e.ExpiresAt };
        _reservations[e.Reservation] = held;
        if (Book(held.Period)?.Rating?.Held is { } sums && sums.Placed.ContainsKey(held.Id))
            sums.Place(held.Id, held);
        _due.Enqueue(new Due(e.ExpiresAt, DueKind.Reservation, e.Reservation));
    }

    private void Draw(string id, int units)
    {
        var held = _reservations![id];
        Book(held.Period)!.Reserve(held.Subject, held.Day, -units);
        CountHeld(held, -units);
        if (held.Remaining == units) _reservations.Remove(id);
        else _reservations[id] = held with { Remaining = held.Remaining - units };
    }

    private void Release(string id)
    {
        var held = _reservations![id];
        Book(held.Period)!.Reserve(held.Subject, held.Day, -held.Remaining);
        CountHeld(held, -held.Remaining);
        _reservations.Remove(id);
    }

    private void Apply(Entry.CapSet e)
    {
        var book = Open.Cap(e.Cap.Id);
        Open.Coming?.RemoveAll(cap => cap.Id == e.Cap.Id);
        if (e.Effective == Effective.NextPeriod && book is not null) book.Next = e.Cap;
        else if (e.Effective == Effective.NextPeriod) (Open.Coming ??= []).Add(e.Cap);
        else if (book is not null && book.Cap.IsSameAs(e.Cap)) (book.Cap, book.Next) = (e.Cap, null);
        else Open.Put(Recount(new CapBook(e.Cap, book)));
    }

    private void Apply(Entry.CapRemoved e)
    {
        Open.Coming?.RemoveAll(cap => cap.Id == e.Before.Id);
        if (Open.Cap(e.Before.Id) is not { } book) return;
        Remove(book);
        Lift(book);
    }

    /// <summary>C8: a cap set in mid-period counts what the period has already in its scope.</summary>
    private CapBook Recount(CapBook cap)
    {
        foreach (var place in cap.Cap.Limit.IsMoney ? [] : RatedIn(Open))
            if (_outcomes!.Rated(place) is var outcome && cap.Cap.Scope.Matches(outcome.Kind.Subject))
                cap.Add(outcome.Day, outcome.Quantity, 0);
        foreach (var ((activity, dimensions, day, fee, beyond), quantity) in Open.Activities ?? [])
            if (!beyond && cap.Cap.Counts(new Subject(activity, IsActivity: true, dimensions)))
                cap.Add(day, cap.Cap.Limit.IsMoney ? (fee * quantity).Micros : quantity, 0);
        foreach (var held in _reservations?.Values ?? Enumerable.Empty<Reservation>())
            if (held.Period == Open.Period.Id && !cap.Cap.Limit.IsMoney && cap.Cap.Scope.Matches(held.Subject))
                cap.Add(held.Day, 0, held.Remaining);
        return cap;
    }

    private void Remember(UInt128 key, EventRecord record)
    {
        while (_events?.Hides(key, record.Time) == true) SweepSome();
        (_events ??= new()).Add(key, record);
        _bytes += EventBytes;
    }
}
