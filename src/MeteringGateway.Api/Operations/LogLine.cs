using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// A log event as one line. Of an error that explains itself (the store, the file system, the network, a time that was
/// over), or that is somebody else's (Orleans, the client of Redis), only the messages are written; of any other, all
/// of it, because then the place matters. What Orleans takes for trouble and is none is not written at all.
/// </summary>
internal sealed class LogLine() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";
    private const int Longest = 300;

    /// <summary>
    /// Said by Orleans of every silo that is started anew at its address, that stood still for a moment, or that goes:
    /// what is to be known of it, the silo says itself, and whose message it was is told by an exception. None is more
    /// severe than that.
    /// </summary>
    private static readonly (string Begins, LogLevel Most)[] FalseAlarms =
    [
        ("Participant check thread has not completed", LogLevel.Warning),
        ("Timer should have fired", LogLevel.Warning),
        ("Attempting to send message addressed to", LogLevel.Warning),
        ("Detected older version of myself", LogLevel.Warning),
        ("Failed to address message", LogLevel.Error),
    ];

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider,
        TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (IsFalseAlarm(logEntry.Category, logEntry.LogLevel, message)) return;
        var time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var level = logEntry.LogLevel switch
        {
            LogLevel.Critical => "CRITICAL", LogLevel.Error => "error", LogLevel.Warning =>
                "warning", LogLevel.Information => "info", _ => "debug",
        };
        // Orleans adds whole tables and lists.
        textWriter.Write($"{time} {level} {(IsOurs(logEntry.Category) ? message : FirstLine(message))}");
        if (logEntry.Exception is { } e)
            textWriter.Write(IsOurs(logEntry.Category) && !ExplainsItself(e) && !IsOfTheCluster(e)
                ? $": {e}" : $": {Messages(e)}");
        textWriter.WriteLine();
    }

    /// <summary>Of another process, or of the way there: the place in this one says nothing.</summary>
    private static bool IsOfTheCluster(Exception e) =>
        e.GetType().Namespace is { } space && (space.StartsWith("Orleans", StringComparison.Ordinal)
            || space.StartsWith("StackExchange", StringComparison.Ordinal));

    private static bool IsFalseAlarm(string category, LogLevel level, string message) =>
        (category.StartsWith("Orleans.", StringComparison.Ordinal)
            || category.StartsWith("Microsoft.Orleans.", StringComparison.Ordinal))
        && FalseAlarms.Any(alarm => level <= alarm.Most && message.StartsWith(alarm.Begins, StringComparison.Ordinal));

    private static bool IsOurs(string category) => category.StartsWith("MeteringGateway", StringComparison.Ordinal);

    /// <summary>Of the error and what is under it, the first line each, unless it was said already.</summary>
    internal static string Messages(Exception? e)
    {
        var all = new List<string>();
        for (; e is not null; e = e.InnerException)
        {
            var line = FirstLine(e.Message);
            // Ours often end with what was under them.
            if (!all.Exists(said => said.Contains(line.TrimEnd('.'), StringComparison.Ordinal))) all.Add(line);
        }
        return string.Join(" <- ", all);
    }

    private static string FirstLine(string text)
    {
        var line = text.Split('\n')[0].TrimEnd();
        return line.Length > Longest ? line[..Longest] + "..." : line;
    }

    private static bool ExplainsItself(Exception e) =>
        e is StoreException or StoreFailedException or TenantUnavailableException or JournalCorruptException
            or IOException or UnauthorizedAccessException or SocketException or TimeoutException
            or OperationCanceledException or HttpRequestException;
}
