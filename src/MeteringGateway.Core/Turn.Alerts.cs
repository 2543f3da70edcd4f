namespace MeteringGateway.Core;

/// <summary>What a command leaves behind beside its own entries: credits that come back, states, alerts (F5, S1, S4).</summary>
public sealed partial class Turn
{
    private const int MostThresholds = 100;

    private void Settle()
    {
        ReturnCredits();
        Signal();
        SignalFunding();
        foreach (var threshold in state.ThresholdBooks) Watch(threshold);
        Exhausted();
        OverageStarted();
    }

    /// <summary>S4: once per crossing; armed again when the limit was raised, or, at most once a day, because room came back.</summary>
    private void Watch(ThresholdBook book)
    {
        var (level, inForce) = state.LevelOf(book.Threshold, now);
        var at = book.Threshold.Level(inForce?.Value ?? 0);
        if (state.CrossedAt(book, now) is not { } crossed)
        {
            if (level.Value >= at)
                Add(new Entry.ThresholdCrossed(book.Threshold, inForce, level, state.Open.Period.Id) { At = now });
        }
        else if (level.Value < at && at > crossed) Add(new Entry.ThresholdRearmed(book.Threshold.Id, RoomCameBack: false) { At = now });
        else if (level.Value < at && (book.RearmedAt is not { } last || now - last >= ThresholdBook.OnceADay))
            Add(new Entry.ThresholdRearmed(book.Threshold.Id, RoomCameBack: true) { At = now });
    }

    private void Exhausted()
    {
        var open = state.Open;
        if (open.CreditsExhausted || open.CreditsInForce == 0) return;
        var cheapest = long.MaxValue;
        foreach (var type in state.Terms.OutcomeTypes) if (type.Credits is { Micros: > 0 } credits) cheapest = Math.Min(cheapest, credits.Micros);
        if (cheapest == long.MaxValue) return;
        var rating = state.RatingOf(open);
        if (Rater.Spendable(rating.Tail, now, rating.Rater.Grants) < cheapest) Add(new Entry.CreditsExhausted(open.Period.Id) { At = now });
    }

    /// <summary>The first unit on demand of a rule, in every period that is not closed.</summary>
    private void OverageStarted()
    {
        if (!state.HasOutcomes || (state.Open.Rating is null && state.IsPlain(state.Open, state.Terms))) return;
        foreach (var book in state.Unclosed)
        {
            var rating = state.RatingOf(book);
            foreach (var owner in rating.Rates
                .Where(rates => rates.Rule is not null && rating.Tail[rates.RuleUnits] > 0 && book.OverageStarted?.Contains(rates.Owner) != true)
                .Select(rates => rates.Owner).Distinct().Order(StringComparer.Ordinal).ToArray())
                Add(new Entry.OverageStarted(owner.Length == 0 ? null : owner, book.Period.Id) { At = now });
        }
    }

    private Answer SetThreshold(Command.SetThreshold c)
    {
        var before = state.Threshold(c.Threshold.Id);
        if (before is null && state.ThresholdCount >= MostThresholds)
            return Refuse(Refusal.TooManyThresholds, $"a tenant has at most {MostThresholds} thresholds");
        return before == c.Threshold ? new Answer.Done() : Add(new Entry.ThresholdSet(c.Threshold, before) { At = now, Actor = actor });
    }

    private Answer RemoveThreshold(Command.RemoveThreshold c) => state.Threshold(c.Threshold) is { } before
        ? Add(new Entry.ThresholdRemoved(before) { At = now, Actor = actor })
        : Refuse(Refusal.UnknownThreshold, $"there is no threshold '{c.Threshold}'");
}
