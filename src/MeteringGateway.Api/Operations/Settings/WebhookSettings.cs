namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Webhooks</c> of the settings.</summary>
public sealed class WebhookSettings
{
    /// <summary>Lets webhooks go to loopback and private addresses: for receivers in one's own network.</summary>
    public bool AllowPrivate { get; set; }

    /// <summary>One attempt in all: name, connection, request and answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Attempts to one webhook at one time, each of another tenant.</summary>
    public int Concurrency { get; set; } = 8;

    /// <summary>
    /// Within so long one alert of each type is told of one limit; what is more is told with how often it was. 0: each.
    /// </summary>
    public TimeSpan CapAlertsEvery { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a delivery is tried again (days before the dot).</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromHours(24);

    /// <summary>A webhook that takes nothing for so long is switched off.</summary>
    public TimeSpan SwitchOffAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>How long a delivery that ended stays in the list.</summary>
    public TimeSpan KeepDeliveries { get; set; } = TimeSpan.FromDays(30);
}
