using System.Diagnostics;
using MeteringGateway.Sdk.Outboxes;

namespace MeteringGateway.Sdk.Tests;

/// <summary>
/// An agent that crashed cannot know whether it put a report into the outbox: it puts it there again as it was, and the
/// outcome counts once, at its first time, and nothing is refused.
/// </summary>
public sealed class OutboxAgainTests(Started started) : IClassFixture<Started>, IDisposable
{
    private readonly Gateway _gateway = started.Gateway;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("outbox-");
    private readonly Cable _cable = new();
    private readonly List<RefusedReport> _refused = [];
    private MeteringOptions _options = null!;
    private MeteringClient _client = null!;

    public void Dispose()
    {
        _cable.Dispose();
        _directory.Delete(recursive: true);
    }

    private async Task To(string tenant)
    {
        await _gateway.Tenant(tenant,
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}]}""");
        _options = Caller.Options(_gateway.Address, await _gateway.Key("agent", tenant));
        (_options.OutboxFile, _options.Attempts) = (Path.Combine(_directory.FullName, "outbox"), 1);
        _client = Caller.Client(_options, null, _cable);
    }

    private Outbox Open()
    {
        var outbox = new Outbox(_client, _options, _gateway.Clock);
        outbox.Refused += _refused.Add;
        return outbox;
    }

    /// <summary>The process is gone, and what it had on disk is all that there is; some time goes by.</summary>
    private async Task Crash(Outbox outbox)
    {
        var disk = await Disk();
        await outbox.DisposeAsync();
        await File.WriteAllBytesAsync(_options.OutboxFile!, disk);
        _gateway.Clock.Advance(TimeSpan.FromSeconds(30));
    }

    // The file is locked for whoever asks; a copying program does not.
    private async Task<byte[]> Disk()
    {
        var copy = _options.OutboxFile + ".copy";
        using (var cp = Process.Start("cp", [_options.OutboxFile!, copy])) await cp.WaitForExitAsync();
        return await File.ReadAllBytesAsync(copy);
    }

    private Task Drained(Outbox outbox) => Caller.Until(() =>
    {
        if (outbox.Count > 0) _gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        return outbox.Count == 0;
    }, () => $"drained: {outbox.Count}");

    private async Task<List<(string, DateTimeOffset)>> Counted(string tenant) =>
        [.. (await _gateway.Admin.Get($"/v1/tenants/{tenant}/outcomes?limit=1000").Json())["data"]!.AsArray()
            .Select(o => ((string)o!["outcome_id"]!, DateTimeOffset.Parse((string)o["timestamp"]!)))];

    [Fact]
    public async Task While_the_first_one_waits()
    {
        await To("waits");
        _cable.Cut();
        var at = _gateway.Clock.GetUtcNow();
        var report = Caller.Report("waits", "c-1");
        var first = Open();
        Assert.Equal(OutboxResult.Kept, await first.EnqueueAsync(report));
        await Crash(first);
        await using var second = Open();
        Assert.Equal(OutboxResult.Kept, await second.EnqueueAsync(report));
        _cable.Mend();
        await Drained(second);

        Assert.Empty(_refused);
        Assert.Equal([("c-1", at)], await Counted("waits"));
    }

    [Fact]
    public async Task When_the_first_one_was_answered_before_the_crash_or_after_it()
    {
        await To("answered");
        var at = _gateway.Clock.GetUtcNow();
        var first = Open();
        await first.EnqueueAsync(Caller.Report("answered", "before"));
        await Drained(first);
        await Crash(first);
        for (var crashes = 0; crashes < 3; crashes++)
        {
            var next = Open();
            await Drained(next);
            await next.EnqueueAsync(Caller.Report("answered", "before"));
            await next.EnqueueAsync(Caller.Report("answered", "after"));
            await Drained(next);
            await Crash(next);
        }

        Assert.Empty(_refused);
        var counted = await Counted("answered");
        Assert.Equal(["after", "before"], counted.Select(one => one.Item1).Order());
        Assert.Equal(at, counted.Single(one => one.Item1 == "before").Item2);
    }

    [Fact]
    public async Task In_one_process_too()
    {
        await To("twice");
        await using var outbox = Open();
        for (var i = 0; i < 3; i++)
        {
            await outbox.EnqueueAsync(Caller.Report("twice", "c-1"));
            _gateway.Clock.Advance(TimeSpan.FromSeconds(30));
            if (i == 1) await Drained(outbox);
        }
        await Drained(outbox);
        Assert.Empty(_refused);
        Assert.Single(await Counted("twice"));
    }

    [Fact]
    public async Task What_says_something_else_is_another_event()
    {
        await To("other");
        await using var outbox = Open();
        await outbox.EnqueueAsync(Caller.Report("other", "c-1"));
        await outbox.EnqueueAsync(Caller.Report("other", "c-1") with { Quantity = 2 });
        var earlier = _gateway.Clock.GetUtcNow().AddHours(-1);
        await outbox.EnqueueAsync(Caller.Report("other", "c-1") with { Time = earlier });
        await outbox.EnqueueAsync(Caller.Report("other", "c-1") with { Source = "/elsewhere", OutcomeId = "c-2" });
        await Drained(outbox);

        Assert.Equal(["id_reused", "id_reused"], _refused.Select(one => one.Problem.Code));
        Assert.Equal(["c-1", "c-2"], (await Counted("other")).Select(one => one.Item1).Order());
    }

    [Fact]
    public async Task With_a_permit_whose_unit_goes_back_as_the_first_one_used_its_own()
    {
        await To("permits");
        var gate = new Gate(_gateway.Clock);
        gate.Hear(new SignalEvent(SignalKind.Connected));
        var first = Open();
        await using (var allowance = Allowance(gate))
        {
            await first.EnqueueAsync(allowance, await allowance.DecideAsync(), Caller.Report("permits", "c-1"));
            await Drained(first);
        }
        await Crash(first);
        await using var second = Open();
        await using (var allowance = Allowance(gate))
        {
            var permit = await allowance.DecideAsync();
            var held = allowance.Held;
            await second.EnqueueAsync(allowance, permit, Caller.Report("permits", "c-1"));
            await Drained(second);
            Assert.Equal(held + 1, allowance.Held);
            // And without one.
            await second.EnqueueAsync(Caller.Report("permits", "c-1"));
            await Drained(second);
        }

        Assert.Empty(_refused);
        Assert.Single(await Counted("permits"));
    }

    private Allowance Allowance(Gate gate) => new(_client, gate, "permits", Question.Outcome(Caller.Type),
        new AllowanceOptions { OnUnavailable = OnUnavailable.Deny }, _gateway.Clock);

    [Fact]
    public async Task The_last_mebibyte_of_what_was_answered_is_remembered_and_the_file_does_not_grow_beyond_that()
    {
        await To("many");
        var ids = Enumerable.Range(0, 6_000).Select(i => $"c-{i}").ToList();
        var outbox = Open();
        foreach (var some in ids.Chunk(500))
            await Task.WhenAll(some.Select(id => outbox.EnqueueAsync(Caller.Report("many", id) with
            {
                SourceUrl = "https://desk.example/" + new string('x', 500),
            })));
        await Drained(outbox);
        await Crash(outbox);
        Assert.InRange(new FileInfo(_options.OutboxFile!).Length, 1024 * 1024 / 2, 3 * 1024 * 1024 + 512 * 1024);

        await using var again = Open();
        Assert.InRange(new FileInfo(_options.OutboxFile!).Length, 1024 * 1024 / 2, 1024 * 1024 + 512 * 1024);
        foreach (var id in (string[])[ids[0], ids[^1000], ids[^1]])
            await again.EnqueueAsync(Caller.Report("many", id));
        await Drained(again);
        Assert.Equal([ids[0]], _refused.Select(one => one.Event.GetProperty("id").GetString()));
        Assert.Equal("id_reused", _refused[0].Problem.Code);
    }

    [Fact]
    public void What_is_remembered_ends_with_the_last_report_of_its_id()
    {
        var remembered = new Remembered(most: 2 * OutboxFile.SizeOf("xx"u8));
        ReportKey Key(int i) => new("t", "/s", $"{i}");
        var bytes = "xx"u8.ToArray();
        for (var i = 0; i < 4; i++) remembered.Add(Key(i), new Given(null, $"{i}"));
        remembered.Add(Key(0), new Given(null, "another"));
        Assert.Equal("0", remembered.Of(Key(0))!.Value.Reservation);
        for (var i = 0; i < 4; i++) remembered.Done(Key(i), bytes);

        Assert.Equal([true, false, true, true], Enumerable.Range(0, 4).Select(i => remembered.Of(Key(i)) is not null));
        Assert.Equal(2, remembered.Answered.Count());
        remembered.Remove(Key(0));
        Assert.Null(remembered.Of(Key(0)));
    }
}
