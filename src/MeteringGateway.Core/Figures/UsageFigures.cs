using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What a period counted: what was used, of what, and what it came to (F1, F2, F4).</summary>
public static class UsageFigures
{
    /// <summary>Null: no such period.</summary>
    /// <param name="period">Null: the open one.</param>
    /// <param name="realTime">Now, for when a daily cap resets; a tenant on a test clock lives by its own.</param>
    public static Usage? Usage(this TenantState state, DateOnly? period, Instant realTime = default)
    {
        if (state.BookOf(period) is not { } book) return null;
        var now = state.TimeAt(realTime);
        return new Usage(
            book.Period, book.Status, state.State, state.Sequence, state.Terms.Currency,
            [.. TypesOf(state, book).Select(type => Of(state, book, type))], ActivitiesOf(book),
            [.. book.Caps.Select(cap => Of(state, book, cap, now))], IncludedOf(state, book),
            CommitmentsOf(state, book),
            CreditsOf(state, now), OverageOf(state, book, now), state.SpendOf(book), Levels.TakenBack(book),
            StatementFigures.Of(state, book).Total, ForecastFigures.Of(state, book, now));
    }

    /// <summary>A line for each type that the plan has, and for each that was counted.</summary>
    private static IEnumerable<TypeBook> TypesOf(TenantState state, PeriodBook book) =>
        state.TermsAt(book.Period.Start).OutcomeTypes.Select(type => type.Id)
        .Concat(book.Status == PeriodStatus.Open ? state.Terms.OutcomeTypes.Select(type => type.Id) : [])
        .Concat(book.Types.Select(type => type.Id)).Distinct().Order(StringComparer.Ordinal)
        .Select(id => book.Types.Find(counted => counted.Id == id) ?? new TypeBook(id));

    private static TypeUsage Of(TenantState state, PeriodBook book, TypeBook type) => new(
        type.Id, type.Pending + type.Settled + type.Credited + (type.NonBillable?.Values.Sum() ?? 0), type.Pending,
        type.Settled,
        state.Reservations.Where(held => held.Period == book.Period.Id && held.Subject.What == type.Id
            && !held.Subject.IsActivity).Sum(held => held.Remaining),
        type.Credited, type.NonBillable?.ToImmutableSortedDictionary() ?? ImmutableSortedDictionary<Reason, long>.Empty,
        Lines.OfOutcomes(state, book, type.Id).Sum());

    internal static ImmutableArray<ActivityUsage> ActivitiesOf(PeriodBook book) =>
        [.. (book.Activities ?? []).GroupBy(activity => activity.Key.Activity, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new ActivityUsage(group.Key, group.Sum(activity => activity.Value),
                group.Aggregate(Amount.Zero, (sum, activity) => sum + activity.Key.Fee * activity.Value)))];

    private static CapUsage Of(TenantState state, PeriodBook book, CapBook cap, Instant now)
    {
        var day = book == state.Open ? state.CurrentDay(now) : book.Period.Days.Length - 1;
        var exposure = state.ExposureOf(book, cap, day, now).All;
        return new CapUsage(cap.Cap, cap.Cap.Limit.With(exposure),
            cap.Cap.Limit.With(Math.Max(0, cap.Cap.Limit.Value - exposure)), cap.State,
            cap.Cap.Period == CapPeriod.Day ? book.Period.DayEnd(day) : book.Period.End);
    }

    private static ImmutableArray<IncludedUsage> IncludedOf(TenantState state, PeriodBook book) =>
        [.. state.TermsAt(book.Period.Start).OutcomeTypes.Where(type => type.IncludedUnits > 0)
            .Select(type => new IncludedUsage(type.Id, type.IncludedUnits, state.IncludedUsed(book, type.Id)))];

    private static ImmutableArray<CommitmentUsage> CommitmentsOf(TenantState state, PeriodBook book)
    {
        var commitments = state.TermsAt(book.Period.Start).Commitments;
        if (commitments.IsEmpty) return [];
        var used = book.Final?.Committed ?? state.CommittedIn(book, state.RatingOf(book));
        var before = state.CommittedBefore(book);
        return [.. commitments.Select((commitment, i) =>
            new CommitmentUsage(commitment, used[i].With(used[i].Value + before[i])))];
    }

    private static CreditsUsage CreditsOf(TenantState state, Instant now)
    {
        var live = state.Grants.Where(grant => !grant.Ended && !grant.IsDone).Select(state.FigureOf).ToImmutableArray();
        var balance = live.Where(grant => grant.EffectiveAt <= now && (grant.ExpiresAt is not { } end || now < end))
            .Aggregate(Amount.Zero, (sum, grant) => sum + grant.Remaining);
        return new CreditsUsage(balance, state.Terms.Worth(balance), live);
    }

    private static OverageUsage OverageOf(TenantState state, PeriodBook book, Instant now)
    {
        var lines = Lines.OfOutcomes(state, book).Where(line => line.Kind == LineKind.Overage).ToArray();
        var atStart = state.TermsAt(book.Period.Start);
        var terms = book == state.Open ? state.TermsAt(now) : atStart;
        var rules = terms.OutcomeTypes.Where(type => Pricing.IsGoverned(type, atStart))
            .Select(type => (Type: type, Rule: Pricing.RuleOf(type, terms))).ToArray();
        var units = lines.Sum(line => line.Quantity);
        return new OverageUsage(
            rules.Length > 0 ? rules.Any(one => !Pricing.Blocks(one.Rule, one.Type)) : units > 0,
            units, lines.Sum(),
            state.AuthorizedIn(book) is not null || !rules.Any(one => one.Rule.RequiresAuthorization),
            Lower(terms.Overage?.Limit, rules.Any(one => one.Rule.RequiresAuthorization)
                ? state.AuthorizedIn(book)?.Limit : null),
            NothingPrepaid: rules.Length == 0 && units == 0);
    }

    /// <summary>Of a rule's limit and what was authorised; where they are counted in two things, the rule's.</summary>
    private static Limit? Lower(Limit? own, Limit? given) => own is not { } rule ? given
        : given is { } less && less.IsMoney == rule.IsMoney && less.Value < rule.Value ? less : rule;
}
