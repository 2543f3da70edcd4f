using System.Buffers;

namespace MeteringGateway.Core;

/// <summary>
/// The stored form of entries: version, kind, time, actor, then the kind's members in the order of the record.
/// Described in <c>docs/journal.md</c>; a journal written by an older version stays readable for good.
/// </summary>
public static partial class EntryCodec
{
    private const byte Version = 2;

    [ThreadStatic] private static Writer? _scratch;

    public static void Write(IBufferWriter<byte> to, Entry entry)
    {
        var writer = _scratch ??= new Writer();
        writer.Clear();
        writer.Byte(Version);
        writer.Byte((byte)KindOf(entry));
        writer.Time(entry.At);
        writer.Maybe(entry.Actor, Values.Write);
        WriteBody(writer, entry);
        to.Write(writer.Written);
    }

    /// <exception cref="FormatException">The bytes are not an entry of a version known here.</exception>
    public static Entry Read(ReadOnlySpan<byte> bytes)
    {
        var from = new Reader(bytes);
        if (from.Byte() is var version and not Version)
            throw new FormatException($"entry version {version} is not known here");
        var kind = (EntryKind)from.Byte();
        var at = from.Time();
        var actor = from.Maybe(Values.ReadActor);
        var entry = ReadBody(kind, ref from, at) with { Actor = actor };
        return from.AtEnd ? entry : throw new FormatException($"a {kind} entry has bytes left over");
    }

    /// <summary>What kind of entry the bytes are, by their beginning alone; 0: of none that is known here.</summary>
    public static EntryKind KindOf(ReadOnlySpan<byte> bytes) =>
        bytes is [Version, var kind, ..] ? (EntryKind)kind : default;

    /// <summary>The name of an entry's kind, in snake_case: <c>outcome_reported</c>.</summary>
    public static string Name(Entry entry) => Snake.Case(KindOf(entry).ToString());

