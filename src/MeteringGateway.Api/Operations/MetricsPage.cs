using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using MeteringGateway.Api.Webhooks;
using Prometheus;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// What was measured, as Prometheus reads it: our meter's instruments, and those of others that
/// <see cref="ForeignFigures"/> names. It listens from when it is made; what is counted for every check is only read
/// when somebody scrapes. prometheus-net keeps the figures and writes them; its own adapter for meters would name the
/// instruments otherwise, and call counters gauges.
/// </summary>
internal sealed class MetricsPage : IDisposable
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>For what has to be read first.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly ConcurrentDictionary<string, Instrument> _owners = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Family> _observed = [];
    private readonly Lock _reading = new();
    private readonly MeterListener _listener = new();
    private readonly HttpTimes _http;
    private readonly Histogram _requests;
    private readonly ILogger<MetricsPage> _log;

    public MetricsPage(HttpTimes http, ILogger<MetricsPage> log)
    {
        (_http, _log) = (http, log);
        var metrics = Metrics.WithCustomRegistry(_registry);
        _requests = metrics.CreateHistogram("metering_http_duration_seconds",
            "How long requests took until they were answered, by method, route and status; streams are left out.",
            ["method", "route", "status"], new HistogramConfiguration { Buckets = HttpTimes.Bounds });
        _registry.AddBeforeCollectCallback(Read);
        _listener.InstrumentPublished = (instrument, own) =>
        {
            // The same name twice would be two families; the first is the one that is shown.
            if (FigureName.Find(instrument) is { } figure
                && _owners.GetOrAdd(figure.Name, instrument) == instrument)
                Listen(own, new Family(instrument, figure, metrics));
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, to) => ((Family)to!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, to) => ((Family)to!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, to) => ((Family)to!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, to) => ((Family)to!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, to) => ((Family)to!).Record(value, tags));
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, to) => ((Family)to!).Record(value, tags));
        _listener.Start();
        Instruments.Begin();
        ApiInstruments.Begin();
        WebhookInstruments.Begin();
    }

    /// <summary>Prometheus' text format, 0.0.4.</summary>
    public async Task Write(Stream to, CancellationToken cancellation)
    {
        await Refresh(cancellation);
        await _registry.CollectAndExportAsTextAsync(to, cancellation);
    }

    // A store that does not answer must not hide the figures that say so.
    private async Task Refresh(CancellationToken cancellation)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        soon.CancelAfter(Patience);
        await Instruments.Refresh(soon.Token).WaitAsync(cancellation);
    }

    public void Dispose() => _listener.Dispose();

    private void Listen(MeterListener own, Family family)
    {
        if (family.MayEnd) _observed.Add(family);
        own.EnableMeasurementEvents(family.Instrument, family);
    }

    private void Read()
    {
        // Each is told what came since the last time, and there may be two who scrape.
        lock (_reading)
        {
            foreach (var family in _observed) family.Begin();
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException failures)
            {
                // All the others were read.
                _log.LogWarning(failures, "Some figures could not be read");
            }
            foreach (var family in _observed) family.End();
            _http.Pour((labels, seconds, requests) => _requests.WithLabels(labels).Observe(seconds, requests));
        }
    }

    /// <summary>
    /// One instrument. Its labels are those of its first measurement: prometheus-net wants them at the start.
    /// </summary>
    private sealed class Family(Instrument instrument, Figure figure, MetricFactory metrics)
    {
        private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
            2.5, 5, 10];
        private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

        private readonly Lock _gate = new();
        private Action<double, string[]>? _record;
        private string[] _labels = [];
        private Gauge? _gauge;
        private readonly Dictionary<string, string[]> _shown = new(StringComparer.Ordinal);
        private readonly HashSet<string> _told = new(StringComparer.Ordinal);

        public Instrument Instrument => instrument;

        /// <summary>What it tells of may end: a tenant that left memory has no figure.</summary>
        public bool MayEnd => instrument.IsObservable && !figure.IsCounter;

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Volatile.Read(ref _record) is null) Make(tags);
            var labels = Values(tags);
            _record!(value, labels);
            if (!MayEnd || labels.Length == 0) return;
            var key = string.Join('\0', labels);
            _told.Add(key);
            _shown[key] = labels;
        }

        public void Begin() => _told.Clear();

        /// <summary>What was not told this time is not shown any more.</summary>
        public void End()
        {
            foreach (var (key, labels) in _shown.Where(one => !_told.Contains(one.Key)).ToArray())
            {
                _gauge!.RemoveLabelled(labels);
                _shown.Remove(key);
            }
        }

        private void Make(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (_gate)
            {
                if (_record is not null) return;
                _labels = new string[tags.Length];
                for (var i = 0; i < tags.Length; i++) _labels[i] = FigureName.Plain(tags[i].Key);
                Array.Sort(_labels, StringComparer.Ordinal);
                Volatile.Write(ref _record, Recorder());
            }
        }

        private Action<double, string[]> Recorder()
        {
            var (name, help) = (figure.Name, figure.Help);
            if (Is(typeof(Histogram<>)))
            {
                var buckets = new HistogramConfiguration { Buckets = Bounds() };
                var histogram = metrics.CreateHistogram(name, help, _labels, buckets);
                return (value, of) => histogram.WithLabels(of).Observe(value);
            }
            if (figure.IsCounter)
            {
                var counter = metrics.CreateCounter(name, help, _labels);
                return instrument.IsObservable ? (value, of) => counter.WithLabels(of).IncTo(value)
                    : (value, of) => counter.WithLabels(of).Inc(value);
            }
            var gauge = _gauge = metrics.CreateGauge(name, help, _labels);
            return Is(typeof(UpDownCounter<>)) ? (value, of) => gauge.WithLabels(of).Inc(value)
                : (value, of) => gauge.WithLabels(of).Set(value);
        }

        private bool Is(Type kind) => instrument.GetType().GetGenericTypeDefinition() == kind;

        /// <summary>Upper bounds of a histogram's buckets.</summary>
        private double[] Bounds() => instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
            Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } =>
                [.. bounds.Select(bound => (double)bound)],
            _ => instrument.Unit == "s" ? Seconds : Counts,
        };

        private string[] Values(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (_labels.Length == 0) return [];
            var values = new string[_labels.Length];
            Array.Fill(values, "");
            foreach (var (key, value) in tags)
                if (Array.IndexOf(_labels, FigureName.Plain(key)) is >= 0 and var at)
                    values[at] = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            return values;
        }
    }
}
