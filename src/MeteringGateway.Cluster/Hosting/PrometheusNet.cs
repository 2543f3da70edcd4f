using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using MeteringGateway.Api.Operations;
using Prometheus;

namespace MeteringGateway.Cluster;

/// <summary>
/// The same instruments under the same names as on one machine, and Orleans' own, kept and written by prometheus-net.
/// Its own adapter for meters would name them otherwise and call counters gauges.
/// </summary>
internal sealed class PrometheusNet : IMetricsText, IDisposable
{
    private const string Orleans = "Microsoft.Orleans";

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly ConcurrentDictionary<string, Instrument> _owners = new(StringComparer.Ordinal);
    private readonly MetricFactory _metrics;
    private readonly MeterListener _listener = new();

    public PrometheusNet()
    {
        _metrics = Metrics.WithCustomRegistry(_registry);
        _registry.AddBeforeCollectCallback(_listener.RecordObservableInstruments);
        _listener.InstrumentPublished = (instrument, own) =>
        {
            // The same name twice would be two families; the first is the one that is shown.
            if ((PrometheusText.Wanted(instrument) || instrument.Meter.Name == Orleans)
                && _owners.GetOrAdd(Name(instrument), instrument) == instrument)
                own.EnableMeasurementEvents(instrument, new Family(instrument, _metrics));
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((Family)family!)
            .Record(value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.Start();
    }

    public async ValueTask<string> Write(CancellationToken cancellation)
    {
        using var text = new MemoryStream(64 * 1024);
        await _registry.CollectAndExportAsTextAsync(text, cancellation);
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    public void Dispose() => _listener.Dispose();

    private static string Name(Instrument instrument) =>
        PrometheusName.Of(instrument.Name, instrument.Unit,
            Is(instrument, typeof(Counter<>), typeof(ObservableCounter<>)));

    private static bool Is(Instrument instrument, params Type[] kinds) =>
        kinds.Contains(instrument.GetType().GetGenericTypeDefinition());

    /// <summary>
    /// One instrument. Its labels are those of its first measurement: prometheus-net wants them at the start.
    /// </summary>
    private sealed class Family(Instrument instrument, MetricFactory metrics)
    {
        private readonly Lock _gate = new();
        private Action<double, string[]>? _record;
        private string[] _labels = [];

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Volatile.Read(ref _record) is null) Make(tags);
            _record!(value, Values(tags));
        }

        private void Make(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (_gate)
            {
                if (_record is not null) return;
                _labels = new string[tags.Length];
                for (var i = 0; i < tags.Length; i++) _labels[i] = PrometheusName.Plain(tags[i].Key);
                Array.Sort(_labels, StringComparer.Ordinal);
                Volatile.Write(ref _record, Recorder(Name(instrument), Series.Help(instrument)));
            }
        }

        private Action<double, string[]> Recorder(string name, string help)
        {
            if (Is(instrument, typeof(Histogram<>)))
            {
                var histogram = metrics.CreateHistogram(name, help, _labels,
                    new HistogramConfiguration { Buckets = Series.Bounds(instrument) });
                return (value, of) => histogram.WithLabels(of).Observe(value);
            }
            if (Is(instrument, typeof(Counter<>), typeof(ObservableCounter<>)))
            {
                var counter = metrics.CreateCounter(name, help, _labels);
                return instrument.IsObservable ? (value, of) => counter.WithLabels(of).IncTo(value)
                    : (value, of) => counter.WithLabels(of).Inc(value);
            }
            var gauge = metrics.CreateGauge(name, help, _labels);
            return Is(instrument, typeof(UpDownCounter<>)) ? (value, of) => gauge.WithLabels(of).Inc(value)
                : (value, of) => gauge.WithLabels(of).Set(value);
        }

        private string[] Values(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (_labels.Length == 0) return [];
            var values = new string[_labels.Length];
            Array.Fill(values, "");
            foreach (var (key, value) in tags)
                if (Array.IndexOf(_labels, PrometheusName.Plain(key)) is >= 0 and var at)
                    values[at] = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            return values;
        }
    }
}
