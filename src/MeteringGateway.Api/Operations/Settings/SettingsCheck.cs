using System.Net;
using MeteringGateway.Api.Emails;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Operations;

/// <summary>What is wrong with settings: a sentence for each, with its name.</summary>
internal sealed class SettingsCheck
{
    /// <summary>No timer waits for longer than some days more.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ShortestPoll = TimeSpan.FromMilliseconds(10);

    /// <summary>Of the thirty seconds that an end may take, ten remain to hand the tenants over.</summary>
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LongestKept = TimeSpan.FromDays(3650);

    private readonly List<string> _found = [];

    public static IReadOnlyList<string> Findings(MeteringSettings settings)
    {
        var check = new SettingsCheck();
        check.Tenants(settings);
        check.Callers(settings.Limits);
        check.Webhooks(settings.Webhooks);
        check.Email(settings.Email);
        check.Kafka(settings.Kafka);
        check.Tracing(settings.Tracing);
        check.Console(settings.Console);
        check.Silo(settings.Cluster);
        return check._found;
    }

    /// <param name="name">Of a setting, without the section.</param>
    public static string Finding(string name, string what) =>
        $"The setting {MeteringSettings.Section}:{name} {what}.";

    private void Tenants(MeteringSettings settings)
    {
        Must(settings.DataDirectory.Length > 0, "DataDirectory", "must not be empty");
        Must(settings.KeyDirectory is not "", "KeyDirectory", "must not be empty");
        Must(settings.KeyDirectory is not { Length: > 0 } keys || settings.DataDirectory.Length == 0
            || !SecretSeal.IsWithin(keys, settings.DataDirectory), "KeyDirectory",
            "must not be in the data directory: who copies the one has the other");
        Must(settings.AdminKey is not { Length: < 16 or > 512 }, "AdminKey", "must have 16 to 512 characters");
        Must(settings.AdminKey is not { Length: >= 16 } key || Secrets.IsHardToGuess(key), "AdminKey",
            "is too easy to guess: take one that is made for it, as by 'openssl rand -hex 24'");
        Wait(settings.IdleAfter, "IdleAfter");
        AtLeast(1, settings.SnapshotEntries, "SnapshotEntries");
        AtLeast(1, settings.IdleSnapshotEntries, "IdleSnapshotEntries");
        AtLeast(1, settings.QueueEntries, "QueueEntries");
        AtLeast(1, settings.QueueBytes, "QueueBytes");
        AtLeast(1, settings.TurnsWaiting, "TurnsWaiting");
        FromTo(Shortest, settings.PreviewTime, TimeSpan.FromMinutes(1), "PreviewTime");
        Wait(settings.DuePoll, "DuePoll");
        WaitOrNone(settings.ShutdownSnapshots, "ShutdownSnapshots");
        AtLeast(1, settings.SignalBuffer, "SignalBuffer");
        AtLeast(0, settings.WatchedTenants, "WatchedTenants");
        Must(settings.Journal.Segments is not "", "Journal:Segments", "must not be empty");
        if (settings.Journal.SealAfter is not { } after) return;
        Must(settings.Journal.Segments is not null, "Journal:Segments", "must be there, as Journal:SealAfter is");
        Must(after >= TimeSpan.Zero && after <= LongestKept, "Journal:SealAfter",
            $"must be from 0 to {LongestKept:c}, not {after:c}");
    }

