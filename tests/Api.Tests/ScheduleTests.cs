namespace MeteringGateway.Api.Tests;

/// <summary>
/// Changes that are to come: seen, overridden, kept beside other changes, and taken back (T2, C6, F7).
/// </summary>
public class ScheduleTests(Started started) : IClassFixture<Started>
{
    private const string A =
        """{"currency":"USD","outcome_types":[{"id":"res","price":"1.00","measurement_window":"PT0S"}]}""";
    private const string B =
        """{"currency":"USD","outcome_types":[{"id":"res","price":"2.00","measurement_window":"PT0S"}]}""";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_plan_for_the_next_period_is_shown_and_comes() // F7
    {
        await Tenant("comes");
        var put = await Put("comes", """{"plan":"b","effective":"next_period"}""");

        Assert.Equal("a", (string?)put["plan"]);
        var change = Assert.Single(put["scheduled"]!.AsArray())!;
        Assert.Equal("2030-02-01T00:00:00.000Z", (string?)change["effective_at"]);
        Assert.Equal("""{"plan":"b","plan_version":1}""", change["change"]!.ToJsonString());
        Assert.Equal("b", await NextPlan("comes"));
    }

    [Theory]
    [InlineData("""{"name":"T","plan":"a"}""")]
    [InlineData("""{"plan":"a"}""")]
    [InlineData("""{"plan":"a","effective":"next_period"}""")]
    [InlineData("""{"name":"renamed","plan":"a","effective":"now"}""")]
    [InlineData("""{"plan":"a","plan_version":1,"time_zone":"UTC","anchor_day":1}""")]
    public async Task The_plan_that_it_has_said_again_takes_the_next_one_back(string again) // F7
    {
        var name = Name("again", again);
        await Tenant(name);
        await Put(name, """{"plan":"b","effective":"next_period"}""");

        Assert.Empty((await Put(name, again))["scheduled"]!.AsArray());
        Assert.Equal("a", await NextPlan(name));
    }

    [Theory]
    [InlineData("overage", """{"mode":"bill","price":"3.00"}""")]
    [InlineData("terms", "{}")]
    [InlineData("terms", """{"outcome_types":[{"id":"res","included_units":5}]}""")]
    [InlineData("", """{"name":"renamed"}""")]
    [InlineData("", """{"name":"renamed","plan":"a"}""")]
    [InlineData("", """{"name":"renamed","plan":"a","plan_version":1,"time_zone":"UTC","anchor_day":1}""")]
    [InlineData("", """{"anchor_day":20}""")]
    [InlineData("", """{"time_zone":"Asia/Tokyo","plan":"a","name":"T"}""")]
    [InlineData("caps/monthly", """{"limit":{"units":7}}""")]
    public async Task Whatever_else_is_set_leaves_the_next_plan_where_it_is(string where, string body) // F7
    {
        var name = Name("kept", where + body);
        await Tenant(name);
        await _gateway.Admin.Put($"/v1/tenants/{name}/terms",
            """{"outcome_types":[{"id":"res","included_units":2}]}""").Is(HttpStatusCode.OK);
        await Put(name, """{"plan":"b","effective":"next_period"}""");

        using var put = await _gateway.Admin.Put($"/v1/tenants/{name}/{where}".TrimEnd('/'), body);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());

