using System.Diagnostics;
using System.Text.Json.Nodes;

namespace MeteringGateway.Program.Tests;

/// <summary>The log is written as the settings say, a line an event.</summary>
public sealed class LogFormatTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task As_JSON_each_line_is_an_object_with_its_time()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "taken"), "");
        var command = new ProcessStartInfo("dotnet",
            [LoadTests.Options.DefaultDll(), "serve", "--urls", "http://127.0.0.1:0", "--data-directory",
                Path.Combine(_directory, "taken")]);
        command.Environment["Logging__Console__FormatterName"] = "json";

        var ended = await Metering.Run(command);

        Assert.Equal(1, ended.Code);
        var line = JsonNode.Parse(ended.Error)!;
        Assert.Matches("^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:.]+Z$", (string)line["Timestamp"]!);
        Assert.Equal("Critical", (string?)line["LogLevel"]);
    }
}
