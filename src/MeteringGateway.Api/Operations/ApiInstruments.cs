using System.Diagnostics.Metrics;

namespace MeteringGateway.Api.Operations;

/// <summary>What is measured of callers, beside <see cref="HttpTimes"/> and <see cref="Instruments"/>.</summary>
internal static class ApiInstruments
{
    private static readonly Meter Meter = new(Instruments.Name);
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("metering.events.unrecognised", "{event}",
        "Events that were refused before any tenant was asked, by code: they cannot be read, or not by this key.");
    private static readonly UpDownCounter<long> Streams = Meter.CreateUpDownCounter<long>("metering.streams",
        "{stream}", "Streams that are open, by what they carry: events in, or signals out.");

    /// <inheritdoc cref="Instruments.Begin"/>
    public static void Begin()
    {
        foreach (var of in (string[])["events", "signals"])
            Streams.Add(0, new KeyValuePair<string, object?>("of", of));
    }

    /// <param name="code">Of the problem that the sender was told: one of a fixed set.</param>
    public static void Unrecognised(string code) => Refused.Add(1, new KeyValuePair<string, object?>("code", code));

    /// <summary>Counts a stream until it is disposed.</summary>
    /// <param name="of"><c>events</c> or <c>signals</c>.</param>
    public static IDisposable Open(string of)
    {
        Streams.Add(1, new KeyValuePair<string, object?>("of", of));
        return new Counted(of);
    }

    private sealed class Counted(string of) : IDisposable
    {
        public void Dispose() => Streams.Add(-1, new KeyValuePair<string, object?>("of", of));
    }
}
