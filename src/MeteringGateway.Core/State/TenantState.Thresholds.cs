namespace MeteringGateway.Core;

/// <summary>Thresholds, and the levels that they watch (S4).</summary>
public sealed partial class TenantState
{
    private SortedDictionary<string, ThresholdBook>? _thresholds;

    /// <summary>Which of the sets of thresholds that there have been this is. Not part of the state.</summary>
    private int _thresholdsSet;

    internal IEnumerable<ThresholdBook> ThresholdBooks => _thresholds?.Values ?? Enumerable.Empty<ThresholdBook>();

    internal bool HasThresholds => _thresholds is { Count: > 0 };

    internal Threshold? Threshold(string id) => _thresholds?.GetValueOrDefault(id)?.Threshold;

    /// <summary>In order of their ids.</summary>
    public IReadOnlyList<ThresholdFigure> Thresholds(Instant realTime)
    {
        var now = TimeAt(realTime);
        return ThresholdBooks.Select(book =>
        {
            var standing = LevelOf(book.Threshold, now);
            return new ThresholdFigure(book.Threshold, CrossedAt(book, now) is not null, standing?.Level,
                standing?.InForce);
        }).ToArray();
    }

    /// <summary>
    /// What stands in the open period, and the limit that it is a level of; reservations do not count. Null: the
    /// threshold is out of force, as its cap is not there any more or is counted in something else now.
    /// </summary>
    internal (Limit Level, Limit? InForce)? LevelOf(Threshold threshold, Instant now)
    {
        switch (threshold.Of)
        {
            case Measure.Cap when Open.Cap(threshold.Target!) is { } cap && threshold.IsOf(cap.Cap):
                return (cap.Cap.Limit.With(CountedOf(Open, cap, CurrentDay(now))), cap.Cap.Limit);
            case Measure.Included:
                return (this.IncludedUsed(Open, threshold.Target!), this.IncludedUnits(Open, threshold.Target!));
            case Measure.Credits:
                return (Limit.Of(this.CreditsUsed(Open)), Limit.Of(new Amount(Open.CreditsInForce)));
            case Measure.Spend:
                if (SpentAsOf?.Sequence != Sequence) SpentAsOf = new SpendSum(Sequence, this.SpendOf(Open));
                return (Limit.Of(SpentAsOf.Amount), null);
            default:
                return null;
        }
    }

    /// <summary>Where the first threshold of a cap is crossed, in units or millionths (S1).</summary>
    internal long WarnsFrom(CapBook cap)
    {
        if (_thresholds is null) return long.MaxValue;
        if (cap.WarnsFrom is { } known && known.Thresholds == _thresholdsSet && ReferenceEquals(known.Cap, cap.Cap))
            return known.Level;
        var least = long.MaxValue;
        foreach (var book in ThresholdBooks)
            if (book.Threshold.IsOf(cap.Cap))
                least = Math.Min(least, book.Threshold.Level(cap.Cap.Limit.Value));
        cap.WarnsFrom = new WarnLevel(cap.Cap, _thresholdsSet, least);
        return least;
    }

    /// <summary>
    /// The level at which it has alerted in its period, which for one of a daily cap is the day; null: it is armed.
    /// </summary>
    internal long? CrossedAt(ThresholdBook book, Instant now) =>
        (book.CrossedByDay || IsByDay(book.Threshold)) && book.CrossedDay != CurrentDay(now) ? null : book.CrossedAt;

    /// <summary>
    /// The first threshold that was armed again within the last day, is crossed since, and has fallen below its level
    /// (S4).
    /// </summary>
    private Due? Rearming()
    {
        if (!HasThresholds) return null;
        Due? first = null;
        foreach (var book in ThresholdBooks)
        {
            if (book.CrossedAt is null || book.RearmedAt is not { } last) continue;
            var at = Instant.Max(last + ThresholdBook.OnceADay, Now);
            if (at >= Open.Period.End || CrossedAt(book, at) is null) continue; // then its period, or day, begins anew
            if (LevelOf(book.Threshold, Now) is not var (level, inForce)
                || level.Value < book.Threshold.Level(inForce?.Value ?? 0))
                first = Due.Earliest(first, new Due(at, DueKind.Threshold, book.Threshold.Id));
        }
        return first;
    }

