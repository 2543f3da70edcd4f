using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// <c>metering seal</c>, and sealing by itself: the store becomes smaller, and nobody hears anything else.
/// </summary>
public sealed class SealTests : IDisposable
{
    private const int Outcomes = 3_000;
    private static readonly string[] Asked = ["entries?limit=1000", "entries?limit=17", "entries?limit=700",
        "outcomes?limit=1000", "outcomes?period=2026-01-01&limit=5", "journal",
        "statements/2026-01-01?lines=outcomes", "outcomes/o-5", "outcomes/o-77"];
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    private string Store => In("store");
    private string Segments => $"--Metering:Journal:Segments={In("segments")}";

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_directory_is_smaller_after_sealing_and_every_answer_is_byte_for_byte_the_same()
    {
        List<string> before;
        using (var server = GatewayServer.Start(Options.DefaultDll(), Store))
        {
            await History(server);
            before = await Answers(server);
            await Keep(server, "certificate");
            Assert.Equal(0, server.Process.Stop());
        }
        var (raw, size) = (await Journal("--tenant", "acme", "--raw"), Size(Store));
        Assert.Contains("Metering:Journal:Segments",
            (await Metering.Run("seal", "--data-directory", Store)).Error, StringComparison.Ordinal);
        var none = await Seal("--after", "40000.00:00:00");
        Assert.Equal((0, "nothing was to be sealed"), (none.Code, none.Output));
        var done = await Seal();
        Assert.True(done.Code == 0, done.Error);
        Assert.Matches("^sealed [0-9]+ entries and [0-9]+ outcomes into [0-9]+ segments, [0-9]+ bytes$", done.Output);
        var (left, gone) = (Size(Store), Size(In("segments")));
        Assert.True(left < size / 2, $"{size} -> {left} and {gone}");
        Assert.True(gone < size / 4, $"{size} -> {left} and {gone}");

        Assert.Equal(raw.Output, (await Journal("--tenant", "acme", "--raw")).Output);
        await File.WriteAllTextAsync(In("journal"), raw.Output);
        var good = await Metering.Run("verify", In("certificate"), "--jwks", In("jwks"), "--entries", In("journal"));
        Assert.True(good.Code == 0, good.Error);
        Assert.Contains("come to the same", good.Output, StringComparison.Ordinal);
        using (var server = GatewayServer.Start(Options.DefaultDll(), Store, settings: Sealed()))
        {
            Assert.Equal(before, await Answers(server));
            await Keep(server, "again");
            // A clock that goes on: the next month is sealed on top.
            await Clock(server, "2026-05-01T00:00:00Z");
            Assert.Equal(0, server.Process.Stop());
        }
        Assert.Equal(0, (await Metering.Run("verify", In("again"), "--jwks", In("jwks"), "--entries",
            In("journal"))).Code);
        Assert.StartsWith("sealed ", (await Seal()).Output, StringComparison.Ordinal);
        var check = await Journal("--check");
        Assert.True(check.Code == 0, check.Error);
        Assert.Equal(0, (await Metering.Run("export", "--data-directory", Store, Segments, "--to", In("out"))).Code);
        Assert.Equal(0, (await Metering.Run("import", "--from", In("out"), "--data-directory", In("moved"))).Code);
        Assert.Equal((await Journal("--tenant", "acme", "--raw")).Output,
            (await Metering.Run("journal", "--tenant", "acme", "--raw", "--data-directory", In("moved"))).Output);
    }

