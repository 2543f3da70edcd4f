namespace MeteringGateway.Core.Tests.Rating;

/// <summary>What so many units would come to, worked out by hand.</summary>
public sealed class QuoteTests
{
    private static readonly OutcomeType Plain = new() { Id = "a", Price = Amount.Parse("0.99") };

    [Fact]
    public void Sources_fund_units_in_their_order_F1()
    {
        var terms = Of(Plain with { IncludedUnits = 10, Credits = Amount.Parse("5") }) with
        {
            PeriodGrant = Amount.Parse("22"),
            Commitments = [new Commitment("a", 3, Amount.Parse("0.50"), null, PerYear: false)],
        };
        var type = Assert.Single(Asked(terms, 20).Types);
        Assert.Equal([(Funding.Included, 10L), (Funding.Committed, 3L), (Funding.Credits, 4L), (Funding.OnDemand, 3L)],
            type.Charges.Select(charge => (charge.Source, charge.Units)));
        Assert.Equal(Amount.Parse("4.47"), type.Amount); // 3 x 0.50 + 3 x 0.99
        Assert.Equal(Amount.Parse("20"), type.Credits);
    }

    [Fact]
    public void Tiers_are_by_the_units_number_F7()
    {
        var tiers = Of(new OutcomeType { Id = "a", Tiers = [new Tier(1000, Amount.Parse("2")), new Tier(null, Amount.Parse("1"))] });
        Assert.Equal(Amount.Parse("2500"), Asked(tiers, 1500).Total);
    }

    [Theory]
    [InlineData(5, null, 5)]
    [InlineData(null, "3.00", 3)]
    public void What_goes_beyond_the_rules_limit_is_refused_F2(int? units, string? amount, long done)
    {
        var limit = units is { } many ? (Limit)many : Limit.Of(Amount.Parse(amount!));
        var terms = Of(Plain with { IncludedUnits = 10,
            Overage = new OverageRule(true, null, limit, RequiresAuthorization: true, AtLimit.Pause) });
        var type = Assert.Single(Asked(terms, 100).Types);
        Assert.Equal(100 - 10 - done, type.Refused);
        Assert.Equal(Amount.Parse("0.99") * done, type.Amount);
    }

    [Fact]
    public void What_is_blocked_beyond_the_plan_costs_nothing_and_is_not_done_F2()
    {
        var terms = Of(Plain with { IncludedUnits = 10 }) with
        {
            Overage = new OverageRule(false, null, null, RequiresAuthorization: false, AtLimit.Pause),
        };
        var quote = Asked(terms, 12);
        Assert.Equal((2L, Amount.Zero), (quote.Types[0].Refused, quote.Total));
    }

    [Fact]
    public void What_is_committed_is_owed_used_or_not_F8()
    {
        var terms = Of(Plain) with
        {
            PlatformFee = Amount.Parse("7"),
            Commitments = [new Commitment(null, null, null, Amount.Parse("100"), PerYear: false),
                new Commitment("a", 1000, Amount.Parse("1"), null, PerYear: true)],
        };
        Assert.Equal(Amount.Parse("107"), Asked(terms, 0).Total);
    }

    [Fact]
    public void More_than_an_amount_can_be_is_no_quote_N1() =>
        Assert.Throws<OverflowException>(() =>
            Asked(Of(Plain with { Price = Amount.Parse("9000000000") }), Quote.MostUnits));

    private static Terms Of(OutcomeType type) => new() { Currency = "USD", OutcomeTypes = [type] };

    private static Quote Asked(Terms terms, long units) =>
        Quote.Of(terms, new Dictionary<string, long> { ["a"] = units });
}
