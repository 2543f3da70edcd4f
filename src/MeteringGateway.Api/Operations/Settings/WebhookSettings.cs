namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Webhooks</c> of the settings.</summary>
public sealed class WebhookSettings
{
    /// <summary>
    /// Lets webhooks go to addresses that are loopback, private or otherwise not public: for receivers in one's own
    /// network.
    /// </summary>
    public bool AllowPrivate { get; set; }

    /// <summary>One attempt in all: name resolution, connection, request, and the answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Attempts to one webhook at one time, each of another tenant.</summary>
    public int Concurrency { get; set; } = 8;

    /// <summary>
    /// How often receivers are told of one limit that is reached and cleared again and again: once of each, with how
    /// often it was. Zero: every time.
    /// </summary>
    public TimeSpan CapAlertsEvery { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a delivery is tried again.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromHours(24);

    /// <summary>A webhook that nothing could be delivered to for this long is switched off.</summary>
    public TimeSpan SwitchOffAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>How long a delivery that ended stays in the list.</summary>
    public TimeSpan KeepDeliveries { get; set; } = TimeSpan.FromDays(30);
}
