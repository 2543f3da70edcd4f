namespace MeteringGateway.Console.Tests;

/// <summary>In with a key or a link, and out.</summary>
public class SignInTests(WithPages started) : IClassFixture<WithPages>
{
    private Gateway Gateway => started.Gateway;

    [Fact]
    public async Task Whoever_has_not_signed_in_is_asked_to_and_then_sees_what_was_asked_for()
    {
        await Gateway.Tenant("in-a");
        using var person = Person.Before(Gateway);
        await person.Open("/console/tenants/in-a");
        Assert.Equal("Sign in", person.Heading);
        await person.Press("Sign in", ("Key", await Gateway.Key("finance", "in-a")));
        Assert.Equal("/console/tenants/in-a", person.Address);
        Assert.Equal("in-a", person.Heading);
    }

    [Fact]
    public async Task A_wrong_key_is_told_so_and_opens_nothing()
    {
        using var person = Person.Before(Gateway);
        await person.SignIn("mk_0000000000000000_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        Assert.Equal(HttpStatusCode.Unauthorized, person.Status);
        Assert.Contains("There is no such key, or it has expired or was revoked.", person.Text);
        Assert.Empty(person.Cookies);
    }

    [Fact]
    public async Task The_session_is_a_cookie_that_no_script_and_no_other_site_can_use_and_holds_no_key()
    {
        var key = await Gateway.Key("finance");
        using var person = Person.Before(Gateway);
        await person.SignIn(key);
        var cookie = Assert.Single(person.Cookies.Cast<Cookie>());
        Assert.True(cookie.HttpOnly);
        Assert.Equal("/console", cookie.Path);
        Assert.DoesNotContain(key, cookie.Value);
        Assert.DoesNotContain(key, person.Page.DocumentElement.OuterHtml);
        Assert.DoesNotContain(key, person.Address);
    }

    [Fact]
    public async Task Signing_out_ends_it()
    {
        using var person = await Person.Of(Gateway, "finance");
        await person.Press("Sign out");
        Assert.Contains("You are signed out", person.Text);
        Assert.Empty(person.Cookies);
        await person.Open("/console");
        Assert.Equal("Sign in", person.Heading);
    }

    [Fact]
    public async Task A_copy_of_a_cookie_is_worth_nothing_when_its_session_was_signed_out_of_and_others_go_on()
    {
        var key = await Gateway.Key("finance");
        using var person = Person.Before(Gateway);
        await person.SignIn(key);
        using var other = Person.Before(Gateway);
        await other.SignIn(key);
        using var thief = Person.Before(Gateway);
        thief.Take(person.Cookies.Single().Value);
        await thief.Open("/console");
        Assert.Equal("Accounts", thief.Heading);

        await person.Press("Sign out");
        await thief.Open("/console");
        Assert.Equal("Sign in", thief.Heading);
        await other.Open("/console");
        Assert.Equal("Accounts", other.Heading);
    }

    [Fact]
    public async Task A_session_that_was_signed_out_of_stays_over_when_the_gateway_starts_anew()
    {
        var directory = Directory.CreateTempSubdirectory("metering-console-").FullName;
        string cookie;
        await using (var first = await Gateway.Start(dataDirectory: directory))
        {
            using var person = await Person.Of(first, "admin");
            cookie = person.Cookies.Single().Value;
            await person.Press("Sign out");
        }
        await using var second = await Gateway.Start(dataDirectory: directory);
        using var thief = Person.Before(second);
        thief.Take(cookie);
        await thief.Open("/console");
        Assert.Equal("Sign in", thief.Heading);
    }

    [Fact]
    public async Task A_key_that_is_ended_ends_its_sessions()
    {
        var key = await Gateway.Key("finance");
        using var person = Person.Before(Gateway);
        await person.SignIn(key);
        await Gateway.Admin.Delete($"/v1/keys/{key.Split('_')[1]}").Is(HttpStatusCode.NoContent);
        await person.Open("/console");
        Assert.Equal("Sign in", person.Heading);
    }

    [Fact]
    public async Task A_session_that_somebody_changed_is_nobodys()
    {
        using var person = await Person.Of(Gateway, "finance");
        var cookie = person.Cookies.Single();
        cookie.Value = cookie.Value[..^4] + (cookie.Value.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA");
        await person.Open("/console");
        Assert.Equal("Sign in", person.Heading);
    }

    [Theory]
    [InlineData("https://elsewhere.example/")]
    [InlineData("//elsewhere.example")]
    [InlineData("/console\\..\\x")]
    [InlineData("/v1/keys")]
    public async Task Signing_in_leads_nowhere_but_into_the_console(string to)
    {
        using var person = Person.Before(Gateway);
        await person.Open($"/console/sign-in?to={Uri.EscapeDataString(to)}");
        await person.Press("Sign in", ("Key", await Gateway.Key("finance")));
        Assert.Equal("/console", person.Address);
    }

    [Fact]
    public async Task A_link_signs_in_once_with_the_rights_it_was_made_for_and_leaves_no_secret_in_the_address()
    {
        await Gateway.Tenant("link-a");
        await Gateway.Tenant("link-b");
        var made = await Gateway.Admin.Post("/v1/console-links",
            """{"role":"finance","tenants":["link-a"],"to":"/console/tenants/link-a"}""").Is(HttpStatusCode.Created);
        using var person = Person.Before(Gateway);
        await person.Open((string)made["url"]!);
        Assert.Contains("signs you in as finance of link-a", person.Text);
        await person.Press("Sign in");
        Assert.Equal("/console/tenants/link-a", person.Address);
        await person.Open("/console/tenants/link-b");
        Assert.Equal(HttpStatusCode.NotFound, person.Status);

        using var second = Person.Before(Gateway);
        await second.Open((string)made["url"]!);
        await second.Press("Sign in");
        Assert.Equal(HttpStatusCode.Gone, second.Status);
        Assert.Contains("used already", second.Text);
        Assert.Empty(second.Cookies);
    }

    [Fact]
    public async Task A_link_to_what_no_header_field_can_say_is_refused_and_one_that_is_encoded_leads_there()
    {
        await Gateway.Tenant("link-e");
        await Gateway.Admin.Post("/v1/console-links", """{"to":"/console/é"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        var made = await Gateway.Admin.Post("/v1/console-links", """{"to":"/console/tenants/%C3%A9"}""")
            .Is(HttpStatusCode.Created);
        using var person = Person.Before(Gateway);
        await person.Open((string)made["url"]!);
        await person.Press("Sign in");
        Assert.Equal(HttpStatusCode.NotFound, person.Status); // of the page; there is no such account
        await person.Open("/console/tenants/link-e");
        Assert.Equal(HttpStatusCode.OK, person.Status);
    }

    [Fact]
    public async Task A_link_gives_nobody_more_than_the_key_has_that_made_it()
    {
        await Gateway.Tenant("link-c");
        await Gateway.Tenant("link-d");
        using var finance = await Gateway.Role("finance", "link-c");
        await finance.Post("/v1/console-links", """{"role":"admin"}""")
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await finance.Post("/v1/console-links", """{"tenants":["link-d"]}""")
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await finance.Post("/v1/console-links", """{"role":"customer"}""").Is(HttpStatusCode.Created);
        using var agent = await Gateway.Role("agent", "link-c");
        await agent.Post("/v1/console-links", "{}").IsProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Theory]
    [InlineData("""{"to":"https://elsewhere.example"}""", "/to")]
    [InlineData("""{"to":"/console\\x"}""", "/to")]
    [InlineData("""{"role":"king"}""", "/role")]
    [InlineData("""{"tenants":[]}""", "/tenants")]
    [InlineData("""{"tenants":["nobody-knows"]}""", "/tenants/0")]
    public async Task A_link_that_cannot_be_is_refused_by_name(string body, string pointer)
    {
        var problem = await Gateway.Admin.Post("/v1/console-links", body)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal([pointer], problem.Pointers());
    }

    [Fact]
    public async Task A_form_of_another_session_or_site_does_nothing()
    {
        await Gateway.Tenant("csrf");
        using var person = await Person.Of(Gateway, "finance", "csrf");
        await person.Force("/console/tenants/csrf/pause", ("token", "guessed"), ("action", "pause"), ("reason", "x"));
        Assert.Equal(HttpStatusCode.Forbidden, person.Status);
        Assert.Contains("not of your session", person.Text);
        await person.Force("/console/tenants/csrf/pause", ("action", "pause"), ("reason", "x"));
        Assert.Equal(HttpStatusCode.Forbidden, person.Status);
        Assert.Equal("active", (string)(await Gateway.Admin.Get("/v1/tenants/csrf").Json())["state"]!);
    }

    [Fact]
    public async Task The_token_of_a_form_is_taken_from_the_form_alone()
    {
        await Gateway.Tenant("csrf-address");
        using var person = await Person.Of(Gateway, "finance", "csrf-address");
        await person.Open("/console/tenants/csrf-address/cap/monthly");
        var token = person.Token;
        await person.Force($"/console/tenants/csrf-address/pause?token={token}", ("action", "pause"), ("reason", "x"));
        Assert.Equal(HttpStatusCode.Forbidden, person.Status);
        await person.Force("/console/tenants/csrf-address/pause", ("token", token), ("action", "pause"),
            ("reason", "x"));
        Assert.Equal(HttpStatusCode.OK, person.Status);
    }

    [Fact]
    public async Task Pages_allow_nothing_inline_and_nothing_from_elsewhere()
    {
        await Gateway.Tenant("policy");
        using var person = await Person.Of(Gateway, "admin");
        foreach (var address in new[] { "/console", "/console/tenants/policy", "/console/nothing" })
        {
            await person.Open(address);
            var policy = person.Response.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'self';", policy);
            Assert.DoesNotContain("unsafe", policy);
            Assert.Empty(person.Page.QuerySelectorAll("[style], style, [onclick], [onload], script:not([src])"));
        }
    }
}