    private void Callers(MeteringLimits limits)
    {
        AtLeast(1, limits.SessionOutcomes, "Limits:SessionOutcomes");
        AtLeast(1, limits.SessionWaiting, "Limits:SessionWaiting");
        AtLeast(1, limits.SessionActivities, "Limits:SessionActivities");
        AtLeast(1, limits.SessionFacts, "Limits:SessionFacts");
        AtLeast(1, limits.OutcomeFacts, "Limits:OutcomeFacts");
        AtLeast(1, limits.OpenOutcomes, "Limits:OpenOutcomes");
        AtLeast(1, limits.WaitingFacts, "Limits:WaitingFacts");
        AtLeast(1, limits.TenantBytes, "Limits:TenantBytes");
        AtLeast(0, limits.Reservations, "Limits:Reservations");
        AtLeast(0, limits.ActivityNames, "Limits:ActivityNames");
        AtLeast(0, limits.ActivityCounters, "Limits:ActivityCounters");
        AtLeast(0, limits.GrantsInForce, "Limits:GrantsInForce");
        AtLeast(0, limits.Grants, "Limits:Grants");
        AtLeast(1, limits.TermChanges, "Limits:TermChanges");
        AtLeast(1, limits.TermBytes, "Limits:TermBytes");
        AtLeast(1, limits.OpenDisputes, "Limits:OpenDisputes");
        AtLeast(1, limits.BodyBytes, "Limits:BodyBytes");
        AtLeast(1, limits.EventBytes, "Limits:EventBytes");
        AtLeast(1, limits.DetailBytes, "Limits:DetailBytes");
        AtLeast(1, limits.BatchEvents, "Limits:BatchEvents");
        AtLeast(0, limits.RequestsPerSecond, "Limits:RequestsPerSecond");
        AtLeast(0, limits.EventsPerSecond, "Limits:EventsPerSecond");
        AtLeast(0, limits.StreamsPerKey, "Limits:StreamsPerKey");
        AtLeast(0, limits.RequestsAtOnce, "Limits:RequestsAtOnce");
        AtLeast(0, limits.ChangesAtOnce, "Limits:ChangesAtOnce");
        AtLeast(0, limits.ReadsAtOnce, "Limits:ReadsAtOnce");
        AtLeast(0, limits.BodyBytesAtOnce, "Limits:BodyBytesAtOnce");
        AtLeast(1, limits.PlanBytes, "Limits:PlanBytes");
        AtLeast(1, limits.Keys, "Limits:Keys");
        AtLeast(0, limits.BoundKeys, "Limits:BoundKeys");
        AtLeast(0, limits.Webhooks, "Limits:Webhooks");
        AtLeast(0, limits.BoundWebhooks, "Limits:BoundWebhooks");
        AtLeast(0, limits.TenantWebhooks, "Limits:TenantWebhooks");
        AtLeast(1, limits.TenantReceiverChanges, "Limits:TenantReceiverChanges");
        AtLeast(1, limits.ConsoleLinksPerHour, "Limits:ConsoleLinksPerHour");
        AtLeast(0, limits.TenantEmails, "Limits:TenantEmails");
        AtLeast(1, limits.TenantMailsPerHour, "Limits:TenantMailsPerHour");
        AtLeast(1, limits.AddressMailsPerHour, "Limits:AddressMailsPerHour");
        AtLeast(1, limits.AddressConfirmationsPerHour, "Limits:AddressConfirmationsPerHour");
        AtLeast(1, limits.SignInsPerHour, "Limits:SignInsPerHour");
        AtLeast(0, limits.FailedKeysPerMinute, "Limits:FailedKeysPerMinute");
        if (limits.Connections is { } connections) AtLeast(1, connections, "Limits:Connections");
        Wait(limits.HeaderTimeout, "Limits:HeaderTimeout");
        Wait(limits.IdleTimeout, "Limits:IdleTimeout");
        Wait(limits.SignalWriteTimeout, "Limits:SignalWriteTimeout");
    }

    /// <summary>A value would let nothing through, or hold everything up.</summary>
    private void Webhooks(WebhookSettings webhooks)
    {
        Between(TimeSpan.Zero, webhooks.Timeout, TimeSpan.FromMinutes(5), "Webhooks:Timeout");
        Must(webhooks.CapAlertsEvery >= TimeSpan.Zero && webhooks.CapAlertsEvery <= TimeSpan.FromHours(1),
            "Webhooks:CapAlertsEvery", $"must be from 0 to 01:00:00, not {webhooks.CapAlertsEvery:c}");
        Must(webhooks.Concurrency is >= 1 and <= 100, "Webhooks:Concurrency",
            $"must be from 1 to 100, not {webhooks.Concurrency}");
        Between(TimeSpan.Zero, webhooks.GiveUpAfter, LongestKept, "Webhooks:GiveUpAfter");
        Between(webhooks.GiveUpAfter, webhooks.SwitchOffAfter, LongestKept, "Webhooks:SwitchOffAfter");
        Between(webhooks.SwitchOffAfter, webhooks.KeepDeliveries, LongestKept, "Webhooks:KeepDeliveries");
    }

    private void Tracing(TracingSettings tracing)
    {
        Must(!tracing.IsOn || Uri.TryCreate(tracing.Endpoint, UriKind.Absolute, out var at)
            && at.Scheme is "http" or "https", "Tracing:Endpoint", "must be an address, such as http://127.0.0.1:4317");
        Must(tracing.Protocol is null or "grpc" or "http/protobuf", "Tracing:Protocol",
            "must be grpc or http/protobuf");
        Must(tracing.Ratio is null or (>= 0 and <= 1), "Tracing:Ratio", "must be from 0 to 1");
    }

