using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// Where a gateway is to listen, looked at before anything is opened or written: an address that is none, or is
/// somebody else's, would otherwise be found when the store is open.
/// </summary>
public static class Listening
{
    private const string Form = "an address is http://HOST:PORT";

    /// <exception cref="SettingsException">What is given is no address; each is named in a line, with its
    /// setting.</exception>
    /// <exception cref="IOException">One cannot be listened on; the message names it and the setting.</exception>
    public static void Demand(IConfiguration configuration)
    {
        var all = Addresses(configuration).ToList();
        string[] findings = [.. all.Select(one => Finding(one.Setting, one.Url)
            ?? NoCertificate(configuration, one.Setting, one.Url)).OfType<string>()];
        if (findings.Length > 0) throw new SettingsException(findings);
        foreach (var (setting, url) in all) DemandFree(setting, BindingAddress.Parse(url), url);
    }

    /// <summary>Somebody listens there already.</summary>
    /// <exception cref="SocketException">One cannot listen there, for another reason.</exception>
    public static bool IsTaken(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return false;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return true;
        }
    }

    private static IEnumerable<(string Setting, string Url)> Addresses(IConfiguration configuration)
    {
        if (configuration["urls"] is { } urls)
        {
            var each = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            foreach (var url in each.DefaultIfEmpty("")) yield return ("--urls", url);
        }
        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
            if (endpoint["Url"] is { } url) yield return ($"Kestrel:Endpoints:{endpoint.Key}:Url", url);
    }

    private static string? Finding(string setting, string url)
    {
        BindingAddress where;
        if (url.Length == 0) return $"The setting {setting} names no address: {Form}.";
        try
        {
            where = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return $"The setting {setting} cannot be '{url}': {Form}.";
        }
        if (where.IsUnixPipe || where.IsNamedPipe) return null;
        return where switch
        {
            { Scheme: not ("http" or "https") } => $"The setting {setting} cannot be '{url}': {Form}.",
            { Port: < 0 or > 65_535 } =>
                $"The setting {setting} cannot be '{url}': a port is from 0 to 65535, not {where.Port}.",
            { PathBase.Length: > 0 } =>
                $"The setting {setting} cannot be '{url}': {Form}, without a path behind it.",
            _ => null,
        };
    }

    private static string? NoCertificate(IConfiguration configuration, string setting, string url)
    {
        if (BindingAddress.Parse(url).Scheme != "https") return null;
        var own = setting.EndsWith(":Url", StringComparison.Ordinal) ? setting[..^4] : null;
        var isGiven = configuration.GetSection("Kestrel:Certificates").GetChildren().Any()
            || (own is not null && (configuration.GetSection($"{own}:Certificate").Exists()
                || configuration.GetSection($"{own}:Sni").Exists()));
        return isGiven || HasDevelopers() ? null
            : $"The setting {setting} cannot be '{url}': https needs a certificate, "
            + $"{own ?? "Kestrel:Endpoints:NAME"}:Certificate:Path and KeyPath, or a proxy in front.";
    }

    /// <summary>One for developers is taken where none is given; it is known by an extension.</summary>
    private static bool HasDevelopers()
    {
        using var store = new X509Store(StoreName.My, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadOnly);
        return store.Certificates.Any(one => one.Extensions.Any(more => more.Oid?.Value == "1.3.6.1.4.1.311.84.1.1"));
    }

    private static void DemandFree(string setting, BindingAddress where, string url)
    {
        if (where.IsUnixPipe || where.IsNamedPipe || where.Port == 0) return;
        // What is no address of a machine is taken by the web server to mean all of this one's.
        var host = where.Host == "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(where.Host.Trim('[', ']'), out var address) ? address : IPAddress.Any;
        try
        {
            if (IsTaken(host, where.Port))
                throw new IOException($"The address {url} is taken: give another with {setting}.");
        }
        catch (SocketException failure)
        {
            throw new IOException($"The address {url} ({setting}) cannot be listened on: {failure.Message}.", failure);
        }
    }
}
