namespace MeteringGateway.Console.Tests;

/// <summary>The public price page, with its calculator.</summary>
public class PriceTests(WithPages started) : IClassFixture<WithPages>
{
    private const string Plan = """
        {"currency":"USD","platform_fee":"50.00","max_lateness":"P3D","outcome_types":[
          {"id":"support.resolution","description":"a resolved conversation","price":"0.99","included_units":10,
           "verification_required":true,"min_confidence":0.9,"required_criteria":["answered"]},
          {"id":"sales.meeting","tiers":[{"up_to":2,"price":"30"},{"price":"20"}],"settles_on":"confirmation","measurement_window":"P14D"}],
         "commitments":[{"outcome_type":"sales.meeting","units":5,"price":"15.00","per":"period"}],
         "page":{"billable_examples":["<b>Solved</b> at once"],"non_billable_examples":["Only a greeting"]}}
        """;

    private Gateway Gateway => started.Gateway;

    [Fact]
    public async Task It_says_what_counts_when_it_does_not_and_how_to_see_for_oneself()
    {
        await Gateway.Admin.Put("/v1/plans/offer", Plan).Is(HttpStatusCode.Created);
        using var anybody = Person.Before(Gateway);
        await anybody.Open("/v1/plans/offer/page");
        Assert.Contains("The agent completes a resolved conversation, meeting answered without handing it to a person "
            + "and without its being reopened, escalated, abandoned or rejected within 72 hours, verified by a check "
            + "that passed with a confidence of 0.9 or more.", anybody.Text);
        Assert.Contains("The agent completes sales.meeting without handing it to a person, verified by a confirmation "
            + "within 14 days.", anybody.Text);
        Assert.Contains("It is reported with a verification that passed, and nothing is said against it within 72 hours.",
            anybody.Text);
        foreach (var part in new[] { "You are charged, for example, when", "You are not charged for", "When",
            "What keeps the cost in bounds", "How you can see for yourself", "Fees",
            "Examples of what is charged", "<b>Solved</b> at once", "Examples of what is not", "Only a greeting" })
            Assert.Contains(part, anybody.Text);
    }

    [Fact]
    public async Task The_calculator_rates_as_the_meter_does_without_script_and_for_programs_alike()
    {
        await Gateway.Admin.Put("/v1/plans/calc", Plan).Is(HttpStatusCode.Created);
        using var anybody = Person.Before(Gateway, "de");
        await anybody.Open("/v1/plans/calc/page");
        await anybody.Press("Work it out", ("support.resolution a period", "1500"), ("sales.meeting a period", "3"));
        // 50.00 + (1500 - 10) x 0.99 + 3 x 15.00 + 2 committed and not used x 15.00
        Assert.Contains("support.resolution, included 10 0,00 0,00", anybody.Text);
        Assert.Contains("support.resolution, on demand 1.490 0,99 1.475,10", anybody.Text);
        Assert.Contains("Committed, and not used 30,00", anybody.Text);
        Assert.Contains("Total 1.600,10 USD", anybody.Text);
        var page = await Gateway.Anyone.Get(
            "/v1/plans/calc/page?outcome_type=support.resolution&units=1500&outcome_type=sales.meeting&units=3").Json();
        Assert.Equal("1600.10", (string)page["estimate"]!["total"]!);
        Assert.Null((await Gateway.Anyone.Get("/v1/plans/calc/page").Json())["estimate"]);
    }

    [Theory]
    [InlineData("outcome_type=none&units=1", "the plan has no outcome type 'none'")]
    [InlineData("outcome_type=sales.meeting", "as often as")]
    [InlineData("outcome_type=sales.meeting&units=many", "whole number")]
    [InlineData("outcome_type=sales.meeting&units=2000000000", "whole number")]
    [InlineData("outcome_type=sales.meeting&units=1&outcome_type=sales.meeting&units=1", "twice")]
    public async Task What_cannot_be_worked_out_is_told(string query, string why)
    {
        await Gateway.Admin.Put("/v1/plans/odd", Plan);
        var problem = await Gateway.Anyone.Get($"/v1/plans/odd/page?{query}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Contains(why, (string)problem["detail"]!);
    }
}
