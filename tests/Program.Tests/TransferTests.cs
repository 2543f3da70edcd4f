using System.Diagnostics;
using System.Text;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// <c>metering export</c> and <c>metering import</c> as an operator runs them, on the store of a real gateway.
/// </summary>
public sealed class TransferTests : IDisposable
{
    private const string Plan =
        """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT0S"}]}""";
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_gateways_store_is_moved_and_its_tenants_go_on()
    {
        var usage = await Filled(In("old"));
        var exported = await Run("export", "--data-directory", In("old"), "--to", In("store.export"));
        Assert.Equal((0, "2 tenants, 24 entries, 1 plan, 0 keys: exported"), (exported.Code, exported.Error));

        var imported = await Run("import", "--from", In("store.export"), "--data-directory", In("new"));

        Assert.Equal((0, "2 tenants, 24 entries, 1 plan, 0 keys: all digests equal"), (imported.Code, imported.Output));
        Assert.Equal(["metering.db", "metering.lock"],
            Directory.EnumerateFileSystemEntries(In("new")).Select(Path.GetFileName).Order());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(In("new")));
        string[] digest = ["journal", "--tenant", "acme", "--tenant", "zoo", "--digest", "--data-directory"];
        Assert.Equal((await Run([.. digest, In("old")])).Output, (await Run([.. digest, In("new")])).Output);
        using var server = GatewayServer.Start(Options.DefaultDll(), In("new"));
        Assert.Equal(usage, Counted((await server.Usage("acme"))!));
    }

    [Fact]
    public async Task What_cannot_be_done_is_said_in_one_line_and_leaves_nothing()
    {
        await Filled(In("old"));
        Assert.Equal(0, (await Run("export", "--data-directory", In("old"), "--to", In("store.export"))).Code);

        await Refused("there is no data directory", "export", "--data-directory", In("nowhere"), "--to", In("x"));
        await Refused("already exists", "export", "--data-directory", In("old"), "--to", In("store.export"));
        await Refused("there is a store in", "import", "--from", In("store.export"), "--data-directory", In("old"));
        await Refused("Could not find file", "import", "--from", In("nothing"), "--data-directory", In("new"));
        var bytes = await File.ReadAllBytesAsync(In("store.export"));
        await File.WriteAllBytesAsync(In("store.export"), bytes[..^200]);
        await Refused("cut short", "import", "--from", In("store.export"), "--check");
        await Refused("cut short", "import", "--from", In("store.export"), "--data-directory", In("new"));
        Assert.Equal(["metering.lock"], Directory.EnumerateFileSystemEntries(In("new")).Select(Path.GetFileName));
        Assert.False(File.Exists(In("x")));
    }

    [Fact]
    public async Task A_store_that_is_open_is_only_exported_as_a_backup()
    {
        await Filled(In("old"));
        using var server = GatewayServer.Start(Options.DefaultDll(), In("old"));

        await Refused("stop it to move the store, or give --while-running for a backup", "export", "--data-directory",
            In("old"), "--to", In("store.export"));
        Assert.Equal(0,
            (await Run("export", "--data-directory", In("old"), "--to", In("store.export.gz"),
                "--while-running")).Code);
        var check = await Run("import", "--from", In("store.export.gz"), "--check");
        Assert.Equal((0, "2 tenants, 24 entries, 1 plan, 0 keys: the file is whole, all digests equal"),
            (check.Code, check.Output));
        var piped = await Run("export", "--data-directory", In("old"), "--to", "-", "--while-running");
        Assert.StartsWith("{\"header\":{\"format\":\"metering-export\"", piped.Output, StringComparison.Ordinal);
    }

    /// <summary>Two tenants with 10 outcomes each; returns what one of them counted.</summary>
    private static async Task<string> Filled(string directory)
    {
        using var server = GatewayServer.Start(Options.DefaultDll(), directory);
        await server.PutPlan("support", Plan);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + GatewayServer.AdminKey);
        foreach (var tenant in (string[])["acme", "zoo"])
        {
            await server.PutTenant(tenant, "support");
            var lines = Enumerable.Range(0, 10).Select(i => $$$"""
                {"specversion":"1.0","id":"{{{tenant}}}-{{{i}}}","source":"/desk","type":"outcome.reported","subject":"{{{tenant}}}","data":{"outcome_type":"support.resolution","end_customer":"u-{{{i}}}"}}
                """);
            using var events = new StringContent(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson");
            using var answer = await http.PostAsync(new Uri("/v1/events", UriKind.Relative), events);
            answer.EnsureSuccessStatusCode();
        }
        using var pause = new StringContent("""{"action":"pause","reason":"audit"}""", Encoding.UTF8,
            "application/json");
        (await http.PostAsync(new Uri("/v1/tenants/zoo/pause", UriKind.Relative), pause)).EnsureSuccessStatusCode();
        var usage = Counted((await server.Usage("acme"))!);
        Assert.Equal(0, server.Process.Stop());
        return usage;
    }

    /// <summary>Without the forecast, which moves with the clock.</summary>
    private static string Counted(System.Text.Json.Nodes.JsonNode usage) =>
        $"{usage["sequence"]} {usage["outcome_types"]!.ToJsonString()}";

    private static async Task Refused(string why, params string[] arguments)
    {
        var (code, output, error) = await Run(arguments);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", [Options.DefaultDll(), .. arguments]) { RedirectStandardOutput = true,
                RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output.TrimEnd(), (await error).TrimEnd());
    }

    private string In(string name) => Path.Combine(_directory, name);
}
