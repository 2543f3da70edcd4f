using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Console.Tests;

/// <summary>In with a key or a link, and out.</summary>
public sealed class SignInTests(WithPages started) : IClassFixture<WithPages>
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
    public async Task A_key_makes_so_many_links_an_hour_and_used_ones_are_forgotten_when_they_are_over_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:ConsoleLinksPerHour"] = "2" });
        var store = gateway.Services.GetRequiredService<IStore>();
        Task<HttpResponseMessage> Make(HttpClient by) => by.Post("/v1/console-links", "{}");
        var made = await Make(gateway.Admin).Is(HttpStatusCode.Created);
        await Make(gateway.Admin).Is(HttpStatusCode.Created);
        using (var often = await Make(gateway.Admin))
        {
            await Task.FromResult(often).IsProblem(HttpStatusCode.TooManyRequests, "too_many_console_links");
            Assert.Equal(TimeSpan.FromHours(1), often.Headers.RetryAfter!.Delta);
        }
        using var finance = await gateway.Role("finance");
        await Make(finance).Is(HttpStatusCode.Created); // each key for itself
        Assert.Empty(await Used());

        using var person = Person.Before(gateway);
        await person.Open((string)made["url"]!);
        await person.Press("Sign in");
        Assert.Single(await Used());
        gateway.Clock.Advance(TimeSpan.FromMinutes(65));
        Assert.Contains("its time is over", await Again());
        Assert.Single(await Used()); // clocks of silos differ by less
        await Make(gateway.Admin).Is(HttpStatusCode.Created);

        gateway.Clock.Advance(TimeSpan.FromHours(1));
        while ((await Used()).Count > 0) await Task.Delay(20); // what is idle is looked through beside
        Assert.Contains("its time is over", await Again());

        async Task<IReadOnlyList<IdempotencyRow>> Used() => await store.IdempotencyPage(null, 10, default);

        async Task<string> Again()
        {
            using var another = Person.Before(gateway);
            await another.Open((string)made["url"]!);
            Assert.False(another.Offers("Sign in"));
            return another.Text;
        }
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
