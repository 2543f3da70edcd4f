namespace MeteringGateway.Core;

/// <summary>
/// What a command leaves behind beside its own entries: credits that come back, states, alerts (F5, S1, S4).
/// </summary>
public ref partial struct Turn
{
    private const int MostThresholds = 100;

    private void Settle()
    {
        ReturnCredits();
        Signal();
        if (_state.HasThresholds) foreach (var threshold in _state.ThresholdBooks) Watch(threshold);
        Exhausted();
        OverageStarted();
        WatchAgreement();
    }

    /// <summary>
    /// S4: once per crossing; armed again when the limit was raised, is counted in something else, or went out of
    /// force, or, at most once a day, because room came back.
    /// </summary>
    private void Watch(ThresholdBook book)
    {
        var standing = _state.LevelOf(book.Threshold, _now);
        var (level, inForce) = standing ?? (0, 0);
        var at = standing is null ? long.MaxValue : book.Threshold.Level(inForce?.Value ?? 0);
        if (_state.CrossedAt(book, _now) is not { } crossed)
        {
            if (level.Value >= at)
                Add(new Entry.ThresholdCrossed(book.Threshold, inForce, level, _state.Open.Period.Id,
                    NextAlert) { At = _now });
        }
        else if (level.Value < at && (at > crossed || (inForce is { } limit && book.InMoney == !limit.IsMoney)))
            Add(new Entry.ThresholdRearmed(book.Threshold.Id, RoomCameBack: false) { At = _now });
        else if (level.Value < at && (book.RearmedAt is not { } last || _now - last >= ThresholdBook.OnceADay))
            Add(new Entry.ThresholdRearmed(book.Threshold.Id, RoomCameBack: true) { At = _now });
    }

    private void Exhausted()
    {
        var open = _state.Open;
        if (open.CreditsExhausted || open.CreditsInForce == 0) return;
        var cheapest = long.MaxValue;
        foreach (var type in _state.Terms.OutcomeTypes)
            if (type.Credits is { Micros: > 0 } credits) cheapest = Math.Min(cheapest, credits.Micros);
        if (cheapest == long.MaxValue) return;
        var rating = _state.RatingOf(open);
        if (Rater.Spendable(rating.Tail, _now, rating.Rater.Grants) < cheapest)
            Add(new Entry.CreditsExhausted(open.Period.Id, NextAlert) { At = _now });
    }

    /// <summary>The first unit on demand of a rule, in every period that is not closed.</summary>
    private void OverageStarted()
    {
        if (!_state.HasOutcomes || (_state.Open.Rating is null && _state.IsPlain(_state.Open, _state.Terms))) return;
        foreach (var book in _state.Unclosed)
        {
            var rating = _state.RatingOf(book);
            foreach (var owner in rating.Rates
                .Where(rates => rates.Rule is not null && rating.Tail[rates.RuleUnits] > 0
                && book.OverageStarted?.Contains(rates.Owner) != true)
                .Select(rates => rates.Owner).Distinct().Order(StringComparer.Ordinal).ToArray())
                Add(new Entry.OverageStarted(owner.Length == 0 ? null : owner, book.Period.Id,
                    NextAlert) { At = _now });
        }
    }

    /// <summary>S7: every alert has a number, under which it is kept.</summary>
    private long NextAlert => _state.AlertsRaised + 1;

    /// <summary>A limit that is reached is an alert, too.</summary>
    private Entry.StateChanged Numbered(Entry.StateChanged changed)
    {
        if (Alerts.TypeOf(changed) != Alerts.CapReached) return changed;
        var key = Core.Signal.KeyOf(changed.Cap, changed.Scope);
        return _state.IsListed(Alerts.CapReached, key, changed.Limit, _now) ? changed
            : changed with { Alert = NextAlert };
    }

    private Answer SetThreshold(Command.SetThreshold c)
    {
        var before = _state.Threshold(c.Threshold.Id);
        if (before is null && _state.OwnThresholds + _state.MostOfTerms(terms => terms.Thresholds.Length)
            >= MostThresholds) return TooManyThresholds();
        return before == c.Threshold ? new Answer.Done()
            : Add(new Entry.ThresholdSet(c.Threshold, before) { At = _now, Actor = _actor });
    }

    private Answer RemoveThreshold(Command.RemoveThreshold c) => _state.Threshold(c.Threshold) is { } before
        ? Add(new Entry.ThresholdRemoved(before) { At = _now, Actor = _actor })
        : Refuse(Refusal.UnknownThreshold, $"there is no threshold '{c.Threshold}'");
}
