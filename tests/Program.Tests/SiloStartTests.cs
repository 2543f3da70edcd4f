using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>How a silo begins, and how it ends when it cannot go on: in a line, and at nobody else's cost.</summary>
public sealed class SiloStartTests
{
    [FactIfRedis]
    public async Task A_second_silo_on_the_port_of_a_first_says_which_setting_and_the_first_goes_on()
    {
        using var redis = new RedisServer(null);
        var port = Text(RedisServer.FreePort());
        using var first = Metering.Silo(redis, $"--Metering:Cluster:SiloPort={port}");

        var second = await Serve(redis, "http://127.0.0.1:0", $"--Metering:Cluster:SiloPort={port}");
        var advertised = await Serve(redis, "http://127.0.0.1:0", $"--Metering:Cluster:SiloPort={port}",
            "--Metering:Cluster:AdvertisedAddress=127.0.0.1");
        var http = await Serve(redis, $"http://127.0.0.1:{Text(first.Port)}",
            $"--Metering:Cluster:SiloPort={Text(RedisServer.FreePort())}");

        var taken = $"metering could not start: The port {port} is taken: the setting Metering:Cluster:SiloPort "
            + "must be this silo's own.";
        Assert.Equal((1, taken), (second.Code, second.Error));
        Assert.Equal((1, taken), (advertised.Code, advertised.Error));
        Assert.Equal((1, $"metering could not start: The address http://127.0.0.1:{Text(first.Port)} is taken: give "
            + "another with --urls."), (http.Code, http.Error));
        Assert.Equal("ready", await Health(first));
        await Metering.Fill(first, "acme", 3);
        Assert.Equal(0, first.Process.Stop());
    }

