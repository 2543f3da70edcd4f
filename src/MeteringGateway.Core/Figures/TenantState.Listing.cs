using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>Some of the outcomes in memory, in order.</summary>
/// <param name="Next">The cursor to go on from; null: there are no more.</param>
public sealed record OutcomeStep(IReadOnlyList<OutcomeFigure> Outcomes, long? Next);

public sealed partial class TenantState
{
    /// <summary>Outcomes that one step looks at, whether or not they pass the filter.</summary>
    public const int MostLooked = 4_096;

    /// <summary>
    /// Outcomes in memory that pass the filter: by first sequence below <paramref name="cursor"/>, highest first; with
    /// <see cref="OutcomeFilter.ChangedAfter"/> by last sequence above it, lowest first. A bounded step: there may be
    /// more though there are fewer than <paramref name="limit"/>.
    /// </summary>
    public OutcomeStep Outcomes(OutcomeFilter filter, long? cursor, int limit)
    {
        if (_outcomes is null) return new OutcomeStep([], null);
        var items = filter.ChangedAfter is { } after ? _outcomes.ChangedAfter(Math.Max(after, cursor ?? 0))
            : _outcomes.ReportedBefore(cursor ?? long.MaxValue);
        var (page, looked, next) = (new List<Outcome>(), 0, (long?)null);
        foreach (var outcome in items)
        {
            if (Passes(outcome, filter)) page.Add(outcome);
            if (page.Count < limit && ++looked < MostLooked) continue;
            next = filter.ChangedAfter is null ? outcome.ReportedBy : outcome.LastSequence;
            break;
        }
        return new OutcomeStep(Figures(page), next);
    }

    internal OutcomeFigure FigureOf(Outcome outcome) => Figures([outcome])[0];

    private OutcomeFigure[] Figures(List<Outcome> outcomes)
    {
        var charged = new Dictionary<DateOnly, Charged>();
        foreach (var outcome in outcomes)
            if (outcome.Charges is null && outcome.IsRated)
            {
                if (!charged.TryGetValue(outcome.Period, out var period))
                    charged[outcome.Period] = period = new Charged(this, Book(outcome.Period)!);
                period.Add(outcome);
            }
        foreach (var period in charged.Values) period.Walk();
        return [.. outcomes.Select(outcome => outcome.Figure(outcome.Charges
            ?? (outcome.IsRated ? charged[outcome.Period].Of(outcome) : []), TypeOf(outcome)))];
    }

    /// <summary>
    /// How some outcomes of a period that is not closed are charged: those whose price depends on no other by
    /// themselves, the others by one walk.
    /// </summary>
    private sealed class Charged(TenantState state, PeriodBook book)
    {
        private readonly Rater _rater = new(state.TermsAt(book.Period.Start), index => state._terms[index].Terms,
            state.CommittedBefore(book));
        private readonly Dictionary<string, ImmutableArray<Charge>> _charges = new(StringComparer.Ordinal);
        private readonly List<Outcome> _walked = [];

        public void Add(Outcome outcome)
        {
            if (!_rater.RatesOf(outcome.Terms, outcome.Type).IsFlat)
            {
                _walked.Add(outcome);
                return;
            }
            var charges = ImmutableArray.CreateBuilder<Charge>(1);
            _rater.Step(new Tally(), _rater.UnitsOf(RatedOutcome.Of(outcome)), charges);
            _charges[outcome.Id] = charges.DrainToImmutable();
        }

        public void Walk()
        {
            if (_walked.Count > 0) state.RatingOf(book).ChargesOf(_walked, _charges);
        }

        public ImmutableArray<Charge> Of(Outcome outcome) => _charges.GetValueOrDefault(outcome.Id, []);
    }

    private static bool Passes(Outcome outcome, OutcomeFilter filter) =>
        !outcome.IsAlias
        && (filter.Period is null || outcome.Period == filter.Period)
        && (filter.Status is null || outcome.Status == filter.Status)
        && (filter.OutcomeType is null || outcome.Type == filter.OutcomeType)
        && (filter.Reason is null || outcome.Reason == filter.Reason)
        && (filter.Session is null || outcome.Session == filter.Session);
}
