using System.Collections;

namespace MeteringGateway.Core;

/// <summary>
/// Sessions by name. Most have one outcome and nothing else: of such a one only that outcome's place is kept, as its
/// name and its last event are the outcome's.
/// </summary>
internal sealed class SessionTable(OutcomeTable outcomes)
{
    private readonly Hashed<Slot> _single = new();
    private Dictionary<string, Session>? _others;

    public int Count => _single.Count + (_others?.Count ?? 0);

    /// <summary>Those that are kept as they are, in no order.</summary>
    public IReadOnlyCollection<KeyValuePair<string, Session>> Others =>
        _others ?? (IReadOnlyCollection<KeyValuePair<string, Session>>)[];

    /// <summary>
    /// Of those that have one outcome and nothing else, its place; in order, so that whoever looks at them goes through
    /// one page after the other.
    /// </summary>
    public IEnumerable<int> Single
    {
        get
        {
            var there = new BitArray(outcomes.Places);
            foreach (var slot in _single.All()) there[slot.Place] = true;
            for (var place = 0; place < there.Length; place++)
                if (there[place]) yield return place;
        }
    }

    /// <inheritdoc cref="Hashed{T}.Expect"/>
    public void Expect(int count) => _single.Expect(count);

    public bool Contains(string name) => _others?.ContainsKey(name) == true || SingleOf(name) >= 0;

    /// <summary>The place of its only outcome; -1: there is more to it, or it is not there.</summary>
    public int SingleOf(string name) => _single.Find(Slot.Spread(HashOf(name)), new Named(outcomes, name)).Place;

    public Session? OtherOf(string name) => _others?.GetValueOrDefault(name);

    /// <summary>It is not there, and the outcome begins it.</summary>
    public void Add(string name, int place) => _single.Add(new Slot(HashOf(name), place));

    /// <summary>In the place of the one of that name, if there is one.</summary>
    public void Put(string name, Session session)
    {
        _single.Remove(Slot.Spread(HashOf(name)), new Named(outcomes, name));
        (_others ??= new(StringComparer.Ordinal))[name] = session;
    }

    public bool Remove(string name) => _others?.Remove(name) == true
        || _single.Remove(Slot.Spread(HashOf(name)), new Named(outcomes, name));

    private static int HashOf(string name) => name.GetHashCode(StringComparison.Ordinal);

    private readonly struct Named(OutcomeTable outcomes, string name) : IMeant<Slot>
    {
        private readonly OutcomeTable _outcomes = outcomes;
        private readonly string _name = name;

        public bool Is(in Slot slot) => _outcomes.IsOfSession(slot.Place, _name);
    }
}