    /// <summary>What is wrong is said without the password.</summary>
    private void Email(EmailSettings email)
    {
        Must(email.IsOn || email is { User: null, Password: null, From: null, PublicUrl: null, Ca: null }, "Email:Host",
            "must be there too: others of Metering:Email are, and without it nothing is mailed");
        Must(email.Port is >= 1 and <= 65_535, "Email:Port", $"must be a port from 1 to 65535, not {email.Port}");
        Must(email.Tls is EmailSettings.StartTls or EmailSettings.Implicit or EmailSettings.None, "Email:Tls",
            $"must be {EmailSettings.StartTls}, {EmailSettings.Implicit} or {EmailSettings.None}, not '{email.Tls}'");
        FromTo(TimeSpan.FromSeconds(1), email.Timeout, TimeSpan.FromMinutes(5), "Email:Timeout");
        Must(email.Concurrency is >= 1 and <= 100, "Email:Concurrency",
            $"must be from 1 to 100, not {email.Concurrency}");
        if (!email.IsOn) return;
        Must(email.Password is null || email.User is not null, "Email:User", "must be there, as the password is");
        Must(email.User is null || email.Tls != EmailSettings.None, "Email:Tls",
            "must not be none where a password is sent");
        Must(EmailAddress.Is(email.From), "Email:From", EmailAddress.Form);
        Must(Uri.TryCreate(email.PublicUrl, UriKind.Absolute, out var url) && url.Scheme is "https" or "http"
            && url.Query.Length == 0 && url.Fragment.Length == 0 && url.UserInfo.Length == 0, "Email:PublicUrl",
            "must be where people reach the gateway, such as https://metering.example");
        try
        {
            new TlsFiles { Ca = email.Ca }.ReadAuthorities("Email");
        }
        catch (SettingsException unusable)
        {
            _found.Add(unusable.Message);
        }
    }

    private void Kafka(KafkaSettings kafka)
    {
        Must(kafka.Group.Length > 0, "Kafka:Group", "must not be empty");
        foreach (var (name, topic) in kafka.Topics())
        {
            Must(IsTopic(topic), $"Kafka:{name}",
                $"must be a topic's name, 1 to 249 letters, digits, dots, dashes and underscores, not '{topic}'");
            Must(kafka.Topics().Count(one => one.Topic == topic) == 1, $"Kafka:{name}",
                $"must be another topic than the others, not '{topic}' too");
        }
        Must(kafka.BatchEvents is >= 1 and <= 10_000, "Kafka:BatchEvents",
            $"must be from 1 to 10000, not {kafka.BatchEvents}");
        Must(kafka.InFlightBytes >= 1 << 20, "Kafka:InFlightBytes",
            $"must be {1 << 20} or more, not {kafka.InFlightBytes}");
        FromTo(ShortestPoll, kafka.CommitEvery, TimeSpan.FromMinutes(1), "Kafka:CommitEvery");
        FromTo(ShortestPoll, kafka.PublishEvery, TimeSpan.FromMinutes(1), "Kafka:PublishEvery");
        FromTo(Shortest, kafka.StartTimeout, TimeSpan.FromMinutes(10), "Kafka:StartTimeout");
        Must(kafka.IsOn || kafka.Client.Count == 0, "Kafka:BootstrapServers",
            "must be there too: Kafka:Client is, and without it nothing of Kafka is on");
    }

    private void Console(ConsoleSettings console)
    {
        Must(console.Url is null || (Uri.TryCreate(console.Url, UriKind.Absolute, out var url)
                && url.Scheme is "http" or "https" && url.Query.Length == 0 && url.Fragment.Length == 0), "Console:Url",
            $"must be an address that begins with https:// or http://, not '{console.Url}'");
        FromTo(TimeSpan.FromMinutes(1), console.SessionTime, Longest, "Console:SessionTime");
        FromTo(TimeSpan.FromSeconds(10), console.LinkTime, TimeSpan.FromDays(1), "Console:LinkTime");
    }

    private static bool IsTopic(string topic) => topic is { Length: >= 1 and <= 249 } and not ("." or "..")
        && topic.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_');

