namespace MeteringGateway.Api.Operations;

/// <summary>
/// The section <c>Metering:Limits</c>: what one caller may ask of the process, beside what one tenant may have. Each is
/// refused with a code of its own, or by closing the connection.
/// </summary>
public sealed class MeteringLimits : TenantLimits
{
    /// <summary>Bytes of one request other than a stream (413 <c>too_large</c>).</summary>
    public int BodyBytes { get; set; } = 10 * 1024 * 1024;

    /// <summary>Bytes of one event (<c>too_large</c>).</summary>
    public int EventBytes { get; set; } = 256 * 1024;

    /// <summary>Bytes of what is stored apart for one event (<c>detail_too_large</c>).</summary>
    public int DetailBytes { get; set; } = 16 * 1024;

    /// <summary>Events of one batch (413 <c>too_large</c>); a stream has no end.</summary>
    public int BatchEvents { get; set; } = 50_000;

    /// <summary>Requests a second for one key, and as many at once (429 <c>throttled</c>); 0: no limit.</summary>
    public int RequestsPerSecond { get; set; } = 5_000;

    /// <summary>
    /// Events a second for one key, and as many at once (<c>throttled</c>; a stream is read more slowly); 0: no limit.
    /// </summary>
    public int EventsPerSecond { get; set; } = 50_000;

    /// <summary>
    /// Streams of events and of signals that one key may have open (429 <c>too_many_streams</c>); 0: no limit.
    /// </summary>
    public int StreamsPerKey { get; set; } = 100;

    /// <summary>
    /// Requests that one key has under way, streams among them (429 <c>too_many_at_once</c>); 0: no limit.
    /// </summary>
    public int RequestsAtOnce { get; set; } = 2_000;

    /// <summary>Of these, those that change what is configured (429 <c>too_many_at_once</c>); 0: no limit.</summary>
    public int ChangesAtOnce { get; set; } = 100;

    /// <summary>
    /// Of these, those that read lists, figures, statements or entries, each of which holds its page until that is read
    /// (429 <c>too_many_at_once</c>); 0: no limit.
    /// </summary>
    public int ReadsAtOnce { get; set; } = 32;

    /// <summary>
    /// Bytes of bodies that one key has under way, those above 64 KiB (429 <c>too_many_at_once</c>); 0: no limit.
    /// </summary>
    public int BodyBytesAtOnce { get; set; } = 128 * 1024 * 1024;

    /// <summary>
    /// Bytes of all versions of all plans, as they are stored (409 <c>too_many_changes</c>); in memory they take some
    /// times as many.
    /// </summary>
    public long PlanBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>Keys that are in force or were made within a day (409 <c>too_many_keys</c>).</summary>
    public int Keys { get; set; } = 100_000;

    /// <summary>
    /// Of these, those for tenants of a bound key, when it makes another one (409 <c>too_many_keys</c>).
    /// </summary>
    public int BoundKeys { get; set; } = 100;

    /// <summary>Webhooks (409 <c>too_many_webhooks</c>).</summary>
    public int Webhooks { get; set; } = 1_000;

    /// <summary>
    /// Of these, those for tenants of a bound key, when it makes another one (409 <c>too_many_webhooks</c>).
    /// </summary>
    public int BoundWebhooks { get; set; } = 100;

    /// <summary>Webhooks that a tenant keeps for itself (409 <c>too_many_webhooks</c>).</summary>
    public int TenantWebhooks { get; set; } = 5;

    /// <summary>
    /// How often in an hour, by each process, what a tenant keeps for itself is made or changed (409
    /// <c>too_many_changes</c>).
    /// </summary>
    public int TenantReceiverChanges { get; set; } = 100;

    /// <summary>
    /// Links into the console that one key makes in an hour, and a quarter of those that a family of bound keys does
    /// (429 <c>too_many_console_links</c>).
    /// </summary>
    public int ConsoleLinksPerHour { get; set; } = 1_000;

    /// <summary>E-mail addresses that a tenant keeps (<c>too_many_emails</c>).</summary>
    public int TenantEmails { get; set; } = 10;

    /// <summary>Mails in an hour for one tenant, to whichever address; what is more waits, and goes together.</summary>
    public int TenantMailsPerHour { get; set; } = 100;

    /// <summary>The same to one address, of whichever tenants.</summary>
    public int AddressMailsPerHour { get; set; } = 20;

    /// <summary>
    /// How often, in an hour, one address is asked to confirm itself, for whichever tenants; for one of them all but
    /// one of these (<c>too_many_confirmations</c>).
    /// </summary>
    public int AddressConfirmationsPerHour { get; set; } = 3;

    /// <summary>Of these, those for one tenant: all but one, so that another tenant can ask, too.</summary>
    internal int TenantConfirmationsPerHour => Math.Max(1, AddressConfirmationsPerHour - 1);

    /// <summary>
    /// How often in an hour, by each process, somebody is let into the console with one key, or with links that it
    /// made; a quarter of how often with keys of one family of bound ones.
    /// </summary>
    public int SignInsPerHour { get; set; } = 1_000;

    /// <summary>
    /// Requests without a valid key that an address may send in a minute before it is answered 429; 0: no limit.
    /// </summary>
    public int FailedKeysPerMinute { get; set; } = 120;

    /// <summary>Connections at one time.</summary>
    public long? Connections { get; set; } = 20_000;

    /// <summary>How long a request's head may take to arrive.</summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(15);
    /// <summary>How long a connection may be silent between requests.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long one write to a reader of signals may take before it is closed.</summary>
    public TimeSpan SignalWriteTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