        var scheduled = (await _gateway.Admin.Get($"/v1/tenants/{name}").Json())["scheduled"]!.AsArray();
        Assert.Contains(scheduled, change => (string?)change!["change"]!["plan"] == "b");
        Assert.Equal("b", await NextPlan(name));
        // With the tenant's own terms as they are by then.
        var included = where == "terms" ? body.Contains('5', StringComparison.Ordinal) ? 5 : 0 : 2;
        var terms = await _gateway.Admin.Get($"/v1/tenants/{name}/terms").Json();
        Assert.Equal("2.00", (string?)terms["in_force"]!["outcome_types"]![0]!["price"]);
        Assert.Equal(included, (int?)terms["in_force"]!["outcome_types"]![0]!["included_units"] ?? 0);
        var usage = await _gateway.Admin.Get($"/v1/tenants/{name}/usage").Json();
        Assert.Equal(included, usage["included"]!.AsArray().Select(one => (int)one!["units"]!).SingleOrDefault());
    }

    [Fact]
    public async Task Terms_that_the_next_plan_cannot_have_are_refused_and_say_so() // F7
    {
        await Tenant("clash");
        await _gateway.Admin.Put("/v1/plans/other", B.Replace("\"res\"", "\"lead\"", StringComparison.Ordinal));
        await Put("clash", """{"plan":"other","effective":"next_period"}""");

        var problem = await _gateway.Admin.Put("/v1/tenants/clash/terms",
            """{"caps":[{"id":"c","limit":{"units":1},"scope":{"outcome_type":"res"}}]}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");

        Assert.Contains("under the plan 'other' that is to come at 2030-02-01", (string?)problem["detail"]);
    }

    [Fact]
    public async Task A_new_zone_and_anchor_wait_for_the_next_period_each_by_itself() // T2
    {
        await Tenant("place");
        var put = await Put("place", """{"time_zone":"America/New_York","anchor_day":20}""");

        Assert.Equal(("UTC", 1), ((string?)put["time_zone"], (int?)put["anchor_day"]));
        Assert.Equal(["""{"time_zone":"America/New_York"}""", """{"anchor_day":20}"""],
            put["scheduled"]!.AsArray().Select(change => change!["change"]!.ToJsonString()));
        await _gateway.Admin.Delete($"/v1/tenants/place/scheduled/{put["scheduled"]![1]!["id"]}")
            .Is(HttpStatusCode.NoContent);
        await Move("place", "2030-02-01T00:00:00Z");

        var after = await _gateway.Admin.Get("/v1/tenants/place").Json();
        Assert.Equal(("America/New_York", 1), ((string?)after["time_zone"], (int?)after["anchor_day"]));
        Assert.Equal("2030-01-31", (string?)after["period"]!["id"]);
        Assert.Equal("2030-03-01T05:00:00.000Z", (string?)after["period"]!["ends_at"]);
        Assert.Empty(after["scheduled"]!.AsArray());
    }

    [Fact]
    public async Task A_lower_cap_for_the_next_period_is_shown_with_the_caps_and_taken_back_by_who_sets_caps() // C6
    {
        await Tenant("lower");
        await _gateway.Admin.Put("/v1/tenants/lower/caps/monthly", """{"limit":{"units":10}}""")
            .Is(HttpStatusCode.Created);
        for (var i = 0; i < 5; i++)
            await _gateway.Admin.Post("/v1/tenants/lower/outcomes", $$"""{"id":"o{{i}}","outcome_type":"res"}""")
                .Is(HttpStatusCode.Created);
        const string Lower = """{"limit":{"units":2},"when_below_exposure":"next_period"}""";
        using var finance = await _gateway.Role("finance", "lower");
        var put = await finance.Put("/v1/tenants/lower/caps/monthly", Lower).Is(HttpStatusCode.OK);
        var fresh = await finance.Put("/v1/tenants/lower/caps/fresh", Lower).Is(HttpStatusCode.Created);

        Assert.Equal((10, 2), ((int?)put["limit"]!["units"],
            (int?)put["scheduled"]![0]!["change"]!["cap"]!["limit"]!["units"]));
        Assert.Null(fresh["limit"]);
        var listed = await finance.Get("/v1/tenants/lower/caps").Json();
        Assert.Equal(["monthly"], listed["data"]!.AsArray().Select(cap => (string?)cap!["id"]));
        Assert.Equal(["monthly", "fresh"],
            listed["scheduled"]!.AsArray().Select(change => (string?)change!["change"]!["cap"]!["id"]));
        var id = (string?)fresh["scheduled"]![0]!["id"];
        await finance.Delete($"/v1/tenants/lower/scheduled/{id}").Is(HttpStatusCode.NoContent);
        await finance.Delete($"/v1/tenants/lower/scheduled/{id}")
            .IsProblem(HttpStatusCode.NotFound, "unknown_scheduled");
        await finance.Get("/v1/tenants/lower/caps/fresh").IsProblem(HttpStatusCode.NotFound, "unknown_cap");
        await Put("lower", """{"plan":"b"}"""); // a change of plan leaves what the buyer has set
        await Move("lower", "2030-02-01T00:00:00Z");

        var caps = (await finance.Get("/v1/tenants/lower/caps").Json())["data"]!.AsArray();
        Assert.Equal(2, (int?)Assert.Single(caps)!["limit"]!["units"]);
    }

    [Fact]
    public async Task A_buyer_takes_back_no_plan_and_another_tenants_changes_are_not_there()
    {
        await Tenant("mine");
        await Tenant("theirs");
        var id = (string?)(await Put("mine", """{"plan":"b","effective":"next_period"}"""))["scheduled"]![0]!["id"];
        using var finance = await _gateway.Role("finance", "mine");
        using var stranger = await _gateway.Role("finance", "theirs");

        await finance.Delete($"/v1/tenants/mine/scheduled/{id}").IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await stranger.Delete($"/v1/tenants/mine/scheduled/{id}")
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        Assert.Equal("b", await NextPlan("mine"));
    }

    [Fact]
    public async Task What_is_scheduled_makes_another_version_of_the_tenant_and_its_entries_can_be_read() // D4
    {
        await Tenant("entries");
        using var before = await _gateway.Admin.Get("/v1/tenants/entries");
        await Put("entries", """{"plan":"b","effective":"next_period"}""");
        await _gateway.Admin.Put("/v1/tenants/entries", """{"name":"other"}""",
            ("If-Match", before.Headers.ETag!.ToString()))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        await Put("entries", """{"plan":"a"}""");

        var entries = (await _gateway.Admin.Get("/v1/tenants/entries/entries").Json())["data"]!.AsArray();
        var (scheduled, withdrawn) = (entries[1]!, entries[2]!);
        Assert.Equal(("change_scheduled", "change_withdrawn"),
            ((string?)scheduled["kind"], (string?)withdrawn["kind"]));
        Assert.Equal(("plan", "b"), ((string?)scheduled["data"]!["setting"]!["kind"],
            (string?)scheduled["data"]!["setting"]!["ref"]!["id"]));
        Assert.Equal((string?)scheduled["data"]!["change"], (string?)withdrawn["data"]!["before"]!["id"]);
        Assert.NotNull(scheduled["actor"]);
    }

    [Fact]
    public async Task A_cap_in_a_plan_cannot_say_what_is_scheduled()
    {
        var problem = await _gateway.Admin.Put("/v1/plans/scheduling",
            A.Replace("}]}", "}],\"caps\":[{\"id\":\"c\",\"limit\":{\"units\":1},\"scheduled\":[]}]}",
                StringComparison.Ordinal)).IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/caps/0/scheduled"], problem.Pointers());
    }

    private static string Name(string prefix, string what) =>
        $"{prefix}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(what)))[..8]}";

    private async Task Tenant(string name)
    {
        await _gateway.Admin.Put("/v1/plans/a", A);
        await _gateway.Admin.Put("/v1/plans/b", B);
        await _gateway.Admin.Put($"/v1/tenants/{name}",
            """{"name":"T","plan":"a","test_clock":{"start":"2030-01-10T12:00:00Z"}}""").Is(HttpStatusCode.Created);
    }

    private Task<JsonObject> Put(string tenant, string body) =>
        _gateway.Admin.Put($"/v1/tenants/{tenant}", body).Is(HttpStatusCode.OK);

    private Task<JsonObject> Move(string tenant, string to) => _gateway.Admin.Post($"/v1/tenants/{tenant}/clock",
        $$"""{"to":"{{to}}"}""").Is(HttpStatusCode.OK);

    private async Task<string?> NextPlan(string tenant)
    {
        await Move(tenant, "2030-02-01T00:00:00Z");
        return (string?)(await _gateway.Admin.Get($"/v1/tenants/{tenant}").Json())["plan"];
    }
}
