namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>What happens by itself (T1, T3, A4, F5, F6, and 0001 14 and 21).</summary>
internal sealed partial class Oracle
{
    private readonly Dictionary<DateOnly, int> _closedPeriods = [];
    private readonly Dictionary<DateOnly, IReadOnlyList<Cap>> _capsAtEnd = [];

    private enum Due { Window, Reservation, Day, PeriodEnd, PeriodClose, Expiring, Expiry, Rearm, Training }

    // Every due is a step of its own, with its own time and its own signals (T1, S1).
    private void FireUntil(Instant target)
    {
        while (Dues(target).OrderBy(due => due.At).ThenBy(due => due.Kind).ThenBy(due => due.Id, StringComparer.Ordinal)
            .Cast<(Instant At, Due Kind, string Id)?>()
            .FirstOrDefault() is { } due)
        {
            Now = Instant.Max(Now, due.At);
            _arrivals++;
            Fire(due.Kind, due.Id);
            // At a period's very end nothing is settled before the next one has begun.
            if (due.Kind == Due.PeriodEnd || _closed || due.At != Open.End) Conclude();
        }
        Now = Instant.Max(Now, target);
        _arrivals++;
    }

    /// <summary>Something became due by the last command itself, and happens before the next one.</summary>
    public bool AnythingDue => Dues(Now).Any();

    private IEnumerable<(Instant At, Due Kind, string Id)> Dues(Instant target)
    {
        var windows = _reports.Where(report => report.View.Status == OutcomeStatus.Pending
            && report.View.AliasOf is null)
            .Select(report => (report.View.ClosesAt!.Value, Due.Window, report.Id));
        var reservations = _held.Select(held => (held.ExpiresAt, Due.Reservation, held.Id));
        var closing = _periods.SkipLast(_closed ? 0 : 1)
            .Where(period => !_closedPeriods.ContainsKey(period.Id) && !AnyWindowIn(period))
            .Select(period => (Instant.Max(period.End + Lateness, Now), Due.PeriodClose, $"{period.Id:yyyy-MM-dd}"));
        (Instant, Due, string)[] periodEnd = _closed ? [] : [(Open.End, Due.PeriodEnd, "")];
        var expiries = _lots.Where(lot => !lot.Expired && lot.ExpiresAt is not null
            && (lot.Kind != GrantKind.Plan || (_closed && lot.ExpiresAt == Open.End)))
            .Select(lot => (lot.ExpiresAt!.Value, Due.Expiry, $"{_lots.IndexOf(lot):D4}"));
        var notices = _lots.Where(IsToldOf)
            .Select(lot => (lot.ExpiresAt!.Value - Notice, Due.Expiring, $"{_lots.IndexOf(lot):D4}"));
        var day = Days.EndOf(Open, Days.Of(Open, Now));
        (Instant, Due, string)[] dayEnd = day < Open.End
            && (_caps.Values.Any(cap => cap.Period == CapPeriod.Day) || _toCome.Values.Any(coming => coming.At == day))
            ? [(day, Due.Day, "")] : [];
        return windows.Concat(reservations).Concat(closing).Concat(periodEnd).Concat(dayEnd).Concat(expiries)
            .Concat(notices)
            .Concat(Rearming().Select(due => (due.At, Due.Rearm, due.Id)))
            .Concat(EndOfTraining() is { } end ? [(end, Due.Training, "")] : [])
            .Where(due => due.Item1 <= target);
    }

    private void Fire(Due kind, string id)
    {
        switch (kind)
        {
            case Due.Window: Evaluate(GroupOf(_reports.First(report => report.Id == id)), null); break;
            case Due.Reservation: _held.RemoveAll(held => held.Id == id); break;
            case Due.Day: Begin(_ => true); break;
            case Due.PeriodEnd: NextPeriod(); break;
            case Due.PeriodClose: ClosePeriod(_periods.First(period => $"{period.Id:yyyy-MM-dd}" == id)); break;
            case Due.Expiry: Expire(_lots[int.Parse(id)]); break;
            case Due.Expiring: TellOfExpiry(_lots[int.Parse(id)]); break;
            default: break;
        }
    }

    // O9, S6: what was free is limited from then on, whether or not anything arrives.
    private Instant? EndOfTraining()
    {
        if (_closed || !InTraining) return null;
        var training = TermsAt(Now).Training!;
        var until = training.Until ?? Instant.MaxValue;
        if (training.Days is { } days) until = Instant.Min(until, _started + TimeSpan.FromDays(days));
        return until == Instant.MaxValue ? null : until;
    }

    private static bool IsToldOf(Lot lot) => lot is { Ended: false, Warned: false, ExpiresAt: not null }
        && lot.Kind is GrantKind.TopUp or GrantKind.Promotional or GrantKind.Rollover
        && lot.ExpiresAt - lot.EffectiveAt > Notice;

    private void NextPeriod()
    {
        var ended = Open;
        _capsAtEnd[ended.Id] = [.. _caps.Values];
        _authorizationAtEnd[ended.Id] = AuthorizationFor(ended);
        Begin(what => what is "time_zone" or "anchor_day");
        _periods.Add(calendar(_zone, _anchor, ended.End, ended.End));
        Begin(what => what != "plan");
        Begin(_ => true);
        RollOver(ended);
        IssuePlanGrant();
    }

    private TimeSpan Lateness => TermsAt(Now).MaxLateness;

    private bool AnyWindowIn(Period period) =>
        _reports.Any(report =>
            report.Period.Id == period.Id && report.View.Status == OutcomeStatus.Pending
                && report.View.AliasOf is null);

    public PeriodStatus StatusOf(Period period) =>
        IsClosed(period) ? PeriodStatus.Closed : period.Id == Open.Id ? PeriodStatus.Open : PeriodStatus.Settling;

    private bool IsClosed(Period period) => _closedPeriods.ContainsKey(period.Id);

    private Period PeriodOf(Instant time) => _periods.First(period => time >= period.Start && time < period.End);
}
