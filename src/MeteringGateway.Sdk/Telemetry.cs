using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace MeteringGateway.Sdk;

/// <summary>Names of what can be watched: an ActivitySource and a Meter, both <c>MeteringGateway.Sdk</c>.</summary>
internal static class Telemetry
{
    private const string Name = "MeteringGateway.Sdk";

    public static ActivitySource Source { get; } = new(Name);
    private static readonly Meter Meter = new(Name);

    public static Counter<long> Retries { get; } = Meter.CreateCounter<long>("metering.client.retries", "{call}",
        "Calls that were sent again");

    public static Counter<long> UnitsHeld { get; } = Meter.CreateCounter<long>("metering.client.units_held", "{unit}",
        "Units taken ahead of need");

    public static Counter<long> UnitsReleased { get; } = Meter.CreateCounter<long>("metering.client.units_released",
        "{unit}", "Held units that were given back unused");

    public static Counter<long> Refused { get; } = Meter.CreateCounter<long>("metering.client.refused", "{decision}",
        "Decisions that were not allow, by reason");

    public static Counter<long> Blind { get; } = Meter.CreateCounter<long>("metering.client.blind", "{decision}",
        "Decisions to act that were taken while the gateway was away");

    public static Counter<long> Delivered { get; } = Meter.CreateCounter<long>("metering.client.delivered", "{event}",
        "Reports of the outbox that were answered, by what became of them");

    public static UpDownCounter<long> Waiting { get; } = Meter.CreateUpDownCounter<long>("metering.client.waiting",
        "{event}", "Reports that wait in the outbox");
}
