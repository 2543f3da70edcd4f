using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Keys;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Api.Tests;

/// <summary>What a key can do to others: when it is guessed, ended, bound, or used too much (N4).</summary>
public class KeyLifeTests(Started started) : IClassFixture<Started>
{
    private const string Lines = "application/x-ndjson";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_key_cannot_be_worked_out_from_the_key_that_made_it()
    {
        var made = await _gateway.Admin.Post("/v1/keys", """{"role":"agent","tenants":"*"}""",
            ("Idempotency-Key", "guess")).Is(HttpStatusCode.Created);

        var (_, guessed) = Secrets.Derived([], Gateway.AdminKey, "guess", 0);

        Assert.NotEqual(guessed, (string)made["key"]!);
    }

    [Theory]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("1234567890123456", false)]
    [InlineData("passwordpassword", false)]
    [InlineData("walk-through-admin-key", true)]
    [InlineData("5f0c9e6b1a7d4c3e8b2f6a9d0c4e7b1a", true)]
    public void A_chosen_key_must_be_hard_to_guess(string key, bool taken) =>
        Assert.Equal(taken, Secrets.IsHardToGuess(key));

    [Fact]
    public async Task What_belongs_to_no_tenant_needs_a_key_that_is_bound_to_none()
    {
        await _gateway.Tenant("bound-a");
        await _gateway.Tenant("bound-b");
        using var admin = await _gateway.Role("admin", "bound-a");
        using var billing = await _gateway.Role("billing", "bound-a");
        using var finance = await _gateway.Role("finance", "bound-a");

        await admin.Put("/v1/plans/bound-a", Gateway.Plan).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await admin.Put("/v1/plans/of-nobody", Gateway.Plan).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        foreach (var client in new[] { admin, billing, finance })
        {
            var plans = await client.Get("/v1/plans").Is(HttpStatusCode.OK);
            Assert.Equal(["bound-a"], plans["data"]!.AsArray().Select(plan => (string)plan!["id"]!));
            await client.Get("/v1/plans/bound-a").Is(HttpStatusCode.OK);
            await client.Get("/v1/plans/bound-b").IsProblem(HttpStatusCode.NotFound, "unknown_plan");
        }
        // A version that the tenant is not on is not its own either.
        await _gateway.Admin.Put("/v1/plans/bound-a", Gateway.Plan.Replace("0.99", "1.99", StringComparison.Ordinal))
            .Is(HttpStatusCode.Created);
        Assert.Equal(1, (int)(await billing.Get("/v1/plans/bound-a").Is(HttpStatusCode.OK))["version"]!);
        await billing.Get("/v1/plans/bound-a?version=2").IsProblem(HttpStatusCode.NotFound, "unknown_plan");
    }

    [FactInOneProcess]
    public async Task A_stream_of_events_takes_nothing_more_once_its_key_was_ended()
    {
        await _gateway.Tenant("ended-events");
        var key = await _gateway.Key("agent", "ended-events");
        using var call = await RawCall.Open(_gateway, "POST", "/v1/events", Lines, key);
        await call.Say(Report.Outcome("before", "ended-events") + "\n");
        await call.HearUntil("\"before\"");

        await _gateway.Admin.Delete($"/v1/keys/{key.Split('_')[1]}").Is(HttpStatusCode.NoContent);
        await call.Say(Report.Outcome("after", "ended-events") + "\n");

        var heard = await call.HearUntil("\"rejected\":1");
        Assert.Contains("\"unauthorized\"", heard, StringComparison.Ordinal);
        await _gateway.Admin.Get("/v1/tenants/ended-events/outcomes/after")
            .IsProblem(HttpStatusCode.NotFound, "unknown_outcome");
    }

    [FactInOneProcess]
    public async Task A_stream_of_signals_tells_nothing_more_once_its_key_was_ended()
    {
        await _gateway.Tenant("ended-signals");
        var key = await _gateway.Key("agent", "ended-signals");
        using var call = await RawCall.Open(_gateway, "GET", "/v1/tenants/ended-signals/signals", null, key);
        await call.HearUntil("text/event-stream");
        await _gateway.Admin.Post("/v1/tenants/ended-signals/pause", """{"action":"pause","reason":"first"}""");
        await call.HearUntil("tenant_paused");

        await _gateway.Admin.Delete($"/v1/keys/{key.Split('_')[1]}").Is(HttpStatusCode.NoContent);
        await _gateway.Admin.Post("/v1/tenants/ended-signals/resume", null);

        var heard = await call.HearUntil("\r\n0\r\n\r\n"); // the last chunk
        Assert.DoesNotContain("event: resume", heard, StringComparison.Ordinal);
    }

    [FactInOneProcess]
    public async Task A_stream_of_events_ends_with_the_process_and_says_what_was_taken()
    {
        RawCall call;
        await using (var gateway = await Gateway.Start())
        {
            await gateway.Tenant("stopping");
            call = await RawCall.Open(gateway, "POST", "/v1/events", Lines);
            await call.Say(Report.Outcome("one", "stopping") + "\n");
            await call.HearUntil("\"one\"");
        }
        using (call) await call.HearUntil("\"accepted\":1,\"duplicates\":0,\"rejected\":0}");
    }

    [FactInOneProcess]
    public async Task Who_has_no_key_is_slowed_and_who_has_one_is_not()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:FailedKeysPerMinute"] = "3" });
        using var stranger = gateway.As("mk_0123456789abcdef_" + new string('A', 43));
        for (var i = 0; i < 3; i++)
            await stranger.Get("/v1/keys").IsProblem(HttpStatusCode.Unauthorized, "unauthorized");

        await stranger.Get("/v1/keys").IsProblem(HttpStatusCode.TooManyRequests, "throttled");
        await gateway.Anyone.Get("/v1/keys").IsProblem(HttpStatusCode.TooManyRequests, "throttled");
        await gateway.Admin.Get("/v1/keys").Is(HttpStatusCode.OK);
        Assert.Equal(2, gateway.Log.Lines.Count(line => line.Contains("valid key", StringComparison.Ordinal)));

        gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        await stranger.Get("/v1/keys").IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [FactInOneProcess]
    public async Task Events_and_streams_of_a_key_have_limits()
    {
        await using var gateway = await Gateway.Start(new()
        {
            ["Metering:Limits:EventsPerSecond"] = "2", ["Metering:Limits:StreamsPerKey"] = "1",
        });
        await gateway.Tenant("busy");
        var batch = $"[{Report.Outcome("a", "busy")},{Report.Outcome("b", "busy")}]";
        Task<HttpResponseMessage> Send() =>
            gateway.Admin.PostAs("application/cloudevents-batch+json", "/v1/events", batch);
        await Send().Is(HttpStatusCode.OK);
        await Send().IsProblem(HttpStatusCode.TooManyRequests, "throttled");
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        await Send().Is(HttpStatusCode.OK);

        using var open = await RawCall.Open(gateway, "GET", "/v1/tenants/busy/signals", null);
        await open.HearUntil("text/event-stream");
        await gateway.Admin.Get("/v1/tenants/busy/signals")
            .IsProblem(HttpStatusCode.TooManyRequests, "too_many_streams");
    }

    [FactInOneProcess]
    public async Task A_key_reads_so_much_at_once_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:ReadsAtOnce"] = "2" });
        await gateway.Tenant("acme");
        var other = await gateway.Role("auditor");
        var key = gateway.Services.GetRequiredService<KeyRing>().Find($"Bearer {Gateway.AdminKey}")!;
        using (key.Reads.Open(most: 0))
        using (key.Reads.Open(most: 0))
        {
            foreach (var path in new[] { "usage", "outcomes", "entries", "statements" })
                await gateway.Admin.Get($"/v1/tenants/acme/{path}")
                    .IsProblem(HttpStatusCode.TooManyRequests, "too_many_at_once");
            await other.Get("/v1/tenants/acme/usage").Is(HttpStatusCode.OK);
            await gateway.Admin.Post("/v1/tenants/acme/check", """{"outcome_type":"support.resolution"}""")
                .Is(HttpStatusCode.OK);
        }
        await gateway.Admin.Get("/v1/tenants/acme/usage").Is(HttpStatusCode.OK);
    }

    [FactInOneProcess]
    public async Task Keys_that_a_bound_key_made_share_what_one_may_have_with_it_N4()
    {
        var limits = new Dictionary<string, string?>
        {
            ["Metering:Limits:ReadsAtOnce"] = "1", ["Metering:Limits:BoundKeys"] = "10",
        };
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        List<string> keys;
        await using (var first = await Gateway.Start(limits, dataDirectory: directory))
        {
            await first.Tenant("acme");
            keys = [await first.Key("admin", "acme")];
            // The second makes the third, and so on; ending one of them is no way out.
            for (var i = 0; i < 4; i++)
            {
                using var maker = first.As(keys[^1]);
                keys.Add((string)(await maker.Post("/v1/keys", """{"role":"admin","tenants":["acme"]}""")
                    .Is(HttpStatusCode.Created))["key"]!);
            }
            await Held(first, keys[..4]);
            await first.Admin.Delete($"/v1/keys/{keys[0].Split('_')[1]}").Is(HttpStatusCode.NoContent);
        }
        await using var again = await Gateway.Start(limits, dataDirectory: directory);
        await Held(again, keys[1..]);

        // Each has its one read; a key of the same tenant that an unbound key made has its own.
        static async Task Held(Gateway gateway, IReadOnlyList<string> keys)
        {
            var ring = gateway.Services.GetRequiredService<KeyRing>();
            var (last, other) = (gateway.As(keys[^1]), await gateway.Role("finance", "acme"));
            var open = keys.Take(3).Select(key => ring.Find($"Bearer {key}")!.Reads.Open(most: 1)!).ToList();
            await last.Get("/v1/tenants/acme/usage").Is(HttpStatusCode.OK);
            open.Add(ring.Find($"Bearer {keys[0]}")!.Reads.Open(most: 2)!);
            await last.Get("/v1/tenants/acme/usage").IsProblem(HttpStatusCode.TooManyRequests, "too_many_at_once");
            await other.Get("/v1/tenants/acme/usage").Is(HttpStatusCode.OK);
            open.ForEach(one => one.Dispose());
            await last.Get("/v1/tenants/acme/usage").Is(HttpStatusCode.OK);
        }
    }

    [FactInOneProcess]
    public async Task A_key_has_few_reads_with_large_answers_at_once_N4()
    {
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("acme");
        var key = await gateway.Key("finance", "acme");
        using var finance = gateway.As(key);
        var mine = gateway.Services.GetRequiredService<KeyRing>().Find($"Bearer {key}")!;
        var open = Enumerable.Range(0, 4).Select(_ => mine.LargeReads.Open(most: 4)!).ToList();
        string[] large = ["outcomes/sample?n=1&period=2026-11-01", "usage/series?from=2026-11-01&to=2026-11-02",
            "sessions/some"];
        foreach (var path in large)
            await finance.Get($"/v1/tenants/acme/{path}")
                .IsProblem(HttpStatusCode.TooManyRequests, "too_many_at_once");
        await finance.Get("/v1/tenants/acme/usage").Is(HttpStatusCode.OK);
        open.ForEach(one => one.Dispose());
        foreach (var path in large)
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await finance.Get($"/v1/tenants/acme/{path}")).StatusCode);
    }

    [Fact]
    public void Of_each_kind_a_family_has_four_times_what_one_key_may_N4()
    {
        var family = new Shares();
        var keys = Enumerable.Range(0, 10).Select(_ => new Shares(family)).ToList();
        Func<Shares, KeyShare>[] kinds = [of => of.Streams, of => of.Requests, of => of.Reads, of => of.LargeReads,
            of => of.Changes,
            of => of.Previews, of => of.Bodies];
        foreach (var kind in kinds)
        {
            Assert.Equal(8, keys.Sum(key => Enumerable.Range(0, 3).Count(_ => kind(key).TryTake(2))));
            kind(keys[0]).GiveBack();
            Assert.True(kind(keys[9]).TryTake(2));
            Assert.False(kind(keys[9]).TryTake(2));
        }
        var clock = new FakeClock();
        Func<Shares, TokenBucket>[] buckets = [of => of.Bucket, of => of.Events];
        foreach (var bucket in buckets)
        {
            Assert.Equal(8,
                keys.Sum(key => Enumerable.Range(0, 3).Count(time => bucket(key).TryTake(2, clock, out _))));
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.True(bucket(keys[9]).TryTake(2, clock, out _, many: 9)); // what was refused left no debt
            Assert.False(bucket(keys[8]).TryTake(2, clock, out var wait));
            Assert.True(wait > TimeSpan.Zero);
        }
    }

    [FactInOneProcess]
    public async Task C1_a_key_has_one_preview_under_way_N4()
    {
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("acme");
        var (mine, other) = (await gateway.Key("finance", "acme"), await gateway.Role("finance", "acme"));
        const string path = "/v1/tenants/acme/caps/preview", caps = """{"caps":[]}""";
        using var finance = gateway.As(mine);
        using (gateway.Services.GetRequiredService<KeyRing>().Find($"Bearer {mine}")!.Previews.Open(most: 1))
        {
            using var refused = await finance.Post(path, caps);
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
            await Task.FromResult(refused).IsProblem(HttpStatusCode.TooManyRequests, "too_many_at_once");
            await other.Post(path, caps).Is(HttpStatusCode.OK);
        }
        await finance.Post(path, caps).Is(HttpStatusCode.OK);
    }

    [FactInOneProcess]
    public async Task A_key_has_so_many_requests_changes_and_bytes_of_bodies_under_way_N4()
    {
        const string terms = """{"currency":"USD","outcome_types":[{"id":"res","price":"1.00"}]}""";
        await using var gateway = await Gateway.Start(new()
        {
            ["Metering:Limits:RequestsAtOnce"] = "4", ["Metering:Limits:ChangesAtOnce"] = "1",
            ["Metering:Limits:BodyBytesAtOnce"] = "200000",
        });
        await gateway.Tenant("slow");
        var other = await gateway.Role("admin");
        Task<HttpResponseMessage> Change() => gateway.Admin.Put("/v1/plans/quick", terms);
        Task<HttpResponseMessage> Large() => gateway.Admin.PostAs("application/cloudevents-batch+json", "/v1/events",
            "[" + new string(' ', 100_000) + "]");

        using (var change = await RawCall.Open(gateway, "PUT", "/v1/plans/slow", "application/json",
            expects: true))
        {
            await change.IsHeard();
            await Change().IsProblem(HttpStatusCode.TooManyRequests, "too_many_at_once");
            await other.Put("/v1/plans/others", terms).Is(HttpStatusCode.Created);
            await gateway.Admin.Get("/v1/plans/others").Is(HttpStatusCode.OK);
        }
        await Becomes(HttpStatusCode.OK, Change);

        using (var body = await RawCall.Open(gateway, "POST", "/v1/events", "application/cloudevents-batch+json",
            expects: true))
        {
            await body.IsHeard();
            await body.Say("[" + new string(' ', 150_000));
            var key = gateway.Services.GetRequiredService<KeyRing>().Find($"Bearer {Gateway.AdminKey}")!;
            while (key.Bodies.TryTake(100_000, much: 0)) await gateway.Admin.Get("/v1/tenants/slow");
            await Large().IsProblem(HttpStatusCode.TooManyRequests, "too_many_at_once");
            await other.PostAs("application/cloudevents-batch+json", "/v1/events", "[" + new string(' ', 100_000) + "]")
                .Is(HttpStatusCode.OK);
            await gateway.Admin.Get("/v1/tenants/slow").Is(HttpStatusCode.OK);
        }
        await Becomes(HttpStatusCode.OK, Large);

        var open = new List<RawCall>();
        for (var i = 0; i < 4; i++) open.Add(await RawCall.Open(gateway, "GET", "/v1/tenants/slow/signals", null));
        foreach (var one in open) await one.HearUntil("text/event-stream");
        var refused = await gateway.Admin.Get("/v1/tenants/slow");
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
        await Task.FromResult(refused).IsProblem(HttpStatusCode.TooManyRequests, "too_many_at_once");
        open.ForEach(one => one.Dispose());
        await Becomes(HttpStatusCode.OK, () => gateway.Admin.Get("/v1/tenants/slow"));

        // The server sees by and by that the others have gone.
        static async Task Becomes(HttpStatusCode status, Func<Task<HttpResponseMessage>> ask)
        {
            var answer = HttpStatusCode.Unused;
            for (var tries = 0; tries < 10_000 && answer != status; tries++) answer = (await ask()).StatusCode;
            Assert.Equal(status, answer);
        }
    }

    [FactInOneProcess]
    public async Task A_key_that_ended_long_ago_is_forgotten_N4()
    {
        await using var gateway = await Gateway.Start();
        const string admin = """{"role":"admin","tenants":"*"}""";
        Task<HttpResponseMessage> Make() => gateway.Admin.Post("/v1/keys", admin, ("Idempotency-Key", "k"));
        var first = (string)(await Make().Is(HttpStatusCode.Created))["id"]!;
        await gateway.Admin.Delete($"/v1/keys/{first}").Is(HttpStatusCode.NoContent);
        gateway.Clock.Advance(TimeSpan.FromDays(89));
        await gateway.Role("admin");
        Assert.Contains(first, await Listed());
        gateway.Clock.Advance(TimeSpan.FromDays(2));
        await gateway.Role("admin");
        Assert.DoesNotContain(first, await Listed());
        await gateway.Admin.Delete($"/v1/keys/{first}").IsProblem(HttpStatusCode.NotFound, "unknown_key");
        Assert.NotEqual(first, (string)(await Make().Is(HttpStatusCode.Created))["id"]!);

        async Task<IEnumerable<string>> Listed() =>
            (await gateway.Admin.Get("/v1/keys").Is(HttpStatusCode.OK))["data"]!.AsArray()
                .Select(key => (string)key!["id"]!);
    }

    [FactInOneProcess]
    public async Task Blank_lines_count_against_what_a_key_may_send()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:EventsPerSecond"] = "2" });
        await gateway.Tenant("blank");
        using var stream = await gateway.Admin.PostAs("application/x-ndjson", "/v1/events", "\n \n\n\n");
        await stream.Content.ReadAsStringAsync();
        var batch = $"[{Report.Outcome("a", "blank")}]";
        Task<HttpResponseMessage> Send() =>
            gateway.Admin.PostAs("application/cloudevents-batch+json", "/v1/events", batch);

        await Send().IsProblem(HttpStatusCode.TooManyRequests, "throttled");
        gateway.Clock.Advance(TimeSpan.FromSeconds(3));
        await Send().Is(HttpStatusCode.OK);
    }

    [FactInOneProcess]
    public async Task There_are_so_many_keys_and_fewer_of_a_key_that_is_bound_N4()
    {
        await using var gateway = await Gateway.Start(new()
        {
            ["Metering:Limits:BoundKeys"] = "3", ["Metering:Limits:Keys"] = "5",
        });
        await gateway.Tenant("mine");
        const string mine = """{"role":"agent","tenants":["mine"]}""";
        using var bound = await gateway.Role("admin", "mine");
        var ids = new List<string>();
        for (var i = 0; i < 2; i++)
            ids.Add((string)(await bound.Post("/v1/keys", mine, ("Idempotency-Key", $"k-{i}"))
                .Is(HttpStatusCode.Created))["id"]!);
        await bound.Post("/v1/keys", mine).IsProblem(HttpStatusCode.Conflict, "too_many_keys");
        // What was made is told again, and is no further key.
        Assert.Equal(ids[0], (string?)(await bound.Post("/v1/keys", mine, ("Idempotency-Key", "k-0"))
            .Is(HttpStatusCode.Created))["id"]);
        // To end keys as fast as they are made helps nobody: they are listed, and stored for good.
        Assert.Equal(HttpStatusCode.NoContent, (await bound.Delete($"/v1/keys/{ids[0]}")).StatusCode);
        await bound.Post("/v1/keys", mine).IsProblem(HttpStatusCode.Conflict, "too_many_keys");
        await gateway.Key("agent");
        await gateway.Key("agent");
        await gateway.Admin.Post("/v1/keys", mine).IsProblem(HttpStatusCode.Conflict, "too_many_keys");
        gateway.Clock.Advance(TimeSpan.FromHours(24));
        await bound.Post("/v1/keys", mine).Is(HttpStatusCode.Created);
    }
}
