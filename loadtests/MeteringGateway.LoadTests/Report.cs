using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MeteringGateway.LoadTests;

/// <summary>One figure: the ratio of ours to theirs, measured alternately.</summary>
/// <param name="Floor">Null, with the other two, where no mark was set.</param>
/// <param name="Ratios">One for each pair of runs; none where it could not be measured.</param>
/// <param name="Details">What stands behind the ratio, in words; or why there is none.</param>
public sealed record Row(string Figure, string Against, double? Floor, double? Target, double? Beyond,
    IReadOnlyList<double> Ratios, IReadOnlyList<string> Details)
{
    public bool LowerIsBetter { get; init; }

    public double? Median => Ratios.Count == 0 ? null : Statistics.Median(Ratios);
    public double? Low => Ratios.Count == 0 ? null : Ratios.Min();
    public double? High => Ratios.Count == 0 ? null : Ratios.Max();

    /// <summary>The best of the marks that the median reaches.</summary>
    public string Reached => Median is null ? "not measured" : Floor is null ? "-" : Is(Beyond) ? "beyond"
        : Is(Target) ? "target" : Is(Floor) ? "floor" : "below the floor";

    private bool Is(double? mark) => LowerIsBetter ? Median <= mark : Median >= mark;
}

public static class Statistics
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2]
            : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <param name="LoadBefore">Of the machine, over a minute: what others do beside shows in it.</param>
public sealed record Report(Machine Machine, DateTime MeasuredAt, string LoadBefore, string LoadAfter,
    IReadOnlyList<Row> Rows)
{
    private const string End = "<!-- end of measured -->";
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>On the console, in a file, and where it was asked for in the document.</summary>
    /// <param name="by">What the document says the table is written by.</param>
    public void Publish(Options options, string by)
    {
        Console.WriteLine(Table());
        WriteJson(options.Json);
        if (options.Write is not null) WriteInto(options.Write, by);
    }

    private string Table()
    {
        var text = new StringBuilder(
            "| figure | against | median (spread) | floor | target | beyond | reached |\n|---|---|---|---|---|---|---|\n");
        foreach (var r in Rows)
        {
            var better = r.LowerIsBetter ? " (lower is better)" : "";
            text.Append(CultureInfo.InvariantCulture,
                $"| {r.Figure}{better} | {r.Against} | {Measured(r)} | {Mark(r.Floor)} | {Mark(r.Target)} | {Mark(r.Beyond)} | {r.Reached} |\n");
        }
        foreach (var r in Rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{r.Figure}:\n");
            foreach (var detail in r.Details) text.Append(CultureInfo.InvariantCulture, $"- {detail}\n");
        }
        return text.ToString();
    }

    private static string Measured(Row row) => row.Median is null ? "-" : row.Ratios.Count == 1
        ? $"**{Number(row.Median)}**" : $"**{Number(row.Median)}** ({Number(row.Low)} to {Number(row.High)})";

    /// <summary>Two digits of what is a ratio; whole ones of what is not.</summary>
    internal static string Number(double? value) =>
        value?.ToString(value >= 50 ? "N0" : "0.00", CultureInfo.InvariantCulture) ?? "-";

    private static string Mark(double? mark) => mark?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private void WriteJson(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, JsonSerializer.Serialize(this, Json) + "\n");
    }

    /// <summary>Puts the table into the document in place of the one before.</summary>
    private void WriteInto(string path, string by)
    {
        var start = $"<!-- measured: written by {by} --write -->";
        var document = File.Exists(path) ? File.ReadAllText(path) : "# Performance\n\n" + start + "\n" + End + "\n";
        var begin = document.IndexOf(start, StringComparison.Ordinal);
        var end = begin < 0 ? -1 : document.IndexOf(End, begin, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new InvalidOperationException($"{path} has lost the comments between which the table goes");
        var measured = string.Create(CultureInfo.InvariantCulture,
            $"\nMeasured {MeasuredAt:yyyy-MM-dd} on {Machine}; load of the machine {LoadBefore} before, {LoadAfter} after.\n\n{Table()}");
        File.WriteAllText(path, document[..(begin + start.Length)] + measured + document[end..]);
    }
}
