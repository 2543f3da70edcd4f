using System.Net;
using System.Net.Sockets;
using MeteringGateway.Api.Operations;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MeteringGateway.Cluster;

/// <summary>
/// Where a silo listens is its own, and that is seen before it joins the others: a silo that joined under the address
/// of one that lives would have that one declared dead.
/// </summary>
internal static class Ports
{
    private static readonly TimeSpan Answer = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Orleans would share a port with whoever else has it, as its sockets are open to reuse. Those of the web server
    /// are not.
    /// </summary>
    public static void ListenAlone(IServiceCollection services)
    {
        foreach (var shared in services.Where(one => one.IsKeyedService
            && one.ServiceType == typeof(IConnectionListenerFactory)).ToList())
            services.Replace(ServiceDescriptor.KeyedSingleton<IConnectionListenerFactory>(shared.ServiceKey,
                (provider, _) => new SocketTransportFactory(
                    provider.GetRequiredService<IOptions<SocketTransportOptions>>(),
                    provider.GetRequiredService<ILoggerFactory>())));
    }

    /// <exception cref="IOException">Somebody else has one of them; the message names the setting.</exception>
    public static async Task Demand(ClusterSettings settings, IConfiguration configuration,
        CancellationToken cancellation)
    {
        if (!IsFree(IPAddress.Any, settings.SiloPort))
            throw new IOException($"The port {settings.SiloPort} is taken: the setting "
                + $"Metering:Cluster:SiloPort must be this silo's own.");
        if (settings.AdvertisedAddress is { } address
            && await Answers(new IPEndPoint(IPAddress.Parse(address), settings.SiloPort), cancellation))
            throw new IOException($"Another silo answers at {address}:{settings.SiloPort}: the settings "
                + $"Metering:Cluster:AdvertisedAddress and Metering:Cluster:SiloPort must be this "
                + "silo's own.");
        foreach (var url in Urls(configuration))
            if (!IsFree(url)) throw new IOException($"The address {url} is taken: give another with --urls.");
    }

    private static IEnumerable<string> Urls(IConfiguration configuration) =>
        (configuration["urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Concat(configuration.GetSection("Kestrel:Endpoints").GetChildren()
                .Select(one => one["Url"]).OfType<string>());

    /// <summary>What is not a port of this machine is left to the web server.</summary>
    private static bool IsFree(string url)
    {
        BindingAddress where;
        try
        {
            where = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return true;
        }
        if (where.IsUnixPipe || where.IsNamedPipe || where.Port == 0) return true;
        return IsFree(where.Host == "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(where.Host, out var address) ? address : IPAddress.Any, where.Port);
    }

    private static bool IsFree(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
        catch (SocketException)
        {
            return true; // the web server says what is wrong with it
        }
    }

    /// <summary>
    /// A silo takes a connection and waits for what is said on it. What stands in between, and finds nobody behind it,
    /// closes it at once.
    /// </summary>
    private static async Task<bool> Answers(IPEndPoint there, CancellationToken cancellation)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(Answer);
        using var client = new TcpClient(there.AddressFamily);
        try
        {
            await client.ConnectAsync(there, late.Token);
        }
        catch (Exception nobody) when (nobody is SocketException or OperationCanceledException)
        {
            return false;
        }
        try
        {
            return await client.GetStream().ReadAsync(new byte[1], late.Token) > 0;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