    private void Silo(ClusterSettings silo)
    {
        Must(silo.SiloPort is >= 1 and <= 65_535, "Cluster:SiloPort",
            $"must be a port from 1 to 65535, not {silo.SiloPort}");
        Must(silo.AdvertisedAddress is null || IsAddress(silo.AdvertisedAddress), "Cluster:AdvertisedAddress",
            $"must be the IP address at which the other silos reach this one, not '{silo.AdvertisedAddress}'");
        Id(silo.ClusterId, "Cluster:ClusterId");
        Id(silo.ServiceId, "Cluster:ServiceId");
        Must(silo.Replicas is >= 0 and <= 10, "Cluster:Replicas", $"must be from 0 to 10, not {silo.Replicas}");
        Must(silo.MissedProbes is >= 1 and <= 100, "Cluster:MissedProbes",
            $"must be from 1 to 100, not {silo.MissedProbes}");
        FromTo(Shortest, silo.ProbeTimeout, TimeSpan.FromMinutes(1), "Cluster:ProbeTimeout");
        FromTo(Shortest, silo.Patience, TimeSpan.FromMinutes(10), "Cluster:Patience");
        Lease(silo);
        FromTo(ShortestPoll, silo.BooksPoll, TimeSpan.FromMinutes(1), "Cluster:BooksPoll");
        FromTo(TimeSpan.Zero, silo.DrainDelay, LongestDrain, "Cluster:DrainDelay");
        if (silo.BalanceEvery != TimeSpan.Zero)
            FromTo(TimeSpan.FromSeconds(1), silo.BalanceEvery, TimeSpan.FromDays(1), "Cluster:BalanceEvery");
        Pair(silo.RedisTls, "Cluster:RedisTls");
        Must(!silo.SiloTls.IsGiven || silo.SiloTls is { Ca: not null, Certificate: not null, Key: not null },
            "Cluster:SiloTls", "must have all of Ca, Certificate and Key: silos show each other who they are");
    }

    /// <summary>Orleans' keys have a slash after it, and ours a colon.</summary>
    private void Id(string id, string name)
    {
        Must(id.Length > 0, name, "must not be empty");
        Must(id.AsSpan().IndexOfAny(":/") < 0, name,
            $"must have no colon and no slash, which stand behind it in Redis' keys, not '{id}'");
    }

    /// <summary>
    /// Who no longer answers probes must not answer from memory when others take over its tenants.
    /// </summary>
    private void Lease(ClusterSettings silo)
    {
        FromTo(Shortest, silo.Lease, Longest, "Cluster:Lease");
        Must(silo.MissedProbes < 1 || silo.Lease / silo.MissedProbes <= silo.ProbeTimeout, "Cluster:Lease",
            $"must be no longer than ProbeTimeout times MissedProbes, {silo.ProbeTimeout:c} times {silo.MissedProbes}: "
                + $"after {silo.Lease:c} without an answer others may have what this silo still answers from");
    }

    private void Pair(TlsFiles tls, string name) => Must(tls.Certificate is null == tls.Key is null,
        $"{name}:{(tls.Certificate is null ? "Certificate" : "Key")}",
        $"is missing: it belongs to {MeteringSettings.Section}:{name}:{(tls.Key is null ? "Certificate" : "Key")}");

    // A lone number, or two, would pass for one.
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address) && (text.Contains(':', StringComparison.Ordinal)
            || text.Count(one => one == '.') == 3)
            && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    private void AtLeast(long least, long value, string name) =>
        Must(value >= least, name, $"must be {least} or more, not {value}");

    private void Wait(TimeSpan time, string name) => Between(TimeSpan.Zero, time, Longest, name);

    private void WaitOrNone(TimeSpan time, string name)
    {
        if (time < TimeSpan.Zero) Must(false, name, "must not be negative");
        else if (time > TimeSpan.Zero) Wait(time, name);
    }

    private void Between(TimeSpan shorter, TimeSpan time, TimeSpan longest, string name) =>
        Must(time > shorter && time <= longest, name,
            $"must be longer than {shorter:c} and no longer than {longest:c}, not {time:c}");

    private void FromTo(TimeSpan shortest, TimeSpan time, TimeSpan longest, string name) =>
        Must(time >= shortest && time <= longest, name, $"must be from {shortest:c} to {longest:c}, not {time:c}");

    private void Must(bool fulfilled, string name, string must)
    {
        if (!fulfilled) _found.Add(Finding(name, must));
    }
}
