using MeteringGateway.Sdk.Wire;

namespace MeteringGateway.Sdk.Tests;

/// <summary>What may pass is sent again, the same; what may not is told at once.</summary>
public class RetryTests
{
    private const string Allowed = """
        {"decision":"allow","reason":"ok","remaining":null,"limit":null,"funding":"on_demand","unit_price":"0.99",
         "handoff":null,"retry_at":null,"period":"2026-11-01","sequence":1,
         "reservation":{"id":"r1","quantity":1,"remaining":1,"expires_at":"2026-11-01T00:00:00.000Z"}}
        """;

    private static MeteringOptions Options() => Caller.Options(new Uri("http://gateway.test/behind"), "a-key");

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests, "throttled")]
    [InlineData(HttpStatusCode.ServiceUnavailable, "tenant_unavailable")]
    [InlineData(HttpStatusCode.InsufficientStorage, "insufficient_storage")]
    [InlineData(HttpStatusCode.Conflict, "idempotency_still_running")]
    public async Task What_may_pass_is_sent_again_after_what_it_says_with_the_same_key(HttpStatusCode status,
        string code)
    {
        var clock = new FakeClock();
        using var wire = new Answers((_, count) => count == 1 ? Answers.Problem(status, code, retryAfter: 7)
            : Answers.Json(HttpStatusCode.Created, Allowed));
        var client = Caller.Client(Options(), clock, wire);

        var reserving = client.ReserveAsync("t", Question.Outcome(Caller.Type), TimeSpan.FromSeconds(60));
        await Caller.Until(() => wire.All.Count == 1, () => $"the first attempt");
        clock.Advance(TimeSpan.FromSeconds(6.9));
        Assert.False(reserving.IsCompleted);
        Assert.Single(wire.All);
        for (var i = 0; i < 10_000 && !reserving.IsCompleted; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.Equal("r1", (await reserving).Reservation!.Id);
        Assert.Equal(2, wire.All.Count);
        Assert.NotNull(wire.All[0].IdempotencyKey);
        Assert.Equal(wire.All[0], wire.All[1]);
        Assert.Equal("/behind/v1/tenants/t/reservations", wire.All[0].Path);
    }

    [Fact]
    public void What_may_pass_is_what_the_page_says()
    {
        var page = System.Text.RegularExpressions.Regex.Match(Repository.Read("docs/agents.md"),
            @"on (\d+), (\d+) and every 5xx, and on 409\s`(\w+)`");
        Assert.True(page.Success);
        int[] told = [int.Parse(page.Groups[1].Value), int.Parse(page.Groups[2].Value)];
        for (var status = 400; status < 600; status++)
            Assert.Equal(told.Contains(status) || status >= 500, Sender.MayPass(new Problem(status, "any")));
        Assert.True(Sender.MayPass(new Problem(409, page.Groups[3].Value)));
    }

    [Fact]
    public async Task What_takes_longer_than_a_caller_waits_is_told_at_once()
    {
        using var wire = new Answers((_, _) =>
            Answers.Problem(HttpStatusCode.ServiceUnavailable, "unreadable", retryAfter: 60));
        var client = Caller.Client(Options(), new FakeClock(), wire);

        var away = await Assert.ThrowsAsync<MeteringUnavailableException>(
            () => client.CheckAsync("t", Question.Outcome(Caller.Type)));

        Assert.Equal("unreadable", away.Code);
        Assert.Single(wire.All);
    }

    [Fact]
    public async Task A_call_is_attempted_so_often_and_no_more()
    {
        var options = Options();
        options.Attempts = 3;
        using var wire = new Answers((_, _) => throw new HttpRequestException("no route"));
        var client = Caller.Client(options, null, wire);

        var away = await Assert.ThrowsAsync<MeteringUnavailableException>(
            () => client.ReportAsync(Caller.Report("t", "c-1")));

        Assert.Equal(("unreachable", 3), (away.Code, wire.All.Count));
        Assert.Single(wire.All.Select(sent => sent.Body).Distinct());
    }

    [Theory]
    [InlineData("text/html", "<html>sign in</html>")]
    [InlineData("application/json", "null")]
    [InlineData("application/json", """{"results":[]}""")]
    public async Task What_no_gateway_answered_is_no_answer(string media, string body)
    {
        var options = Options();
        options.Attempts = 1;
        using var wire = new Answers((_, _) => Answers.Json(HttpStatusCode.OK, body, media));

        var away = await Assert.ThrowsAsync<MeteringUnavailableException>(
            () => Caller.Client(options, null, wire).ReportAsync(Caller.Report("t", "c-1")));

        Assert.Equal("unreachable", away.Code);
    }

    [Fact]
    public async Task An_address_where_no_gateway_is_refuses_nothing_for_good()
    {
        var options = Options();
        options.Attempts = 1;
        using var wire = new Answers((_, _) => Answers.Json(HttpStatusCode.NotFound, "<html>", "text/html"));

        await Assert.ThrowsAsync<MeteringUnavailableException>(
            () => Caller.Client(options, null, wire).ReportAsync(Caller.Report("t", "c-1")));
    }

    [Fact]
    public async Task What_is_refused_is_sent_once()
    {
        using var wire = new Answers((_, _) => Answers.Problem(HttpStatusCode.Forbidden, "forbidden"));

        await Assert.ThrowsAsync<MeteringException>(
            () => Caller.Client(Options(), null, wire).CheckAsync("t", Question.Outcome(Caller.Type)));

        Assert.Single(wire.All);
    }

    [Fact]
    public async Task Who_gives_up_waiting_is_told_so()
    {
        using var gone = new CancellationTokenSource();
        using var wire = new Answers((_, _) =>
        {
            gone.Cancel();
            return Answers.Problem(HttpStatusCode.ServiceUnavailable, "unavailable", retryAfter: 1);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Caller.Client(Options(), new FakeClock(), wire)
            .CheckAsync("t", Question.Outcome(Caller.Type), cancellation: gone.Token));
    }

    [Theory]
    [InlineData("ftp://gateway.test/", "a-key")]
    [InlineData("http://gateway.test/", "a key")]
    [InlineData("http://gateway.test/", "")]
    public void What_cannot_work_is_said_at_once(string address, string key) =>
        Assert.Throws<ArgumentException>(() => Caller.Client(Caller.Options(new Uri(address), key)));
}
