using MeteringGateway.Api.Operations;
using Microsoft.Extensions.Options;

namespace MeteringGateway.Cluster;

/// <summary>
/// What a silo does when Orleans cannot go on, above all when the others have taken it for dead: it answers nothing
/// from then on, says why in one line, and the process ends with exit code 1. Nothing is lost with it, as every answer
/// that it gave is in the store.
/// </summary>
internal sealed class SiloDeath(Readiness readiness, IHostApplicationLifetime lifetime, IOptions<HostOptions> host,
    ILogger<SiloDeath> log) : IFatalErrorHandler
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private const int Longest = 300;
    private int _told;

    /// <summary>What Orleans says after it is the whole table of members.</summary>
    internal static string FirstSentence(string context)
    {
        var end = context.AsSpan().IndexOfAny("!\r\n");
        var sentence = end < 0 ? context : context[..end];
        return sentence.Length > Longest ? sentence[..Longest] : sentence;
    }

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        if (Interlocked.Exchange(ref _told, 1) == 1) return;
        readiness.Fail("this silo was taken for dead");
        Environment.ExitCode = 1;
        log.LogCritical("Stopping: the silo cannot go on: {Why}",
            FirstSentence(context ?? LogLine.Messages(exception)));
        // Orleans waits for answers of others, who no longer listen to it.
        host.Value.ShutdownTimeout = Patience;
        lifetime.StopApplication();
    }
}
