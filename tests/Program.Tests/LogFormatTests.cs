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

    [Theory]
    [InlineData("serve --data-directory /proc/nowhere --urls http://127.0.0.1:0 2>/dev/full")]
    [InlineData("journal >/dev/full 2>/dev/full")]
    [InlineData("--help >/dev/full 2>/dev/full")]
    public async Task Where_nothing_can_be_said_the_program_ends_with_a_code_and_not_by_a_signal(string command)
    {
        if (!OperatingSystem.IsLinux()) return;
        var ended = await Shell.Run($"dotnet '{LoadTests.Options.DefaultDll()}' {command}; echo \"code $?\"");
        Assert.Equal("code 1", ended.Output);
    }

    [Fact]
    public async Task A_key_directory_that_cannot_be_used_ends_the_start()
    {
        var file = Path.Combine(_directory, "file");
        await File.WriteAllTextAsync(file, "");
        var ended = await Metering.Run("serve", "--urls", "http://127.0.0.1:0", "--data-directory",
            Path.Combine(_directory, "data"), $"--Metering:KeyDirectory={file}/keys");
        Assert.Equal(1, ended.Code);
        Assert.StartsWith("metering could not start: The setting Metering:KeyDirectory cannot be used: ", ended.Error,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_directory, "data")));
    }
}
