using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// Listens to our meter, to the runtime's, and to the server's connections, and writes what was measured in Prometheus'
/// text format (0.0.4). The server's measurements of every single request are left alone: they would cost each check.
/// </summary>
internal sealed class PrometheusText : IMetricsText, IDisposable
{
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly string[] FromServer = ["kestrel.active_connections", "kestrel.queued_connections",
        "kestrel.rejected_connections"];

    private readonly ConcurrentDictionary<Instrument, Series> _all = new();
    private readonly MeterListener _listener = new();
    private readonly Lock _writing = new();

    public PrometheusText()
    {
        _listener.InstrumentPublished = (instrument, own) =>
        {
            if (Wanted(instrument))
                own.EnableMeasurementEvents(instrument, _all.GetOrAdd(instrument, one => new Series(one)));
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((Series)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>((_, value, tags, state) => ((Series)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((Series)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => ((Series)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>((_, value, tags, state) => ((Series)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<byte>((_, value, tags, state) => ((Series)state!).Record(value, tags));
        _listener.Start();
    }

    ValueTask<string> IMetricsText.Write(CancellationToken cancellation) => new(Write());

    public string Write()
    {
        lock (_writing)
        {
            _listener.RecordObservableInstruments();
            var text = new StringBuilder(16 * 1024);
            // The same name twice would be two families; the first registered is the one that is shown.
            foreach (var family in _all.Values.GroupBy(series => series.Name, StringComparer.Ordinal)
                .OrderBy(family => family.Key, StringComparer.Ordinal))
                family.First().Write(text);
            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>Which instruments are shown.</summary>
    public static bool Wanted(Instrument instrument) =>
        instrument.Meter.Name is "MeteringGateway" or "System.Runtime"
        || (instrument.Meter.Name == "Microsoft.AspNetCore.Server.Kestrel" && FromServer.Contains(instrument.Name));
}
