namespace MeteringGateway.Core;

/// <summary>Kinds as stored: numbers are never used again for another kind.</summary>
public enum EntryKind : byte
{
    TenantCreated = 1, TenantChanged = 2, TermsSet = 3, TenantClosed = 4, ClockAdvanced = 5, PeriodStarted = 6,
    PeriodClosed = 7, DayStarted = 8, OutcomesArchived = 9, DetailErased = 14,
    OutcomeReported = 10, FactReported = 11, OutcomeChanged = 12, ActivityReported = 13,
    ReservationMade = 20, ReservationExtended = 21, ReservationReleased = 22, ReservationExpired = 23,
    DecisionRecorded = 24,
    CapSet = 30, CapRemoved = 31, TenantPaused = 32, TenantResumed = 33, StateChanged = 40, SignalAcknowledged = 41,
    TrainingEnded = 42,
    DisputeOpened = 50, DisputeResolved = 51, AgreementLow = 52,
    ThresholdSet = 60, ThresholdRemoved = 61, ThresholdCrossed = 62, ThresholdRearmed = 63,
    GrantIssued = 70, GrantEnded = 71, GrantExpiring = 72, CreditsExhausted = 73,
    OverageStarted = 80, OverageAuthorized = 81, AuthorizationWithdrawn = 82,
    ChangeScheduled = 90, ChangeWithdrawn = 91,
}

public static partial class EntryCodec
{
    public static EntryKind KindOf(Entry entry) => entry switch
    {
        Entry.OutcomeReported => EntryKind.OutcomeReported,
        Entry.OutcomeChanged => EntryKind.OutcomeChanged,
        Entry.ActivityReported => EntryKind.ActivityReported,
        Entry.FactReported => EntryKind.FactReported,
        Entry.TenantCreated => EntryKind.TenantCreated,
        Entry.TenantChanged => EntryKind.TenantChanged,
        Entry.TermsSet => EntryKind.TermsSet,
        Entry.TenantClosed => EntryKind.TenantClosed,
        Entry.ClockAdvanced => EntryKind.ClockAdvanced,
        Entry.PeriodStarted => EntryKind.PeriodStarted,
        Entry.PeriodClosed => EntryKind.PeriodClosed,
        Entry.OutcomesArchived => EntryKind.OutcomesArchived,
        Entry.DayStarted => EntryKind.DayStarted,
        Entry.TrainingEnded => EntryKind.TrainingEnded,
        Entry.ReservationMade => EntryKind.ReservationMade,
        Entry.ReservationExtended => EntryKind.ReservationExtended,
        Entry.ReservationReleased => EntryKind.ReservationReleased,
        Entry.ReservationExpired => EntryKind.ReservationExpired,
        Entry.DecisionRecorded => EntryKind.DecisionRecorded,
        Entry.CapSet => EntryKind.CapSet,
        Entry.CapRemoved => EntryKind.CapRemoved,
        Entry.TenantPaused => EntryKind.TenantPaused,
        Entry.TenantResumed => EntryKind.TenantResumed,
        Entry.StateChanged => EntryKind.StateChanged,
        Entry.SignalAcknowledged => EntryKind.SignalAcknowledged,
        Entry.DisputeOpened => EntryKind.DisputeOpened,
        Entry.DisputeResolved => EntryKind.DisputeResolved,
        Entry.DetailErased => EntryKind.DetailErased,
        Entry.AgreementLow => EntryKind.AgreementLow,
        Entry.ThresholdSet => EntryKind.ThresholdSet,
        Entry.ThresholdRemoved => EntryKind.ThresholdRemoved,
        Entry.ThresholdCrossed => EntryKind.ThresholdCrossed,
        Entry.ThresholdRearmed => EntryKind.ThresholdRearmed,
        Entry.GrantIssued => EntryKind.GrantIssued,
        Entry.GrantEnded => EntryKind.GrantEnded,
        Entry.GrantExpiring => EntryKind.GrantExpiring,
        Entry.CreditsExhausted => EntryKind.CreditsExhausted,
        Entry.OverageStarted => EntryKind.OverageStarted,
        Entry.OverageAuthorized => EntryKind.OverageAuthorized,
        Entry.AuthorizationWithdrawn => EntryKind.AuthorizationWithdrawn,
        Entry.ChangeScheduled => EntryKind.ChangeScheduled,
        Entry.ChangeWithdrawn => EntryKind.ChangeWithdrawn,
        _ => throw new ArgumentException($"unknown entry {entry.GetType().Name}", nameof(entry)),
    };

