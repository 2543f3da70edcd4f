using System.Globalization;
using Spectre.Console;

namespace MeteringGateway.Replay;

/// <summary>A bar where there is a terminal; nothing where there is none: the summary says it all.</summary>
internal static class ReplayProgress
{
    /// <param name="length">Bytes to send; null when not known.</param>
    /// <param name="work">Calls what it is given after each chunk.</param>
    public static Task Show(long? length, ReplaySummary summary, Func<Action, Task> work)
    {
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive) return work(() => { });
        return AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(),
                new PercentageColumn(), new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask("0 events", maxValue: Math.Max(1, length ?? 1));
                bar.IsIndeterminate = length is null;
                await work(() =>
                {
                    bar.Value = length is null ? 0 : summary.Bytes;
                    bar.Description = string.Create(CultureInfo.InvariantCulture,
                        $"{summary.Accepted + summary.Duplicates:N0} events, {summary.Refused:N0} refused");
                });
                bar.Value = bar.MaxValue;
            });
    }
}
