using System.Runtime.CompilerServices;
using System.Text;

namespace MeteringGateway.Core;

public sealed partial class TenantState
{
    /// <summary>
    /// Folds stored entries in, to the state that <see cref="Apply(Entry)"/> of each makes. Most entries are reports
    /// that differ from the one before in ids and time alone (one type, agent, day and hour, no facts, in no session or
    /// the first of theirs): these go from their bytes into the tables, and what they count as is counted for all of
    /// them together. What does so is compiled in full at once, as a process that has just begun is where journals are
    /// long (docs/decisions/0028-folding.md).
    /// </summary>
    public sealed class Folding(TenantState state)
    {
        private const int LongestText = 512;

        /// <summary>The entry that those of the run are like, with where its parts are.</summary>
        private byte[] _like = [];
        private Range _source, _type, _units, _middle, _end;
        private byte[] _hashed = [];
        private bool _isRun, _hasSession, _hasDetail;
        private byte _closes;
        private Instant _from, _to;
        private OutcomeRow _row;
        private int _place;

        /// <summary>How many there are of the run, but for its first.</summary>
        private int _count;

        /// <summary>So many will come, of which a part may leave again: tables that are empty get their room at once.
        /// </summary>
        /// <param name="events">Reports, facts and activities.</param>
        public void Expect(int outcomes, int events)
        {
            if (state._outcomes is null && outcomes > 0) (state._outcomes = new()).Expect(outcomes);
            if (state._events is null && events > 0) (state._events = new()).Expect(events);
        }

        /// <exception cref="FormatException">The bytes are not an entry of a version known here.</exception>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Take(ReadOnlySpan<byte> entry)
        {
            if (_isRun && TryTake(entry)) return;
            End();
            var read = EntryCodec.Read(entry);
            state.Apply(read);
            _isRun = read is Entry.OutcomeReported reported && TryBegin(reported, entry);
        }

        /// <summary>Until it was said, nobody looks at the state.</summary>
        public void End()
        {
            if (_count > 0) state.CountAgain(state._outcomes![_place], _row.Kind, _count);
            (_count, _isRun) = (0, false);
        }

        /// <summary>Whether others may be like it. It is in the state already.</summary>
        private bool TryBegin(Entry.OutcomeReported e, ReadOnlySpan<byte> entry)
        {
            if (e is not { Actor: null, Customer: 0, Verification: null, ContinuationOf: null, Reservation: null,
                Drawn: 0, Sandbox: false } || e.Reason == Reason.Training
                || state._waiting is { Count: > 0 } || !state.IsSwept || state._stakes is not null) return false;
            var book = state.Book(e.Period)!;
            if (book is not { Rating: null, Demand: null } || !book.Period.Contains(e.Time)) return false;
            _place = state._outcomes!.Places - 1;
            if (!state._outcomes.IsUsual(_place) || IsHandedOff(state._outcomes[_place])
                || (e.Session is not null && state._sessions!.SingleOf(e.Session) != _place)) return false;
            _row = state._outcomes.RowOf(_place);
            var terms = state.TermsIndexAt(e.Time);
            var (hour, day) = (Series.HourOf(e.Time), book.Period.DayOf(e.Time));
            _from = Instant.Max(Series.StartOf(hour), day > 0 ? book.Period.DayEnd(day - 1) : book.Period.Start);
            _to = Instant.Min(Series.StartOf(hour + 1), book.Period.DayEnd(day));
            // Terms that begin within the hour are of few hours.
            foreach (var from in (Instant[])[_from, new(_to.UnixMilliseconds - 1)])
                if (state.TermsIndexAt(from) != terms) return false;
            Part(e, entry);
            return true;
        }

