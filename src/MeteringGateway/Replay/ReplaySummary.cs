using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace MeteringGateway.Replay;

/// <summary>What became of the lines so far.</summary>
internal sealed class ReplaySummary(bool historic)
{
    private const int Shown = 3;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly SortedDictionary<string, (long Count, List<string> Lines)> _refused = new(StringComparer.Ordinal);

    public long Accepted { get; private set; }
    public long Duplicates { get; private set; }
    public long Refused => _refused.Values.Sum(r => r.Count);
    /// <summary>Of the file, acknowledged.</summary>
    public long Bytes { get; private set; }
    public int LastLine { get; private set; }

    /// <summary>Why the replay ended before the file did.</summary>
    public string? Stopped { get; set; }
    public bool Good => Refused == 0 && Stopped is null;

    public void Add(IReadOnlyList<EventLine> chunk, JsonNode reply)
    {
        if (reply is not JsonObject members || Number(members["accepted"]) is not { } accepted
            || Number(members["duplicates"]) is not { } duplicates || members["results"] is not JsonArray results)
            throw new CommandException("what answers there is not a metering gateway");
        Accepted += accepted;
        Duplicates += duplicates;
        foreach (var result in results)
        {
            if ((string?)result!["status"] != "rejected") continue;
            var problem = result["problem"]!;
            var code = (string?)problem["code"] ?? "unknown";
            var seen = _refused.GetValueOrDefault(code, (0, []));
            var line = chunk[(int)result["index"]!];
            if (seen.Lines.Count < Shown) seen.Lines.Add($"line {line.Number}: {(string?)problem["detail"] ?? code}");
            _refused[code] = (seen.Count + 1, seen.Lines);
        }
        Bytes += chunk.Sum(line => (long)line.Bytes);
        LastLine = chunk[^1].Number;
    }

    private static long? Number(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out long number) ? number : null;

    public void Print()
    {
        var elapsed = Stopwatch.GetElapsedTime(_started);
        var (all, seconds) = (Accepted + Duplicates + Refused, elapsed.TotalSeconds);
        Write($"{Accepted:N0} accepted, {Duplicates:N0} duplicates, {Refused:N0} refused in {seconds:0.0} s ({
            all / seconds:N0} a second)");
        foreach (var (code, (count, lines)) in _refused)
        {
            Write($"  {code}: {count:N0}");
            foreach (var line in lines) Write($"    {line}");
            if (count > lines.Count) Write($"    and {count - lines.Count:N0} more");
        }
        if (_refused.ContainsKey("event_too_old") && !historic)
            Write($"  History is taken by tenants on a test clock: --create-tenants PLAN {Clock}");
        if (Stopped is not null) Write($"Stopped after line {LastLine}: {Stopped}");
    }

    private const string Clock = "--test-clock START --follow-events";

    private static void Write(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