    private static void WriteBody(Writer to, Entry entry)
    {
        switch (entry)
        {
            case Entry.TenantCreated e:
                to.Text(e.Name); to.Text(e.Zone); to.Number(e.AnchorDay); to.Maybe(e.TestClock, Values.Write);
                Values.Write(to, e.Plan);
                TermsWire.Write(to, e.Terms); Values.Write(to, e.Period);
                break;
            case Entry.TenantChanged e:
                to.Text(e.Name); to.Text(e.Zone); to.Number(e.AnchorDay);
                if (e.NameBefore is null && e.AnchorDayBefore is null)
                {
                    if (e.ZoneBefore is not null) to.Text(e.ZoneBefore);
                    break;
                }
                to.Text(e.ZoneBefore ?? ""); to.MaybeText(e.NameBefore); to.MaybeNumber(e.AnchorDayBefore);
                break;
            case Entry.TermsSet e: Values.Write(to, e.Plan); TermsWire.Write(to, e.Terms); to.Time(e.From);
                if (e.Before is { } plan) Values.Write(to, plan);
                break;
            case Entry.DetailErased e: to.Number(e.Events); break;
            case Entry.PeriodStarted e: Values.Write(to, e.Period); break;
            case Entry.PeriodClosed e: to.Date(e.Period); to.List(e.Lines, Values.Write);
                to.List(e.Draws, Values.Write); to.List(e.Committed, Values.Write);
                if (e.InSteps || e.IdBits > 0) to.Bool(e.InSteps);
                if (e.IdBits > 0) to.Byte(e.IdBits);
                break;
            case Entry.OutcomesArchived e: to.Number(e.Count); break;
            case Entry.DayStarted e: to.Date(e.Period); to.Number(e.Day); break;
            case Entry.OutcomeReported e: WriteReported(to, e); break;
            case Entry.FactReported e:
                Values.Write(to, e.Id); to.Fixed(e.Fingerprint); to.Time(e.Time); to.Text(e.OutcomeId);
                to.Byte((byte)e.Kind); to.MaybeText(e.Session);
                Values.Write(to, e.Dimensions); to.Maybe(e.Verification, Values.Write); to.Byte(e.Csat ?? 0);
                to.Bool(e.Waits);
                to.Maybe(e.Outcome, Values.Write); to.MaybeBytes(e.DetailHash);
                if (e.IsApart) to.Bool(true);
                if (e.Counts is { } counts) Values.Write(to, counts);
                break;
            case Entry.OutcomeChanged e:
                to.Text(e.OutcomeId); to.Byte((byte)e.Status); to.Byte((byte)e.Reason); to.Bool(e.Admitted);
                to.Time(e.Opened);
                to.MaybeTime(e.ClosesAt); to.Byte((byte)((byte)e.End | (e.Anew ? SettledAnew : 0)));
                to.MaybeText(e.ContinuationOf);
                to.Maybe(e.Correction, Values.Write);
                Write(to, e.Counted);
                if (e.Credit is not { } credit) break;
                if (e.Counted is null) { to.Number(-1); to.Number(0); } // no units are below 0: there are none
                Values.Write(to, credit);
                if (e.IsNamed) to.Bool(true);
                break;
            case Entry.ActivityReported e:
                Values.Write(to, e.Id); to.Fixed(e.Fingerprint); to.Time(e.Time); to.Text(e.Activity);
                to.Number(e.Quantity); to.MaybeText(e.Session);
                Values.Write(to, e.Dimensions); to.Bool(e.HandedOff); to.Date(e.Period); to.Bool(e.BeyondCap);
                to.MaybeNumber(e.Remaining);
                to.MaybeBytes(e.DetailHash);
                if (e.Customer != 0) to.Fixed(e.Customer);
                break;
            case Entry.ReservationMade e:
                to.Text(e.Reservation); Values.Write(to, e.Subject); to.Number(e.Quantity); to.Time(e.ExpiresAt);
                to.Date(e.Period); to.Number(e.Day);
                Values.Write(to, e.Answer);
                break;
            case Entry.ReservationExtended e: to.Text(e.Reservation); to.Time(e.ExpiresAt); break;
            case Entry.ReservationReleased e: to.Text(e.Reservation); break;
            case Entry.ReservationExpired e: to.Text(e.Reservation); break;
            case Entry.DecisionRecorded e: Values.Write(to, e.Question); Values.Write(to, e.Decision); break;
            case Entry.CapSet e: Values.Write(to, e.Cap); to.Byte((byte)e.Effective); to.Maybe(e.Before, Values.Write);
                break;
            case Entry.CapRemoved e: Values.Write(to, e.Before); break;
            case Entry.TenantPaused e: Values.Write(to, e.Action); to.Text(e.Reason); break;
            case Entry.StateChanged e:
                to.MaybeText(e.Cap); to.Byte((byte)e.State); to.Byte((byte)e.Action); to.Maybe(e.Scope, Values.Write);
                Values.Write(to, e.Limit);
                to.Byte((byte)e.Reason); to.Maybe(e.Handoff, Values.Write); to.MaybeTime(e.ResetsAt);
                to.Byte((byte)e.Before);
                if (e.Stops is { } stops) { to.List(stops, Values.Write); Values.Write(to, e.Used);
                    to.Number(e.Alert); }
                break;
            case Entry.SignalAcknowledged e: to.Number(e.Signal); to.Text(e.Agent); break;
            case Entry.DisputeOpened e: to.Text(e.Dispute); to.Text(e.OutcomeId); to.Text(e.Reason);
                if (e.Via != DisputeVia.Unsaid) to.Byte((byte)e.Via);
                break;
            case Entry.DisputeResolved e: Values.Write(to, e.Before); to.Byte((byte)e.Status); to.Text(e.Note);
                to.Maybe(e.Credit, Values.Write);
                break;
            case Entry.AgreementLow e: to.Date(e.Period); to.Text(e.OutcomeType); to.Number(e.Agreed);
                to.Number(e.Total); to.Number(e.Alert);
                break;
            default: WriteFundingAndChanges(to, entry); break;
        }
    }

