using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// <c>metering export</c> and <c>metering import</c> as an operator runs them, on the store of a real gateway.
/// </summary>
public sealed class TransferTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_gateways_store_is_moved_and_its_tenants_go_on()
    {
        var usage = await Filled(In("old"));
        var exported = await Metering.Run("export", "--data-directory", In("old"), "--to", In("store.export"));
        Assert.Equal((0, "2 tenants, 24 entries, 1 plan, 0 keys: exported"), (exported.Code, exported.Error));

        var imported = await Metering.Run("import", "--from", In("store.export"), "--data-directory", In("new"));

        Assert.Equal((0, "2 tenants, 24 entries, 1 plan, 0 keys: all digests equal"), (imported.Code, imported.Output));
        Assert.Equal(["metering.db", "metering.lock"],
            Directory.EnumerateFileSystemEntries(In("new")).Select(Path.GetFileName).Order());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(In("new")));
        string[] digest = ["journal", "--tenant", "acme", "--tenant", "zoo", "--digest", "--data-directory"];
        Assert.Equal(await Metering.Run([.. digest, In("old")]), await Metering.Run([.. digest, In("new")]));
        using var server = GatewayServer.Start(Options.DefaultDll(), In("new"));
        Assert.Equal(usage, Metering.Counted((await server.Usage("acme"))!));
    }

    [Fact]
    public async Task What_cannot_be_done_is_said_in_one_line_and_leaves_nothing()
    {
        await Filled(In("old"));
        Assert.Equal(0, (await Metering.Run("export", "--data-directory", In("old"), "--to", In("store.export"))).Code);

        await Refused("there is no data directory", "export", "--data-directory", In("nowhere"), "--to", In("x"));
        await Refused("already exists", "export", "--data-directory", In("old"), "--to", In("store.export"));
        await Refused("there is a store in", "import", "--from", In("store.export"), "--data-directory", In("old"));
        await Refused("Could not find file", "import", "--from", In("nothing"), "--data-directory", In("new"));
        var bytes = await File.ReadAllBytesAsync(In("store.export"));
        await File.WriteAllBytesAsync(In("store.export"), bytes[..^200]);
        await Refused("cut short", "import", "--from", In("store.export"), "--check");
        await Refused("cut short", "import", "--from", In("store.export"), "--data-directory", In("new"));
        await File.WriteAllTextAsync(In("words"), "once upon a time");
        await Refused("it is not an export", "import", "--from", In("words"), "--data-directory", In("new"));
        Assert.False(Path.Exists(In("new")));
        Directory.CreateDirectory(In("empty"));
        await Refused("it is not an export", "import", "--from", In("words"), "--data-directory", In("empty"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(In("empty")));
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
            (await Metering.Run("export", "--data-directory", In("old"), "--to", In("store.export.gz"),
                "--while-running")).Code);
        var check = await Metering.Run("import", "--from", In("store.export.gz"), "--check");
        Assert.Equal((0, "2 tenants, 24 entries, 1 plan, 0 keys: the file is whole, all digests equal"),
            (check.Code, check.Output));
        var piped = await Metering.Run("export", "--data-directory", In("old"), "--to", "-", "--while-running");
        Assert.StartsWith("{\"header\":{\"format\":\"metering-export\"", piped.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_leave_a_store_sealed_unless_it_is_asked_otherwise_and_are_sealed_again_where_they_arrive()
    {
        const string webhook = "/v1/webhooks/desk";
        string secret;
        using (var server = GatewayServer.Start(Options.DefaultDll(), In("old")))
        {
            await Metering.Fill(server, "acme", 1);
            using var http = Metering.Administrator(server);
            using var body = new StringContent(
                """{"url":"https://example.com/hooks","events":["*"],"tenants":"*"}""", Encoding.UTF8,
                "application/json");
            using var made = await http.PutAsync(new Uri(webhook, UriKind.Relative), body);
            secret = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["secret"]!;
            Assert.Equal(0, server.Process.Stop());
        }
        string[] export = ["export", "--data-directory", In("old"), "--to"];
        Assert.Equal(0, (await Metering.Run([.. export, In("sealed")])).Code);
        Assert.Equal(0, (await Metering.Run([.. export, In("clear"), "--with-secrets"])).Code);
        Assert.False(Has(In("sealed"), secret));
        Assert.True(Has(In("clear"), secret));

        foreach (var (from, status) in new[] { ("clear", HttpStatusCode.OK),
            ("sealed", HttpStatusCode.ServiceUnavailable) })
        {
            var to = In("from-" + from);
            Assert.Equal(0, (await Metering.Run("import", "--from", In(from), "--data-directory", to)).Code);
            Assert.False(Has(Path.Combine(to, "metering.db"), secret));
            using var server = GatewayServer.Start(Options.DefaultDll(), to);
            using var http = Metering.Administrator(server);
            // Its own keys open what it sealed itself, and not what others did.
            Assert.Equal(status, (await http.GetAsync(new Uri(webhook, UriKind.Relative))).StatusCode);
        }
        Assert.Equal(0,
            (await Metering.Run("import", "--from", In("sealed"), "--data-directory", In("with-keys"))).Code);
        Directory.CreateDirectory(In("with-keys-keys"));
        foreach (var key in Directory.GetFiles(In("old-keys")))
            File.Copy(key, Path.Combine(In("with-keys-keys"), Path.GetFileName(key)));
        using var moved = GatewayServer.Start(Options.DefaultDll(), In("with-keys"));
        using var administrator = Metering.Administrator(moved);
        Assert.Equal(HttpStatusCode.OK, (await administrator.GetAsync(new Uri(webhook, UriKind.Relative))).StatusCode);
    }

    /// <summary>As JSON has it, also within the base64 in which an export has a webhook.</summary>
    private static bool Has(string path, string secret)
    {
        var file = File.ReadAllText(path, Encoding.Latin1);
        var within = Regex.Matches(file, "\"content\":\"([^\"]+)\"").Select(match =>
            Encoding.Latin1.GetString(Convert.FromBase64String(match.Groups[1].Value)));
        var form = secret[6..46].Replace("+", "\\u002B", StringComparison.Ordinal);
        return within.Append(file).Any(text => text.Contains(form, StringComparison.Ordinal));
    }

    /// <summary>Two tenants with 10 outcomes each; returns what one of them counted.</summary>
    private static async Task<string> Filled(string directory)
    {
        using var server = GatewayServer.Start(Options.DefaultDll(), directory);
        foreach (var tenant in (string[])["acme", "zoo"]) await Metering.Fill(server, tenant, 10);
        using var http = Metering.Administrator(server);
        using var pause = new StringContent("""{"action":"pause","reason":"audit"}""", Encoding.UTF8,
            "application/json");
        (await http.PostAsync(new Uri("/v1/tenants/zoo/pause", UriKind.Relative), pause)).EnsureSuccessStatusCode();
        var usage = Metering.Counted((await server.Usage("acme"))!);
        Assert.Equal(0, server.Process.Stop());
        return usage;
    }

    private static async Task Refused(string why, params string[] arguments)
    {
        var (code, output, error) = await Metering.Run(arguments);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    private string In(string name) => Path.Combine(_directory, name);
}
