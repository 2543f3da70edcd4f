using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MeteringGateway.Api.Operations;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>The settings of a silo, by what only this edition knows: its Redis, and files of certificates.</summary>
internal static class SiloSettings
{
    public const string SiloTls = "Cluster:SiloTls";
    private const string RedisTls = "Cluster:RedisTls";
    private const string Redis = "Cluster:Redis";

    /// <exception cref="SettingsException">They are not possible.</exception>
    public static MeteringSettings Read(IConfiguration configuration) =>
        MeteringSettings.Read(configuration, settings => Findings(settings.Cluster));

    /// <summary>
    /// A Redis that is not there yet, or for a moment, is tried again and again; a command without an answer, soon.
    /// </summary>
    /// <exception cref="SettingsException">It is no address of a Redis, or a file cannot be read.</exception>
    public static ConfigurationOptions RedisOptions(this ClusterSettings settings)
    {
        var options = Parse(settings.Redis);
        options.AbortOnConnectFail = false;
        options.ReconnectRetryPolicy = new LinearRetry(500);
        options.AsyncTimeout = Math.Min(options.AsyncTimeout, 2000);
        // So soon a replica that was promoted by hand is seen to be the master.
        options.ConfigCheckSeconds = Math.Min(options.ConfigCheckSeconds, 5);
        if (settings.RedisTls.IsGiven) AddTls(options, settings.RedisTls);
        return options;
    }

    /// <summary>Hosts and ports of what is to be Redis: without a password.</summary>
    public static string Addresses(this ClusterSettings settings) =>
        string.Join(", ", settings.RedisOptions().EndPoints.Select(EndPointCollection.ToString));

    private static IEnumerable<string> Findings(ClusterSettings settings)
    {
        Action[] uses =
        [
            () => settings.RedisOptions(), () => settings.SiloTls.ReadAuthorities(SiloTls),
            () => settings.SiloTls.ReadCertificate(SiloTls), () => DemandSigned(settings.SiloTls),
        ];
        foreach (var use in uses)
            if (WhyNot(use) is { } finding) yield return finding;
    }

    /// <summary>One that the others would not take is found before it is shown to them.</summary>
    private static void DemandSigned(TlsFiles files)
    {
        bool signed;
        try
        {
            signed = files.ReadAuthorities(SiloTls) is not { } authorities
                || files.ReadCertificate(SiloTls) is not { } own || authorities.HaveSigned(own, sent: null);
        }
        catch (SettingsException)
        {
            return; // said already
        }
        if (!signed)
            throw new SettingsException([SettingsCheck.Finding($"{SiloTls}:Certificate",
                $"is not signed by an authority in {SiloTls}:Ca, or not at this time: no other silo would take it")]);
    }

    private static string? WhyNot(Action use)
    {
        try
        {
            use();
            return null;
        }
        catch (SettingsException impossible)
        {
            return impossible.Message;
        }
    }

    private static ConfigurationOptions Parse(string? redis)
    {
        if (string.IsNullOrWhiteSpace(redis)) throw Wrong("must name the Redis that all silos share, as host:port");
        if (redis.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme)
            throw Wrong("is host:port, and options after commas, such as 127.0.0.1:6379,password=...,ssl=true: "
                + $"without '{redis[..(scheme + 3)]}'");
        try
        {
            var options = ConfigurationOptions.Parse(redis);
            if (options.EndPoints.Count == 0) throw Wrong("names no host, such as 127.0.0.1:6379");
            foreach (var port in options.EndPoints.Select(Port))
                if (port is < 0 or > 65_535) throw Wrong($"has the port {port}: a port is from 1 to 65535");
            return options;
        }
        catch (ArgumentException failure)
        {
            throw Wrong($"cannot be read: {failure.Message.TrimEnd('.')}");
        }
    }

    private static void AddTls(ConfigurationOptions options, TlsFiles files)
    {
        options.Ssl = true;
        if (files.ReadAuthorities(RedisTls) is { } authorities)
            // It must be the host that was asked for, too.
            options.CertificateValidation += (_, certificate, chain, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
                    && authorities.HaveSigned((X509Certificate2)certificate!, chain);
        if (files.ReadCertificate(RedisTls) is { } own) options.CertificateSelection += (_, _, _, _, _) => own;
    }

    private static int Port(EndPoint endpoint) => endpoint switch
    {
        DnsEndPoint named => named.Port,
        IPEndPoint numbered => numbered.Port,
        _ => 0,
    };

    private static SettingsException Wrong(string what) => new([SettingsCheck.Finding(Redis, what)]);
}
