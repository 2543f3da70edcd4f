namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>Credits: what is issued, taken back and rolled over (F5, F6; 0004, 11 to 14).</summary>
internal sealed partial class Oracle
{
    private static readonly TimeSpan Notice = TimeSpan.FromDays(7);
    private readonly List<Lot> _lots = [];
    private readonly Dictionary<string, (Command Command, Lot Lot)> _bought = [];
    private readonly List<Purchase> _purchases = [];
    private Amount _issued;

    public IReadOnlyList<Lot> Lots => _lots;

    /// <summary>What was taken from grants that ended, in order.</summary>
    public List<(Lot Lot, Amount Taken, bool Voided)> Takings { get; } = [];

    private Lot Issue(GrantKind kind, Amount amount, int priority, Instant from, Instant? until, Lot? origin = null)
    {
        var lot = new Lot(_lots.Count + 1, kind, amount, priority, from, until, origin);
        _lots.Add(lot);
        _issued += amount;
        _exhaustedIn = null;
        return lot;
    }

    /// <summary>What was paid for, or is owed at a price of the vendor's own (F9, F10).</summary>
    private sealed record Purchase(DateOnly In, string? Pack, Amount Each, long Quantity)
    {
        public Amount Price => Each * Quantity;
    }

    // F6: an idempotency key never buys twice, at any time.
    private Expected? BoughtBefore(Command command)
    {
        var key = (command as Command.IssueGrant)?.Key ?? (command as Command.BuyPack)?.Key;
        if (key is null || !_bought.TryGetValue(key, out var before)) return null;
        return before.Command == command ? new Expected.Granted(before.Lot, false)
            : new Expected.Refused(Refusal.IdempotencyKeyReused);
    }

    // F9: what packs came to in the period, with these, is not above the limit.
    private Expected BuyPack(Command.BuyPack command)
    {
        if (TermsAt(Now).TopUps.FirstOrDefault(pack => pack.Id == command.Pack) is not { } pack)
            return new Expected.Refused(Refusal.UnknownPack);
        var purchase = new Purchase(Open.Id, pack.Id, pack.Price, command.Quantity);
        var sold = _purchases.Where(one => one.In == Open.Id && one.Pack is not null).Append(purchase);
        if (TermsAt(Now).TopUpLimit is { } most && Sum(sold.Select(one => one.Price)) > most)
            return new Expected.Refused(Refusal.TopUpLimitReached);
        var lot = Issue(GrantKind.TopUp, pack.Credits * command.Quantity, 50, Now, Now + pack.ExpiresAfter);
        _purchases.Add(purchase);
        _bought[command.Key] = (command, lot);
        return new Expected.Granted(lot, true);
    }

    private Expected IssueGrant(Command.IssueGrant command)
    {
        if (command.ExpiresAt <= Now) return new Expected.Refused(Refusal.AlreadyExpired);
        var lot = Issue(command.Kind, command.Amount, command.Priority
            ?? (command.Kind == GrantKind.Promotional ? 30 : 50), Now,
            command.ExpiresAt);
        if (command.Price is { } price && price > Amount.Zero) _purchases.Add(new Purchase(Open.Id, null, price, 1));
        if (command.Key is not null) _bought[command.Key] = (command, lot);
        return new Expected.Granted(lot, true);
    }

    private Expected VoidGrant(string id)
    {
        if (_lots.FirstOrDefault(lot => lot.Id == id) is not { } lot) return new Expected.Refused(Refusal.UnknownGrant);
        if (lot.Ended) return new Expected.Done();
        lot.VoidedAt = Now;
        Take(lot, lot.Left - Exposed().Drawn(lot));
        return new Expected.Done();
    }

    private void Take(Lot lot, Amount amount, bool told = true)
    {
        if (amount <= Amount.Zero) return;
        lot.Taken += amount;
        if (told) Takings.Add((lot, amount, lot.VoidedAt is not null));
    }

    private Amount Expire(Lot lot)
    {
        var left = lot.Left - Standing().Drawn(lot);
        lot.Expired = true;
        Take(lot, left);
        return left;
    }

    /// <summary>
    /// 13: what ended grants are used less than they were left with is taken too, and issued as a correction.
    /// </summary>
    private void TakeBack()
    {
        foreach (var lot in _lots.Where(lot => lot.Ended).OrderBy(lot => lot.Place).ToList())
        {
            var holds = (lot.Expired ? Standing() : Exposed()).Drawn(lot);
            var back = lot.Left - holds;
            if (back <= Amount.Zero) continue;
            Returned(lot, back);
        }
    }

    // Nothing is issued where it could not be spent any more.
    private void Returned(Lot lot, Amount back)
    {
        var lost = lot.VoidedAt is not null || (_closed && Now >= Open.End);
        Take(lot, back, told: lost);
        if (!lost) Issue(GrantKind.Correction, back, lot.Priority, Now, Open.End, lot);
    }

    // 14: what a closed period gives back.
    private void GiveBack(Lot lot, Amount credits)
    {
        lot.Used -= credits;
        if (lot.VoidedAt is not null) Take(lot, credits, told: false);
        else if (lot.Ended) Returned(lot, credits);
    }

    // 12: what the plan grant has left at its period's end.
    private void RollOver(Period ended)
    {
        var plan = _lots.Where(lot => lot.Kind == GrantKind.Plan && lot.EffectiveAt == ended.Start && !lot.Ended)
            .ToList();
        var left = plan.ConvertAll(lot => (Lot: lot, Left: Expire(lot)));
        StartCounting();
        if (TermsAt(ended.Start).Rollover is { } rollover)
            foreach (var (lot, credits) in left)
            {
                var standing = Standing();
                var others = _lots.Where(other => other.Kind == GrantKind.Rollover && !other.Ended
                    && (other.ExpiresAt is null || other.ExpiresAt > Now))
                    .Sum(other => (other.Left - standing.Drawn(other)).Micros);
                var rolls = new Amount(Math.Min(credits.Micros, rollover.Max.Micros - others));
                if (rolls > Amount.Zero) Issue(GrantKind.Rollover, rolls, 20, Now, EndAfter(rollover.Periods), lot);
            }
    }

    private void IssuePlanGrant()
    {
        if (TermsAt(Open.Start).PeriodGrant is var amount && amount > Amount.Zero)
            Issue(GrantKind.Plan, amount, 10, Open.Start, Open.End);
    }

    private Instant? EndAfter(int? periods)
    {
        if (periods is null) return null;
        var last = Open;
        for (var more = periods - 1; more > 0; more--) last = calendar(_zone, _anchor, last.End, last.End);
        return last.End;
    }

    /// <summary>What a walk leaves of the credits that could be spent now.</summary>
    private Amount Balance(FundingWalk walk) => _lots.Where(lot => lot.Funds(Now))
        .Aggregate(Amount.Zero, (sum, lot) => sum + lot.Left - walk.Drawn(lot));
}
