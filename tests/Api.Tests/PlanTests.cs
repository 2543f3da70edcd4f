namespace MeteringGateway.Api.Tests;

public class PlanTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    // The plan that docs and samples show, with every member that there is.
    internal const string Whole = """
        {"currency":"USD","credit_value":"0.01",
         "outcome_types":[{"id":"support.resolution","price":"0.99","included_units":100,
           "measurement_window":"PT72H","window_restarts_on_activity":true,"once_per_session":true,"exclusive_group":null,
           "reopen":"continuation","settles_on":"window","verification_required":false,"min_confidence":null,"required_criteria":[],
           "handoff_billable":false,"after_window":"ignore","pending_weight":"full","description":"Answered in full"},
          {"id":"sales.lead","credits":"10"}],
         "activities":[{"id":"helpdesk.ticket","price":"0.40"}],
         "platform_fee":"50.00","implementation_fee":null,
         "commitments":[{"outcome_type":"support.resolution","units":1000,"price":"0.80","per":"period"}],
         "credits":{"period_grant":"0","rollover":{"max":"500","periods":2}},
         "overage":{"mode":"bill","price":"1.20","limit":{"amount":"300.00"},"requires_authorization":false,"at_limit":{"action":"handoff","to":"queue:tier1","message":"budget used up"}},
         "caps":[{"id":"monthly","scope":{},"limit":{"units":1000},"period":"billing_period","at_limit":{"action":"handoff","to":"queue:tier1"}}],
         "thresholds":[{"id":"eighty","of":"cap:monthly","at":{"percent":80}}],
         "top_ups":[{"id":"pack-100","credits":"100","price":"90.00","expires_after":"P365D"}],
         "top_up_limit":"500.00",
         "training":{"days":90,"max_outcomes":500},
         "max_lateness":"PT72H",
         "page":{"headline":"Pay only when the work gets done",
           "billable_examples":["It answers, and nobody asks again"],
           "non_billable_examples":["A person takes over","It says hello"]}}
        """;

    [Fact]
    public async Task A_plan_is_versioned_and_the_same_content_is_the_same_version()
    {
        var first = await _gateway.Admin.Put("/v1/plans/versions", Whole).Is(HttpStatusCode.Created);
        Assert.Equal(1, (int?)first["version"]);
        Assert.Equal(1, (int?)(await _gateway.Admin.Put("/v1/plans/versions", Whole).Is(HttpStatusCode.OK))["version"]);
        Assert.Equal(2,
            (int?)(await _gateway.Admin.Put("/v1/plans/versions", Gateway.Plan).Is(HttpStatusCode.Created))["version"]);

        var newest = await _gateway.Admin.Get("/v1/plans/versions").Is(HttpStatusCode.OK);
        var old = await _gateway.Admin.Get("/v1/plans/versions?version=1").Is(HttpStatusCode.OK);
        Assert.Equal(2, (int?)newest["version"]);
        Assert.Equal("PT72H", (string?)old["plan"]!["max_lateness"]);
        await _gateway.Admin.Get("/v1/plans/versions?version=3").IsProblem(HttpStatusCode.NotFound, "unknown_plan");
        Assert.Contains("versions",
            (await _gateway.Admin.Get("/v1/plans").Is(HttpStatusCode.OK))["data"]!.AsArray()
                .Select(plan => (string?)plan!["id"]));
    }

    [Fact]
    public async Task A_version_that_somebody_else_has_replaced_is_not_overwritten()
    {
        using var first = await _gateway.Admin.Put("/v1/plans/tagged", Whole);
        var tag = first.Headers.ETag!.ToString();
        await _gateway.Admin.Put("/v1/plans/tagged", Gateway.Plan, ("If-Match", tag)).Is(HttpStatusCode.Created);
        await _gateway.Admin.Put("/v1/plans/tagged", Whole, ("If-Match", tag))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        await _gateway.Admin.Put("/v1/plans/untold", Whole, ("If-Match", "*"))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
    }

    [Theory]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a"}],"caps":[{"id":"c","limit":{"unit":3}}]}""",
        "/caps/0/limit/unit")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","price":"1","price":"2"}]}""",
        "/outcome_types/0/price")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","x.y/z":1}]}""", "/outcome_types/0/x.y~1z")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","included_units":1.5}]}""",
        "/outcome_types/0/included_units")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a"}],"caps":[{"id":"c","limit":{"amount":"-3"}}]}""",
        "/caps/0/limit/amount")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a"}],"caps":[{"id":"c","limit":{"amount":"3","units":3}}]}""", "/caps/0/limit")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a"}],"caps":[{"id":"c"}]}""", "/caps/0/limit")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a"}],"thresholds":[{"id":"t","of":"cap:c","at":{"percent":80}}]}""", "/thresholds/0/of")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a"}],"caps":[{"id":"c","scope":{"outcome_type":"b"},"limit":{"units":1}}]}""", "/caps/0/scope/outcome_type")]
    [InlineData("""{"currency":"USD","outcome_types":[null]}""", "/outcome_types/0")]
    [InlineData("""{"currency":"USD"}""", "/outcome_types")]
    public async Task What_means_nothing_valid_is_named_by_its_pointer(string plan, string pointer)
    {
        var problem = await _gateway.Admin.Put("/v1/plans/wrong", plan)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal([pointer], problem.Pointers());
    }

    [Fact]
    public async Task A_plan_has_at_most_a_thousand_price_classes_as_a_signal_may_have_to_name_each_N4()
    {
        await _gateway.Admin.Put("/v1/plans/classes", With(1_000)).Is(HttpStatusCode.Created);
        var problem = await _gateway.Admin.Put("/v1/plans/classes", With(1_001))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/outcome_types"], problem.Pointers());

        static string With(int classes)
        {
            var types = Enumerable.Range(0, classes).Select(i => $$"""{"when":{"workflow":"w{{i}}"},"price":"1.00"}""")
                .Chunk(100).Select((some, i) => $$"""{"id":"t{{i}}","prices":[{{string.Join(',', some)}}]}""");
            return $$"""{"currency":"USD","outcome_types":[{{string.Join(',', types)}}]}""";
        }
    }

    [Theory]
    [InlineData("""{"currency":1,"outcome_types":[]}""", "/currency")]
    [InlineData("""{"currency":"USD","outcome_types":{}}""", "/outcome_types")]
    [InlineData("""{"currency":"USD","outcome_types":[{"included_units":"5"}]}""", "/outcome_types/0/included_units")]
    [InlineData("""{"currency":"USD","outcome_types":[""", "/outcome_types/0")]
    [InlineData("[]", "")]
    [InlineData("", "")]
    public async Task What_cannot_be_read_is_400_with_its_pointer(string plan, string pointer)
    {
        var problem = await _gateway.Admin.Put("/v1/plans/wrong", plan)
            .IsProblem(HttpStatusCode.BadRequest, "malformed");
        Assert.Equal([pointer], problem.Pointers());
    }

    [Fact]
    public async Task Everything_out_of_range_is_said_at_once()
    {
        const string plan = """
            {"currency":"dollar","outcome_types":[{"id":"a","price":"-1","measurement_window":"P31D","reopen":"maybe","min_confidence":1.5},{"id":"a"}],
             "caps":[{"id":"C!","limit":{"units":-1},"period":"week","at_limit":{"action":"explode"}}],"max_lateness":"P1M"}
            """;
        var problem = await _gateway.Admin.Put("/v1/plans/wrong", plan)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(
            [
                "/caps/0/at_limit/action", "/caps/0/id", "/caps/0/limit/units", "/caps/0/period", "/currency",
                "/max_lateness",
                "/outcome_types/0/measurement_window", "/outcome_types/0/min_confidence", "/outcome_types/0/price",
                "/outcome_types/0/reopen",
                "/outcome_types/1/id",
            ],
            problem.Pointers().Order(StringComparer.Ordinal));
    }
}
