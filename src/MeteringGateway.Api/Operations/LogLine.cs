using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// A log event as one line. Of an error that explains itself (the store, the file system), or that somebody else logs
/// (Orleans, the client of Redis), only the messages are written; of any other, all of it, because then the place
/// matters.
/// </summary>
internal sealed class LogLine() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";
    private const int Longest = 300;

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider,
        TextWriter textWriter)
    {
        var time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var level = logEntry.LogLevel switch
        {
            LogLevel.Critical => "CRITICAL", LogLevel.Error => "error", LogLevel.Warning =>
                "warning", LogLevel.Information => "info", _ => "debug",
        };
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.Write($"{time} {level} {message}");
        if (logEntry.Exception is { } e) textWriter.Write(ExplainsItself(e) ? $": {e.Message}"
            : IsOurs(logEntry.Category) && !IsOfTheCluster(e) ? $": {e}" : $": {Messages(e)}");
        textWriter.WriteLine();
    }

    /// <summary>Of another process, or of the way there: the place in this one says nothing.</summary>
    private static bool IsOfTheCluster(Exception e) =>
        e.GetType().Namespace is { } space && (space.StartsWith("Orleans", StringComparison.Ordinal)
            || space.StartsWith("StackExchange", StringComparison.Ordinal));

    private static bool IsOurs(string category) => category.StartsWith("MeteringGateway", StringComparison.Ordinal);

    /// <summary>Of the error and what is under it, the first line each.</summary>
    private static string Messages(Exception? e)
    {
        var all = new List<string>();
        for (; e is not null; e = e.InnerException)
        {
            var line = e.Message.Split('\n')[0].TrimEnd();
            all.Add(line.Length > Longest ? line[..Longest] + "..." : line);
        }
        return string.Join(" <- ", all.Distinct());
    }

    private static bool ExplainsItself(Exception e) =>
        e is StoreException or StoreFailedException or JournalCorruptException or IOException
            or UnauthorizedAccessException;
}
