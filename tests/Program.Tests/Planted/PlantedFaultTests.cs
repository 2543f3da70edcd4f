using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace MeteringGateway.Program.Tests.Planted;

/// <summary>
/// The tests are tested: each <see cref="Fault"/>, planted into a copy of the program, is caught by the test that is
/// named for it. That takes a build for each and is done by hand: METERING_PLANTED=all, or some words of a name. What
/// is checked every time is that each can still be planted, and that who catches it is there.
/// </summary>
public sealed class PlantedFaultTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _copy = Directory.CreateTempSubdirectory("metering-planted-");

    public void Dispose() => _copy.Delete(recursive: true);

    public static TheoryData<string> Names => [.. Fault.All.Select(fault => fault.Name)];

    [Theory, MemberData(nameof(Names))]
    public void It_can_be_planted_and_who_catches_it_is_there(string name)
    {
        var fault = Named(name);
        Assert.Single(Regex.Matches(File.ReadAllText(Repository.File("src", fault.File)), Regex.Escape(fault.Is)));
        var (type, method) = Parts(fault);
        var tests = Directory.EnumerateFiles(Repository.File("tests", fault.Tests), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Repository.File("tests", "Engine.Tests"), "*.cs")) // behaviours of others
            .Select(File.ReadAllText).ToList();
        Assert.Contains(tests, text => Regex.IsMatch(text, $@"class {type}\b"));
        Assert.Contains(tests, text => method is null || text.Contains($" {method}(", StringComparison.Ordinal));
    }

    [Fact]
    public void There_are_twenty_at_least_and_the_page_lists_each_with_who_catches_it()
    {
        Assert.True(Fault.All.Count >= 20);
        var rows = File.ReadLines(Repository.File("docs", "testing.md"))
            .Select(line => Regex.Match(line, @"^\| ([^|]+) \| `([^`]+Tests: [^`]+)` \|$")).Where(row => row.Success)
            .Select(row => (row.Groups[1].Value, row.Groups[2].Value));
        Assert.Equal(Fault.All.Select(fault => (fault.Name, $"{fault.Tests}: {fault.Caught.Replace('_', ' ')}")), rows);
    }

    [FactIfAsked("METERING_PLANTED")]
    public async Task Each_is_caught_when_it_is_planted()
    {
        var asked = Environment.GetEnvironmentVariable("METERING_PLANTED")!;
        var faults = Fault.All
            .Where(fault => asked == "all" || fault.Name.Contains(asked, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(faults);
        await Here($"git -C '{Repository.Root}' ls-files -z | tar -C '{Repository.Root}' --null -T - -c | tar -x");
        var missed = new List<string>();
        foreach (var who in faults.GroupBy(fault => (fault.Tests, fault.Caught)))
        {
            if (await Test(who.First()) is { Failed: > 0, Said: var said })
                missed.Add($"{who.Key.Caught} fails without any fault\n{said}");
            foreach (var fault in who) if (await Plant(fault) is { } miss) missed.Add(miss);
        }
        Assert.Empty(missed);
    }

    /// <returns>Null: it was caught.</returns>
    private async Task<string?> Plant(Fault fault)
    {
        var file = Path.Combine(_copy.FullName, "src", fault.File);
        var before = await File.ReadAllTextAsync(file);
        var began = Stopwatch.GetTimestamp();
        await File.WriteAllTextAsync(file, before.Replace(fault.Is, fault.Becomes, StringComparison.Ordinal));
        try
        {
            var (failed, said) = await Test(fault);
            output.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds,5:0} s  {failed,3} failed: {fault.Name}");
            return failed > 0 ? null : $"not caught: {fault.Name}\n{said}";
        }
        finally
        {
            await File.WriteAllTextAsync(file, before);
        }
    }

    /// <summary>The tests that are to catch it, built anew from the copy.</summary>
    private async Task<(int Failed, string Said)> Test(Fault fault)
    {
        var (type, method) = Parts(fault);
        var ended = await Here($"dotnet test tests/{fault.Tests} -c Release --nologo -p:TreatWarningsAsErrors=false "
            + $"-p:NuGetAudit=false --filter 'FullyQualifiedName~.{type}{(method is null ? "" : "." + method)}'");
        var counts = Regex.Match(ended.Output, @"Failed: +(\d+), Passed: +(\d+)");
        if (!counts.Success) return (0, $"it does not build, or has no tests:\n{ended.Output}");
        return (int.Parse(counts.Groups[1].Value, null), ended.Output);
    }

    private Task<Ended> Here(string command) => Metering.Run(new ProcessStartInfo("bash", ["-c", command])
    {
        WorkingDirectory = _copy.FullName,
    });

    private static Fault Named(string name) => Fault.All.Single(fault => fault.Name == name);

    private static (string Type, string? Method) Parts(Fault fault) =>
        fault.Caught.Split('.') is [var type, var method] ? (type, method) : (fault.Caught, null);
}

/// <summary>A test that takes long and is run by hand.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactIfAskedAttribute : FactAttribute
{
    public FactIfAskedAttribute(string variable) =>
        Skip = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } ? null : $"by hand: {variable}=all";
}
