using System.Diagnostics;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>
/// Asks <c>metering journal --digest</c> whether chains are whole and replay gives the recovered state.
/// </summary>
internal static class Journal
{
    public static async Task<IReadOnlyList<string>> Check(string meteringDll, string dataDirectory,
        IEnumerable<string> tenants)
    {
        string[] arguments = [meteringDll, "journal", "--digest", "--data-directory", dataDirectory,
            .. tenants.SelectMany(t => new[] { "--tenant", t })];
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? []
            : [$"metering journal ended with {process.ExitCode}: {await output} {await error}"];
    }
}
