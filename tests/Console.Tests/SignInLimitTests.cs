using MeteringGateway.ConsolePages;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Console.Tests;

/// <summary>How many may come in: counted by each process for itself.</summary>
public sealed class SignInLimitTests
{
    public SignInLimitTests() => Edition.Maps = app => app.MapConsole();

    [Fact]
    public async Task A_key_lets_so_many_people_in_an_hour_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:SignInsPerHour"] = "2" });
        var key = await gateway.Key("admin");
        for (var i = 0; i < 2; i++)
        {
            using var one = Person.Before(gateway);
            await one.SignIn(key);
            Assert.Equal("Accounts", one.Heading);
        }
        using var third = Person.Before(gateway);
        await third.SignIn(key);
        Assert.Equal(HttpStatusCode.TooManyRequests, third.Status);
        Assert.Contains("2 times in an hour", third.Text);
        var link = await gateway.As(key).Post("/v1/console-links", "{}").Is(HttpStatusCode.Created);
        await third.Open((string)link["url"]!);
        await third.Press("Sign in");
        Assert.Equal(HttpStatusCode.TooManyRequests, third.Status);
        Assert.Empty(third.Cookies);
        gateway.Clock.Advance(TimeSpan.FromHours(1));
        await third.SignIn(key);
        Assert.Equal("Accounts", third.Heading);
    }

    [Fact]
    public async Task Keys_of_one_family_make_so_many_links_and_sign_ins_an_hour_together_N4()
    {
        await using var gateway = await Gateway.Start(new()
        {
            ["Metering:Limits:ConsoleLinksPerHour"] = "1", ["Metering:Limits:SignInsPerHour"] = "1",
        });
        await gateway.Tenant("acme");
        var first = await gateway.Key("admin", "acme");
        using var maker = gateway.As(first);
        var keys = new List<string> { first };
        for (var i = 0; i < 4; i++)
            keys.Add((string)(await maker.Post("/v1/keys", """{"role":"admin","tenants":["acme"]}""")
                .Is(HttpStatusCode.Created))["key"]!);
        for (var i = 0; i < 4; i++)
        {
            using var member = gateway.As(keys[i]);
            await member.Post("/v1/console-links", "{}").Is(HttpStatusCode.Created);
            using var person = Person.Before(gateway);
            await person.SignIn(keys[i]);
            Assert.Equal(HttpStatusCode.OK, person.Status);
        }
        using var fifth = gateway.As(keys[4]);
        await fifth.Post("/v1/console-links", "{}")
            .IsProblem(HttpStatusCode.TooManyRequests, "too_many_console_links");
        using var another = Person.Before(gateway);
        await another.SignIn(keys[4]);
        Assert.Equal(HttpStatusCode.TooManyRequests, another.Status);
        using var stranger = gateway.As(await gateway.Key("admin", "acme")); // of no family of theirs
        await stranger.Post("/v1/console-links", "{}").Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_session_that_was_signed_out_of_is_forgotten_when_it_would_be_over_by_itself_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Console:SessionTime"] = "02:00:00" });
        var store = gateway.Services.GetRequiredService<IStore>();
        using var person = await Person.Of(gateway, "admin");
        using var thief = Person.Before(gateway);
        thief.Take(person.Cookies.Single().Value);
        await person.Press("Sign out");
        Assert.Single(await store.IdempotencyPage(null, 10, default));
        await thief.Open("/console");
        Assert.Equal("Sign in", thief.Heading);

        gateway.Clock.Advance(TimeSpan.FromHours(4));
        while ((await store.IdempotencyPage(null, 10, default)).Count > 0) await Task.Delay(20); // it is looked through
        await thief.Open("/console");
        Assert.Equal("Sign in", thief.Heading);
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
}
