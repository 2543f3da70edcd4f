using System.Diagnostics;
using System.Globalization;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Sdk.Tests;

/// <summary>An agent runtime of its own process, killed with <c>kill -9</c> while it reports.</summary>
public class KilledTests(Started started) : IClassFixture<Started>
{
    [Fact]
    public async Task Whatever_an_outbox_kept_is_counted_once_however_often_its_process_is_killed()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("METERING_CRASHES") ?? "5");
        var gateway = started.Gateway;
        // The process that is killed lives by the machine's clock.
        gateway.Clock.Advance(DateTimeOffset.UtcNow - gateway.Clock.GetUtcNow());
        await gateway.Tenant("killed",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}]}""");
        var options = Caller.Options(gateway.Address, await gateway.Key("agent", "killed"));
        var directory = Directory.CreateTempSubdirectory("outbox-");
        options.OutboxFile = Path.Combine(directory.FullName, "outbox");
        var kept = new HashSet<string>();
        var next = 0;
        var random = new Random();
        for (var round = 0; round < rounds; round++)
        {
            using var process = Process.Start(new ProcessStartInfo("dotnet",
                [typeof(OutboxWriter).Assembly.Location, "outbox", options.OutboxFile, gateway.Address.ToString(),
                    options.Key!, "killed", $"{next}"]) { RedirectStandardOutput = true })!;
            for (var most = random.Next(1, 400); most > 0; most--)
                kept.Add(await process.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException());
            process.Kill();
            foreach (var id in (await process.StandardOutput.ReadToEndAsync()).Split('\n')[..^1]) kept.Add(id);
            await process.WaitForExitAsync();
            // What it cannot know of it reports again, without a time, and some of what it knows of.
            next = Math.Max(0, kept.Max(id => int.Parse(id[2..], CultureInfo.InvariantCulture)) - 100);
        }

        await using (var outbox = new Outbox(Caller.Client(options), options))
            await Caller.Until(() => outbox.Count == 0, () => $"sent: {outbox.Count}");

        var type = (await gateway.Admin.Get("/v1/tenants/killed/usage").Json())["outcome_types"]![0]!;
        var counted = new HashSet<string>();
        for (string? cursor = "", query = ""; cursor is not null;)
        {
            var page = await gateway.Admin.Get("/v1/tenants/killed/outcomes?limit=1000" + query).Json();
            foreach (var outcome in page["data"]!.AsArray()) Assert.True(counted.Add((string)outcome!["outcome_id"]!));
            cursor = (string?)page["next_cursor"];
            query = "&cursor=" + Uri.EscapeDataString(cursor ?? "");
        }
        Assert.False(File.Exists(options.OutboxFile + ".refused"));
        Assert.Equal((long)type["reported"]!, counted.Count);
        Assert.Empty(kept.Except(counted));
        // What was on disk and not told yet counts too: as many as are written at once.
        Assert.InRange(counted.Count, kept.Count, kept.Count + 16 * rounds);
        directory.Delete(recursive: true);
    }
}
