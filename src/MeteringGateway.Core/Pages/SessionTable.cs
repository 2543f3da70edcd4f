using System.Collections;
using System.Runtime.CompilerServices;
using System.Text;

namespace MeteringGateway.Core;

/// <summary>
/// Sessions by name. Most have one outcome and nothing else: of such a one only that outcome's place is kept, as its
/// name and its last event are the outcome's.
/// </summary>
internal sealed class SessionTable(OutcomeTable outcomes)
{
    private const int Together = 256;

    private readonly Hashed _single = new();
    private Dictionary<string, Session>? _others;

    /// <summary>Those with nothing since then are forgotten, though they may still be in the table.</summary>
    private Instant _from = Instant.MinValue;
    private ulong _swept;
    private Queue<string>? _forgotten;

    public int Count => SingleCount + Others.Count();

    public int SingleCount => IsSwept ? _single.Count : Single.Count();

    /// <summary>Nothing is in the table that is forgotten.</summary>
    public bool IsSwept => _from == Instant.MinValue;

    /// <summary>Those that are kept as they are, in no order.</summary>
    public IEnumerable<KeyValuePair<string, Session>> Others =>
        (_others ?? Enumerable.Empty<KeyValuePair<string, Session>>()).Where(one => one.Value.LastEvent >= _from);

    /// <summary>
    /// Of those that have one outcome and nothing else, its place; in order, so that whoever looks at them goes through
    /// one page after the other.
    /// </summary>
    public IEnumerable<int> Single
    {
        get
        {
            var there = new BitArray(outcomes.Places);
            foreach (var slot in _single.All()) there[slot.Place] = outcomes.TimeOf(slot.Place) >= _from;
            for (var place = 0; place < there.Length; place++)
                if (there[place]) yield return place;
        }
    }

    public bool Contains(string name) => OtherOf(name) is not null || SingleOf(name) >= 0;

    /// <summary>Also one that is forgotten and still in the table.</summary>
    /// <param name="name">Each of its characters is a byte.</param>
    /// <param name="hash">Its own.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Contains(ReadOnlySpan<byte> name, int hash) =>
        _single.Find(Slot.Spread(hash), new NamedAscii(outcomes, name)).IsUsed
            || (_others is { Count: > 0 } others && others.ContainsKey(Encoding.ASCII.GetString(name)));

    /// <summary>The place of its only outcome; -1: there is more to it, or it is not there.</summary>
    public int SingleOf(string name) =>
        _single.Find(Slot.Spread(outcomes.HashOf(name)), new Named(outcomes, name)).Place is >= 0 and var place
            && outcomes.TimeOf(place) >= _from ? place : -1;

    public Session? OtherOf(string name) =>
        _others?.GetValueOrDefault(name) is { } session && session.LastEvent >= _from ? session : null;

    /// <summary>Forgets those with nothing since then; all that was forgotten before is swept.</summary>
    /// <param name="others">Names of them, but for those with one outcome and nothing else.</param>
    public void Forget(Instant before, Queue<string> others) => (_from, _swept, _forgotten) = (before, 0, others);

    /// <summary>One that begins then can be added only when all that is forgotten is swept.</summary>
    public bool Hides(Instant time) => time < _from;

    /// <summary>Takes out some of what is forgotten.</summary>
    /// <param name="names">Gets those of which there is more than one outcome.</param>
    /// <returns>How many others there were.</returns>
    public int Sweep(List<(string Name, Session Session)> names)
    {
        for (var most = Together; most > 0 && _forgotten!.TryDequeue(out var name); most--)
            if (_others!.TryGetValue(name, out var session) && session.LastEvent < _from)
            {
                _others.Remove(name);
                names.Add((name, session));
            }
        if (_forgotten!.Count > 0) return 0;
        var removed = _single.RemoveSome(ref _swept, slot => outcomes.TimeOf(slot.Place) < _from, out var isLast);
        if (isLast) (_from, _forgotten) = (Instant.MinValue, null);
        return removed;
    }

    /// <summary>It is not there, and the outcome begins it.</summary>
    public void Add(string name, int place) => Add(outcomes.HashOf(name), place);

    /// <param name="hash">Of its name.</param>
    public void Add(int hash, int place) => _single.Add(new Slot(hash, place));

    /// <summary>In the place of the one of that name, if there is one.</summary>
    public void Put(string name, Session session)
    {
        _single.Remove(Slot.Spread(outcomes.HashOf(name)), new Named(outcomes, name));
        (_others ??= new(StringComparer.Ordinal))[name] = session;
    }

    /// <summary>Also one that is forgotten and still in the table.</summary>
    /// <param name="other">If there was more to it than one outcome.</param>
    /// <returns>False: it was not in the table.</returns>
    public bool Remove(string name, out Session? other)
    {
        other = null;
        return _others?.Remove(name, out other) == true
            || _single.Remove(Slot.Spread(outcomes.HashOf(name)), new Named(outcomes, name));
    }

    /// <summary>Those that have one outcome and nothing else, as they are in the table.</summary>
    /// <param name="moves">Where the outcomes are in the snapshot.</param>
    public IEnumerable<bool> WriteSingle(Writer to, OutcomeTable.Moves moves)
    {
        var single = _single.All().Where(slot => outcomes.TimeOf(slot.Place) >= _from);
        return Rows.Write(to, IsSwept ? _single.Count : single.Count(), single.Select(moves.Of));
    }

    /// <summary>Some of these.</summary>
    /// <param name="of">That has read the outcomes.</param>
    /// <param name="left">How many are left; less by those that were read.</param>
    public void ReadSingle(ref Reader from, ref ulong left, OutcomeTable.Reading of)
    {
        if (_single.Count == 0) _single.Expect((int)Math.Min(left, (ulong)outcomes.Count));
        var slots = Rows.Read<Slot>(ref from, ref left);
        if (!of.TakeSessions(slots) || !_single.Add(slots)) throw new FormatException("a session is not its outcome's");
    }

    private readonly struct Named(OutcomeTable outcomes, string name) : IMeant
    {
        private readonly OutcomeTable _outcomes = outcomes;
        private readonly string _name = name;

        public bool Is(in Slot slot) => _outcomes.IsOfSession(slot.Place, _name);
    }

    private readonly ref struct NamedAscii(OutcomeTable outcomes, ReadOnlySpan<byte> name) : IMeant
    {
        private readonly OutcomeTable _outcomes = outcomes;
        private readonly ReadOnlySpan<byte> _name = name;

        public bool Is(in Slot slot) => _outcomes.IsOfSession(slot.Place, _name);
    }
}
