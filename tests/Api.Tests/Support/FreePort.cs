using System.Net.Sockets;

namespace MeteringGateway.Api.Tests.Support;

internal static class FreePort
{
    /// <summary>
    /// A port of the loopback that nobody has, below those that the system gives to outgoing connections: one of these
    /// could have it before whoever it was found for.
    /// </summary>
    public static int Find()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(16_384, 32_768));
            try
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Taken: another.
            }
        }
    }
}
