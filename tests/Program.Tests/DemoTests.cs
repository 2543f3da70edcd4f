using System.Globalization;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.Program.Tests;

/// <summary>The demo as a newcomer runs it, without a terminal.</summary>
public sealed class DemoTests
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    [Fact]
    public async Task The_demo_tells_its_story_at_80_columns_and_what_it_says_to_type_next_works()
    {
        var (code, output, error) = await Metering.RunIn(Repository.Root, "demo");
        Assert.True(code == 0, output + error);
        var lines = output.Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        Assert.Matches("are started", lines[0]); // before anything is there to be seen
        Assert.Contains("signal handoff", output, StringComparison.Ordinal);
        Assert.Matches("harbor-books: never above the cap of [0-9]+; [1-9][0-9]* conversations went to", output);
        Assert.Contains("raises the cap", output, StringComparison.Ordinal);
        Assert.Contains("signal resume", output, StringComparison.Ordinal);
        var told = Regex.Replace(output, "\\s+", " ");
        var counts = Regex.Matches(told, @"all ([0-9]+) reports were counted, once each: ([0-9]+) against the cap,"
            + @" ([0-9]+) free \(([^)]*)\)");
        Assert.Equal(3, counts.Count);
        foreach (Match desk in counts)
        {
            var free = Regex.Matches(desk.Groups[4].Value, "[0-9]+").Sum(one => int.Parse(one.Value, Invariant));
            Assert.Equal(Number(desk, 3), free);
            Assert.Equal(Number(desk, 1), Number(desk, 2) + free);
        }
        // What finance saw: the alerts, and a statement that adds up.
        Assert.Contains("alert cap:monthly is reached: 12 of 12", told, StringComparison.Ordinal);
        var table = lines[Array.FindIndex(lines, line => line.StartsWith("  statement", StringComparison.Ordinal))..];
        var amounts = table.Select(line => Regex.Match(line, @"^    (?:support|Total).* ([0-9.]+)$"))
            .Where(row => row.Success).Select(row => decimal.Parse(row.Groups[1].Value, Invariant)).ToList();
        Assert.True(amounts.Count > 2, output);
        Assert.Equal(amounts[^1], amounts.SkipLast(1).Sum());

        await TypeNext(lines);
    }

    /// <summary>As it is printed, but for the port: somebody else may have that one.</summary>
    private static async Task TypeNext(string[] lines)
    {
        var commands = string.Join('\n', lines
            .SkipWhile(line => !line.StartsWith("What you saw", StringComparison.Ordinal))
            .Where(line => line.StartsWith("  ", StringComparison.Ordinal)));
        var port = RedisServer.FreePort();
        commands = commands.Replace("8080", port.ToString(Invariant), StringComparison.Ordinal)
            .Replace(" serve ", $" serve --urls http://127.0.0.1:{port} ", StringComparison.Ordinal);
        var serve = commands[..commands.IndexOf("  curl", StringComparison.Ordinal)].TrimEnd();
        var left = Regex.Match(string.Join('\n', lines), @"rm -r (\S+)").Groups[1].Value;
        try
        {
            using var gateway = Shell.Start(serve);
            await Metering.Run("health", $"127.0.0.1:{port}"); // it may not be there yet
            for (var i = 0; i < 100 && (await Metering.Run("health", $"127.0.0.1:{port}")).Code != 0; i++) { }
            var said = await Shell.Run(commands[(serve.Length + 1)..]);
            gateway.Stop();
            Assert.True(said.Code == 0, said.Output + said.Error);
            Assert.Contains("\"tenant\":\"harbor-books\"", said.Output, StringComparison.Ordinal);
            Assert.Contains("cap_set", said.Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(left, recursive: true);
        }
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), Path.GetFileName(left) + "*"));
    }

    [FactIfScript]
    public async Task On_a_terminal_of_80_columns_no_line_breaks_and_no_column_moves()
    {
        var metering = Path.ChangeExtension(Options.DefaultDll(), null);
        var (code, output, error) = await Shell.Run(
            $"script -qec 'stty cols 80 rows 40; {metering} demo' /dev/null | cat");
        Assert.True(code == 0, output + error);
        Directory.Delete(Regex.Match(output, @"rm -r (\S+)").Groups[1].Value, recursive: true);
        var rows = Regex.Replace(output, @"\x1b\[[0-9;?]*[A-Za-z]", "\r").Split('\r', '\n');
        var table = rows.Where(row => row.Length > 0 && "\u256d\u251c\u2502\u2570".Contains(row[0],
            StringComparison.Ordinal)).ToList();
        Assert.True(table.Count > 100, output);
        Assert.All(rows, row => Assert.InRange(row.TrimEnd().Length, 0, 80));
        Assert.Single(table.Where(row => row[0] == '\u251c').Distinct());
    }

    [FactIfRedis]
    public async Task On_three_silos_one_is_killed_the_story_goes_on_and_the_Redis_is_left_as_it_was()
    {
        using var redis = new RedisServer(null);
        RespConnection.Ask(redis.Process.Port, "SET", "somebody-elses", "1");

        var (code, output, error) = await Metering.RunIn(Repository.Root, "demo", "--redis",
            Metering.Address(redis));

        Assert.True(code == 0, output + error);
        Assert.Matches("silo [1-3], home to [1-3] of 3 tenants, is killed", output);
        Assert.Contains("signal handoff", output, StringComparison.Ordinal);
        Assert.Contains("signal resume", output, StringComparison.Ordinal);
        Assert.Matches("ok  silo [1-3] was killed on the way, and the others went on", output);
        Assert.Equal("1", RespConnection.Ask(redis.Process.Port, "DBSIZE"));
        Assert.All(output.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains("cap:monthly is reached", output, StringComparison.Ordinal);
        Assert.Contains("Nothing is left in the Redis", output, StringComparison.Ordinal);
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, Invariant);
}
