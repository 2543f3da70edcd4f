using System.Security.Cryptography;

namespace MeteringGateway.Core;

/// <summary>
/// A state as bytes: equal states give equal bytes, so what has no order of its own is written in order of its keys.
/// What can be worked out (timers, ratings) is not written.
/// </summary>
public sealed partial class TenantState
{
    /// <summary>Of the canonical bytes; snapshots had it too, whose outcomes were a list of encoded ones.</summary>
    private const byte CanonicalVersion = 3;

    /// <summary>Of snapshots, which have tables as they are in memory.</summary>
    private const byte SnapshotVersion = 4;

    /// <summary>The state for <see cref="Restore"/>: <see cref="SnapshotPieces"/> in one.</summary>
    /// <exception cref="InvalidOperationException">It is larger than one array can be.</exception>
    public byte[] Snapshot()
    {
        var to = new Writer();
        foreach (var _ in Write(to, inOrder: false)) { }
        WriteMeasures(to);
        return to.Written.ToArray();
    }

    private Writer Canonical()
    {
        var to = new Writer();
        foreach (var _ in Write(to, inOrder: true)) { }
        return to;
    }

    /// <summary>
    /// The state in pieces for a <see cref="Restoring"/>, each made when it is asked for, of at least
    /// <paramref name="size"/> bytes but the last: whole items, and no more. Tables are as they are in memory, and what
    /// has no order of its own is in any; behind it are figures that follow from the entries (Q1, Q3). The state must
    /// not change meanwhile.
    /// </summary>
    public IEnumerable<byte[]> SnapshotPieces(int size)
    {
        var to = new Writer();
        foreach (var _ in Write(to, inOrder: false))
        {
            if (to.Written.Length < size) continue;
            yield return to.Written.ToArray();
            to.Clear();
        }
        WriteMeasures(to);
        if (to.Written.Length > 0) yield return to.Written.ToArray();
    }

    /// <summary>Writes one item after the other: after each a piece may end. The flags say nothing.</summary>
    /// <param name="inOrder">The canonical bytes; else a snapshot's.</param>
    private IEnumerable<bool> Write(Writer to, bool inOrder)
    {
        WriteHead(to, inOrder ? CanonicalVersion : SnapshotVersion);
        foreach (var _ in Each(to, _terms, (w, t) => { w.Time(t.From); Values.Write(w, t.Plan);
            TermsWire.Write(w, t.Terms); })) yield return true;
        foreach (var _ in Each(to, _books, WriteBook)) yield return true;
        foreach (var _ in inOrder ? WriteInOrder(to) : WriteTables(to)) yield return true;
        foreach (var _ in Each(to, Listed(_waiting, inOrder, w => w.Key), WriteWaiting)) yield return true;
        foreach (var _ in Each(to, _reservations?.Values ?? (IReadOnlyCollection<Reservation>)[], WriteReservation))
            yield return true;
        foreach (var _ in Each(to, _told?.Signals ?? (IReadOnlyCollection<Signal>)[], WriteSignal)) yield return true;
        foreach (var _ in Each(to, _archived?.Layers ?? [], (w, layer) => w.Bytes(layer))) yield return true;
        foreach (var _ in Each(to, Grants.OrderBy(grant => grant.Id, Ids.InOrder).ToArray(), WriteGrant))
            yield return true;
        to.Maybe(Authorization, WriteAuthorization);
        foreach (var _ in Each(to, _thresholds?.Values ?? (IReadOnlyCollection<ThresholdBook>)[], WriteThreshold))
            yield return true;
        foreach (var _ in WriteSections(to)) yield return true;
    }

    private IEnumerable<bool> WriteInOrder(Writer to)
    {
        to.Unsigned((ulong)(_outcomes?.Count ?? 0));
        foreach (var outcome in _outcomes?.All ?? [])
        {
            OutcomeWire.Write(to, outcome);
            yield return true;
        }
        foreach (var _ in Each(to, Sorted(AllSessions, one => one.Name),
            (w, one) => WriteSession(w, one.Name, one.Session))) yield return true;
        foreach (var _ in Each(to, Sorted(_events?.All, e => e.Key), (w, e) => WriteEvent(w, e.Key, e.Record)))
            yield return true;
    }

    private IEnumerable<bool> WriteTables(Writer to)
    {
        var outcomes = _outcomes ?? new();
        var moves = new OutcomeTable.Moves(outcomes);
        foreach (var _ in outcomes.Write(to, moves)) yield return true;
        foreach (var _ in (_sessions ?? new(outcomes)).WriteSingle(to, moves)) yield return true;
        foreach (var _ in Each(to, _sessions?.Others.ToArray() ?? [], (w, one) => WriteSession(w, one.Key, one.Value)))
            yield return true;
        foreach (var _ in (_events ?? new()).Write(to)) yield return true;
    }

    private void WriteHead(Writer to, byte version)
    {
        to.Byte(version); to.Number(Sequence); to.Time(Now); to.Text(Name); to.Text(Zone); to.Number(AnchorDay);
        to.Time(CreatedAt);
        to.MaybeTime(ClosedAt); to.Maybe(TestClock, Values.Write); to.Number(Trained);
        to.Bool(Paused is not null);
        if (Paused is { } paused) { to.Time(paused.At); to.Maybe(paused.Actor, Values.Write); Values.Write(to,
            paused.Action); to.Text(paused.Reason); }
    }

