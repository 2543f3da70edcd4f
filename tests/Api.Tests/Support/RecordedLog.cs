using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>Everything that was logged, at every level.</summary>
public sealed class RecordedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IEnumerable<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state,
        Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
        if (logLevel >= LogLevel.Error) Console.Error.WriteLine(exception); // what a failing test needs to say
    }

    public void Dispose()
    {
    }
}
