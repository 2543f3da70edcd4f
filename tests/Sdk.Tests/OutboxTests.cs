using MeteringGateway.Sdk.Outboxes;

namespace MeteringGateway.Sdk.Tests;

/// <summary>What an outbox has taken is reported once, whatever happens to the process.</summary>
public sealed class OutboxTests(Started started) : IClassFixture<Started>, IDisposable
{
    private readonly Gateway _gateway = started.Gateway;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("outbox-");

    private string File => Path.Combine(_directory.FullName, "outbox");

    public void Dispose() => _directory.Delete(recursive: true);

    private MeteringOptions Options(string key, long bytes = 1024 * 1024)
    {
        var options = Caller.Options(_gateway.Address, key);
        (options.OutboxFile, options.OutboxBytes, options.Attempts) = (File, bytes, 1);
        return options;
    }

    private async Task<(MeteringOptions Options, Cable Cable, MeteringClient Client)> To(string tenant,
        long bytes = 1024 * 1024)
    {
        await _gateway.Tenant(tenant, GatePlan);
        var options = Options(await _gateway.Key("agent", tenant), bytes);
        var cable = new Cable();
        return (options, cable, Caller.Client(options, null, cable));
    }

    private const string GatePlan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}]}
        """;

    private async Task<List<string>> Reported(string tenant) =>
        [.. (await _gateway.Admin.Get($"/v1/tenants/{tenant}/outcomes?limit=1000").Json())["data"]!.AsArray()
            .OrderBy(o => (long)o!["sequence"]!).Select(o => (string)o!["outcome_id"]!)];

    [Fact]
    public async Task What_waits_is_sent_in_its_order_when_the_gateway_is_back()
    {
        var (options, cable, client) = await To("order");
        cable.Cut();
        await using var outbox = new Outbox(client, options, _gateway.Clock);
        for (var i = 0; i < 30; i++)
            Assert.Equal(OutboxResult.Kept, await outbox.EnqueueAsync(Caller.Report("order", $"c-{i}")));
        Assert.Equal(30, outbox.Count);

        cable.Mend();
        await Drained(outbox);

        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"c-{i}"), await Reported("order"));
        cable.Dispose();
    }

    // Time goes by until nothing waits.
    private Task Drained(Outbox outbox) => Caller.Until(() =>
    {
        if (outbox.Count > 0) _gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        return outbox.Count == 0;
    }, () => $"drained: {outbox.Count}");

    [Fact]
    public async Task What_was_taken_before_the_process_ended_is_sent_by_the_next_one_with_its_ids_and_time()
    {
        var (options, cable, client) = await To("next");
        cable.Cut();
        var at = _gateway.Clock.GetUtcNow();
        await using (var first = new Outbox(client, options, _gateway.Clock))
        {
            await first.EnqueueAsync(Caller.Report("next", "c-1") with { Metadata = new JsonObject { ["k"] = "ü" } });
            Assert.Throws<IOException>(() => new Outbox(client, options, _gateway.Clock));
        }
        _gateway.Clock.Advance(TimeSpan.FromMinutes(10));
        cable.Mend();
        await using (var second = new Outbox(client, options, _gateway.Clock)) await Drained(second);
        await using (var third = new Outbox(client, options, _gateway.Clock)) Assert.Equal(0, third.Count);

        var outcome = await _gateway.Admin.Get("/v1/tenants/next/outcomes/c-1").Json();
        Assert.Equal((at, "ü"),
            (DateTimeOffset.Parse((string)outcome["timestamp"]!), (string?)outcome["metadata"]!["k"]));
        cable.Dispose();
    }

    [Fact]
    public async Task What_the_gateway_refuses_for_good_is_told_and_kept_and_holds_up_nobody()
    {
        var (options, cable, client) = await To("refused");
        var told = new List<RefusedReport>();
        await using var outbox = new Outbox(client, options, _gateway.Clock);
        outbox.Refused += told.Add;
        outbox.Refused += _ => throw new InvalidOperationException("the caller's own fault");
        await outbox.EnqueueAsync(new OutcomeReport("refused", "no.such.type") { Id = "bad" });
        await outbox.EnqueueAsync(Caller.Report("refused", "good"));
        await Drained(outbox);

        Assert.Equal(["good"], await Reported("refused"));
        Assert.Equal("unknown_outcome_type", Assert.Single(told).Problem.Code);
        var kept = JsonNode.Parse(Assert.Single(System.IO.File.ReadAllLines(File + ".refused")))!;
        Assert.Equal(("bad", "unknown_outcome_type"),
            ((string?)kept["event"]!["id"], (string?)kept["problem"]!["code"]));
        cable.Dispose();
    }

    [Fact]
    public async Task A_report_that_is_too_large_is_found_among_others()
    {
        var (options, cable, client) = await To("large");
        cable.Cut();
        await using var outbox = new Outbox(client, options, _gateway.Clock);
        for (var i = 0; i < 9; i++)
            await outbox.EnqueueAsync(Caller.Report("large", $"c-{i}") with
            {
                Metadata = i == 4 ? new JsonObject { ["x"] = new string('x', 300_000) } : null,
            });
        cable.Mend();
        await Drained(outbox);

        Assert.Equal(["c-0", "c-1", "c-2", "c-3", "c-5", "c-6", "c-7", "c-8"], await Reported("large"));
        cable.Dispose();
    }

    [Fact]
    public async Task It_takes_so_many_bytes_and_no_more_until_some_were_sent()
    {
        var (options, cable, client) = await To("full", bytes: 4096);
        cable.Cut();
        await using var outbox = new Outbox(client, options, _gateway.Clock);
        var taken = 0;
        while (await outbox.EnqueueAsync(Caller.Report("full", $"c-{taken}")) == OutboxResult.Kept) taken++;
        Assert.InRange(taken, 5, 40);
        Assert.Equal(taken, outbox.Count);
        Assert.InRange(new FileInfo(File).Length, 1, 4096 + 100);

        cable.Mend();
        await Drained(outbox);
        Assert.Equal(OutboxResult.Kept, await outbox.EnqueueAsync(Caller.Report("full", "again")));
        cable.Dispose();
    }

    [Fact]
    public async Task What_the_application_put_between_may_fail_as_it_likes_and_reports_are_sent_afterwards()
    {
        await _gateway.Tenant("between", GatePlan);
        using var between = new Failing { Failures = 3 };
        var client = Caller.Client(Options(await _gateway.Key("agent", "between")), null, between);
        await using (var outbox = new Outbox(client, Options("a-key"), _gateway.Clock))
        {
            await outbox.EnqueueAsync(Caller.Report("between", "c-1"));
            await Drained(outbox);
            Assert.Equal(["c-1"], await Reported("between"));

            // Nor does it keep an outbox from its end.
            between.Failures = int.MaxValue;
            await outbox.EnqueueAsync(Caller.Report("between", "c-2"));
            await Caller.Until(() => between.Failures < int.MaxValue, () => "sent");
        }
        using (Open(out var waiting)) Assert.Single(waiting);
    }

    [Fact]
    public async Task A_permits_unit_is_held_until_its_report_was_answered()
    {
        var (options, cable, client) = await To("permit");
        var gate = new Gate(_gateway.Clock);
        gate.Hear(new SignalEvent(SignalKind.Connected));
        await using var outbox = new Outbox(client, options, _gateway.Clock);
        await using var allowance = new Allowance(client, gate, "permit", Question.Outcome(Caller.Type),
            new AllowanceOptions { OnUnavailable = OnUnavailable.Deny }, _gateway.Clock);
        var permit = await allowance.DecideAsync();
        await outbox.EnqueueAsync(allowance, permit, Caller.Report("permit", "c-1"));
        await Drained(outbox);

        Assert.Throws<InvalidOperationException>(() => allowance.Return(permit));
        Assert.Equal(["c-1"], await Reported("permit"));
        cable.Dispose();
    }

    [Fact]
    public void A_file_that_was_cut_anywhere_has_all_that_was_written_whole_and_goes_on_from_there()
    {
        byte[][] events = [[1, 2, 3], [], [.. Enumerable.Repeat((byte)7, 300)], "last"u8.ToArray()];
        var (file, _, _) = OutboxFile.Open(File);
        var ends = new List<long> { file.Length };
        using (file)
            foreach (var e in events)
            {
                file.AddEvent(e);
                file.Sync();
                ends.Add(file.Length);
            }
        var whole = System.IO.File.ReadAllBytes(File);
        Assert.Equal(ends[^1], whole.Length);

        for (var cut = 0; cut <= whole.Length; cut++)
        {
            System.IO.File.WriteAllBytes(File, whole[..cut]);
            var expected = events.Take(Math.Max(0, ends.Count(end => end <= cut) - 1));
            using (var opened = Open(out var waiting))
            {
                Assert.Equal(expected, waiting);
                opened.AddEvent("more"u8);
                opened.Sync();
            }
            using var again = Open(out var all);
            Assert.Equal(expected.Append("more"u8.ToArray()), all);
            Assert.Equal(0, again.Torn);
        }
    }

    [Fact]
    public void A_file_with_any_byte_changed_has_what_stands_before_it_and_never_something_else()
    {
        byte[][] events = ["first"u8.ToArray(), "second"u8.ToArray(), "third"u8.ToArray()];
        using (var file = Open(out _))
        {
            foreach (var e in events) file.AddEvent(e);
            file.AddDone(1);
            file.Sync();
        }
        var whole = System.IO.File.ReadAllBytes(File);
        using (Open(out var waiting)) Assert.Equal(events[1..], waiting);
        for (var at = 0; at < whole.Length; at++)
        {
            var bytes = (byte[])whole.Clone();
            bytes[at] ^= 0x40;
            System.IO.File.WriteAllBytes(File, bytes);
            if (at < 18) Assert.Throws<IOException>(() => Open(out _));
            else
                using (Open(out var waiting))
                    Assert.Equal(events.Take(waiting.Count), waiting);
        }
    }

    private OutboxFile Open(out List<byte[]> waiting)
    {
        (var file, _, waiting) = OutboxFile.Open(File);
        return file;
    }
}