    [Fact]
    public async Task A_tenant_whose_segments_are_not_there_is_not_served_and_the_others_are()
    {
        using (var server = GatewayServer.Start(Options.DefaultDll(), Store))
        {
            await History(server);
            await Metering.Fill(server, "zoo", 1);
            Assert.Equal(0, server.Process.Stop());
        }
        Assert.Equal(0, (await Seal()).Code);
        var (file, elsewhere) = (Directory.GetFiles(In("segments"), "*.segment", SearchOption.AllDirectories)[0],
            In("elsewhere"));
        File.Move(file, elsewhere);
        var check = await Journal("--check");
        Assert.Equal(1, check.Code);
        Assert.Contains("there is no segment of them in", check.Error, StringComparison.Ordinal);
        Assert.Contains("Metering:Journal:Segments", (await Metering.Run("journal", "--tenant", "acme",
            "--data-directory", Store)).Error, StringComparison.Ordinal);
        using (var server = GatewayServer.Start(Options.DefaultDll(), Store, settings: Sealed()))
        {
            using var http = Metering.Administrator(server);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Path("zoo", "usage"))).StatusCode);
            Assert.True((int)(await http.GetAsync(Path("acme", "entries"))).StatusCode >= 500);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Path("zoo", "entries"))).StatusCode);
        }
        File.Move(elsewhere, file);
        Assert.Equal(0, (await Journal("--check")).Code);
    }

    [Fact]
    public async Task A_gateway_seals_by_itself_and_who_is_erased_is_in_no_file()
    {
        const string person = "planted-jane-doe";
        using (var server = GatewayServer.Start(Options.DefaultDll(), Store))
        {
            await History(server, person);
            Assert.Equal(0, server.Process.Stop());
        }
        using (var server = GatewayServer.Start(Options.DefaultDll(), Store,
            settings: Sealed("00:00:01")))
        {
            using var http = Metering.Administrator(server);
            await Counts(http, "metering_entries_sealed_total", least: Outcomes);
            Assert.Contains(person, await http.GetStringAsync(Path("acme", "outcomes/o-5")), StringComparison.Ordinal);
            using var erased = await http.DeleteAsync(Path("acme", $"end-customers/{person}"));
            Assert.Equal(Outcomes / 100, (int)(await erased.Content.ReadFromJsonAsync<JsonNode>())!["erased"]!);
            Assert.DoesNotContain(person, await http.GetStringAsync(Path("acme", "outcomes?limit=1000")),
                StringComparison.Ordinal);
            Assert.Contains("somebody-6", await http.GetStringAsync(Path("acme", "outcomes/o-6")),
                StringComparison.Ordinal);
            Assert.Equal(0, server.Process.Stop());
        }
        var check = await Journal("--check");
        Assert.True(check.Code == 0, check.Error);
        var export = await Metering.Run("export", "--data-directory", Store, Segments, "--to", In("out"));
        Assert.Equal(0, export.Code);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(person)),
            await File.ReadAllTextAsync(In("out")), StringComparison.Ordinal);
    }

    [FactIfRedis]
    public async Task A_Redis_holds_the_open_periods_alone_and_silos_answer_as_before()
    {
        using var redis = new RedisServer(null);
        string[] shared = ["--redis", Metering.Address(redis), Segments];
        List<string> before;
        var keys = $"--Metering:KeyDirectory={In("store-keys")}";
        using (var silo = Metering.Silo(redis, keys, Segments))
        {
            await History(silo);
            before = await Answers(silo);
            await Keep(silo, "certificate");
            var raw = await Metering.Run(["journal", "--tenant", "acme", "--raw", .. shared]);
            var (blocks, outcomes) = (await Memory(redis, "j", "d"), await Memory(redis, "a", "af", "as"));
            var done = await Metering.Run(["seal", .. shared]); // beside the silo
            Assert.True(done.Code == 0, done.Error);
            Assert.StartsWith("sealed ", done.Output, StringComparison.Ordinal);
            Assert.InRange(await Memory(redis, "j", "d"), 0, blocks / 2);
            Assert.True(outcomes > 500_000, $"{outcomes}");
            Assert.InRange(await Memory(redis, "a", "af", "as"), 0, outcomes / 10);
            Assert.Equal(before, await Answers(silo));
            await File.WriteAllTextAsync(In("journal"), raw.Output);
            Assert.Equal(raw.Output, (await Metering.Run(["journal", "--tenant", "acme", "--raw", .. shared])).Output);
            Assert.Equal(0, silo.Process.Stop());
        }
        Assert.Equal(0, (await Metering.Run("verify", In("certificate"), "--jwks", In("jwks"), "--entries",
            In("journal"))).Code);
        var check = await Metering.Run(["journal", "--check", .. shared]);
        Assert.True(check.Code == 0, check.Error);
        using (var silo = Metering.Silo(redis, keys, Segments)) Assert.Equal(before, await Answers(silo));
    }

    /// <summary>Bytes of such keys that Redis has in memory.</summary>
    private static async Task<long> Memory(RedisServer redis, params string[] kinds)
    {
        var sum = 0L;
        foreach (var kind in kinds)
        {
            var asked = await Metering.Run(new System.Diagnostics.ProcessStartInfo("redis-cli",
                ["-p", redis.Process.Port.ToString(CultureInfo.InvariantCulture), "memory", "usage",
                    $"metering:{kind}:acme", "samples", "0"]));
            sum += long.TryParse(asked.Output, out var bytes) ? bytes : 0;
        }
        return sum;
    }

    /// <summary>A month that is closed, and the beginning of the one that is open.</summary>
    private static async Task History(GatewayServer server, string person = "somebody-5")
    {
        await server.PutPlan("support", Metering.Plan);
        using var http = Metering.Administrator(server);
        (await http.PutAsJsonAsync(new Uri("/v1/tenants/acme", UriKind.Relative), new
        {
            name = "Acme", plan = "support", test_clock = new { start = "2026-01-02T00:00:00Z" },
        })).EnsureSuccessStatusCode();
        var lines = Enumerable.Range(0, Outcomes).Select(i => $$$"""
            {"specversion":"1.0","id":"o-{{{i}}}","source":"/desk","type":"outcome.reported","subject":"acme","data":{
            """.TrimEnd() + $"\"outcome_type\":\"support.resolution\",\"outcome_id\":\"o-{i}\","
            + $"\"session\":\"s-{i / 2}\","
            + $"\"end_customer\":\"{(i % 100 == 5 ? person : $"somebody-{i % 100}")}\"}}}}").ToList();
        foreach (var some in lines.Chunk(100)) await Send(http, some);
        await Clock(server, "2026-03-10T00:00:00Z");
        await Send(http, [lines[0].Replace("o-0", "o-open", StringComparison.Ordinal)]);
    }

    private static async Task Send(HttpClient http, string[] lines)
    {
        using var events = new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson");
        using var answer = await http.PostAsync(new Uri("/v1/events", UriKind.Relative), events);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task Clock(GatewayServer server, string to)
    {
        using var http = Metering.Administrator(server);
        (await http.PostAsJsonAsync(Path("acme", "clock"), new { to })).EnsureSuccessStatusCode();
    }

    private static async Task<List<string>> Answers(GatewayServer server)
    {
        using var http = Metering.Administrator(server);
        var answers = new List<string>();
        foreach (var asked in Asked) await All(http, asked, answers);
        return answers;
    }

    /// <summary>All pages.</summary>
    private static async Task All(HttpClient http, string asked, List<string> answers)
    {
        for (var (next, pages) = (asked, 0); pages < 30; pages++)
        {
            var answer = await http.GetStringAsync(Path("acme", next));
            answers.Add($"{next} {answer}");
            if (!answer.StartsWith('{') || answer.Contains('\n', StringComparison.Ordinal)
                || JsonNode.Parse(answer)!["next_cursor"]?.ToString() is not { } cursor) return;
            next = $"{asked}&cursor={Uri.EscapeDataString(cursor)}";
        }
    }

    private async Task Keep(GatewayServer server, string file)
    {
        using var http = Metering.Administrator(server);
        using var certificate = new HttpRequestMessage(HttpMethod.Get, Path("acme", "outcomes/o-5/certificate"));
        certificate.Headers.Add("Accept", "application/jose");
        using var answer = await http.SendAsync(certificate);
        await File.WriteAllTextAsync(In(file), await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        await File.WriteAllTextAsync(In("jwks"),
            await http.GetStringAsync(new Uri("/.well-known/jwks.json", UriKind.Relative)));
    }

    private static async Task Counts(HttpClient http, string name, long least)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        for (; ; await Task.Delay(100, patience.Token))
            foreach (var line in (await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), patience.Token))
                .Split('\n'))
                if (line.StartsWith(name, StringComparison.Ordinal)
                    && double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture) >= least)
                    return;
    }

    private Task<Ended> Seal(params string[] more) =>
        Metering.Run(["seal", "--data-directory", Store, Segments, .. more]);

    private Task<Ended> Journal(params string[] more) =>
        Metering.Run(["journal", "--data-directory", Store, Segments, .. more]);

    private Dictionary<string, string> Sealed(string? after = null)
    {
        var settings = new Dictionary<string, string> { ["METERING__JOURNAL__SEGMENTS"] = In("segments") };
        if (after is not null) settings["METERING__JOURNAL__SEALAFTER"] = after;
        return settings;
    }

    private static Uri Path(string tenant, string what) => new($"/v1/tenants/{tenant}/{what}", UriKind.Relative);

    private static long Size(string directory) =>
        Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);

    private string In(string name) => System.IO.Path.Combine(_directory, name);
}