        /// <summary>Finds its parts.</summary>
        private void Part(Entry.OutcomeReported e, ReadOnlySpan<byte> entry)
        {
            if (_like.Length < entry.Length) _like = new byte[entry.Length * 2];
            entry.CopyTo(_like);
            var from = new Reader(entry);
            from.Raw(2);
            from.Time();
            from.Bool();
            var at = from.At;
            var source = from.Block();
            _source = at..from.At;
            if (!_hashed.AsSpan().StartsWith(source) || _hashed.Length != source.Length + 1)
                _hashed = [.. source, 0];
            from.Block();
            from.Fixed();
            from.Time();
            at = from.At;
            from.Block();
            _type = at..from.At;
            from.Block();
            at = from.At;
            from.Int();
            from.Byte();
            _units = at..from.At;
            _hasSession = from.MaybeText() is not null;
            at = from.At;
            Values.ReadDimensions(ref from);
            Values.ReadTexts(ref from);
            from.Raw(3);
            from.Date();
            from.Raw(3);
            _middle = at..from.At;
            _closes = e.ClosesAt is null ? (byte)0 : (byte)1;
            from.MaybeTime();
            at = from.At;
            from.Raw(4); // how its window ended, no outcome that it continues, no reservation, nothing drawn
            _end = at..from.At;
            _hasDetail = e.DetailHash is not null;
        }

        /// <returns>False: it is none of the run, and nothing was done.</returns>
        /// <exception cref="FormatException">The bytes are no entry.</exception>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private bool TryTake(ReadOnlySpan<byte> entry)
        {
            ReadOnlySpan<byte> like = _like;
            var from = new Reader(entry);
            if (!from.Skip(like[..2])) return false;
            var at = new Instant(from.Number());
            if (from.Byte() != 0 || !from.Skip(like[_source])) return false;
            var id = from.Block();
            var fingerprint = from.Fixed();
            var time = new Instant(from.Number());
            if (time.UnixMilliseconds < _from.UnixMilliseconds || time.UnixMilliseconds >= _to.UnixMilliseconds
                || !from.Skip(like[_type])) return false;
            var outcome = from.Block();
            if (!from.Skip(like[_units]) || from.Byte() != (_hasSession ? 1 : 0)) return false;
            var session = _hasSession ? from.Block() : default;
            if (!from.Skip(like[_middle]) || from.Byte() != _closes) return false;
            var closes = _closes == 0 ? OutcomeRow.Never : from.Number() - time.UnixMilliseconds;
            if ((_closes == 1 && closes is < 0 or >= OutcomeRow.Never) || !from.Skip(like[_end])) return false;
            var remaining = from.Bool() ? from.Number() : -1;
            if (from.Byte() != (_hasDetail ? 1 : 0)) return false;
            if (_hasDetail) from.Block();
            if (!from.AtEnd && !IsCountAlone(ref from)) return false;
            if (!IsShort(id) || !IsShort(outcome) || !IsShort(session)) return false;
            var known = _hasSession ? state._outcomes!.HashOf(session) : 0;
            if (_hasSession && state._sessions!.Contains(session, known)) return false;

            state.Sequence++;
            if (at.UnixMilliseconds > state.Now.UnixMilliseconds) state.Now = at;
            var isApart = !id.SequenceEqual(outcome);
            _row.Time = time.UnixMilliseconds;
            _row.ReportedBy = state.Sequence;
            _row.ClosesAfter = (uint)closes;
            var place = state._outcomes!.AddLike(_row, outcome, isApart ? id : default, isApart, session, _hasSession);
            if (_hasSession) state._sessions!.Add(known, place);
            state._bytes += BytesOfRow(outcome.Length + (isApart ? id.Length : 0) + session.Length) + EventBytes
                + (_hasSession ? SingleSessionBytes : 0);
            _count++;
            state._events!.Add(EventId.Hash(_hashed, id), new EventRecord(fingerprint, time, remaining,
                (byte)_row.Status, _row.Reason));
            return true;
        }

        /// <summary>What it counted, which is told and not folded, and then nothing.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static bool IsCountAlone(ref Reader from)
        {
            var (before, more) = (from.Number(), from.Number());
            return (before < 0 || more <= long.MaxValue - before) && (from.AtEnd || from.Fixed() == 0) && from.AtEnd;
        }

        /// <summary>And each of its characters is a byte.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static bool IsShort(ReadOnlySpan<byte> text) => text.Length <= LongestText && Ascii.IsValid(text);
    }

    /// <summary>Counts so many more outcomes like one that was counted, as they were reported.</summary>
    private void CountAgain(Outcome like, int kind, int times)
    {
        var book = Book(like.Period)!;
        book.Count(like, times);
        _outcomes!.Own(kind, times);
        Count(default, PartOf(like), like, times);
        if (like.Session is not null) Begin(Measured!.Of(like.Period), like, times);
    }
}
