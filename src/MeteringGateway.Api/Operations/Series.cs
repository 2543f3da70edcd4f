using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace MeteringGateway.Api.Operations;

/// <summary>One instrument's measurements, by their labels.</summary>
internal sealed class Series
{
    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
        5, 10];
    private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Cell> _cells = new(StringComparer.Ordinal);
    private readonly bool _accumulates;
    private readonly double[]? _bounds;
    private readonly string _kind;
    private readonly string _help;

    public Series(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        var monotonic = type == typeof(Counter<>) || type == typeof(ObservableCounter<>);
        if (type == typeof(Histogram<>)) _bounds = Bounds(instrument);
        _accumulates = type == typeof(Counter<>) || type == typeof(UpDownCounter<>);
        _kind = _bounds is not null ? "histogram" : monotonic ? "counter" : "gauge";
        Name = PrometheusName.Of(instrument.Name, instrument.Unit, monotonic);
        _help = Help(instrument);
    }

    public string Name { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = PrometheusName.Labels(tags);
        lock (_gate)
        {
            if (!_cells.TryGetValue(labels, out var cell))
                _cells[labels] = cell = new Cell(_bounds is null ? null : new long[_bounds.Length + 1]);
            cell.Value = _accumulates || _bounds is not null ? cell.Value + value : value;
            if (_bounds is null) return;
            var bucket = Array.BinarySearch(_bounds, value);
            cell.Buckets![bucket >= 0 ? bucket : ~bucket]++;
        }
    }

    public void Write(StringBuilder text)
    {
        lock (_gate)
        {
            if (_cells.Count == 0) return;
            text.Append("# HELP ").Append(Name).Append(' ').Append(PrometheusName.Help(_help)).Append('\n');
            text.Append("# TYPE ").Append(Name).Append(' ').Append(_kind).Append('\n');
            foreach (var (labels, cell) in _cells.OrderBy(pair => pair.Key, StringComparer.Ordinal))
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
            var bound = i < _bounds!.Length ? _bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
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