    private IEnumerable<bool> WriteSections(Writer to)
    {
        if (_scheduled is not null)
        {
            var section = new Writer();
            section.List(_scheduled, SettingWire.Write);
            Sections.Write(to, Sections.Schedule, section);
            yield return true;
        }
        if (HasToldOrRaised)
        {
            var section = new Writer();
            WriteToldAndRaised(section);
            Sections.Write(to, Sections.Signals, section);
            yield return true;
        }
        WritePacks(to);
        yield return true;
        WriteLeaving(to);
        yield return true;
        WriteDisputes(to);
    }

    private static IEnumerable<bool> Each<T>(Writer to, IReadOnlyCollection<T> values, Action<Writer, T> write)
    {
        to.Unsigned((ulong)values.Count);
        foreach (var value in values)
        {
            write(to, value);
            yield return true;
        }
    }

    /// <summary>
    /// SHA-256 of the canonical bytes: the same on every machine, live, replayed, or from a snapshot and what
    /// followed.
    /// </summary>
    public byte[] Digest() => SHA256.HashData(Canonical().Written);

    /// <exception cref="FormatException">The bytes are not a snapshot of a version known here.</exception>
    public static TenantState Restore(ReadOnlySpan<byte> snapshot)
    {
        var restoring = new Restoring();
        restoring.Take(snapshot);
        return restoring.Done();
    }

    private void ReadSection(byte tag, ref Reader from)
    {
        switch (tag)
        {
            case Sections.Schedule: _scheduled = [.. from.List(SettingWire.ReadScheduled)]; break;
            case Sections.Money: ReadPacks(ref from); break;
            case Sections.Leaving:
                _archived!.Leaving = new(from.List((ref r) => _outcomes!.PlaceOf(r.Text()))); break;
            case Sections.ArchivedIds: _archived!.Coarse = from.Int(); break;
            case Sections.Signals: ReadToldAndRaised(ref from); break;
            case Sections.Disputes: ReadDisputes(ref from); break;
            case Sections.Measures: ReadMeasures(ref from); break;
            default: throw new FormatException($"the snapshot has a section {tag}, which is not known");
        }
        if (!from.AtEnd) throw new FormatException($"the snapshot's section {tag} has bytes left over");
    }

    private static IReadOnlyCollection<T> Listed<T, TKey>(IReadOnlyCollection<T>? values, bool inOrder,
        Func<T, TKey> key) => inOrder ? Sorted(values, key) : values ?? [];

    private static T[] Sorted<T, TKey>(IEnumerable<T>? values, Func<T, TKey> key) =>
        values is null ? [] : typeof(TKey) == typeof(string)
            ? [.. values.OrderBy(value => (string)(object)key(value)!, StringComparer.Ordinal)]
            : [.. values.OrderBy(key)];

    private static Entry.TenantPaused ReadPaused(ref Reader from)
    {
        var (at, actor) = (from.Time(), from.Maybe(Values.ReadActor));
        return new Entry.TenantPaused(Values.ReadAtLimit(ref from), from.Text()) { At = at, Actor = actor };
    }

    private static void WriteWaiting(Writer to, KeyValuePair<string, List<WaitingFact>> facts)
    {
        to.Text(facts.Key);
        to.List(facts.Value, (w, fact) => { Values.Write(w, fact.Fact); w.Time(fact.Until); });
    }

    private static void WriteSession(Writer to, string name, Session session)
    {
        to.Text(name); to.Time(session.LastEvent);
        to.List(session.Activities ?? [], (w, time) => w.Time(time));
        to.List(session.Outcomes, (w, id) => w.Text(id));
    }

    /// <param name="near">Where its outcome probably is; moves behind it.</param>
    private void ReadSession(ref Reader from, ref int near)
    {
        var name = from.Text();
        var session = new Session { LastEvent = from.Time(), Activities = NullIfEmpty(from.List((ref r) => r.Time())) };
        var ids = from.List((ref r) => r.Text());
        var outcomes = _outcomes ??= new();
        _sessions ??= new(outcomes);
        if (ids is [var only] && session.Activities is null && outcomes.PlaceOf(only, near) is >= 0 and var place
            && outcomes.TimeOf(place) == session.LastEvent)
        {
            _sessions.Add(name, place);
            near = place + 1;
        }
        else
        {
            foreach (var id in ids) session.AddOutcome(id);
            _sessions.Put(name, session);
        }
    }

    private static List<T>? NullIfEmpty<T>(T[] items) => items.Length == 0 ? null : [.. items];

    private static void WriteEvent(Writer to, UInt128 key, in EventRecord e)
    {
        to.Fixed((ulong)(key >> 64)); to.Fixed((ulong)key); to.Fixed(e.Fingerprint); to.Time(e.Time);
        to.Number(e.Remaining);
        to.Byte(e.Status); to.Byte((byte)e.Reason);
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
