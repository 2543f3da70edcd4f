using System.Security.Authentication;
using System.Text.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;

namespace MeteringGateway;

/// <summary>A command cannot go on; the message is all that its user needs. The exit code is 1.</summary>
internal sealed class CommandException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// True for what goes wrong outside the program (the store, the file system, the network, what somebody
    /// configured): its message says what and where, and the place in the program says nothing.
    /// </summary>
    public static bool ExplainsItself(Exception failure) =>
        failure is CommandException or StoreException or JournalCorruptException or TransferException
            or IOException or UnauthorizedAccessException or InvalidDataException
            or HttpRequestException or System.Net.Sockets.SocketException or SettingsException;

    /// <summary>What went wrong, in one line; of settings, a line each.</summary>
    public static string Words(Exception failure) => failure is SettingsException ? failure.Message
        : OneLine(failure switch
    {
        // The outer one says where (which file, which host), the inner one what.
        InvalidDataException { InnerException: { } inner } => $"{failure.Message.TrimEnd('.')}: {Inner(inner)}",
        HttpRequestException { InnerException: AuthenticationException or IOException } =>
            failure.InnerException.Message,
        _ => failure.Message,
    });

    /// <summary>Of what is not JSON, where and what; as people count, and without .NET's words for it.</summary>
    private static string Inner(Exception failure)
    {
        while (failure.InnerException is { } inner) failure = inner;
        if (failure is not JsonException { LineNumber: { } line, BytePositionInLine: { } at }) return failure.Message;
        var end = failure.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return $"line {line + 1}, position {at + 1}: {(end < 0 ? failure.Message : failure.Message[..end])}";
    }

    public static string OneLine(string text) => string.Join(' ',
        text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
