using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.SignIn;
using MeteringGateway.ConsolePages;
using MeteringGateway.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Console.Tests;

/// <summary>Whom somebody in the console can hold up: nobody but themselves (N4).</summary>
public sealed class SessionShareTests
{
    private const string Csv = "outcomes.csv?limit=1000";

    public SessionShareTests() => Edition.Maps = app => app.MapConsole();

    [Fact]
    public async Task Each_session_has_a_share_of_its_own_and_uses_up_nobody_elses_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:ReadsAtOnce"] = "1" });
        await gateway.Tenant("a");
        await gateway.Tenant("b");
        using var portal = gateway.As(await gateway.Key("admin", "a", "b"));
        using var other = await In(gateway, portal, "b");
        var people = new List<Person>();
        for (var i = 0; i <= Shares.OfFamily; i++) people.Add(await In(gateway, portal, "a"));
        var held = new List<IDisposable>();
        for (var i = 0; i < Shares.OfFamily; i++)
        {
            held.Add((await Caller(gateway, people[i])).Reads.Open(most: 1)!);
            Assert.Equal(HttpStatusCode.TooManyRequests, await Get(people[i], "a"));
        }
        Assert.Equal(HttpStatusCode.TooManyRequests, await Get(people[^1], "a")); // all of this buyer's are taken

        await portal.Get("/v1/tenants/b/outcomes").Is(HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.OK, await Get(other, "b"));
        held[0].Dispose();
        // What was read is given back when the answer is over, which whoever reads it may see before.
        while (await Get(people[^1], "a") != HttpStatusCode.OK) await Task.Delay(20);
        while (await Get(people[0], "a") != HttpStatusCode.OK) await Task.Delay(20);
        held.ForEach(one => one.Dispose());
        people.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task What_a_key_has_under_way_holds_up_no_session_that_it_made_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:ReadsAtOnce"] = "1" });
        await gateway.Tenant("a");
        var key = await gateway.Key("admin");
        using var portal = gateway.As(key);
        using var person = await In(gateway, portal, "a");
        using var keys = Person.Before(gateway);
        await keys.SignIn(key);
        using var held = gateway.Services.GetRequiredService<KeyRing>().Find($"Bearer {key}")!.Reads.Open(most: 1);
        await portal.Get("/v1/tenants/a/outcomes").IsProblem(HttpStatusCode.TooManyRequests, "too_many_at_once");
        Assert.Equal(HttpStatusCode.OK, await Get(person, "a"));
        Assert.Equal(HttpStatusCode.OK, await Get(keys, "a"));
    }

    [Fact]
    public async Task A_session_asks_so_often_in_a_second_and_the_key_that_made_it_goes_on_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:RequestsPerSecond"] = "10" });
        await gateway.Tenant("a");
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        using var portal = gateway.As(await gateway.Key("admin"));
        using var person = await In(gateway, portal, "a");
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        var asked = 0;
        while (await Get(person, "a") == HttpStatusCode.OK) Assert.True(++asked <= 10);
        Assert.Equal(HttpStatusCode.TooManyRequests, person.Status);
        await portal.Get("/v1/tenants/a/outcomes").Is(HttpStatusCode.OK);
    }

    [Fact]
    public void Shares_of_sessions_that_nobody_uses_are_forgotten_N4()
    {
        var clock = new FakeClock();
        var shares = new SessionShares(clock);
        var key = new Principal("key", "admin", Permission.All, null, null, []);
        var used = shares.Of(Session("used"), key, "key");
        using (used.Reads.Open(most: 1))
        {
            Assert.True(used.Requests.TryTake(1));
            for (var i = 0; i < 10_000; i++)
            {
                if (i % 100 == 0) clock.Advance(TimeSpan.FromSeconds(30));
                shares.Of(Session($"{i}"), key, "key");
            }
            Assert.InRange(shares.Count, 1, 1_000);
            Assert.Same(used, shares.Of(Session("used"), key, "key"));
        }
        used.Requests.GiveBack();
        Assert.Same(shares.Of(Session("9999"), key, "key"), shares.Of(Session("9999"), key, "key"));

        static Session Session(string token) => new("key", "", null, null, token, "");
    }

    private static async Task<Person> In(Gateway gateway, HttpClient portal, string tenant)
    {
        var link = await portal.Post("/v1/console-links", $$"""{"role":"finance","tenants":["{{tenant}}"]}""")
            .Is(HttpStatusCode.Created);
        var person = Person.Before(gateway);
        await person.Open((string)link["url"]!);
        await person.Press("Sign in");
        Assert.Equal(HttpStatusCode.OK, person.Status);
        return person;
    }

    private static async Task<HttpStatusCode> Get(Person person, string tenant)
    {
        await person.Open($"/console/tenants/{tenant}/{Csv}");
        return person.Status;
    }

    private static async Task<Principal> Caller(Gateway gateway, Person person) =>
        (await gateway.Services.GetRequiredService<Sessions>().Find(person.Cookies.Single().Value,
            gateway.Services.GetRequiredService<IStore>(), default))!.Value
            .Caller;
}