    private static Entry ReadBody(EntryKind kind, ref Reader from, Instant at) => kind switch
    {
        EntryKind.TenantCreated => new Entry.TenantCreated(
            from.Text(), Values.Shared(ref from), from.Int(), from.Maybe(Values.ReadTestClock),
            Values.ReadPlanRef(ref from), TermsWire.Read(ref from),
            Values.ReadPeriod(ref from)) { At = at },
        EntryKind.TenantChanged => ReadChanged(ref from, at),
        EntryKind.TermsSet =>
            new Entry.TermsSet(Values.ReadPlanRef(ref from), TermsWire.Read(ref from), from.Time(),
                from.AtEnd ? null : Values.ReadPlanRef(ref from)) { At = at },
        EntryKind.DetailErased => new Entry.DetailErased(from.Number()) { At = at },
        EntryKind.TenantClosed => new Entry.TenantClosed { At = at },
        EntryKind.ClockAdvanced => new Entry.ClockAdvanced { At = at },
        EntryKind.PeriodStarted => new Entry.PeriodStarted(Values.ReadPeriod(ref from)) { At = at },
        EntryKind.PeriodClosed => new Entry.PeriodClosed(
            from.Date(), [.. from.List(Values.ReadLine)], [.. from.List(Values.ReadDraw)],
            [.. from.List(Values.ReadLimit)])
        {
            At = at, InSteps = !from.AtEnd && from.Bool(), IdBits = from.AtEnd ? (byte)0 : from.Byte(),
        },
        EntryKind.OutcomesArchived => new Entry.OutcomesArchived(from.Int()) { At = at },
        EntryKind.DayStarted => new Entry.DayStarted(from.Date(), from.Int()) { At = at },
        EntryKind.TrainingEnded => new Entry.TrainingEnded { At = at },
        EntryKind.OutcomeReported => ReadReported(ref from, at),
        EntryKind.FactReported => new Entry.FactReported(
            Values.ReadEventId(ref from), from.Fixed(), from.Time(), from.Text(), (FactKind)from.Byte(),
            from.MaybeText(), Values.ReadDimensions(ref from),
            from.Maybe(Values.ReadVerification), from.Byte() is var csat and > 0 ? csat
                : null, from.Bool(), from.Maybe(Values.ReadSummary),
            from.MaybeBytes())
        {
            At = at, IsApart = !from.AtEnd && from.Bool(),
            Counts = from.AtEnd ? null : Values.ReadVerdictCount(ref from),
        },
        EntryKind.OutcomeChanged => new Entry.OutcomeChanged(
            from.Text(), (OutcomeStatus)from.Byte(), (Reason)from.Byte(), from.Bool(), from.Time(), from.MaybeTime(),
            ReadEnd(ref from, out var anew),
            from.MaybeText(), from.Maybe(Values.ReadCorrection))
        {
            At = at, Anew = anew, Counted = ReadCounted(ref from),
            Credit = from.AtEnd ? null : Values.ReadCredit(ref from),
            IsNamed = !from.AtEnd && from.Bool(),
        },
        EntryKind.ActivityReported => new Entry.ActivityReported(
            Values.ReadEventId(ref from), from.Fixed(), from.Time(), Values.Shared(ref from), from.Int(),
            from.MaybeText(), Values.ReadDimensions(ref from),
            from.Bool(), from.Date(), from.Bool(), from.MaybeNumber(), from.MaybeBytes())
            { At = at, Customer = from.AtEnd ? 0 : from.Fixed() },
        EntryKind.ReservationMade => new Entry.ReservationMade(
            from.Text(), Values.ReadSubject(ref from), from.Number(), from.Time(), from.Date(), from.Int(),
            Values.ReadDecision(ref from)) { At = at },
        EntryKind.ReservationExtended => new Entry.ReservationExtended(from.Text(), from.Time()) { At = at },
        EntryKind.ReservationReleased => new Entry.ReservationReleased(from.Text()) { At = at },
        EntryKind.ReservationExpired => new Entry.ReservationExpired(from.Text()) { At = at },
        EntryKind.DecisionRecorded =>
            new Entry.DecisionRecorded(Values.ReadQuestion(ref from), Values.ReadDecision(ref from)) { At = at },
        EntryKind.CapSet =>
            new Entry.CapSet(Values.ReadCap(ref from), (Effective)from.Byte(), from.Maybe(Values.ReadCap)) { At = at },
        EntryKind.CapRemoved => new Entry.CapRemoved(Values.ReadCap(ref from)) { At = at },
        EntryKind.TenantPaused => new Entry.TenantPaused(Values.ReadAtLimit(ref from), from.Text()) { At = at },
        EntryKind.TenantResumed => new Entry.TenantResumed { At = at },
        EntryKind.StateChanged => new Entry.StateChanged(
            from.MaybeText(), (LimitState)from.Byte(), (SignalAction)from.Byte(), from.Maybe(Values.ReadScope),
            Values.MaybeLimit(ref from),
            (DecisionReason)from.Byte(), from.Maybe(Values.ReadAtLimit), from.MaybeTime(),
            (LimitState)from.Byte(), from.AtEnd ? null : [.. from.List(Values.ReadStop)],
            from.AtEnd ? null : Values.MaybeLimit(ref from), Alert(ref from)) { At = at },
        EntryKind.SignalAcknowledged => new Entry.SignalAcknowledged(from.Number(), from.Text()) { At = at },
        EntryKind.DisputeOpened => new Entry.DisputeOpened(from.Text(), from.Text(), from.Text(),
            from.AtEnd ? DisputeVia.Unsaid : (DisputeVia)from.Byte()) { At = at },
        EntryKind.DisputeResolved => new Entry.DisputeResolved(Values.ReadDispute(ref from), (DisputeStatus)from.Byte(),
            from.Text(), from.Maybe(Values.ReadCredit)) { At = at },
        EntryKind.AgreementLow => new Entry.AgreementLow(from.Date(), Values.Shared(ref from), from.Number(),
            from.Number(), from.Number()) { At = at },
        EntryKind.ThresholdSet =>
            new Entry.ThresholdSet(Values.ReadThreshold(ref from), from.Maybe(Values.ReadThreshold)) { At = at },
        EntryKind.ThresholdRemoved => new Entry.ThresholdRemoved(Values.ReadThreshold(ref from)) { At = at },
        EntryKind.ThresholdCrossed => new Entry.ThresholdCrossed(
            Values.ReadThreshold(ref from), Values.MaybeLimit(ref from), Values.ReadLimit(ref from),
            from.Date(), Alert(ref from)) { At = at },
        EntryKind.ThresholdRearmed => new Entry.ThresholdRearmed(from.Text(), from.Bool()) { At = at },
        EntryKind.GrantIssued => new Entry.GrantIssued(
            from.Text(), (GrantKind)from.Byte(), from.Money(), from.Int(), from.Time(), from.MaybeTime(),
            from.MaybeMoney(), from.MaybeText(), from.MaybeText(), from.MaybeText(),
            from.AtEnd ? null : from.MaybeText(), from.AtEnd ? 0 : from.Int()) { At = at },
        EntryKind.GrantEnded => new Entry.GrantEnded(from.Text(), from.Money(), from.Bool()) { At = at },
        EntryKind.GrantExpiring =>
            new Entry.GrantExpiring(from.Text(), from.Money(), from.Time(), Alert(ref from)) { At = at },
        EntryKind.CreditsExhausted => new Entry.CreditsExhausted(from.Date(), Alert(ref from)) { At = at },
        EntryKind.OverageStarted =>
            new Entry.OverageStarted(from.MaybeText(), from.Date(), Alert(ref from)) { At = at },
        EntryKind.OverageAuthorized =>
            new Entry.OverageAuthorized(from.Bool(), Values.MaybeLimit(ref from), Before(ref from)) { At = at },
        EntryKind.AuthorizationWithdrawn => new Entry.AuthorizationWithdrawn(Before(ref from)) { At = at },
        EntryKind.ChangeScheduled => new Entry.ChangeScheduled(
            from.Text(), from.Time(), SettingWire.Read(ref from), from.Maybe(SettingWire.ReadScheduled)) { At = at },
        EntryKind.ChangeWithdrawn => new Entry.ChangeWithdrawn(SettingWire.ReadScheduled(ref from)) { At = at },
        _ => throw new FormatException($"entry kind {(byte)kind} is not known"),
    };

