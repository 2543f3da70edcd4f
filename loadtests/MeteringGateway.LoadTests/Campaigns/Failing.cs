using System.Globalization;
using System.Text.RegularExpressions;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>A call of the system that fails on files of the store.</summary>
/// <param name="Call">As <c>strace</c> names it.</param>
/// <param name="Error"><c>EIO</c> or <c>ENOSPC</c>.</param>
/// <param name="At">Which one, from 1, of each thread that makes such calls.</param>
/// <param name="Lasting">It, and all after it.</param>
internal sealed record Failing(string Call, string Error, int At, bool Lasting)
{
    /// <summary>Calls that can fail in the store's use of a disk; reads are another matter (damage).</summary>
    public static readonly string[] Calls = ["pwrite64", "fsync", "fdatasync", "ftruncate", "openat", "unlink"];

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Call} {At}{(Lasting ? " and on" : "")} {Error}");

    /// <summary>
    /// What runs the server so that the call fails; null: nothing fails, and all calls are written to a file.
    /// </summary>
    public static string[] Under(Failing? failing, string directory, string? log = null) =>
    [
        "strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", log ?? "/dev/null",
        .. new[] { "", "-wal", "-shm", "-journal" }.SelectMany(end =>
            new[] { "-P", Path.Combine(directory, "metering.db" + end) }),
        "-e", "trace=" + (failing?.Call ?? string.Join(',', Calls)),
        .. failing is null ? Array.Empty<string>() : ["-e", string.Create(CultureInfo.InvariantCulture,
            $"inject={failing.Call}:error={failing.Error}:when={failing.At}{(failing.Lasting ? "+" : "")}")],
    ];

    /// <summary>How many of each call the thread made that made most.</summary>
    public static Dictionary<string, int> Counted(string log) => File.ReadLines(log)
        .Select(line => Regex.Match(line, "^(?<thread>[0-9]+) +(?<call>[a-z0-9]+)[(]"))
        .Where(match => match.Success)
        .GroupBy(match => (match.Groups["call"].Value, match.Groups["thread"].Value))
        .GroupBy(calls => calls.Key.Item1)
        .ToDictionary(calls => calls.Key, calls => calls.Max(ofThread => ofThread.Count()));
}
