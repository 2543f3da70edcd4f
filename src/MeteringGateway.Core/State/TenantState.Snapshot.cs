using System.Security.Cryptography;

namespace MeteringGateway.Core;

/// <summary>
/// A state as bytes: equal states give equal bytes, so what has no order of its own is written in order of its keys.
/// What can be worked out (timers, ratings) is not written.
/// </summary>
public sealed partial class TenantState
{
    private const byte SnapshotVersion = 3;

    public byte[] Snapshot()
    {
        var to = new Writer();
        to.Byte(SnapshotVersion); to.Number(Sequence); to.Time(Now); to.Text(Name); to.Text(Zone); to.Number(AnchorDay);
        to.Time(CreatedAt);
        to.MaybeTime(ClosedAt); to.Maybe(TestClock, Values.Write); to.Number(Trained);
        to.Bool(Paused is not null);
        if (Paused is { } paused) { to.Time(paused.At); to.Maybe(paused.Actor, Values.Write); Values.Write(to,
            paused.Action); to.Text(paused.Reason); }
        to.List(_terms, (w, t) => { w.Time(t.From); Values.Write(w, t.Plan); TermsWire.Write(w, t.Terms); });
        to.List(_books, WriteBook);
        to.List(Sorted(_outcomes?.Values, o => o.ReportedBy), OutcomeWire.Write);
        to.List(Sorted(_sessions, s => s.Key), WriteSession);
        to.List(Sorted(_events, e => e.Key), WriteEvent);
        to.List(Sorted(_waiting, w => w.Key), (w, facts) =>
        {
            w.Text(facts.Key);
            w.List(facts.Value, (w, fact) => { Values.Write(w, fact.Fact); w.Time(fact.Until); });
        });
        to.List(_reservations?.Values ?? (IReadOnlyCollection<Reservation>)[], WriteReservation);
        to.List(_told?.Signals ?? (IReadOnlyCollection<Signal>)[], WriteSignal);
        to.List(_archived?.Layers ?? [], (w, layer) => w.Bytes(layer));
        to.List(Grants.OrderBy(grant => grant.Id, Ids.InOrder).ToArray(), WriteGrant);
        to.Maybe(Authorization, WriteAuthorization);
        to.List(_thresholds?.Values ?? (IReadOnlyCollection<ThresholdBook>)[], WriteThreshold);
        if (_scheduled is not null)
        {
            var section = new Writer();
            section.List(_scheduled, SettingWire.Write);
            Sections.Write(to, Sections.Schedule, section);
        }
        if (HasToldOrRaised)
        {
            var section = new Writer();
            WriteToldAndRaised(section);
            Sections.Write(to, Sections.Signals, section);
        }
        WritePacks(to);
        WriteLeaving(to);
        return to.Written.ToArray();
    }

    /// <summary>
    /// SHA-256 of <see cref="Snapshot"/>: the same on every machine, live, replayed, or from a snapshot and what
    /// followed.
    /// </summary>
    public byte[] Digest() => SHA256.HashData(Snapshot());

    /// <exception cref="FormatException">The bytes are not a snapshot of a version known here.</exception>
    public static TenantState Restore(ReadOnlySpan<byte> snapshot)
    {
        var from = new Reader(snapshot);
        if (from.Byte() is var version and not SnapshotVersion)
            throw new FormatException($"snapshot version {version} is not known");
        var state = new TenantState
        {
            Sequence = from.Number(), Now = from.Time(), Name = from.Text(), Zone = Values.Shared(ref from),
            AnchorDay = from.Int(),
            CreatedAt = from.Time(), ClosedAt = from.MaybeTime(), TestClock = from.Maybe(Values.ReadTestClock),
            Trained = from.Number(),
            Paused = from.Bool() ? ReadPaused(ref from) : null,
        };
        state._terms.AddRange(
            from.List(
                (ref r) => { var at = r.Time(); return new TermsInForce(at, Values.ReadPlanRef(ref r),
                    TermsWire.Read(ref r)); }));
        state._books.AddRange(from.List(ReadBook));
        foreach (var outcome in from.List(OutcomeWire.Read)) { (state._outcomes ??= [])
            .Add(outcome.Id, outcome); state.Watch(outcome); }
        foreach (var (name, session) in from.List(ReadSession)) (state._sessions ??= []).Add(name, session);
        foreach (var (key, record) in from.List(ReadEvent)) (state._events ??= []).Add(key, record);
        foreach (var (id, facts) in from.List((ref r) =>
            (r.Text(), r.List((ref r) => new WaitingFact(Values.ReadFact(ref r), r.Time())))))
            (state._waiting ??= []).Add(id, [.. facts]);
        foreach (var held in from.List(ReadReservation))
        {
            (state._reservations ??= new(Ids.InOrder)).Add(held.Id, held);
            state._due.Enqueue(new Due(held.ExpiresAt, DueKind.Reservation, held.Id));
        }
        if (from.List(ReadSignal) is { Length: > 0 } signals) (state._told = new ToldBook()).Restore(signals);
        if (from.List((ref r) => r.Bytes()) is { Length: > 0 } layers)
            state._archived = new IdFilter { Layers = [.. layers], Coarse = layers.Length };
        foreach (var grant in from.List(ReadGrant)) { (state._grants ??= []).Add(grant); state.Watch(grant); }
        state._grants?.Sort(Core.Grant.Order);
        state.Authorization = from.Maybe(ReadAuthorization);
        foreach (var threshold in from.List(ReadThreshold))
            (state._thresholds ??= new(StringComparer.Ordinal)).Add(threshold.Threshold.Id, threshold);
        while (!from.AtEnd)
        {
            var section = Sections.Read(ref from, out var tag);
            state.ReadSection(tag, ref section);
        }
        state.CountFacts();
        return state;
    }

