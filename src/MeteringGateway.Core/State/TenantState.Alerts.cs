namespace MeteringGateway.Core;

/// <summary>Alerts that were raised, kept as long as the statement of their period (S7).</summary>
public sealed partial class TenantState
{
    /// <summary>Of one period; from then on the oldest gives way to the newest.</summary>
    public const int AlertsKept = 1_000;

    /// <summary>How many were raised, those included that are not kept any more.</summary>
    internal long AlertsRaised => _told?.Raised ?? 0;

    /// <summary>Newest first, with a number below <paramref name="before"/>. Null: there is no such period.</summary>
    /// <param name="period">Null: of all periods.</param>
    public IReadOnlyList<RaisedAlert>? RaisedAlerts(DateOnly? period, long? before, int limit)
    {
        if (period is { } id && Book(id) is null) return null;
        var asked = _told?.Alerts.Where(one => period is null || one.Key == period).SelectMany(one => one.Value);
        return [.. (asked ?? []).Where(alert => alert.Number < (before ?? long.MaxValue))
            .OrderByDescending(alert => alert.Number).Take(limit)];
    }

    /// <summary>
    /// A key that goes up and down is listed once a day, as a threshold is (S4), and again when its limit was changed.
    /// </summary>
    internal bool IsListed(string type, string of, Limit? limit, Instant now) =>
        _told?.Alerts.GetValueOrDefault(Open.Period.Id)?.Any(alert => alert.Type == type && alert.Of == of
            && alert.Limit == limit && now - alert.At < ThresholdBook.OnceADay) == true;

    private void Apply(Entry.GrantExpiring e)
    {
        Grant(e.Grant)!.Announced = true;
        Raise(e.Alert, e, Alerts.GrantExpiring, null, $"grant:{e.Grant}", Limit.Of(e.Left), null, Open.Period.Id);
    }

    private void Apply(Entry.CreditsExhausted e)
    {
        Open.CreditsExhausted = true;
        Raise(e.Alert, e, Alerts.CreditsExhausted, null, "credits", null, null, e.Period);
    }

    private void Apply(Entry.OverageStarted e)
    {
        (Book(e.Period)!.OverageStarted ??= new(StringComparer.Ordinal)).Add(e.OutcomeType ?? "");
        var of = e.OutcomeType is { } type ? $"overage:{type}" : "overage";
        Raise(e.Alert, e, Alerts.OverageStarted, null, of, null, null, e.Period);
    }

    /// <param name="number">0: it was journalled before alerts were kept, or is not one.</param>
    private void Raise(long number, Entry e, string type, Threshold? threshold, string? of, Limit? level, Limit? limit,
        DateOnly period)
    {
        if (number == 0) return;
        (_told ??= new ToldBook()).Keep(new RaisedAlert(number, e.At, type, threshold, of, level, limit), period);
    }
}

/// <summary>An alert as it is listed (S7).</summary>
/// <param name="Number">Among the tenant's alerts, from 1.</param>
/// <param name="Type">As in <see cref="Alerts"/>.</param>
/// <param name="Of">What it is about, where it is not a threshold: a signal's key, <c>credits</c>, <c>overage</c>, or
/// that of one outcome type, or a grant.</param>
/// <param name="Level">What was reached, or what is left of a grant.</param>
/// <param name="Limit">What it is a level of; null where there is none.</param>
public sealed record RaisedAlert(
    long Number, Instant At, string Type, Threshold? Threshold, string? Of, Limit? Level, Limit? Limit);
