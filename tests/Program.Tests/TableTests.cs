using System.Text.Json;
using System.Xml.Linq;
using MeteringGateway.LoadTests;
using Xunit.Abstractions;

namespace MeteringGateway.Program.Tests;

/// <summary>The table of performance.md, gone through in its short form: it must run; what it says is not judged.</summary>
public sealed class TableTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metering-table-").FullName;

    [Fact]
    public async Task Every_row_of_the_table_is_measured_or_says_which_program_it_lacks()
    {
        var ended = await Shell.Run($"dotnet '{typeof(Options).Assembly.Location}' table --short "
            + $"--json '{_folder}/table.json' --svg '{_folder}/table.svg' --write '{_folder}/table.md'");
        output.WriteLine(ended.Output);
        Assert.True(ended.Code == 0, ended.Error);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "table.json")));
        foreach (var row in json.RootElement.GetProperty("rows").EnumerateArray())
            Assert.True(row.GetProperty("median").ValueKind == JsonValueKind.Number
                || row.GetProperty("details")[0].GetString()!.Contains("is not installed", StringComparison.Ordinal),
                row.ToString());
        Assert.Equal("svg", XDocument.Load(Path.Combine(_folder, "table.svg")).Root!.Name.LocalName);
        var written = await File.ReadAllTextAsync(Path.Combine(_folder, "table.md"));
        Assert.Contains("| figure | against |", written, StringComparison.Ordinal);
        Assert.Contains("bytes on disk an event", written, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
