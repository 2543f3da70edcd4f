using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using MeteringGateway.Api.Operations;
using Prometheus;

namespace MeteringGateway.Cluster;

/// <summary>
/// The same instruments under the same names as on one machine, and Orleans' own, kept and written by prometheus-net. Its own
/// adapter for meters would name them otherwise and call counters gauges.
/// </summary>
internal sealed class PrometheusNet : IMetricsText, IDisposable
{
    private const string Orleans = "Microsoft.Orleans";

    private readonly CollectorRegistry registry = Metrics.NewCustomRegistry();
    private readonly ConcurrentDictionary<string, Instrument> owners = new(StringComparer.Ordinal);
    private readonly MetricFactory metrics;
    private readonly MeterListener listener = new();

    public PrometheusNet()
    {
        metrics = Metrics.WithCustomRegistry(registry);
        registry.AddBeforeCollectCallback(listener.RecordObservableInstruments);
        listener.InstrumentPublished = (instrument, own) =>
        {
            // The same name twice would be two families; the first is the one that is shown.
            if ((PrometheusText.Wanted(instrument) || instrument.Meter.Name == Orleans) && owners.GetOrAdd(Name(instrument), instrument) == instrument)
                own.EnableMeasurementEvents(instrument, new Family(instrument, metrics));
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.SetMeasurementEventCallback<float>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.SetMeasurementEventCallback<int>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.SetMeasurementEventCallback<short>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.SetMeasurementEventCallback<byte>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.Start();
    }

    public async ValueTask<string> Write(CancellationToken cancellation)
    {
        using var text = new MemoryStream(64 * 1024);
        await registry.CollectAndExportAsTextAsync(text, cancellation);
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    public void Dispose() => listener.Dispose();

    private static string Name(Instrument instrument) =>
        PrometheusName.Of(instrument.Name, instrument.Unit, Is(instrument, typeof(Counter<>), typeof(ObservableCounter<>)));

    private static bool Is(Instrument instrument, params Type[] kinds) => kinds.Contains(instrument.GetType().GetGenericTypeDefinition());

    /// <summary>One instrument. Its labels are those of its first measurement: prometheus-net wants them at the start.</summary>
    private sealed class Family(Instrument instrument, MetricFactory metrics)
    {
        private readonly Lock gate = new();
        private Action<double, string[]>? record;
        private string[] labels = [];

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Volatile.Read(ref record) is null) Make(tags);
            record!(value, Values(tags));
        }

        private void Make(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (gate)
            {
                if (record is not null) return;
                labels = new string[tags.Length];
                for (var i = 0; i < tags.Length; i++) labels[i] = PrometheusName.Plain(tags[i].Key);
                Array.Sort(labels, StringComparer.Ordinal);
                Volatile.Write(ref record, Recorder(Name(instrument), Series.Help(instrument)));
            }
        }

        private Action<double, string[]> Recorder(string name, string help)
        {
            if (Is(instrument, typeof(Histogram<>)))
            {
                var histogram = metrics.CreateHistogram(name, help, labels, new HistogramConfiguration { Buckets = Series.Bounds(instrument) });
                return (value, of) => histogram.WithLabels(of).Observe(value);
            }
            if (Is(instrument, typeof(Counter<>), typeof(ObservableCounter<>)))
            {
                var counter = metrics.CreateCounter(name, help, labels);
                return instrument.IsObservable ? (value, of) => counter.WithLabels(of).IncTo(value) : (value, of) => counter.WithLabels(of).Inc(value);
            }
            var gauge = metrics.CreateGauge(name, help, labels);
            return Is(instrument, typeof(UpDownCounter<>)) ? (value, of) => gauge.WithLabels(of).Inc(value) : (value, of) => gauge.WithLabels(of).Set(value);
        }

        private string[] Values(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (labels.Length == 0) return [];
            var values = new string[labels.Length];
            Array.Fill(values, "");
            foreach (var (key, value) in tags)
                if (Array.IndexOf(labels, PrometheusName.Plain(key)) is >= 0 and var at)
                    values[at] = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            return values;
        }
    }
}
