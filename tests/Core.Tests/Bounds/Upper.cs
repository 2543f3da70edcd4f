namespace MeteringGateway.Core.Tests.Bounds;

/// <summary>
/// What everything that was ever asked for could come to, added up without thinking: a refusal for its amount has to be
/// above the bound even so (N1).
/// </summary>
internal sealed class Upper
{
    private readonly List<Terms> _terms = [];
    private Int128 _units, _activities, _prices, _credits;

    public void Add(Command command)
    {
        switch (command)
        {
            case Command.Create create: _terms.Add(create.Terms); break;
            case Command.Change { Terms: { } terms }: _terms.Add(terms); break;
            case Command.ReportOutcome report: _units += report.Quantity; break;
            case Command.Reserve reserve: _units += reserve.Question.Quantity; break;
            case Command.ReportActivity activity: _activities += activity.Quantity; break;
            case Command.IssueGrant grant:
                _prices += grant.Price?.Micros ?? 0;
                _credits += grant.Amount.Micros;
                break;
        }
    }

    /// <param name="periods">How many there have been.</param>
    public bool MayPass(int periods)
    {
        var money = _units * Most(Prices) + _activities * Most(terms => terms.Activities.Select(one => one.Price))
            + _terms.Max(Owed) + _prices;
        var credits = _credits + (periods + 1) * (Int128)Most(terms => [terms.PeriodGrant])
            + Most(terms => [terms.Rollover?.Max]);
        var worth = credits * Most(terms => [terms.CreditValue]) / 1_000_000;
        return money > TenantState.Most || credits > TenantState.Most || worth > TenantState.Most;
    }

    private long Most(Func<Terms, IEnumerable<Amount?>> of) =>
        _terms.SelectMany(of).Max(amount => amount?.Micros ?? 0);

    private static IEnumerable<Amount?> Prices(Terms terms) =>
    [
        terms.Overage?.Price, .. terms.Commitments.Select(one => one.Price),
        .. terms.OutcomeTypes.SelectMany(type => (IEnumerable<Amount?>)
            [type.Price, type.Overage?.Price, .. type.Tiers.Select(tier => (Amount?)tier.Price),
                .. type.Prices.Select(one => (Amount?)one.Price)]),
    ];

    private static Int128 Owed(Terms terms) => (Int128)(terms.PlatformFee?.Micros ?? 0)
        + (terms.ImplementationFee?.Micros ?? 0)
        + terms.Commitments.Aggregate(Int128.Zero, (sum, one) =>
            sum + (one.Amount?.Micros ?? (Int128)one.Units!.Value * one.Price!.Value.Micros));
}
