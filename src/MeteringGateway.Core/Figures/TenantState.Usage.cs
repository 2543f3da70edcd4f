using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What was used of what was paid before, what goes beyond it, and where it leads (F1, F2, Q2).</summary>
public sealed partial class TenantState
{
    private ImmutableArray<CommitmentUsage> CommitmentsOf(PeriodBook book)
    {
        var commitments = TermsAt(book.Period.Start).Commitments;
        if (commitments.IsEmpty) return [];
        var used = book.Final?.Committed ?? CommittedIn(book, RatingOf(book));
        var before = CommittedBefore(book);
        return [.. commitments.Select((commitment, i) =>
            new CommitmentUsage(commitment, used[i].With(used[i].Value + before[i])))];
    }

    private Amount CreditsUsed(PeriodBook book) =>
        LinesOn(book).Aggregate(Amount.Zero, (sum, line) => sum + line.Credits);

    private CreditsUsage CreditsNow(Instant now)
    {
        var live = Grants.Where(grant => !grant.Ended && !grant.IsDone).Select(FigureOf).ToImmutableArray();
        var balance = live.Where(grant => grant.EffectiveAt <= now && (grant.ExpiresAt is not { } end || now < end))
            .Aggregate(Amount.Zero, (sum, grant) => sum + grant.Remaining);
        return new CreditsUsage(balance, Worth(balance, Terms), live);
    }

    private OverageUsage OverageOf(PeriodBook book, Instant now)
    {
        var (units, amount) = (0L, Amount.Zero);
        foreach (var line in LinesOn(book).Where(line => line.Kind == LineKind.Overage))
            (units, amount) = (units + line.Quantity, amount + line.Amount);
        var terms = book == Open ? TermsAt(now) : TermsAt(book.Period.Start);
        var rules = terms.OutcomeTypes.Where(type => Pricing.IsGoverned(type, TermsAt(book.Period.Start)))
            .Select(type => (Type: type, Rule: Pricing.RuleOf(type, terms))).ToArray();
        return new OverageUsage(
            terms.Overage?.Bills ?? rules.Any(one => !Pricing.Blocks(one.Rule, one.Type)), units, amount,
            AuthorizedIn(book) is not null || !rules.Any(one => one.Rule.RequiresAuthorization), terms.Overage?.Limit);
    }

    /// <summary>N1: what is still to come is not bounded by anything that was refused.</summary>
    private Forecast? CountableForecastOf(PeriodBook book, Instant now)
    {
        try
        {
            return ForecastOf(book, now) is { } forecast && forecast.Amount.Micros <= Most ? forecast : null;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    /// <summary>
    /// Q2: the units of each type at the present pace, walked after the others; fees grow in proportion.
    /// </summary>
    private Forecast ForecastOf(PeriodBook book, Instant now)
    {
        var spend = SpendOf(book);
        if (book != Open) return new Forecast(LinesOn(book).Sum(line => line.Quantity), spend, []);
        var since = Instant.Max(book.Period.Start, CreatedAt);
        var (gone, ahead) = (Gone(since, now, ADay), Math.Max(0, (book.Period.End - now).Ticks));
        var rating = RatingOf(book);
        var ends = rating.Tail.Copy();
        var (units, more) = (0L, Amount.Zero);
        foreach (var type in Terms.OutcomeTypes.OrderBy(type => type.Id, StringComparer.Ordinal))
        {
            var rates = rating.Rater.RatesOf(TermsIndexAt(now), type.Id);
            var coming = Growth(rating.Tail[rates.Units], gone, ahead);
            units += rating.Tail[rates.Units] + coming;
            var times = new Units(TermsIndexAt(now), type.Id, Pricing.NoClass, coming, now);
            if (coming > 0) more += rating.Rater.Step(ends, times, null);
        }
        foreach (var activity in ActivitiesOf(book)) more += new Amount(Growth(activity.Amount.Micros, gone, ahead));
        var caps = book.Caps.Select(cap => new CapForecast(cap.Cap.Id, ReachedAt(cap, now))).ToImmutableArray();
        return new Forecast(units, spend + more, caps);
    }

    private static readonly TimeSpan ADay = TimeSpan.FromDays(1);
    private static readonly TimeSpan AnHour = TimeSpan.FromHours(1);

    /// <summary>A pace is not taken from less than a while: the first minute says nothing of a month.</summary>
    private static long Gone(Instant since, Instant now, TimeSpan least) => Math.Max((now - since).Ticks, least.Ticks);

    private static long Growth(long sofar, long gone, long ahead) => checked((long)((Int128)sofar * ahead / gone));

    /// <summary>When its exposure, growing as it has, is at the limit; null: not in its period.</summary>
    private Instant? ReachedAt(CapBook cap, Instant now)
    {
        var day = CurrentDay(now);
        var (start, end) = cap.Cap.Period == CapPeriod.BillingPeriod ? (Open.Period.Start, Open.Period.End)
            : (day == 0 ? Open.Period.Start : Open.Period.DayEnd(day - 1), Open.Period.DayEnd(day));
        start = Instant.Max(start, CreatedAt);
        var exposure = ExposureOf(Open, cap, day, now).All;
        var left = cap.Cap.Limit.Value - exposure;
        if (left <= 0) return now;
        var gone = Gone(start, now, cap.Cap.Period == CapPeriod.BillingPeriod ? ADay : AnHour)
            / TimeSpan.TicksPerMillisecond;
        if (exposure <= 0) return null;
        var ahead = ((Int128)left * gone + exposure - 1) / exposure;
        return ahead > (end - now).Ticks / TimeSpan.TicksPerMillisecond ? null
            : new Instant(now.UnixMilliseconds + (long)ahead) is var at && at < end ? at : null;
    }
}
