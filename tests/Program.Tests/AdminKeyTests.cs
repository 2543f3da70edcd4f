using System.Diagnostics;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.Program.Tests;

/// <summary>
/// The administrator's key that a first start makes is told to who sits before a terminal, and to nobody who reads what
/// a service said.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class AdminKeyTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Where_no_terminal_is_the_key_is_in_a_file_for_its_owner_alone_whose_name_is_told()
    {
        var store = Path.Combine(_directory, "store");
        string said;
        using (var server = Serve(store))
        {
            var file = Path.Combine(store, "admin.key");
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            var key = (await File.ReadAllTextAsync(file)).Trim();
            Assert.True(key.Length >= 43, "32 random bytes");
            said = string.Join('\n', server.Output);
            Assert.Contains($"The administrator's key is in {file}", said, StringComparison.Ordinal);
            Assert.DoesNotContain(key, said, StringComparison.Ordinal);
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
            http.DefaultRequestHeaders.Add("Authorization", "Bearer " + key);
            Assert.True((await http.GetAsync(new Uri("/v1/keys", UriKind.Relative))).IsSuccessStatusCode);
            File.Delete(file);
            server.Stop();
        }
        // Made once: what took the key away is not undone by another start.
        using var again = Serve(store);
        Assert.False(File.Exists(Path.Combine(store, "admin.key")));
        Assert.DoesNotContain("administrator's key", string.Join('\n', again.Output), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_others_may_read_is_not_what_the_key_is_written_to()
    {
        var store = Path.Combine(_directory, "store");
        var file = Path.Combine(store, "admin.key");
        Directory.CreateDirectory(store, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(file, "left here before");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        using var server = Serve(store);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.DoesNotContain("left here before", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [FactIfScript]
    public async Task On_a_terminal_the_key_is_shown_and_no_file_is_made()
    {
        var store = Path.Combine(_directory, "store");
        using var terminal = Process.Start(new ProcessStartInfo("script",
            ["-qec", $"{Path.ChangeExtension(Options.DefaultDll(), null)} serve --urls http://127.0.0.1:0 "
                + $"--data-directory {store}", "/dev/null"])
        { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        try
        {
            string? shown = null;
            for (string? line; shown is null && (line = await terminal.StandardOutput.ReadLineAsync()) is not null;)
                shown = Regex.Match(line, "key, shown this once: (\\S{43,})").Groups[1] is { Success: true } key
                    ? key.Value : null;
            Assert.NotNull(shown);
            Assert.False(File.Exists(Path.Combine(store, "admin.key")));
        }
        finally
        {
            terminal.Kill(entireProcessTree: true);
            await terminal.WaitForExitAsync();
        }
    }

    private static ServerProcess Serve(string store) => ServerProcess.Start(null, "dotnet",
        [Options.DefaultDll(), "serve", "--urls", "http://127.0.0.1:0", "--data-directory", store]);
}
