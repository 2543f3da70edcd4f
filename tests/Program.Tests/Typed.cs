using System.Text.RegularExpressions;
using MeteringGateway.LoadTests;

namespace MeteringGateway.Program.Tests;

/// <summary>What a page says to type.</summary>
internal static class Typed
{
    public static List<string> Blocks(string page) =>
    [
        .. Regex.Matches(Repository.Read(page), "```sh\n(.*?)```", RegexOptions.Singleline)
            .Select(block => block.Groups[1].Value),
    ];

    /// <summary>Built already, and on a port that nobody else has.</summary>
    public static string Here(string block, string port) => block
        .Replace("dotnet build -c Release src/MeteringGateway\n", "", StringComparison.Ordinal)
        .Replace("$PWD/src/MeteringGateway/bin/Release/net10.0", Path.GetDirectoryName(Options.DefaultDll())!,
            StringComparison.Ordinal)
        .Replace("metering serve", $"metering serve --urls http://127.0.0.1:{port}", StringComparison.Ordinal)
        .Replace("metering replay", $"metering replay --url http://127.0.0.1:{port}", StringComparison.Ordinal)
        .Replace("http://127.0.0.1:8080", $"http://127.0.0.1:{port}", StringComparison.Ordinal);
}
