namespace MeteringGateway.Core;

public sealed partial class TenantState
{
    /// <summary>
    /// Makes a state of its snapshot, piece by piece as <see cref="SnapshotPieces"/> gave them, or in one: whoever has
    /// many can let others have their turn between.
    /// </summary>
    public sealed class Restoring
    {
        private delegate void Item(Restoring to, ref Reader from);

        /// <summary>What a snapshot has of each kind, one after the other; sections follow.</summary>
        private static readonly Item[] Kinds =
        [
            .. Beginning(),
            One((to, ref from) => to.Table.Key(ref from)),
            One((to, ref from) => to.Demand(to.Table.Kind(ref from))),
            One((to, ref from) => to.Table.Charges(ref from)),
            (to, ref from) => to.Table.Page(ref from, ref to._left),
            One((to, ref from) => to.Demand(OutcomeKind.Of(to.Table.Whole(ref from)))),
            (to, ref from) => to.Table.Ids(ref from, ref to._left),
            (to, ref from) => to.Table.Changed(ref from, ref to._left),
            (to, ref from) => to.Sessions.ReadSingle(ref from, ref to._left, to.Table),
            One((to, ref from) => to._state.ReadSession(ref from, ref to._near)),
            (to, ref from) => (to._readEvents ??= new(to.Events)).Read(ref from, ref to._left),
            .. End(),
        ];

        /// <summary>The same of version 3, in which outcomes, sessions and events were lists.</summary>
        private static readonly Item[] ListKinds =
        [
            .. Beginning(),
            One((to, ref from) => to.Outcomes.Add(OutcomeWire.Read(ref from))),
            One((to, ref from) => to._state.ReadSession(ref from, ref to._near)),
            One((to, ref from) => { var (key, record) = ReadEvent(ref from);
                to.Events.Add(key, record); }),
            .. End(),
        ];

        private readonly TenantState _state = new();
        private readonly List<Signal> _signals = [];
        private Item[] _kinds = Kinds;
        private OutcomeTable.Reading? _read;
        private EventTable.Reading? _readEvents;
        private int _kind;
        private int _near;
        private ulong _left = 1;

        /// <exception cref="FormatException">The bytes are not the next piece of a snapshot.</exception>
        public void Take(ReadOnlySpan<byte> piece)
        {
            try
            {
                Read(piece);
            }
            catch (Exception e) when (IsOfBytes(e))
            {
                throw new FormatException($"the bytes are no snapshot: {e.Message}", e);
            }
        }

        /// <summary>What was put together of bytes that are none of a snapshot may break off in any way.</summary>
        private static bool IsOfBytes(Exception failure) =>
            failure is not (FormatException or OutOfMemoryException);

        private void Read(ReadOnlySpan<byte> piece)
        {
            var from = new Reader(piece);
            while (!from.AtEnd)
            {
                if (_left > 0)
                {
                    _kinds[_kind](this, ref from);
                }
                else if (_kind < _kinds.Length - 1)
                {
                    _kind++;
                    _left = from.Unsigned();
                }
                else TakeSection(ref from);
            }
        }

        private OutcomeTable Outcomes => _state._outcomes ??= new();
        private SessionTable Sessions => _state._sessions ??= new(Outcomes);
        private OutcomeTable.Reading Table => _read ??= new(Outcomes);

        private EventTable Events => _state._events ??= new();

        /// <summary>Its type, its terms and its period are there.</summary>
        private void Demand(OutcomeKind kind)
        {
            if ((uint)kind.Terms >= (uint)_state._terms.Count
                || _state._terms[kind.Terms].Terms.Type(kind.Type) is null || _state.Book(kind.Period) is null)
                throw new FormatException("an outcome is of nothing that was agreed");
        }

        /// <exception cref="FormatException">There are pieces missing.</exception>
        public TenantState Done()
        {
            if (_left > 0 || _kind < _kinds.Length - 1) throw new FormatException("the bytes end early");
            try
            {
                EndLists();
                if (_kinds == Kinds) _read?.End();
                else _state._outcomes?.FindChanged();
                _state.CountAnew(_read?.BytesOfRows);
                _state.FindDisputes();
                _state.FindUnits();
            }
            catch (Exception e) when (IsOfBytes(e))
            {
                throw new FormatException($"the bytes are no snapshot: {e.Message}", e);
            }
            return _state;
        }

        private void ReadHead(ref Reader from)
        {
            var version = from.Byte();
            if (version == CanonicalVersion) _kinds = ListKinds;
            else if (version != SnapshotVersion)
                throw new FormatException($"snapshot version {version} is not known");
            (_state.Sequence, _state.Now, _state.Name) = (from.Number(), from.Time(), from.Text());
            (_state.Zone, _state.AnchorDay, _state.CreatedAt) = (Values.Shared(ref from), from.Int(), from.Time());
            (_state.ClosedAt, _state.TestClock) = (from.MaybeTime(), from.Maybe(Values.ReadTestClock));
            (_state.Trained, _state.Paused) = (from.Number(), from.Bool() ? ReadPaused(ref from) : null);
        }

        /// <summary>What takes one of those that are left.</summary>
        private static Item One(Item item) => (to, ref from) =>
        {
            item(to, ref from);
            to._left--;
        };

        private static Item[] Beginning() =>
        [
            One((to, ref from) => to.ReadHead(ref from)),
            One((to, ref from) => { var at = from.Time(); to._state._terms.Add(new TermsInForce(at,
                Values.ReadPlanRef(ref from), TermsWire.Read(ref from))); }),
            One((to, ref from) => to._state._books.Add(ReadBook(ref from))),
        ];

        private static Item[] End() =>
        [
            One((to, ref from) => (to._state._waiting ??= []).Add(from.Text(),
                [.. from.List((ref r) => new WaitingFact(Values.ReadFact(ref r), r.Time()))])),
            One((to, ref from) => to.Add(ReadReservation(ref from))),
            One((to, ref from) => to._signals.Add(ReadSignal(ref from))),
            One((to, ref from) => (to._state._archived ??= new IdFilter()).AddCoarse(from.Bytes())),
            One((to, ref from) => to.Add(ReadGrant(ref from))),
            One((to, ref from) => to._state.Authorization = ReadAuthorization(ref from)),
            One((to, ref from) => { var threshold = ReadThreshold(ref from); (to._state._thresholds
                ??= new(StringComparer.Ordinal)).Add(threshold.Threshold.Id, threshold); }),
        ];

        private void Add(Reservation held)
        {
            (_state._reservations ??= new(Ids.InOrder)).Add(held.Id, held);
            _state._due.Enqueue(new Due(held.ExpiresAt, DueKind.Reservation, held.Id));
        }

        private void Add(Grant grant)
        {
            (_state._grants ??= []).Add(grant);
            _state.Watch(grant);
        }

        /// <summary>Sections rest on what came before them.</summary>
        private void TakeSection(ref Reader from)
        {
            EndLists();
            var section = Sections.Read(ref from, out var tag);
            _state.ReadSection(tag, ref section);
        }

        private void EndLists()
        {
            if (_signals.Count > 0) (_state._told = new ToldBook()).Restore([.. _signals]);
            _signals.Clear();
            _state._grants?.Sort(Core.Grant.Order);
        }
    }
}
