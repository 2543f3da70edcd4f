namespace MeteringGateway.Console.Tests;

/// <summary>What people read: outcomes, statements, who did what, in the words and figures of where they come from.</summary>
public class ReadingTests(WithPages started) : IClassFixture<WithPages>
{
    private Gateway Gateway => started.Gateway;

    [Fact]
    public async Task An_outcome_is_found_explained_certified_and_disputed()
    {
        await Gateway.Tenant("read");
        using var agent = await Gateway.Role("agent", "read");
        await agent.Report("read", "case/1 ü", "case-2", "case-3", "case-4");
        using var finance = await Person.Of(Gateway, "finance", "read");
        await finance.Open("/console/tenants/read");
        await finance.Follow("Outcomes");
        await finance.Press("Show", ("Reason", "over_cap"));
        Assert.Contains("case-4", finance.Text);
        Assert.DoesNotContain("case-3", finance.Text);
        Assert.Contains("No cap had room for it", finance.Text);

        await finance.Open("/console/tenants/read/outcomes");
        await finance.Follow("case/1 ü");
        Assert.Equal("case/1 ü", finance.Heading);
        Assert.Contains("It may still be taken back", finance.Text);
        Assert.Contains("Reported as achieved by bot-1. It waits, and may be taken back.", finance.Text);
        await finance.Follow("Verify it");
        Assert.Contains("It holds", finance.Text);

        Gateway.Clock.Advance(TimeSpan.FromDays(4));
        await finance.Open("/console/tenants/read/outcomes/case-2");
        Assert.Equal("Sign in", finance.Heading); // a session has its time
        await finance.Press("Sign in", ("Key", await Gateway.Key("finance", "read")));
        Assert.Contains("It is charged: achieved, and not taken back in time.", finance.Text);
        await finance.Press("Dispute the outcome", ("Why should it not be charged?", "it was wrong"));
        Assert.Contains("The outcome is disputed", finance.Text);
        Assert.Contains("Open: it was wrong", finance.Text);
        Assert.False(finance.Offers("Dispute the outcome"));
    }

    [Fact]
    public async Task A_statement_opens_its_outcomes_and_is_downloaded()
    {
        await Gateway.Tenant("bill");
        using var agent = await Gateway.Role("agent", "bill");
        await agent.Report("bill", "s-1", "s-2");
        using var finance = await Person.Of(Gateway, "finance", "bill");
        await finance.Open("/console/tenants/bill/statements");
        Assert.Contains("Open 1.98 USD", finance.Text);
        await finance.Open(finance.Page.QuerySelector("main a")!.GetAttribute("href")!);
        Assert.Contains("Statement for bill", finance.Text);
        Assert.Contains("Total 1.98 USD", finance.Text);
        await finance.Follow("Open the outcomes behind the lines");
        Assert.Contains("Pending: it may still be taken back", finance.Text);
        await finance.Follow("s-1");
        Assert.Equal("s-1", finance.Heading);
        await finance.Open("/console/tenants/bill/statements/current.csv");
        Assert.Equal("text/csv", finance.Response.Content.Headers.ContentType?.MediaType);
        await finance.Open("/console/tenants/bill/outcomes.csv?status=pending");
        Assert.Contains("s-2", await finance.Response.Content.ReadAsStringAsync());
    }

    /// <summary>What is stopped says nothing of what its limit is made of: credits, units or money.</summary>
    [Theory]
    [InlineData("needs-credits", """ "credits":"10"}],"credits":{"period_grant":"20"}""",
        "What pays for support.resolution: 20 credits of 20 credits used. The credits are used up.")]
    [InlineData("needs-units", """ "price":"2.00","included_units":2,"overage":{"mode":"block"}}]""",
        "What pays for support.resolution: 2 units of 2 units used.")]
    [InlineData("needs-money", """ "price":"2.00","included_units":1}],"overage":{"limit":{"amount":"2.00"}}""",
        "What pays for support.resolution: 2.00 USD of 2.00 USD used.")]
    [InlineData("needs-cap", """ "price":"2.00"}],"caps":[{"id":"monthly","limit":{"units":2}}]""",
        "The cap monthly: 2 units of 2 units used. A cap is reached.")]
    [InlineData("needs-budget", """ "price":"2.00"}],"caps":[{"id":"budget","limit":{"amount":"4.00"}}]""",
        "The cap budget: 4.00 USD of 4.00 USD used. A cap is reached.")]
    public async Task What_needs_attention_is_in_the_unit_of_its_limit(string tenant, string terms, string why)
    {
        await Gateway.Tenant(tenant,
            $$"""{"currency":"USD","outcome_types":[{"id":"support.resolution",{{terms}}}""");
        using var agent = await Gateway.Role("agent", tenant);
        await agent.Report(tenant, "n-1", "n-2");
        using var finance = await Person.Of(Gateway, "finance", tenant);
        await finance.Open("/console");
        Assert.Contains(why, finance.Text);
    }