    [FactIfRedis]
    public async Task Of_two_that_start_at_once_on_one_port_one_lives()
    {
        using var redis = new RedisServer(null);
        var port = $"--Metering:Cluster:SiloPort={Text(RedisServer.FreePort())}";
        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            try
            {
                return Metering.Silo(redis, port);
            }
            catch (AggregateException)
            {
                return null; // ended before it listened
            }
        })));
        using var lives = Assert.Single(both, one => one is not null)!;

        Assert.Equal("ready", await Health(lives));
        Assert.Equal(0, lives.Process.Stop());
    }

    [Fact]
    public async Task A_start_without_Redis_says_where_it_was_sought_and_for_how_long()
    {
        var port = Text(RedisServer.FreePort());
        var ended = await Metering.Run("serve", "--urls", "http://127.0.0.1:0", "--redis", $"127.0.0.1:{port}",
            $"--Metering:AdminKey={GatewayServer.AdminKey}", "--Metering:Cluster:Patience=00:00:01");

        Assert.Equal((1, ""), (ended.Code, ended.Output));
        Assert.Matches($"^metering could not start: Redis at 127\\.0\\.0\\.1:{port} \\(the setting "
            + "Metering:Cluster:Redis\\) has not answered for [0-9.]+ s: .*$", ended.Error);
        Assert.DoesNotContain('\n', ended.Error);
    }

    [Theory]
    [InlineData("redis://127.0.0.1:6379", "", "Redis is host:port, and options after commas, such as "
        + "127.0.0.1:6379,password=...,ssl=true: without 'redis://'.")]
    [InlineData("127.0.0.1:1", "--Metering:Cluster:SiloPort=70000",
        "SiloPort must be a port from 1 to 65535, not 70000.")]
    [InlineData("127.0.0.1:1", "--Metering:Cluster:AdvertisedAddress=localhost", "AdvertisedAddress must be the IP "
        + "address at which the other silos reach this one, not 'localhost'.")]
    public async Task What_a_setting_must_be_is_one_line_with_its_name(string redis, string setting, string line)
    {
        var ended = await Metering.Run("serve", "--redis", redis,
            setting.Length > 0 ? setting : "--Metering:IdleAfter=00:01:00");
        Assert.Equal((1, "", "metering could not start: The setting Metering:Cluster:" + line),
            (ended.Code, ended.Output, ended.Error));
    }

    [Theory]
    [InlineData("00:00:01")]
    [InlineData("00:00:00.4")]
    public async Task A_start_without_Redis_waits_no_longer_than_its_patience(string patience)
    {
        var port = RedisServer.FreePort();
        foreach (var hang in (bool[])[false, true])
        {
            using var other = hang ? new TcpListener(IPAddress.Loopback, port) : null; // takes it, and says nothing
            other?.Start();
            var ended = await Metering.Run("serve", "--urls", "http://127.0.0.1:0", "--redis",
                $"127.0.0.1:{Text(port)}", $"--Metering:AdminKey={GatewayServer.AdminKey}",
                $"--Metering:Cluster:Patience={patience}");

            var tried = Regex.Match(ended.Error, "has not answered for ([0-9.]+) s: (.*)\\.$");
            Assert.True(tried.Success, ended.Error);
            // As it says itself; the machine may be slow, but without patience it was 11 s.
            Assert.InRange(double.Parse(tried.Groups[1].Value, CultureInfo.InvariantCulture), 0, 8);
            Assert.DoesNotContain("PING", tried.Groups[2].Value, StringComparison.Ordinal);
            Assert.InRange(tried.Groups[2].Value.Length, 5, 60);
        }
    }

    [FactIfRedis]
    public async Task Silos_that_are_told_to_end_log_no_error_and_no_stack()
    {
        using var redis = new RedisServer(null);
        GatewayServer[] silos = [Metering.Silo(redis), Metering.Silo(redis), Metering.Silo(redis)];
        for (var i = 0; i < 9; i++) await Metering.Fill(silos[i % 3], $"t{Text(i)}", 1);

        var codes = new List<int> { silos[0].Process.Stop() }; // then the others at once
        codes.AddRange(await Task.WhenAll(silos[1..].Select(silo => Task.Run(silo.Process.Stop))));

        Assert.Equal([0, 0, 0], codes);
        foreach (var silo in silos)
        {
            string Told() => silo.Process.Failure("ended").Message;
            await Until(() => Task.FromResult(Told().Contains("Stopped: all that was answered is stored",
                StringComparison.Ordinal)));
            var told = Told();
            Assert.DoesNotContain("   at ", told, StringComparison.Ordinal);
            Assert.DoesNotContain(" error ", told, StringComparison.Ordinal);
            Assert.DoesNotContain("CRITICAL", told, StringComparison.Ordinal);
            Assert.True(!told.Contains("housekeeper", StringComparison.Ordinal), told);
            Assert.DoesNotContain("Participant check", told, StringComparison.Ordinal);
            silo.Dispose();
        }
    }

    [FactIfRedis]
    public async Task A_silo_that_was_taken_for_dead_ends_with_an_exit_code_and_not_with_a_crash()
    {
        using var redis = new RedisServer(null);
        using var first = Metering.Silo(redis);
        using var paused = Metering.Silo(redis);
        string[] tenants = [.. Enumerable.Range(0, 12).Select(i => $"t{Text(i)}")];
        foreach (var tenant in tenants) await Metering.Fill(paused, tenant, 1); // most of them live there
        paused.Process.Signal("STOP");
        foreach (var tenant in tenants) await Until(() => IsAnswered(first, tenant));
        paused.Process.Signal("CONT");

        await Until(() => Task.FromResult(paused.Process.HasExited));

        Assert.Equal(1, paused.Process.Stop());
        Assert.Equal("ready", await Health(first));
        Assert.Equal(0, first.Process.Stop());
    }

    private static Task<Ended> Serve(RedisServer redis, string url, params string[] settings) =>
        Metering.Run(["serve", "--urls", url, "--redis", Metering.Address(redis),
            $"--Metering:AdminKey={GatewayServer.AdminKey}", .. settings]);

    private static async Task<bool> IsAnswered(GatewayServer silo, string tenant)
    {
        using var http = Metering.Administrator(silo);
        using var answer = await http.GetAsync(new Uri($"/v1/tenants/{tenant}/usage", UriKind.Relative));
        return answer.IsSuccessStatusCode;
    }

    private static async Task<string> Health(GatewayServer silo)
    {
        using var http = Metering.Administrator(silo);
        using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return answer.StatusCode == HttpStatusCode.OK ? "ready" : await answer.Content.ReadAsStringAsync();
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (!await condition()) await Task.Delay(100, patience.Token);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