    /// <summary>Of a state that was restored: what its thresholds were crossed in.</summary>
    private void FindUnits()
    {
        foreach (var book in ThresholdBooks.Where(book => book.CrossedAt is not null))
            book.InMoney = _told?.Alerts.GetValueOrDefault(Open.Period.Id)
                ?.LastOrDefault(alert => alert.Threshold?.Id == book.Threshold.Id)?.Limit?.IsMoney;
    }

    private bool IsByDay(Threshold threshold) =>
        threshold.Of == Measure.Cap && Open.Cap(threshold.Target!) is { Cap.Period: CapPeriod.Day };

    private void Put(Threshold threshold)
    {
        _thresholds ??= new(StringComparer.Ordinal);
        if (_thresholds.GetValueOrDefault(threshold.Id) is { } had && had.Threshold == threshold) return;
        _thresholds[threshold.Id] = new ThresholdBook(threshold);
        _thresholdsSet++;
    }

    private void RemoveThreshold(string id)
    {
        _thresholds!.Remove(id);
        _thresholdsSet++;
    }

    private void Apply(Entry.ThresholdCrossed e)
    {
        _thresholds![e.Threshold.Id].Cross(e.Threshold.Level(e.InForce?.Value ?? 0), CurrentDay(e.At),
            IsByDay(e.Threshold));
        _thresholds[e.Threshold.Id].InMoney = e.InForce?.IsMoney;
        Raise(e.Alert, e, Alerts.ThresholdCrossed, e.Threshold, null, e.Level, e.InForce, e.Period);
    }

    private void Apply(Entry.ThresholdRearmed e)
    {
        var book = _thresholds![e.Threshold];
        book.CrossedAt = null;
        if (e.RoomCameBack) book.RearmedAt = e.At;
    }

    /// <summary>
    /// As with caps: the new terms' take the place of the old ones', and what the tenant set itself stays.
    /// </summary>
    private void ReplaceThresholds(Terms before, Terms after)
    {
        foreach (var threshold in before.Thresholds)
            if (Threshold(threshold.Id) == threshold && !after.Thresholds.Contains(threshold))
                RemoveThreshold(threshold.Id);
        foreach (var threshold in after.Thresholds)
            if (Threshold(threshold.Id) is null) Put(threshold);
    }
}

/// <summary>A threshold, and whether it has alerted.</summary>
internal sealed class ThresholdBook(Threshold threshold)
{
    /// <summary>How often it is armed again because room came back.</summary>
    public static readonly TimeSpan OnceADay = TimeSpan.FromHours(24);

    public Threshold Threshold { get; } = threshold;
    /// <summary>
    /// The level that was crossed, in units or millionths; null: not yet in this period, or it is armed again.
    /// </summary>
    public long? CrossedAt { get; set; }
    /// <summary>Local day of the period on which it was.</summary>
    public int CrossedDay { get; set; }
    /// <summary>It was of a daily cap, so that the day's end arms it again, even if the cap has gone since.</summary>
    public bool CrossedByDay { get; set; }
    /// <summary>
    /// Whether the limit that it was crossed of was in money; null: of none. It follows from the alert that was raised,
    /// so it is in no snapshot.
    /// </summary>
    public bool? InMoney { get; set; }
    /// <summary>When it was last armed again because room came back.</summary>
    public Instant? RearmedAt { get; set; }

    public void Cross(long at, int day, bool byDay) => (CrossedAt, CrossedDay, CrossedByDay) = (at, day, byDay);

    public void BeginAnew() => CrossedAt = null;
}

/// <param name="Sequence">Of the entry as of which it is.</param>
internal sealed record SpendSum(long Sequence, Amount Amount);
