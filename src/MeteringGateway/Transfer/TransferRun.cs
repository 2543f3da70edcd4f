using System.Diagnostics;
using MeteringGateway.Engine;

namespace MeteringGateway.Transfer;

/// <summary>What both directions have in common: a line now and then, and errors as one line.</summary>
internal static class TransferRun
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    private static long _told = Stopwatch.GetTimestamp();

    public static void Tell(TransferProgress progress)
    {
        if (Stopwatch.GetElapsedTime(_told) < Every) return;
        _told = Stopwatch.GetTimestamp();
        Console.Error.WriteLine($"{progress.SoFar} {progress.Done}...");
    }

    /// <exception cref="CommandException">It could not be done.</exception>
    public static async Task<int> Guarded(Func<Task> work)
    {
        try
        {
            await work();
            return 0;
        }
        catch (Exception e) when (e is TransferException or StoreException or IOException
            or UnauthorizedAccessException)
        {
            throw new CommandException(e.Message, e);
        }
    }
}
