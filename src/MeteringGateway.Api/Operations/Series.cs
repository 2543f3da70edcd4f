using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace MeteringGateway.Api.Operations;

/// <summary>One instrument's measurements, by their labels.</summary>
internal sealed class Series
{
    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

    private readonly Lock gate = new();
    private readonly Dictionary<string, Cell> cells = new(StringComparer.Ordinal);
    private readonly bool accumulates;
    private readonly double[]? bounds;
    private readonly string kind;
    private readonly string help;

    public Series(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        var monotonic = type == typeof(Counter<>) || type == typeof(ObservableCounter<>);
        if (type == typeof(Histogram<>)) bounds = Bounds(instrument);
        accumulates = type == typeof(Counter<>) || type == typeof(UpDownCounter<>);
        kind = bounds is not null ? "histogram" : monotonic ? "counter" : "gauge";
        Name = PrometheusName.Of(instrument.Name, instrument.Unit, monotonic);
        help = Help(instrument);
    }

    public string Name { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = PrometheusName.Labels(tags);
        lock (gate)
        {
            if (!cells.TryGetValue(labels, out var cell)) cells[labels] = cell = new Cell(bounds is null ? null : new long[bounds.Length + 1]);
            cell.Value = accumulates || bounds is not null ? cell.Value + value : value;
            if (bounds is null) return;
            var bucket = Array.BinarySearch(bounds, value);
            cell.Buckets![bucket >= 0 ? bucket : ~bucket]++;
        }
    }

    public void Write(StringBuilder text)
    {
        lock (gate)
        {
            if (cells.Count == 0) return;
            text.Append("# HELP ").Append(Name).Append(' ').Append(PrometheusName.Help(help)).Append('\n');
            text.Append("# TYPE ").Append(Name).Append(' ').Append(kind).Append('\n');
            foreach (var (labels, cell) in cells.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                if (cell.Buckets is { } buckets) WriteHistogram(text, labels, cell, buckets);
                else Line(text, Name, labels, cell.Value);
            }
        }
    }

    private void WriteHistogram(StringBuilder text, string labels, Cell cell, long[] buckets)
    {
        var total = 0L;
        for (var i = 0; i < buckets.Length; i++)
        {
            total += buckets[i];
            var bound = i < bounds!.Length ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
            Line(text, Name + "_bucket", $"{labels}{(labels.Length > 0 ? "," : "")}le=\"{bound}\"", total);
        }
        Line(text, Name + "_sum", labels, cell.Value);
        Line(text, Name + "_count", labels, total);
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    /// <summary>Upper bounds of a histogram's buckets.</summary>
    public static double[] Bounds(Instrument instrument) =>
        Advice(instrument) ?? (instrument.Unit == "s" ? Seconds : Counts);

    public static string Help(Instrument instrument) =>
        instrument.Description is { Length: > 0 } said ? said : $"{instrument.Name} of {instrument.Meter.Name}.";

    private static double[]? Advice(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => null,
    };

    private sealed class Cell(long[]? buckets)
    {
        public double Value { get; set; }
        public long[]? Buckets { get; } = buckets;
    }
}