    [Fact]
    public async Task What_needs_attention_has_name_and_currency_also_of_an_account_on_another_page()
    {
        string[] tenants = [.. Enumerable.Range(1, 50).Select(number => $"page-{number:00}"), "page-last"];
        await Gateway.Tenant(tenants[0], """
            {"currency":"EUR","outcome_types":[{"id":"support.resolution","price":"2.00"}],
             "caps":[{"id":"budget","limit":{"amount":"2.00"}}]}
            """);
        foreach (var tenant in tenants[1..])
            await Gateway.Admin.Put($"/v1/tenants/{tenant}", $$"""{"name":"Of {{tenant}}","plan":"page-01"}""")
                .Is(HttpStatusCode.Created);
        using var agent = await Gateway.Role("agent", "page-last");
        await agent.Report("page-last", "n-1");
        using var finance = await Person.Of(Gateway, "finance", tenants);
        await finance.Open("/console");
        Assert.True(finance.Offers("More accounts"));
        Assert.Contains("Of page-last", finance.Text);
        Assert.Contains("The cap budget: 2.00 EUR of 2.00 EUR used.", finance.Text);
    }

    /// <summary>Alerts and levels of credits are no money either.</summary>
    [Fact]
    public async Task Levels_of_credits_and_alerts_of_them_are_in_credits()
    {
        await Gateway.Tenant("in-credits", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","credits":"10"}],
             "credits":{"period_grant":"20"},"thresholds":[{"id":"half","of":"credits","at":{"amount":"10"}}]}
            """);
        using var agent = await Gateway.Role("agent", "in-credits");
        await agent.Report("in-credits", "n-1", "n-2");
        using var finance = await Person.Of(Gateway, "finance", "in-credits");
        await finance.Open("/console/tenants/in-credits/alerts");
        Assert.Contains("credits, 10 credits of 20 credits", finance.Text);
        Assert.DoesNotContain("USD", finance.Text);
        await finance.Open("/console/tenants/in-credits/thresholds");
        Assert.Contains("Credits 10 credits 20 credits, crossed", finance.Text);
    }

    [Fact]
    public async Task Who_did_what_is_told_with_the_keys_label_and_what_was_before()
    {
        await Gateway.Tenant("who");
        var key = await Gateway.Admin.Post("/v1/keys",
            """{"role":"finance","tenants":["who"],"label":"Ada of Acme"}""").Is(HttpStatusCode.Created);
        using var finance = Person.Before(Gateway);
        await finance.SignIn((string)key["key"]!);
        await finance.Open("/console/tenants/who/cap/monthly");
        await finance.Press("Set the cap", ("Limit", "50"));
        await finance.Follow("Who did what");
        Assert.Contains("Set the cap monthly to 50 units a billing period, agents hand over to queue:tier1 "
            + "(before: 3 units a billing period, agents hand over to queue:tier1).", finance.Text);
        Assert.Contains("by Ada of Acme (finance)", finance.Text);
    }

    [Theory]
    [InlineData("de-DE,de;q=0.9", "1.250,50 USD")]
    [InlineData("en-US", "1,250.50 USD")]
    [InlineData("fr", "1 250,50 USD")]
    [InlineData("de-CH", "1’250.50 USD")]
    [InlineData("xx, sv;q=0.5", "1 250,50 USD")]
    public async Task Figures_are_written_as_where_the_reader_comes_from(string language, string shown)
    {
        var tenant = $"locale-{language[..2]}{language.Length}";
        await Gateway.Tenant(tenant);
        await Gateway.Admin.Put($"/v1/tenants/{tenant}/caps/budget", """{"limit":{"amount":"1250.50"}}""")
            .Is(HttpStatusCode.Created);
        using var finance = Person.Before(Gateway, language);
        await finance.SignIn(await Gateway.Key("finance", tenant));
        await finance.Open($"/console/tenants/{tenant}");
        Assert.Contains($"Budget (budget) {shown}", finance.Text);
    }

    [Fact]
    public async Task Who_did_what_has_keys_plan_and_webhooks_too_with_the_keys_label_and_what_was_before()
    {
        await Gateway.Tenant("setup");
        var made = await Gateway.Admin.Post("/v1/keys",
            """{"role":"finance","tenants":["setup"],"label":"Ada Lovelace"}""").Is(HttpStatusCode.Created);
        using var ada = Gateway.As((string)made["key"]!);
        await ada.Put("/v1/tenants/setup/webhooks/books", """{"url":"https://a.example","events":["*"]}""")
            .Is(HttpStatusCode.Created);
        await ada.Put("/v1/tenants/setup/webhooks/books", """{"url":"https://b.example","events":["*"]}""")
            .Is(HttpStatusCode.OK);
        var plan = (string)(await Gateway.Admin.Get("/v1/tenants/setup").Is(HttpStatusCode.OK))["plan"]!;
        await Gateway.Admin.Put($"/v1/plans/{plan}", Gateway.Plan.Replace("0.99", "1.29", StringComparison.Ordinal))
            .Is(HttpStatusCode.Created);
        using var person = await Person.Of(Gateway, "finance", "setup");
        await person.Open("/console/tenants/setup/changes");
        Assert.Contains("Made the key \"Ada Lovelace\" of the role finance.", person.Text);
        Assert.Contains("Made the webhook books: https://a.example.", person.Text);
        Assert.Contains("Changed the webhook books: url https://b.example (before: https://a.example).", person.Text);
        Assert.Contains("by Ada Lovelace (finance)", person.Text);
        Assert.Contains($"Changed the plan {plan} to version 2:", person.Text);
        Assert.Contains("price 1.29 (before: 0.99)", person.Text);
        Assert.Contains("by the administrator's key in the settings", person.Text);
    }

    [Fact]
    public async Task Quality_says_of_how_many_each_figure_is()
    {
        await Gateway.Tenant("good");
        using var agent = await Gateway.Role("agent", "good");
        await agent.Report("good", "q-1");
        using var finance = await Person.Of(Gateway, "finance", "good");
        await finance.Open("/console/tenants/good");
        await finance.Follow("Quality");
        Assert.Contains("Buyer and meter agree", finance.Text);
    }

    [Fact]
    public async Task Figures_move_without_reload_where_script_runs_and_stand_in_the_page_where_it_does_not()
    {
        await Gateway.Tenant("live");
        using var finance = await Person.Of(Gateway, "finance", "live");
        await finance.Open("/console/tenants/live");
        var live = finance.Page.QuerySelector("#live")!;
        Assert.Equal("/console/tenants/live", live.GetAttribute("hx-get"));
        Assert.Equal("every 3s", live.GetAttribute("hx-trigger"));
        Assert.Contains("3 units left", finance.Text);
    }

    /// <summary>A page may be rendered more than once before it is sent: whenever its answers come.</summary>
    [Fact]
    public async Task Each_day_of_the_period_stands_in_the_chart_once()
    {
        await Gateway.Tenant("days");
        using var agent = await Gateway.Role("agent", "days");
        await agent.Report("days", "d-1");
        using var finance = await Person.Of(Gateway, "finance", "days");
        for (var times = 0; times < 20; times++)
        {
            await finance.Open("/console/tenants/days");
            var days = finance.Page.QuerySelectorAll(".chart title").Select(day => day.TextContent).ToList();
            Assert.NotEmpty(days);
            Assert.Equal(days.Distinct(), days);
        }
    }

    [Fact]
    public async Task Files_come_compressed_and_are_asked_for_once()
    {
        using var person = Person.Before(Gateway);
        await person.Open("/console/sign-in");
        using var http = new HttpClient { BaseAddress = Gateway.Address };
        http.DefaultRequestHeaders.Add("Accept-Encoding", "br, gzip");
        long all = person.Page.DocumentElement.OuterHtml.Length;
        foreach (var file in new[] { person.Page.QuerySelector("link[rel=stylesheet]")!.GetAttribute("href")! })
        {
            var answer = await http.GetAsync(new Uri(file, UriKind.Relative));
            Assert.Equal("br", answer.Content.Headers.ContentEncoding.Single());
            Assert.Contains("immutable", answer.Headers.CacheControl!.ToString());
            all += answer.Content.Headers.ContentLength!.Value;
        }
        Assert.True(all < 100_000);
    }
}
