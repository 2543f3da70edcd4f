namespace MeteringGateway.Core;

/// <summary>Grants and authorisations (F2, F5, F6).</summary>
public ref partial struct Turn
{
    /// <summary>So long a grant that has ended counts toward how many a tenant has.</summary>
    private static readonly TimeSpan GrantsCounted = TimeSpan.FromDays(400);

    /// <summary>F6: what was bought with the key, at any time; null: nothing.</summary>
    private Answer? BoughtBefore(Command command)
    {
        var key = command switch
        {
            Command.IssueGrant c => c.Key,
            Command.BuyPack c => c.Key,
            _ => null,
        };
        if (key is null || _state.Bought(key) is not { } bought) return null;
        return command is Command.IssueGrant issue && IsSame(issue, bought)
            || command is Command.BuyPack buy && IsSame(buy, bought)
            ? new Answer.Granted(bought.AsIssued(), Bought: false)
            : Refuse(Refusal.IdempotencyKeyReused, "the key was used for another grant");
    }

    private static bool IsSame(Command.IssueGrant c, Grant bought) =>
        (c.Kind, c.Amount, c.ExpiresAt, c.Priority ?? Grant.PriorityOf(c.Kind), c.Price, c.Note, null)
        == (bought.Kind, bought.Amount, bought.ExpiresAt, bought.Priority, bought.Price, bought.Note, bought.Pack);

    private static bool IsSame(Command.BuyPack c, Grant bought) =>
        (c.Pack, c.Quantity, c.Note) == (bought.Pack, bought.Quantity, bought.Note);

    private Answer IssueGrant(Command.IssueGrant c)
    {
        if (c.ExpiresAt <= _now) return Refuse(Refusal.AlreadyExpired, $"{c.ExpiresAt} is not after {_now}");
        return Issue(new Entry.GrantIssued(
            NextGrant, c.Kind, c.Amount, c.Priority ?? Grant.PriorityOf(c.Kind), _now, c.ExpiresAt, c.Price, c.Note,
            c.Key, null) { At = _now, Actor = _actor });
    }

    private Answer BuyPack(Command.BuyPack c)
    {
        var terms = _state.TermsAt(_now);
        if (terms.Pack(c.Pack) is not { } pack)
            return Refuse(Refusal.UnknownPack, $"the terms have no pack '{c.Pack}'; they have "
                + (terms.TopUps.IsEmpty ? "none" : string.Join(", ", terms.TopUps.Select(one => $"'{one.Id}'"))));
        var (credits, price) = ((Int128)pack.Credits.Micros * c.Quantity, (Int128)pack.Price.Micros * c.Quantity);
        var bought = Purchases.OfPacks(_state, _state.Open);
        if (terms.TopUpLimit is { } most && bought.Micros + price > most.Micros)
            return Refuse(Refusal.TopUpLimitReached,
                $"packs for {Limit.Of(bought).ToString(terms.Currency)} were bought in this period, "
                + $"and may come to {Limit.Of(most).ToString(terms.Currency)}");
        if (credits > TenantState.Most) return TooManyCredits();
        if (Overflow(_state.Open, price) is { } tooMuch) return tooMuch;
        return Issue(new Entry.GrantIssued(
            NextGrant, GrantKind.TopUp, new Amount((long)credits), Grant.PriorityOf(GrantKind.TopUp), _now,
            _now + pack.ExpiresAfter, new Amount((long)price), c.Note, c.Key, null, c.Pack, c.Quantity)
            { At = _now, Actor = _actor });
    }

    private string NextGrant => $"g{_state.Sequence + 1}";

    /// <summary>What the vendor gives, or the buyer buys.</summary>
    private Answer Issue(Entry.GrantIssued issued)
    {
        if (OneGrantTooMany() is { } tooMany) return tooMany;
        if (!_state.HasRoomForGrant(issued.Amount.Micros)) return TooManyCredits();
        if (issued.Price is { } price && Overflow(_state.Open, price.Micros) is { } tooMuch) return tooMuch;
        Add(issued);
        return new Answer.Granted(_state.Grant(issued.Grant)!.AsIssued(), Bought: true);
    }

    /// <summary>What comes by itself: with a period, or back.</summary>
    private void Issue(GrantKind kind, Amount amount, int priority, Instant? expiresAt, Instant? effectiveAt = null,
        string? from = null) =>
        Add(new Entry.GrantIssued(NextGrant, kind, amount, priority, effectiveAt ?? _now, expiresAt, null, null, null,
            from) { At = _now, Actor = _actor });

    private Answer VoidGrant(Command.VoidGrant c)
    {
        if (_state.Grant(c.Grant) is not { } grant)
            return Refuse(Refusal.UnknownGrant, $"there is no grant '{c.Grant}'");
        return grant.Ended ? new Answer.Done() : End(grant, voided: true);
    }

    /// <summary>F5: expiry takes what outcomes do not hold; voiding leaves what reservations hold, too.</summary>
    private Answer.Done End(Grant grant, bool voided) =>
        Add(new Entry.GrantEnded(grant.Id, new Amount(voided ? _state.FreeOf(grant, _now) : _state.LeftOf(grant)),
            voided) { At = _now, Actor = voided ? _actor : null });

    private Answer Authorize(Command.AuthorizeOverage c) =>
        Add(new Entry.OverageAuthorized(c.Standing, c.Limit, _state.Authorization) { At = _now, Actor = _actor });

    private Answer WithdrawAuthorization() => _state.Authorization is null ? new Answer.Done()
        : Add(new Entry.AuthorizationWithdrawn(_state.Authorization) { At = _now, Actor = _actor });

    /// <summary>F6: the credits that come with a period.</summary>
    private void GrantForPeriod()
    {
        var period = _state.Open.Period;
        if (_state.TermsAt(period.Start).PeriodGrant is { Micros: > 0 } amount)
            Issue(GrantKind.Plan, amount, Grant.PriorityOf(GrantKind.Plan), period.End, period.Start);
    }

    /// <summary>The plan grant ends with its period; what it had left may roll over.</summary>
    private (Grant Grant, long Left)? EndPlanGrant(Period ended)
    {
        if (_state.Grants.FirstOrDefault(grant => grant is { Kind: GrantKind.Plan, Ended: false }
            && grant.ExpiresAt == ended.End) is not { } plan) return null;
        var left = _state.LeftOf(plan);
        End(plan, voided: false);
        return (plan, left);
    }

    /// <summary>F6: what rolls over does not roll again, and all of it together never exceeds the most.</summary>
    private void RollOver(Grant plan, long left, Rollover? rollover)
    {
        if (rollover is null) return;
        var others = _state.Grants.Where(grant => grant is { Kind: GrantKind.Rollover, Ended: false })
            .Sum(_state.LeftOf);
        var amount = Math.Min(left, rollover.Max.Micros - others);
        if (amount <= 0) return;
        var last = _state.Open.Period;
        for (var i = 1; i < rollover.Periods; i++) last = _calendar(_state.Zone, _state.AnchorDay, last.End, last.End);
        Issue(GrantKind.Rollover, new Amount(amount), Grant.PriorityOf(GrantKind.Rollover),
            rollover.Periods is null ? null : last.End, from: plan.Id);
    }

    private void Announce(Due due)
    {
        var grant = _state.Grant(due.Id)!;
        if (_state.LeftOf(grant) is var left and > 0)
            Add(new Entry.GrantExpiring(grant.Id, new Amount(left), grant.Until, NextAlert) { At = _now });
        else _state.PassOver(due);
    }

    /// <summary>
    /// F5: what comes back to a grant that has ended is taken; of an expired one it is issued anew, for the rest of the
    /// period.
    /// </summary>
    private void ReturnCredits()
    {
        for (var i = 0; i < _state.Grants.Count; i++)
        {
            var grant = _state.Grants[i];
            if (!grant.Ended || grant.IsDone) continue;
            var left = grant.VoidedAt is null ? _state.LeftOf(grant) : _state.FreeOf(grant, _now);
            if (left <= 0) continue;
            if (grant.VoidedAt is null && _now < _state.Open.Period.End) Correct(grant, new Amount(left));
            else End(grant, grant.VoidedAt is not null);
        }
    }

    /// <summary>For the rest of the period; a tenant that is closed has none after its last.</summary>
    private void Correct(Grant? from, Amount credits)
    {
        if (_now >= _state.Open.Period.End) return;
        Issue(GrantKind.Correction, credits, from?.Priority ?? Grant.PriorityOf(GrantKind.Plan), _state.Open.Period.End,
            from: from?.Id);
    }
}