    private static Authorization? Before(ref Reader from) =>
        from.AtEnd ? null : TenantState.ReadAuthorization(ref from);

    private static Entry.TenantChanged ReadChanged(ref Reader from, Instant at)
    {
        var changed = new Entry.TenantChanged(from.Text(), Values.Shared(ref from), from.Int()) { At = at };
        if (from.AtEnd) return changed;
        var zone = Values.Shared(ref from);
        changed = changed with { ZoneBefore = zone.Length == 0 ? null : zone };
        return from.AtEnd ? changed
            : changed with { NameBefore = from.MaybeText(), AnchorDayBefore = (int?)from.MaybeNumber() };
    }

    private static WindowEnd ReadEnd(ref Reader from, out bool anew)
    {
        var end = from.Byte();
        anew = (end & SettledAnew) != 0;
        return (WindowEnd)(end & ~SettledAnew);
    }

    private static long Alert(ref Reader from) => from.AtEnd ? 0 : from.Number();

    private static Entry.OutcomeReported ReadReported(ref Reader from, Instant at)
    {
        var id = Values.ReadEventId(ref from);
        return new Entry.OutcomeReported(
            id, from.Fixed(), from.Time(), Values.Shared(ref from), from.TextLike(id.Id), from.Int(),
            (Result)from.Byte(),
            from.MaybeText(), Values.ReadDimensions(ref from), Values.ReadTexts(ref from), from.Bool(), from.Bool(),
            from.Maybe(Values.ReadVerification),
            from.Date(), (OutcomeStatus)from.Byte(), (Reason)from.Byte(), from.Bool(), from.MaybeTime(),
            (WindowEnd)from.Byte(), from.MaybeText(),
            from.MaybeText(), from.Int(), from.MaybeNumber(), from.MaybeBytes())
        {
            At = at,
            Counted = ReadCounted(ref from),
            Customer = from.AtEnd ? 0 : from.Fixed(),
        };
    }

    private static Counted? ReadCounted(ref Reader from)
    {
        if (from.AtEnd) return null;
        var (before, more) = (from.Number(), from.Number());
        if (before < 0) return null;
        return more <= long.MaxValue - before ? new Counted(before, before + more)
            : throw new FormatException("a count is longer than 64 bits");
    }
}
