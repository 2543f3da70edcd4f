using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// The commands that work on a store, on one that silos share: the same commands, with <c>--redis</c>.
/// </summary>
public sealed class RedisCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [FactIfRedis]
    public async Task A_store_is_moved_from_a_directory_to_silos_and_back()
    {
        string usage;
        using (var server = GatewayServer.Start(Options.DefaultDll(), In("old")))
        {
            await Metering.Fill(server, "acme", 10);
            usage = Metering.Counted((await server.Usage("acme"))!);
            Assert.Equal(0, server.Process.Stop());
        }
        using var redis = new RedisServer(null);
        string[] shared = ["--redis", Metering.Address(redis)];
        Assert.Equal(0, (await Metering.Run("export", "--data-directory", In("old"), "--to", In("out.export"))).Code);

        var imported = await Metering.Run(["import", "--from", In("out.export"), .. shared]);

        Assert.Equal((0, "1 tenant, 11 entries, 1 plan, 0 keys: all digests equal"), (imported.Code, imported.Output));
        using (var silo = Metering.Silo(redis, "--Metering:IdleSnapshotEntries=1"))
        {
            Assert.Equal(usage, Metering.Counted((await silo.Usage("acme"))!));
            Assert.Equal(0, silo.Process.Stop());
        }
        var again = await Metering.Run(["import", "--from", In("out.export"), .. shared]);
        Assert.Equal((1, "the store is not empty: it has a tenant 'acme'"), (again.Code, again.Error));
        var exported = await Metering.Run(["export", "--to", In("back.export"), .. shared]);
        Assert.Equal((0, "1 tenant, 11 entries, 1 plan, 0 keys: exported"), (exported.Code, exported.Error));
        Assert.Equal(0,
            (await Metering.Run("import", "--from", In("back.export"), "--data-directory", In("new"))).Code);
        string[] journal = ["journal", "--tenant", "acme"];
        var before = await Metering.Run([.. journal, "--data-directory", In("old")]);
        Assert.EndsWith($"head {before.Output[^64..]}", before.Output, StringComparison.Ordinal);
        Assert.Equal(before, await Metering.Run([.. journal, .. shared]));
        Assert.Equal(before, await Metering.Run([.. journal, "--data-directory", In("new")]));
        // The silo's snapshot, and what the entries come to without it.
        var digest = await Metering.Run([.. journal, "--digest", .. shared]);
        Assert.Equal(0, digest.Code);
        Assert.Contains("recovered (snapshot of 11)", digest.Output, StringComparison.Ordinal);
    }

    [FactIfRedis]
    public async Task The_settings_say_which_store_is_meant_and_an_option_says_otherwise()
    {
        using var redis = new RedisServer(null);
        using (var silo = Metering.Silo(redis))
        {
            await Metering.Fill(silo, "acme", 1);
            Assert.Equal(0, silo.Process.Stop());
        }
        var setting = "--Metering:Cluster:Redis=" + Metering.Address(redis);

        Assert.Equal(0, (await Metering.Run("journal", "--tenant", "acme", setting)).Code);
        var elsewhere = await Metering.Run("journal", "--tenant", "acme", setting, "--data-directory", In("nowhere"));
        Assert.Equal((1, $"there is no data directory {In("nowhere")}"), (elsewhere.Code, elsewhere.Error));
    }

    [FactIfRedis]
    public async Task Where_nothing_of_a_store_is_there_is_nothing_to_export_and_no_journal()
    {
        using var redis = new RedisServer(null);
        using (var silo = Metering.Silo(redis))
        {
            await Metering.Fill(silo, "acme", 1);
            Assert.Equal(0, silo.Process.Stop());
        }
        string[] wrong = ["--redis", Metering.Address(redis), "--Metering:Cluster:ServiceId=metring"];

        foreach (var command in (string[][])[["export", "--to", In("x")], ["journal", "--tenant", "acme"]])
        {
            var ended = await Metering.Run([.. command, .. wrong]);
            Assert.Equal((1, $"there is nothing of a store in Redis at {Metering.Address(redis)} under the ServiceId "
                + "'metring' (the settings Metering:Cluster:Redis and Metering:Cluster:ServiceId)"),
                (ended.Code, ended.Error));
        }
        Assert.False(File.Exists(In("x")));
        var other = await Metering.Run("journal", "--tenant", "zoo", "--redis", Metering.Address(redis));
        Assert.Equal(1, other.Code);
        Assert.StartsWith("there is no tenant zoo in Redis at ", other.Error, StringComparison.Ordinal);
        Assert.Contains("'metering'", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_meant_is_said()
    {
        foreach (var command in (string[][])[["serve"], ["export", "--to", "-"], ["import", "--from", "x"],
            ["journal", "--tenant", "acme"]])
        {
            var both = await Metering.Run([.. command, "--data-directory", In("x"), "--redis", "127.0.0.1:1"]);
            Assert.Equal((1, "a store is in a directory or in a Redis: give --data-directory or --redis"),
                (both.Code, both.Error));
        }
        var asked = await Metering.Run("journal", "--tenant", "acme", "--url", "http://127.0.0.1:1", "--redis", "r");
        Assert.Equal((1, "--url asks a gateway: leave out --data-directory and --redis"), (asked.Code, asked.Error));
    }

    [Theory]
    [InlineData("journal", "--tenant", "acme")]
    [InlineData("export", "--to", "-")]
    [InlineData("import", "--from", "FILE")]
    public async Task A_Redis_that_does_not_answer_is_one_line(params string[] command)
    {
        await File.WriteAllTextAsync(In("FILE"), "");
        var ended = await Metering.Run([.. command.Select(word => word == "FILE" ? In(word) : word), "--redis",
            $"127.0.0.1:{RedisServer.FreePort()}"]);

        Assert.Equal((1, ""), (ended.Code, ended.Output));
        Assert.DoesNotContain('\n', ended.Error);
        Assert.NotEmpty(ended.Error);
    }

    private string In(string name) => Path.Combine(_directory, name);
}
