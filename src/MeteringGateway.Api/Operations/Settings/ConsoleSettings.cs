namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Console</c> of the settings.</summary>
public sealed class ConsoleSettings
{
    /// <summary><c>/console</c> is there: <see href="#the-console">pages for people</see>, with the rights of the key
    /// that they sign in with.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Where people reach the gateway, such as <c>https://metering.example</c>; not set: links begin with the
    /// address at which whoever makes them has reached it.</summary>
    public string? Url { get; set; }

    /// <summary>How long somebody is signed in.</summary>
    public TimeSpan SessionTime { get; set; } = TimeSpan.FromHours(12);

    /// <summary>How long a link may be used, once.</summary>
    public TimeSpan LinkTime { get; set; } = TimeSpan.FromMinutes(10);
}
