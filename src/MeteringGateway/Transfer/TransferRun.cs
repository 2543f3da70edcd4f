using System.Diagnostics;
using MeteringGateway.Engine;

namespace MeteringGateway.Transfer;

/// <summary>What both directions have in common: a line now and then.</summary>
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
}
