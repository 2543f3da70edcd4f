using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// What a closing comes to that grows with the period's outcomes: every outcome's charges, and which leave memory. It
/// is worked out in steps ahead of the entry, as nothing else happens to a tenant of which a closing is due; where
/// something did, or entries are folded, it is worked out anew, in one go if need be. Derived: nobody sees anything of
/// it before the entry is there.
/// </summary>
public sealed partial class TenantState
{
    private ClosingWork? Underway
    {
        get => _rare?.Closing;
        set { if (value is not null || _rare is not null) Rarely.Closing = value; }
    }

    /// <summary>Does a part of what is to be known before a period may be closed at a time.</summary>
    /// <param name="left">How much may be done, in looks at a row; less by what was.</param>
    /// <returns>False: there is more to do.</returns>
    internal bool Prepare(PeriodBook book, Instant at, ref int left)
    {
        if (Underway?.IsOf(book, at, Sequence) != true)
            Underway = new ClosingWork(this, book, at, Sequence, LeavesInSteps, IdFilter.BitsPerId);
        return Underway.GoOn(ref left);
    }

    /// <summary>The same, all that is left of it, for an entry that has been counted already.</summary>
    private ClosingWork Prepared(PeriodBook book, Entry.PeriodClosed e)
    {
        var work = Underway;
        Underway = null;
        if (work?.IsOf(book, e.At, Sequence - 1) != true || work.InSteps != e.InSteps || work.IdBits != e.IdBits)
            work = new ClosingWork(this, book, e.At, Sequence - 1, e.InSteps, e.IdBits);
        var all = int.MaxValue;
        while (!work.GoOn(ref all)) all = int.MaxValue;
        return work;
    }

