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
            (to, ref from) => to.ReadHead(ref from),
            (to, ref from) => { var at = from.Time(); to._state._terms.Add(new TermsInForce(at,
                Values.ReadPlanRef(ref from), TermsWire.Read(ref from))); },
            (to, ref from) => to._state._books.Add(ReadBook(ref from)),
            (to, ref from) => to.Add(OutcomeWire.Read(ref from)),
            (to, ref from) => to._state.ReadSession(ref from, ref to._near),
            (to, ref from) => { var (key, record) = ReadEvent(ref from);
                (to._state._events ??= new()).Add(key, record); },
            (to, ref from) => (to._state._waiting ??= []).Add(from.Text(),
                [.. from.List((ref r) => new WaitingFact(Values.ReadFact(ref r), r.Time()))]),
            (to, ref from) => to.Add(ReadReservation(ref from)),
            (to, ref from) => to._signals.Add(ReadSignal(ref from)),
            (to, ref from) => (to._state._archived ??= new IdFilter()).AddCoarse(from.Bytes()),
            (to, ref from) => to.Add(ReadGrant(ref from)),
            (to, ref from) => to._state.Authorization = ReadAuthorization(ref from),
            (to, ref from) => { var threshold = ReadThreshold(ref from); (to._state._thresholds
                ??= new(StringComparer.Ordinal)).Add(threshold.Threshold.Id, threshold); },
        ];

        /// <summary>Which of the kinds they are; sessions and events follow.</summary>
        private const int Outcomes = 3;
        private const int MostExpected = 1 << 26;

        private readonly TenantState _state = new();
        private readonly List<Signal> _signals = [];
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
                    Kinds[_kind](this, ref from);
                    _left--;
                }
                else if (_kind < Kinds.Length - 1)
                {
                    _kind++;
                    _left = from.Unsigned();
                    Expect((int)Math.Min(_left, MostExpected));
                }
                else TakeSection(ref from);
            }
        }

        /// <summary>What there are many of gets its room at once.</summary>
        private void Expect(int count)
        {
            if (count == 0) return;
            if (_kind == Outcomes) (_state._outcomes ??= new()).Expect(count);
            if (_kind == Outcomes + 1) (_state._sessions ??= new(_state._outcomes ??= new())).Expect(count);
            if (_kind == Outcomes + 2) (_state._events ??= new()).Expect(count);
        }

        /// <exception cref="FormatException">There are pieces missing.</exception>
        public TenantState Done()
        {
            if (_left > 0 || _kind < Kinds.Length - 1) throw new FormatException("the bytes end early");
            try
            {
                EndLists();
                _state._outcomes?.FindChanged();
                _state.CountAnew();
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
            if (from.Byte() is var version and not SnapshotVersion)
                throw new FormatException($"snapshot version {version} is not known");
            (_state.Sequence, _state.Now, _state.Name) = (from.Number(), from.Time(), from.Text());
            (_state.Zone, _state.AnchorDay, _state.CreatedAt) = (Values.Shared(ref from), from.Int(), from.Time());
            (_state.ClosedAt, _state.TestClock) = (from.MaybeTime(), from.Maybe(Values.ReadTestClock));
            (_state.Trained, _state.Paused) = (from.Number(), from.Bool() ? ReadPaused(ref from) : null);
        }

        private void Add(Outcome outcome)
        {
            (_state._outcomes ??= new()).Add(outcome);
        }

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