    private void ReadSection(byte tag, ref Reader from)
    {
        switch (tag)
        {
            case Sections.Schedule: _scheduled = [.. from.List(SettingWire.ReadScheduled)]; break;
            case Sections.Money: ReadPacks(ref from); break;
            case Sections.Leaving: _archived!.Leaving = new(from.List((ref r) => r.Text())); break;
            case Sections.ArchivedIds: _archived!.Coarse = from.Int(); break;
            case Sections.Signals: ReadToldAndRaised(ref from); break;
            default: throw new FormatException($"the snapshot has a section {tag}, which is not known");
        }
        if (!from.AtEnd) throw new FormatException($"the snapshot's section {tag} has bytes left over");
    }

    private static T[] Sorted<T, TKey>(IEnumerable<T>? values, Func<T, TKey> key) =>
        values is null ? [] : typeof(TKey) == typeof(string)
            ? [.. values.OrderBy(value => (string)(object)key(value)!, StringComparer.Ordinal)]
            : [.. values.OrderBy(key)];

    private static Entry.TenantPaused ReadPaused(ref Reader from)
    {
        var (at, actor) = (from.Time(), from.Maybe(Values.ReadActor));
        return new Entry.TenantPaused(Values.ReadAtLimit(ref from), from.Text()) { At = at, Actor = actor };
    }

    private static void WriteSession(Writer to, KeyValuePair<string, Session> session)
    {
        to.Text(session.Key); to.Time(session.Value.LastEvent);
        to.List(session.Value.Activities ?? [], (w, time) => w.Time(time));
        to.List(session.Value.Outcomes, (w, id) => w.Text(id));
    }

    private static (string, Session) ReadSession(ref Reader from)
    {
        var name = from.Text();
        var session = new Session { LastEvent = from.Time(), Activities = NullIfEmpty(from.List((ref r) => r.Time())) };
        foreach (var id in from.List((ref r) => r.Text())) session.AddOutcome(id);
        return (name, session);
    }

    private static List<T>? NullIfEmpty<T>(T[] items) => items.Length == 0 ? null : [.. items];

    private static void WriteEvent(Writer to, KeyValuePair<UInt128, EventRecord> e)
    {
        to.Fixed((ulong)(e.Key >> 64)); to.Fixed((ulong)e.Key); to.Fixed(e.Value.Fingerprint); to.Time(e.Value.Time);
        to.Number(e.Value.Remaining);
        to.Byte(e.Value.Status); to.Byte((byte)e.Value.Reason);
    }

    private static (UInt128, EventRecord) ReadEvent(ref Reader from) => (
        new UInt128(from.Fixed(), from.Fixed()),
        new EventRecord(from.Fixed(), from.Time(), from.Number(), from.Byte(), (Reason)from.Byte()));

    private static void WriteReservation(Writer to, Reservation r)
    {
        to.Text(r.Id); Values.Write(to, r.Subject); to.Number(r.Quantity); to.Number(r.Remaining); to.Time(r.ExpiresAt);
        to.Date(r.Period); to.Number(r.Day);
    }

    private static Reservation ReadReservation(ref Reader from) =>
        new(from.Text(), Values.ReadSubject(ref from), from.Number(), from.Number(), from.Time(), from.Date(),
            from.Int());

    private static void WriteSignal(Writer to, Signal s)
    {
        to.Number(s.Sequence); to.Time(s.At); to.Byte((byte)s.Action); to.Byte((byte)s.State); to.MaybeText(s.Cap);
        to.Maybe(s.Scope, Values.Write);
        Values.Write(to, s.Limit); to.Byte((byte)s.Reason); to.Maybe(s.Handoff, Values.Write); to.MaybeTime(s.ResetsAt);
    }

    private static Signal ReadSignal(ref Reader from) => new(
        from.Number(), from.Time(), (SignalAction)from.Byte(), (LimitState)from.Byte(), from.MaybeText(),
        from.Maybe(Values.ReadScope),
        Values.MaybeLimit(ref from), (DecisionReason)from.Byte(), from.Maybe(Values.ReadAtLimit), from.MaybeTime(),
        null);
}
