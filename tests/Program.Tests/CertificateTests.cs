using System.Text;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary><c>metering verify</c> and <c>metering keys</c>, on certificates of real gateways.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Certificates_stay_good_after_a_kill_a_rotation_and_a_move()
    {
        string fetched;
        using (var server = GatewayServer.Start(Options.DefaultDll(), In("old")))
        {
            await Metering.Fill(server, "acme", 3);
            await Metering.Fill(server, "zoo", 1);
            await Keep(server, "before");
            server.Process.KillHard();
        }
        var rotated = await Metering.Run("keys", "rotate", "--data-directory", In("old"));
        Assert.Equal((0, 43), (rotated.Code, rotated.Output.Length));
        using (var server = GatewayServer.Start(Options.DefaultDll(), In("old")))
        {
            await Metering.Fill(server, "acme", 5);
            await Keep(server, "after");
            // A running gateway notices the next one.
            Assert.Equal(0, (await Metering.Run("keys", "rotate", "--data-directory", In("old"))).Code);
            await Keep(server, "again");
            fetched = (await Metering.Run("journal", "--tenant", "acme", "--raw", "--url", $"http://127.0.0.1:{server.Port}",
                "--key", GatewayServer.AdminKey)).Output;
            Assert.Equal(0, server.Process.Stop());
        }
        Assert.Equal(3, ((string[])["before", "after", "again"]).Select(Kid).Distinct().Count());
        if (!OperatingSystem.IsWindows())
            foreach (var file in Directory.GetFileSystemEntries(In("old-keys"), "*", SearchOption.AllDirectories))
                Assert.False((File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite
                    | UnixFileMode.UserExecute)) != 0, file);
        Assert.Equal(4, Directory.GetFiles(In("old-keys/certificates")).Length); // 3 public, 1 private

        Assert.Equal(0,
            (await Metering.Run("export", "--data-directory", In("old"), "--to", In("out.export.gz"))).Code);
        Assert.Equal(0,
            (await Metering.Run("import", "--from", In("out.export.gz"), "--data-directory", In("new"))).Code);
        foreach (var store in (string[])["old", "new"])
        {
            var raw = await Metering.Run("journal", "--tenant", "acme", "--raw", "--data-directory", In(store));
            Assert.Equal(0, raw.Code);
            await File.WriteAllTextAsync(In(store + ".journal"), raw.Output);
            Assert.Equal(fetched, raw.Output);
        }
        foreach (var certificate in (string[])["before", "after", "again"])
        {
            var alone = await Verify(certificate);
            Assert.Equal((0, "good; not compared with the journal (--entries)"),
                (alone.Code, alone.Output.Split('\n')[1]));
            foreach (var entries in (string[])["old.journal", "new.journal", "out.export.gz"])
            {
                var replayed = await Verify(certificate, entries);
                Assert.True(replayed.Code == 0, replayed.Error);
                Assert.Contains("come to the same", replayed.Output, StringComparison.Ordinal);
            }
        }
    }

    [FactIfRedis]
    public async Task Certificates_of_one_process_are_good_for_silos_and_the_other_way_round()
    {
        using (var server = GatewayServer.Start(Options.DefaultDll(), In("old")))
        {
            await Metering.Fill(server, "acme", 3);
            await Keep(server, "before");
            Assert.Equal(0, server.Process.Stop());
        }
        using var redis = new RedisServer(null);
        string[] shared = ["--redis", Metering.Address(redis)];
        Assert.Equal(0, (await Metering.Run("export", "--data-directory", In("old"), "--to", In("out.export"))).Code);
        Assert.Equal(0, (await Metering.Run(["import", "--from", In("out.export"), .. shared])).Code);
        using (var silo = Metering.Silo(redis, $"--Metering:KeyDirectory={In("old-keys")}"))
        {
            await Metering.Fill(silo, "acme", 4);
            await Keep(silo, "after");
            Assert.Equal(0, silo.Process.Stop());
        }
        Assert.Equal(Kid("before"), Kid("after"));
        await File.WriteAllTextAsync(In("journal"),
            (await Metering.Run(["journal", "--tenant", "acme", "--raw", .. shared])).Output);
        foreach (var certificate in (string[])["before", "after"])
            Assert.Equal(0, (await Verify(certificate, "journal")).Code);
    }

    [Fact]
    public async Task What_is_wrong_is_said_in_one_line_with_a_code_that_says_what_kind()
    {
        using (var server = GatewayServer.Start(Options.DefaultDll(), In("old")))
        {
            await Metering.Fill(server, "acme", 3);
            await Metering.Fill(server, "zoo", 3);
            await Keep(server, "good");
            Assert.Equal(0, server.Process.Stop());
        }
        foreach (var tenant in (string[])["acme", "zoo"])
            await File.WriteAllTextAsync(In(tenant),
                (await Metering.Run("journal", "--tenant", tenant, "--raw", "--data-directory", In("old"))).Output);
        var lines = await File.ReadAllLinesAsync(In("acme"));
        await File.WriteAllTextAsync(In("torn"), (await File.ReadAllTextAsync(In("good")))[..^8]);
        await File.WriteAllLinesAsync(In("short"), lines[..2]);
        await File.WriteAllLinesAsync(In("gap"), [lines[0], .. lines[2..]]);
        await File.WriteAllLinesAsync(In("flipped"), lines.Select((line, i) => i == 1
            ? line.Replace("\"bytes\":\"Ag", "\"bytes\":\"Aw", StringComparison.Ordinal) : line));
        await File.WriteAllTextAsync(In("nonsense"), "not a journal");

        await Says(2, "signature", "torn", null);
        await File.WriteAllTextAsync(In("padded"), await File.ReadAllTextAsync(In("good")) + "==");
        await Says(2, "its signature is not base64url without padding", "padded", null);
        await File.WriteAllTextAsync(In("line"), await File.ReadAllTextAsync(In("good")) + "\r\n");
        Assert.Equal(0, (await Verify("line")).Code);
        foreach (var more in (string[])["\n\n", "\r", "\n\r\n", " \n"])
        {
            await File.WriteAllTextAsync(In("lines"), await File.ReadAllTextAsync(In("good")) + more);
            await Says(2, "its signature is not base64url without padding", "lines", null);
        }
        await Says(3, "line 1 of the entries of 'zoo'", "good", "zoo");
        await Says(3, "the entries end at 2", "good", "short");
        await Says(3, "entry 2 is missing", "good", "gap");
        await Says(3, "part at entry 2: hash, in the entries' own file", "good", "flipped");
        await Says(1, "line 1 of the entries is not one of", "good", "nonsense");
        await Says(1, "Could not find file", "nothing", null);
        await Says(1, "it could not be checked: the certificate is not a compact JWS: three parts", "nonsense", null);
        await File.WriteAllTextAsync(In("dots"), "not.a.certificate");
        await Says(1, "the certificate is not a compact JWS: its header is not JSON in base64url", "dots", null);
        foreach (var (keys, why) in new[] { ("<html>", "it is not JSON"), ("", "it is not JSON"),
            ("[]", "it must be a JSON object with a list of objects, 'keys'"),
            ("{\"keys\":{}}", "it must be a JSON object with"), ("{\"keys\":[5]}", "it must be a JSON object with") })
        {
            await File.WriteAllTextAsync(In("keys.json"), keys);
            await Says(1, "it could not be checked: the key set is not a JWK set: " + why, "good", null);
        }
        await File.WriteAllTextAsync(In("keys.json"), $$"""
            {"keys":[{"kty":"EC","crv":"P-256","kid":"{{Kid("good")}}","x":"AAAA"}]}
            """);
        await Says(2, "of the set cannot be used: its 'x' and 'y' are no point of the curve", "good", null);

        async Task Says(int code, string why, string certificate, string? entries)
        {
            var ended = await Verify(certificate, entries);
            Assert.Equal((code, ""), (ended.Code, ended.Output));
            Assert.Contains(why, ended.Error, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', ended.Error);
        }
    }

    [Fact]
    public async Task Keys_are_made_for_a_store_that_is_there_and_for_no_other()
    {
        var missing = await Metering.Run("keys", "rotate", "--data-directory", In("none"));
        Assert.Equal((1, "", $"there is no data directory {In("none")}"),
            (missing.Code, missing.Output, missing.Error));
        missing = await Metering.RunIn(_directory, "keys", "rotate");
        Assert.Equal((1, "", $"there is no data directory {In("data")}: say which with --data-directory or --redis"),
            (missing.Code, missing.Output, missing.Error));
        Directory.CreateDirectory(In("empty"));
        Assert.Equal(1, (await Metering.Run("keys", "rotate", "--data-directory", In("empty"))).Code);
        Assert.Equal(1, (await Metering.Run("keys", "rotate", "--redis", "127.0.0.1:1",
            $"--Metering:KeyDirectory={In("shared-keys")}")).Code);
        Assert.Equal([In("empty")], Directory.GetFileSystemEntries(_directory));
    }

    /// <summary>A certificate of one of acme's outcomes, and the public keys as they are then.</summary>
    private async Task Keep(GatewayServer server, string name)
    {
        using var http = Metering.Administrator(server);
        await File.WriteAllTextAsync(In(name), await http.GetStringAsync(
            new Uri("/v1/tenants/acme/outcomes/acme-1/certificate", UriKind.Relative)));
        await File.WriteAllTextAsync(In("keys.json"), await http.GetStringAsync(
            new Uri("/.well-known/jwks.json", UriKind.Relative)));
    }

    private Task<Ended> Verify(string certificate, string? entries = null) => Metering.Run(
        ["verify", In(certificate), "--jwks", In("keys.json"), .. entries is null ? [] : (string[])["--entries",
            In(entries)]]);

    private string Kid(string certificate)
    {
        var header = File.ReadAllText(In(certificate)).Split('.')[0];
        var json = System.Buffers.Text.Base64Url.DecodeFromChars(header);
        return (string)System.Text.Json.Nodes.JsonNode.Parse(Encoding.UTF8.GetString(json))!["kid"]!;
    }

    private string In(string name) => Path.Combine(_directory, name);
}
