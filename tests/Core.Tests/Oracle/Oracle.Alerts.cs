namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>Thresholds and the alerts that are built in (S4; 0004, 24 to 26).</summary>
internal sealed partial class Oracle
{
    private static readonly TimeSpan OnceADay = TimeSpan.FromHours(24);
    private readonly Dictionary<string, Threshold> _thresholds = [];
    private readonly Dictionary<string, Crossing> _crossed = [];
    private readonly Dictionary<string, Instant> _roomCameBack = [];
    private readonly HashSet<(DateOnly, string)> _overageStarted = [];
    private Amount _creditsAtStart;
    private DateOnly? _exhaustedIn;

    /// <summary>What is told to those outside, in order.</summary>
    public List<ExpectedAlert> Alerts { get; } = [];
    public IReadOnlyDictionary<string, Threshold> Thresholds => _thresholds;

    private sealed record Crossing(DateOnly Period, int Day, bool ByDay, long At, bool? InMoney);

    public (long? Level, long? InForce) LevelOf(Threshold threshold) => LevelOf(threshold, Standing());

    public bool IsCrossed(string threshold) => _crossed.ContainsKey(threshold);

    // What stands, and what is in force; no level, where there is no such cap, or one in something else.
    private (long? Level, long? InForce) LevelOf(Threshold threshold, FundingWalk standing) => threshold.Of switch
    {
        Measure.Cap => _caps.TryGetValue(threshold.Target!, out var cap) && IsCountedAs(threshold, cap)
            ? (Level(cap, standing), cap.Limit.Value) : (null, null),
        Measure.Included => (standing.IncludedUsed(Open, threshold.Target!),
            TermsAt(Open.Start).Type(threshold.Target!)?.IncludedUnits ?? 0),
        Measure.Credits => (CreditsUsed(Open, standing).Micros, (_creditsAtStart + _issued).Micros),
        _ => (SpendIn(Open, standing).Micros, null),
    };

    private static bool IsCountedAs(Threshold threshold, Cap cap) =>
        threshold.At is not { } at || at.IsMoney == cap.Limit.IsMoney;

    // Rounded up; null: never.
    private static long? At(Threshold threshold, long? inForce)
    {
        if (threshold.At is { } at) return at.Value;
        return inForce is > 0 ? (long)(((Int128)inForce.Value * threshold.Percent!.Value + 99) / 100) : null;
    }

    private void UpdateThresholds(FundingWalk standing)
    {
        foreach (var threshold in _thresholds.Values.OrderBy(one => one.Id, StringComparer.Ordinal))
        {
            if (_crossed.TryGetValue(threshold.Id, out var last) && HasPassed(threshold, last))
                _crossed.Remove(threshold.Id);
            var (level, inForce) = LevelOf(threshold, standing);
            var at = (level is null ? null : At(threshold, inForce)) ?? long.MaxValue;
            if (_crossed.TryGetValue(threshold.Id, out var crossed)) Rearm(threshold, crossed, level ?? 0, at);
            else if (level >= at)
            {
                _crossed[threshold.Id] = new Crossing(Open.Id, Today, IsByDay(threshold), at, IsInMoney(threshold));
                Alerts.Add(new ExpectedAlert.Crossed(threshold.Id, level.Value, inForce, Open.Id));
            }
        }
    }

    // It re-arms with the period of what it watches, or watched when it was crossed.
    private bool HasPassed(Threshold threshold, Crossing crossed) => crossed.Period != Open.Id
        || ((crossed.ByDay || IsByDay(threshold)) && crossed.Day != Today);

    private bool IsByDay(Threshold threshold) =>
        threshold.Of == Measure.Cap && _caps.TryGetValue(threshold.Target!, out var cap) && cap.Period == CapPeriod.Day;

    // Below its level, but armed again less than a day ago: it is, when the day is over.
    private IEnumerable<(Instant At, string Id)> Rearming() =>
        from one in _roomCameBack
        let at = Instant.Max(one.Value + OnceADay, Now)
        where at < Open.End && _crossed.TryGetValue(one.Key, out var crossed) && crossed.Period == Open.Id
        let threshold = _thresholds[one.Key]
        where !(_crossed[one.Key].ByDay || IsByDay(threshold)) || _crossed[one.Key].Day == Days.Of(Open, at)
        let level = LevelOf(threshold)
        where level.Level is null || level.Level < (At(threshold, level.InForce) ?? long.MaxValue)
        select (at, one.Key);

    private bool? IsInMoney(Threshold threshold) =>
        threshold.Of == Measure.Cap && _caps.TryGetValue(threshold.Target!, out var cap) ? cap.Limit.IsMoney : null;

    private void Rearm(Threshold threshold, Crossing crossed, long level, long at)
    {
        if (level >= at) return;
        var id = threshold.Id;
        // Levels in units and in money are not compared: a limit in something else is another limit.
        var raised = at > crossed.At || crossed.InMoney != IsInMoney(threshold);
        if (!raised && _roomCameBack.TryGetValue(id, out var before) && Now < before + OnceADay) return;
        if (!raised) _roomCameBack[id] = Now;
        _crossed.Remove(id);
        Alerts.Add(new ExpectedAlert.Rearmed(id, !raised));
    }

    // What grants have left as the period begins; what is issued in it comes on top.
    private void StartCounting()
    {
        (_creditsAtStart, _issued) = (Balance(Standing()), Amount.Zero);
        _exhaustedIn = null;
    }

    private void TellOfCredits(FundingWalk standing)
    {
        var prices = TermsAt(Now).OutcomeTypes.Select(type => type.Credits).OfType<Amount>().ToList();
        if (prices.Count == 0 || _creditsAtStart + _issued <= Amount.Zero || _exhaustedIn == Open.Id
            || prices.Exists(price => price <= Balance(standing))) return;
        _exhaustedIn = Open.Id;
        Alerts.Add(new ExpectedAlert.CreditsExhausted(Open.Id));
    }

    private void TellOfOverage(FundingWalk standing)
    {
        foreach (var unit in standing.Units.Where(unit => unit.IsOverage))
        {
            var owner = OwnerOf(unit.Item);
            if (_overageStarted.Add((unit.Item.Period.Id, owner)))
                Alerts.Add(new ExpectedAlert.OverageStarted(owner.Length == 0 ? null : owner, unit.Item.Period.Id));
        }
    }

    private void TellOfExpiry(Lot lot)
    {
        lot.Warned = true;
        var left = lot.Left - Standing().Drawn(lot);
        if (left > Amount.Zero) Alerts.Add(new ExpectedAlert.GrantExpiring(lot, left));
    }

    private Expected SetThreshold(Threshold threshold)
    {
        var before = _thresholds.GetValueOrDefault(threshold.Id);
        _thresholds[threshold.Id] = threshold;
        if (before is not null && before != threshold) Forget(threshold.Id);
        return new Expected.Done();
    }

    private Expected RemoveThreshold(string id)
    {
        Forget(id);
        return _thresholds.Remove(id) ? new Expected.Done() : new Expected.Refused(Refusal.UnknownThreshold);
    }

    private void Forget(string id)
    {
        _crossed.Remove(id);
        _roomCameBack.Remove(id);
    }
}
