using System.Net.Sockets;
using System.Security.Authentication;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>
/// Why a Redis does not answer, in a few words: what StackExchange.Redis says of it are its own queues and threads.
/// </summary>
internal static class RedisWords
{
    /// <param name="failures">The first whose reason is known tells it.</param>
    public static string Of(params IEnumerable<Exception?> failures) =>
        failures.OfType<Exception>().Select(Cause).OfType<string>().FirstOrDefault() ?? "no answer came";

    private static string? Cause(Exception failure)
    {
        for (var one = failure; one is not null; one = one.InnerException)
            if (one is SocketException or AuthenticationException or RedisServerException)
                return one.Message.Split('\n')[0].TrimEnd('.', '\r');
        return (failure as RedisConnectionException)?.FailureType switch
        {
            ConnectionFailureType.AuthenticationFailure => "it refuses the user or the password",
            ConnectionFailureType.ProtocolFailure => "what answers there is not a Redis",
            ConnectionFailureType.SocketClosed or ConnectionFailureType.SocketFailure => "it closes the connection",
            ConnectionFailureType.UnableToConnect => "no connection can be made",
            _ => null,
        };
    }
}
