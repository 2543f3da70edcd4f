using System.Diagnostics;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace MeteringGateway.Program.Tests;

/// <summary>What goes wrong outside the program is one line that says where and why, and exit code 1.</summary>
public sealed class CommandErrorTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task An_entry_that_cannot_be_read_is_named()
    {
        await Filled();
        // The length of a text within an entry: it runs beyond the entry's end.
        Damage([6, .. "acme-3"u8], [120, .. "acme-3"u8]);
        const string where = "The journal of tenant 'acme' is damaged at sequence 5: the entry cannot be read: ";

        await Refused(where, "journal", "--tenant", "acme", "--data-directory", In("store"));
        await Refused(where, "journal", "--digest", "--tenant", "acme", "--data-directory", In("store"));
        await Refused("tenant 'acme': entry 5 cannot be read: ", "export", "--data-directory", In("store"), "--to",
            In("out"));
        Assert.False(File.Exists(In("out")));
    }

    [Fact]
    public async Task Help_can_be_read_where_nobody_says_how_wide_a_line_may_be()
    {
        foreach (var command in new[] { "", "serve", "demo", "export", "verify" })
        {
            var (code, output, error) = await Metering.RunIn(_directory,
                [.. new[] { command, "--help" }.Where(word => word.Length > 0)]);
            Assert.True(code == 0, error);
            Assert.All(output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 100));
        }
    }

    [Fact]
    public async Task A_demo_over_a_Redis_that_is_not_there_says_so_before_silos_are_started()
    {
        var (code, output, error) = await Metering.RunIn(_directory, "demo", "--redis", "127.0.0.1:1");
        Assert.Equal(1, code);
        Assert.Contains("Redis at 127.0.0.1:1", error, StringComparison.Ordinal);
        Assert.DoesNotContain("silo 1", output + error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_none_is_named()
    {
        Directory.CreateDirectory(In("store"));
        await File.WriteAllTextAsync(Database, new string('x', 20_000));
        var why = $"'{Database}': file is not a database";

        await Refused(why, "journal", "--tenant", "acme", "--data-directory", In("store"));
        await Refused(why, "export", "--data-directory", In("store"), "--to", In("out"));
        await Refused(why, "serve", "--urls", "http://127.0.0.1:0", "--data-directory", In("store"));
        await Refused("is a file, not a directory", "serve", "--urls", "http://127.0.0.1:0", "--data-directory",
            Database);
    }

    [FactIfAnotherUser]
    public async Task A_directory_or_a_file_that_may_not_be_written_is_called_that()
    {
        await Filled();
        foreach (var file in Directory.EnumerateFiles(In("store"))) AnotherUser.Own(file);
        AnotherUser.Own(In("store"));
        AnotherUser.May(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        string[] serve = ["serve", "--urls", "http://127.0.0.1:0", "--data-directory", In("store")];

        AnotherUser.May(In("store"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await RefusedToAnother($"'{Database}': attempt to write a readonly database", serve);
        File.Delete(In("store/metering.lock"));
        await RefusedToAnother("metering.lock in it is read-only, or somebody else's", serve);
        AnotherUser.May(In("store"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AnotherUser.May(Database, UnixFileMode.UserRead);
        await RefusedToAnother("metering.db in it is read-only, or somebody else's", serve);
        await RefusedToAnother("cannot be made: this user may not write where it would be",
            [.. serve[..^1], In("nowhere")]);
    }

    [Fact]
    public async Task Where_no_store_is_named_and_none_is_there_it_is_said_how_to_name_one()
    {
        Said($"there is no data directory {In("data")}: say which with --data-directory or --redis, or ask a gateway "
            + "with --url", await Metering.RunIn(_directory, "journal", "--tenant", "acme"));
        Said($"there is no data directory {In("data")}: say which with --data-directory or --redis",
            await Metering.RunIn(_directory, "export", "--to", In("out")));
    }

    [Theory]
    [InlineData("there is no --port: give --urls http://127.0.0.1:1234", "serve", "--port", "1234")]
    [InlineData("there is no -p: give --urls http://127.0.0.1:1234", "-p", "1234")]
    [InlineData("there is no --port: give --urls http://127.0.0.1:1234", "serve", "--port=1234")]
    public async Task A_port_is_given_as_an_address(string why, params string[] arguments) =>
        await Refused(why, arguments);

    [Fact]
    public async Task A_directory_that_is_not_named_is_not_the_default_one()
    {
        await Refused("--data-directory is empty", "journal", "--tenant", "acme", "--data-directory", "");
        await Refused("--data-directory is empty", "serve", "--data-directory", "");
        await Refused("--to is empty", "export", "--to", "", "--data-directory", In("store"));
        await Refused("--from is empty", "import", "--from", "", "--check");
        await Refused("The setting Metering:DataDirectory must not be empty", "journal", "--tenant", "acme",
            "--Metering:DataDirectory=");
        await Refused("The setting Metering:DataDirectory must not be empty", "serve", "--Metering:DataDirectory=");
    }

    [Fact]
    public async Task A_file_of_settings_that_cannot_be_read_is_named_by_every_command()
    {
        await File.WriteAllTextAsync(In("appsettings.json"), "{ \"Metering\": {");
        foreach (var command in (string[][])[["serve"], ["journal", "--tenant", "acme"], ["export", "--to", "x"],
            ["import", "--from", "x"], ["demo"]])
            Said($"'{In("appsettings.json")}': line 1, position 16: ", await Metering.RunIn(_directory, command));
        await File.WriteAllTextAsync(In("appsettings.json"), "{\n  \"Metering\": { \"IdleAfter\": nope }\n}");
        Said("line 2, position 31: 'nope", await Metering.RunIn(_directory, "serve"));
    }

    [Theory]
    [InlineData("health", "503 ServiceUnavailable", "[1,2]")]
    [InlineData("health", "503 ServiceUnavailable", "\"text\"")]
    [InlineData("health", "two lines", """{"detail":"two\nlines"}""")]
    [InlineData("journal", "GET /v1/tenants/acme/entries?limit=1000: 503 ServiceUnavailable", """{"detail":{"a":1}}""")]
    [InlineData("journal", "is not a metering gateway", "[]", 200)]
    [InlineData("journal", "is not a metering gateway", """{"hello":1}""", 200)]
    [InlineData("journal", "is not a metering gateway", """{"data":[5]}""", 200)]
    [InlineData("journal", "is not a metering gateway", """{"data":[{"sequence":"x"}]}""", 200)]
    [InlineData("replay", "what answers there is not a metering gateway", "[]", 200)]
    [InlineData("replay", "what answers there is not a metering gateway",
        """{"accepted":"x","duplicates":1,"results":[]}""", 200)]
    public async Task Whatever_answers_instead_of_a_gateway_is_one_line(string command, string why, string answer,
        int status = 503)
    {
        await using var other = await Other(answer, status);
        var url = other.Urls.Single();
        // Half of a surrogate pair is for the gateway to refuse.
        await File.WriteAllTextAsync(In("events"), "{\"subject\":\"\\ud800\"}\n");
        string[] arguments = command switch
        {
            "health" => ["health", "--url", url + "/health/ready"],
            "journal" => ["journal", "--tenant", "acme", "--url", url],
            _ => ["replay", In("events"), "--url", url, "--key", "mk_x"],
        };

        var (code, output, error) = await Metering.Run(arguments);

        Assert.Equal(1, code);
        var said = (output + error).Split('\n');
        Assert.Contains(said, line => line.Contains(why, StringComparison.Ordinal));
        Assert.True(command == "replay" || said.Length == 1, output + error);
        Assert.DoesNotContain("   at ", output + error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replay_is_refused_before_anything_is_sent()
    {
        var sent = 0;
        await using var other = await Other("{}", 404, () => sent++);
        await File.WriteAllTextAsync(In("events"), "{}\n");
        string[] replay = ["replay", In("events"), "--url", other.Urls.Single()];

        await Refused("nothing is sent without a key: give --key KEY, or METERING_KEY", replay);
        await Refused("--test-clock cannot be 'yesterday': it is a time with an offset", [.. replay, "--key", "mk_x",
            "--create-tenants", "support", "--test-clock", "yesterday"]);
        Assert.Equal(0, sent);
        await Refused("--create-tenants: there is no plan 'suport'", [.. replay, "--key", "mk_x", "--create-tenants",
            "suport"]);
        Assert.Equal(1, sent);
    }

    [Fact]
    public async Task A_gateway_that_cannot_be_asked_is_one_line()
    {
        await using var other = await Other("{}", 200);
        var url = other.Urls.Single();

        await Refused("the key has characters that no key has", "journal", "--tenant", "acme", "--url", url, "--key",
            "two\nlines");
        await Refused("does not answer: ", "health", "--url", url.Replace("http:", "https:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://127.0.0.1:99999", "cannot be 'http://127.0.0.1:99999': a port is from 0 to 65535, not 99999.")]
    [InlineData("http://127.0.0.1:-5", "cannot be 'http://127.0.0.1:-5': a")]
    [InlineData("nonsense", "cannot be 'nonsense': an address is http://HOST:PORT.")]
    [InlineData("", "names no address: an address is http://HOST:PORT.")]
    [InlineData(";", "names no address: an address is http://HOST:PORT.")]
    [InlineData("https://127.0.0.1:20983", "cannot be 'https://127.0.0.1:20983': https needs a certificate, ")]
    [InlineData("ftp://127.0.0.1:20980", "cannot be 'ftp://127.0.0.1:20980': an address is http://HOST:PORT.")]
    [InlineData("http://127.0.0.1:0/v1", "cannot be 'http://127.0.0.1:0/v1': an address is http://HOST:PORT, "
        + "without a path behind it.")]
    public async Task An_address_that_is_none_is_named_before_anything_is_made(string urls, string why)
    {
        string[] serve = ["serve", "--urls", urls];
        await Refused($"metering could not start: The setting --urls {why}", [.. serve, "--data-directory",
            In("new")]);
        await Refused($"metering could not start: The setting --urls {why}", [.. serve, "--redis", "127.0.0.1:1"]);
        Assert.False(Path.Exists(In("new")));
    }

    [Fact]
    public async Task An_address_that_cannot_be_listened_on_is_named_before_anything_is_made()
    {
        await using var other = await Other("{}", 200);
        var taken = other.Urls.Single();
        const string nobodys = "http://192.0.2.1:20981"; // an address for documentation (RFC 5737)
        string[] serve = ["serve", "--data-directory", In("new"), "--urls"];

        await Refused($"The address {taken} is taken: give another with --urls.", [.. serve, taken]);
        await Refused($"The address {taken} is taken: give another with --urls.", "serve", "--urls", taken,
            "--redis", "127.0.0.1:1");
        await Refused($"The address {nobodys} (--urls) cannot be listened on: ", [.. serve, nobodys]);
        Said($"The address {taken} is taken: give another with Kestrel:Endpoints:Web:Url.",
            await Metering.Run(new ProcessStartInfo("dotnet",
                [Options.DefaultDll(), "serve", "--data-directory", In("new")])
                { Environment = { ["Kestrel__Endpoints__Web__Url"] = taken } }));
        Assert.False(Path.Exists(In("new")));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_made_is_named_with_the_reason()
    {
        await File.WriteAllTextAsync(In("file"), "");
        string[] serve = ["serve", "--urls", "http://127.0.0.1:0", "--data-directory"];

        await Refused($"The data directory '{In("file/below/it")}' cannot be made: '{In("file")}' is a file, not a "
            + "directory.", [.. serve, In("file/below/it")]);
        if (OperatingSystem.IsLinux())
            await Refused("The data directory '/proc/foo' cannot be made: the file system at '/proc' takes no "
                + "directories.", [.. serve, "/proc/foo"]);
    }

    private async Task Filled()
    {
        using var server = GatewayServer.Start(Options.DefaultDll(), In("store"));
        await Metering.Fill(server, "acme", 10);
        Assert.Equal(0, server.Process.Stop());
    }

    private void Damage(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        var bytes = File.ReadAllBytes(Database).AsSpan();
        var found = 0;
        for (var at = bytes.IndexOf(from); at >= 0; at = bytes.IndexOf(from), found++) to.CopyTo(bytes[at..]);
        Assert.True(found > 0);
        File.WriteAllBytes(Database, bytes);
    }

    private static async Task<WebApplication> Other(string answer, int status, Action? asked = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            asked?.Invoke();
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(answer);
        });
        await app.StartAsync();
        return app;
    }

    private static async Task Refused(string why, params string[] arguments) =>
        Said(why, await Metering.Run(arguments));

    private static async Task RefusedToAnother(string why, string[] arguments) =>
        Said(why, await Metering.Run(AnotherUser.Command(arguments)));

    private static void Said(string why, Ended ended)
    {
        Assert.Equal(1, ended.Code);
        Assert.DoesNotContain("listens", ended.Output, StringComparison.Ordinal);
        Assert.Contains(why, ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', ended.Error);
    }

    private string Database => In("store/metering.db");

    private string In(string name) => Path.Combine(_directory, name);
}

/// <summary>
/// A test of what a user may not do. Nothing is forbidden to root, so there the program is run as somebody else.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactIfAnotherUserAttribute : FactAttribute
{
    public FactIfAnotherUserAttribute()
    {
        if (OperatingSystem.IsWindows() || !AnotherUser.CanRun())
            Skip = "needs a user who is not root, or setpriv and a tree that everybody may read";
    }
}

internal static class AnotherUser
{
    private const string Nobody = "65534";
    private static readonly string[] Become = ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "env",
        "HOME=/tmp"];

    public static bool CanRun() =>
        !Environment.IsPrivilegedProcess || Run([.. Become, "test", "-r", Options.DefaultDll()]);

    public static ProcessStartInfo Command(string[] arguments)
    {
        string[] before = Environment.IsPrivilegedProcess ? Become : [];
        string[] command = [.. before, "dotnet", Options.DefaultDll(), .. arguments];
        return new ProcessStartInfo(command[0], command[1..]);
    }

    /// <summary>Gives it to whom the program is run as.</summary>
    public static void Own(string path)
    {
        if (Environment.IsPrivilegedProcess) Assert.True(Run(["chown", Nobody, path]));
    }

    public static void May(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
    }

    private static bool Run(string[] command)
    {
        try
        {
            using var process = Process.Start(command[0], command[1..]);
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
