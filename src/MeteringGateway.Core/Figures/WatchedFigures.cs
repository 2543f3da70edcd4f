using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What those who run the gateway see of a tenant: of its open period, as it stands.</summary>
/// <param name="Spend">What its outcomes and activities come to (S4); null: it is not kept up, and there are too many
/// outcomes to rate them only to be looked at.</param>
/// <param name="Units">By status: pending, billable, non-billable, credited.</param>
/// <param name="Caps">The first of them by id, each with what stands against it, reservations included.</param>
/// <param name="Agreed">Successes that the buyer accepted (O8), of <paramref name="Judged"/> that it said anything of.
/// </param>
public sealed record WatchedFigure(string Currency, Amount? Spend,
    ImmutableArray<(OutcomeStatus Status, long Units)> Units,
    ImmutableArray<(string Cap, Limit Limit, Limit Used)> Caps, long Agreed, long Judged);

/// <summary>Bounded, whatever the tenant holds: nothing is worked out that grows with it.</summary>
public static class WatchedFigures
{
    /// <summary>Outcomes that are rated for whoever only looks.</summary>
    private const int MostRated = 10_000;

    /// <summary>Caps of a tenant that are shown.</summary>
    public const int MostCaps = 10;

    /// <param name="realTime">Now; a tenant on a test clock lives by its own.</param>
    public static WatchedFigure Watched(this TenantState state, Instant realTime)
    {
        var (book, day) = (state.Open, state.CurrentDay(state.TimeAt(realTime)));
        var isRated = book.Rating is not null || state.OutcomeCount <= MostRated;
        var caps = book.Caps.Where(cap => isRated || !cap.Cap.Limit.IsMoney).Take(MostCaps)
            .Select(cap => (cap.Cap.Id, cap.Cap.Limit,
                cap.Cap.Limit.With(state.ExposureOf(book, cap, day, state.TimeAt(realTime)).All)));
        var verdicts = (book.Agreement ?? []).Values;
        return new WatchedFigure(state.Terms.Currency, isRated ? state.SpendOf(book) : null, UnitsOf(book), [.. caps],
            verdicts.Sum(count => count.Agreed), verdicts.Sum(count => count.Total));
    }

    private static ImmutableArray<(OutcomeStatus, long)> UnitsOf(PeriodBook book) =>
    [
        (OutcomeStatus.Pending, book.Types.Sum(type => type.Pending)),
        (OutcomeStatus.Billable, book.Types.Sum(type => type.Settled)),
        (OutcomeStatus.NonBillable, book.Types.Sum(type => type.NonBillable?.Values.Sum() ?? 0)),
        (OutcomeStatus.Credited, book.Types.Sum(type => type.Credited)),
    ];
}