    /// <param name="sequence">Of the last entry before the closing.</param>
    private sealed class ClosingWork(TenantState state, PeriodBook book, Instant at, long sequence, bool inSteps,
        byte idBits)
    {
        /// <summary>What it costs to look at a row, to rate it, to hash its id, and a step of sweeping,
        /// about.</summary>
        public const int OfLook = 1, OfWalk = 16, OfHash = 32, OfSweep = 1 << 15;

        /// <summary>Rated in one step.</summary>
        public const int Together = 64;

        private readonly TenantState _state = state;
        private readonly PeriodBook _book = book;
        private readonly OutcomeTable _outcomes = state._outcomes ??= new();
        private readonly Instant _forgets = state.SessionsForgottenBy(at);
        private readonly List<int> _leaving = [];
        private readonly SortedSet<(long ReportedBy, int Place)> _aliases = [];
        private IEnumerator<int>? _steps;

        public bool InSteps => inSteps;
        public byte IdBits => idBits;
        public bool IsDone { get; private set; }

        /// <summary>Places of those that leave memory, in the order in which they do.</summary>
        public Queue<int> Leaving { get; } = new();

        /// <summary>Names of sessions that are forgotten, but for those with one outcome and nothing else.</summary>
        public Queue<string> Sessions { get; } = new();

        /// <summary>The filter of their ids; null: none leaves.</summary>
        public byte[]? Ids { get; private set; }

        /// <summary>What the walk came to.</summary>
        public ClosedWalk Walk { get; private set; } = null!;

        public bool IsOf(PeriodBook asked, Instant when, long after) =>
            asked == _book && when == at && after == sequence;

        public bool GoOn(ref int left)
        {
            _steps ??= Steps().GetEnumerator();
            while (!IsDone && left > 0)
                if (_steps.MoveNext()) left -= _steps.Current;
                else IsDone = true;
            return IsDone;
        }

        /// <summary>What each has cost, about, in looks at a row.</summary>
        private IEnumerable<int> Steps()
        {
            while (!_state.Sweep()) yield return OfSweep;
            foreach (var cost in _state.RateInSteps(_book)) yield return cost;
            foreach (var cost in Fix(_state.RatingOf(_book))) yield return cost;
            foreach (var (name, session) in _state._sessions?.Others ?? [])
            {
                if (session.LastEvent < _forgets) Sessions.Enqueue(name);
                yield return OfLook;
            }
            foreach (var cost in FindLeaving()) yield return cost;
            foreach (var cost in PutInOrder()) yield return cost;
        }

        /// <summary>Every outcome's charges are fixed, and the walk is kept for corrections.</summary>
        private IEnumerable<int> Fix(PeriodRating rating)
        {
            _outcomes.Hide(_book.Period.Id);
            var counters = new Tally();
            var units = new List<Units>();
            var before = 0L;
            var charges = ImmutableArray.CreateBuilder<Charge>(1);
            for (var i = 0; i < rating.Length; i++)
            {
                var (place, rated) = rating[i];
                rating.Step(counters, rated, charges);
                _outcomes.Fix(place, charges.DrainToImmutable(), before);
                before += rated.Quantity;
                var row = rating.Rater.UnitsOf(rated);
                if (units.Count > 0 && IsSameRow(units[^1], row, rating.Rater.Grants))
                    units[^1] = units[^1] with { Quantity = units[^1].Quantity + row.Quantity };
                else units.Add(row);
                yield return OfWalk;
            }
            // Walked from the beginning once more, it comes to what was kept up: else nothing of it is to be believed.
            if (!Shift.Between(counters, rating.Tail).IsNothing)
                throw new InvalidOperationException(
                    $"the rating of {_book.Period.Id:O} is not what its outcomes come to");
            Walk = new ClosedWalk([.. units], [.. rating.Rater.Grants.Select(room => room with { Slot = -1 })],
                rating.Rater.CommittedBefore, []);
            for (var place = 0; place < _outcomes.Places; place++)
            {
                if (_outcomes.PeriodAt(place) == _book.Period.Id && !_outcomes.IsRated(place)
                    && !_outcomes.IsAlias(place)) _outcomes.Fix(place, [], 0);
                yield return OfLook;
            }
        }

        /// <summary>I4: what nothing can refer to any more, and is not about to leave already.</summary>
        private IEnumerable<int> FindLeaving()
        {
            HashSet<int>? before = null;
            foreach (var place in _state._archived?.Leaving ?? [])
            {
                (before ??= []).Add(place);
                yield return OfLook;
            }
            for (var place = 0; place < _outcomes.Places; place++)
            {
                if (_outcomes.PeriodAt(place) is { } period && IsClosed(period) && before?.Contains(place) != true
                    && HasPassed(place))
                {
                    // What continued an outcome stands behind it; the order of the rest is kept.
                    if (_outcomes.IsUsual(place) || !_outcomes[place].IsAlias) _leaving.Add(place);
                    else _aliases.Add(((_state.Root(_outcomes[place]) ?? _outcomes[place]).ReportedBy, place));
                }
                yield return OfLook;
            }
        }

        private bool IsClosed(DateOnly period) => period == _book.Period.Id
            || _state.Book(period)!.Status == PeriodStatus.Closed;

        /// <summary>Its session is forgotten, and so is what it continues.</summary>
        private bool HasPassed(int place)
        {
            if (_outcomes.IsUsual(place) && !_outcomes.HasSession(place)) return true;
            // A session is remembered at least as long after its outcome: most are seen to stay without being made.
            if (_outcomes.HasSession(place) && _outcomes.TimeOf(place) >= _forgets) return false;
            var outcome = _outcomes[place];
            return (outcome.Session is not { } name || _state.SessionNamed(name) is not { } session
                    || session.LastEvent < _forgets)
                && (_state.Root(outcome) is not { } root || IsClosed(root.Period));
        }

        private IEnumerable<int> PutInOrder()
        {
            if (_leaving.Count + _aliases.Count is not (> 0 and var count)) yield break;
            Leaving.EnsureCapacity(count);
            Ids = IdFilter.NewLayer(count, idBits);
            using var aliases = _aliases.GetEnumerator();
            var isMore = aliases.MoveNext();
            foreach (var place in _leaving)
            {
                for (; isMore && aliases.Current.ReportedBy < _outcomes.ReportedBy(place); isMore = aliases.MoveNext())
                {
                    Leave(aliases.Current.Place);
                    yield return OfHash;
                }
                Leave(place);
                yield return OfHash;
            }
            for (; isMore; isMore = aliases.MoveNext())
            {
                Leave(aliases.Current.Place);
                yield return OfHash;
            }
        }

        private void Leave(int place)
        {
            Leaving.Enqueue(place);
            IdFilter.Put(Ids!, idBits, _outcomes.IdAt(place));
        }
    }
}
