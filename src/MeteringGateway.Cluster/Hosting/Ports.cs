using System.Net;
using System.Net.Sockets;
using MeteringGateway.Api.Operations;
using Microsoft.AspNetCore.Connections;
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
    public static async Task Demand(ClusterSettings settings, CancellationToken cancellation)
    {
        if (IsTaken(settings.SiloPort))
            throw new IOException($"The port {settings.SiloPort} is taken: the setting "
                + $"Metering:Cluster:SiloPort must be this silo's own.");
        if (settings.AdvertisedAddress is { } address
            && await Answers(new IPEndPoint(IPAddress.Parse(address), settings.SiloPort), cancellation))
            throw new IOException($"Another silo answers at {address}:{settings.SiloPort}: the settings "
                + $"Metering:Cluster:AdvertisedAddress and Metering:Cluster:SiloPort must be this "
                + "silo's own.");
    }

    /// <summary>A port that cannot be listened on at all: the silo says what is wrong with it.</summary>
    private static bool IsTaken(int port)
    {
        try
        {
            return Listening.IsTaken(IPAddress.Any, port);
        }
        catch (SocketException)
        {
            return false;
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