    private static void WriteReported(Writer to, Entry.OutcomeReported e)
    {
        Values.Write(to, e.Id); to.Fixed(e.Fingerprint); to.Time(e.Time); to.Text(e.OutcomeType); to.Text(e.OutcomeId);
        to.Number(e.Quantity);
        to.Byte((byte)e.Result); to.MaybeText(e.Session); Values.Write(to, e.Dimensions);
        Values.Write(to, e.CriteriaMet); to.Bool(e.HandedOff);
        to.Bool(e.Sandbox); to.Maybe(e.Verification, Values.Write); to.Date(e.Period); to.Byte((byte)e.Status);
        to.Byte((byte)e.Reason);
        to.Bool(e.Admitted); to.MaybeTime(e.ClosesAt); to.Byte((byte)e.End); to.MaybeText(e.ContinuationOf);
        to.MaybeText(e.Reservation);
        to.Number(e.Drawn); to.MaybeNumber(e.Remaining); to.MaybeBytes(e.DetailHash);
        Write(to, e.Counted);
        if (e.Customer != 0) to.Fixed(e.Customer);
    }

    /// <summary>Beside how a window ended, in one byte.</summary>
    private const byte SettledAnew = 128;

    // Absent from the entries of before it was kept, which are written back as they were.
    private static void Write(Writer to, Counted? counted)
    {
        if (counted is not { } units) return;
        to.Number(units.Before);
        to.Number(units.After - units.Before);
    }

    private static void WriteFundingAndChanges(Writer to, Entry entry)
    {
        switch (entry)
        {
            case Entry.ThresholdSet e: Values.Write(to, e.Threshold); to.Maybe(e.Before, Values.Write); break;
            case Entry.ThresholdRemoved e: Values.Write(to, e.Before); break;
            case Entry.ThresholdCrossed e: Values.Write(to, e.Threshold); Values.Write(to, e.InForce);
                Values.Write(to, e.Level); to.Date(e.Period); Number(to, e.Alert); break;
            case Entry.ThresholdRearmed e: to.Text(e.Threshold); to.Bool(e.RoomCameBack); break;
            case Entry.GrantIssued e:
                to.Text(e.Grant); to.Byte((byte)e.Kind); to.Money(e.Amount); to.Number(e.Priority);
                to.Time(e.EffectiveAt); to.MaybeTime(e.ExpiresAt);
                to.MaybeMoney(e.Price); to.MaybeText(e.Note); to.MaybeText(e.Key); to.MaybeText(e.From);
                if (e.Pack is not null) { to.MaybeText(e.Pack); to.Number(e.Quantity); }
                break;
            case Entry.GrantEnded e: to.Text(e.Grant); to.Money(e.Taken); to.Bool(e.Voided); break;
            case Entry.GrantExpiring e: to.Text(e.Grant); to.Money(e.Left); to.Time(e.ExpiresAt);
                Number(to, e.Alert); break;
            case Entry.CreditsExhausted e: to.Date(e.Period); Number(to, e.Alert); break;
            case Entry.OverageStarted e: to.MaybeText(e.OutcomeType); to.Date(e.Period); Number(to, e.Alert); break;
            case Entry.OverageAuthorized e: to.Bool(e.Standing); Values.Write(to, e.Limit); Before(to, e.Before);
                break;
            case Entry.AuthorizationWithdrawn e: Before(to, e.Before); break;
            case Entry.ChangeScheduled e:
                to.Text(e.Change); to.Time(e.EffectiveAt); SettingWire.Write(to, e.Setting);
                to.Maybe(e.Before, SettingWire.Write);
                break;
            case Entry.ChangeWithdrawn e: SettingWire.Write(to, e.Before); break;
        }
    }

    // Absent where nothing was authorised, and from the entries of before this was kept.
    private static void Before(Writer to, Authorization? before)
    {
        if (before is { } authorization) TenantState.WriteAuthorization(to, authorization);
    }

    // Absent from the entries of before alerts were kept, which are written back as they were.
    private static void Number(Writer to, long alert)
    {
        if (alert > 0) to.Number(alert);
    }
}
