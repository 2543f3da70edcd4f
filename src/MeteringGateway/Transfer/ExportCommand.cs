using System.CommandLine;
using MeteringGateway.Engine;
using MeteringGateway.Journal;

namespace MeteringGateway.Transfer;

internal static class ExportCommand
{
    public static Command Make()
    {
        var data = new Option<string>("--data-directory") { Description = "The store to export; it is only read",
            DefaultValueFactory = _ => "./data" };
        var to = new Option<string>(
            "--to") { Description =
                "File to make, readable by its owner alone, compressed if its name ends with .gz; - writes to standard output", Required = true };
        var running = new Option<bool>(
            "--while-running") { Description =
                "Export though a gateway has the store open: a backup in which each tenant is as of a moment of its own" };
        var command = new Command("export",
            "Write all that a store holds into one file, secrets included: to move it to another store, or as a backup.") { data, to, running };
        command.SetAction((parsed, cancellation) =>
            Run(parsed.GetRequiredValue(data), parsed.GetRequiredValue(to), parsed.GetValue(running), cancellation));
        return command;
    }

    private static Task<int> Run(string directory, string to, bool whileRunning, CancellationToken cancellation) =>
        TransferRun.Guarded(async () =>
    {
        await using var store = StoredJournal.Open(directory);
        using var held = whileRunning ? null : Hold(directory);
        var options = new TransferOptions { WhileRunning = whileRunning, Progress = TransferRun.Tell };
        var summary = await TransferFile.Export(store, to, options, cancellation);
        // Standard output may be the file.
        await Console.Error.WriteLineAsync($"{summary}: exported");
    });

    private static IDisposable Hold(string directory)
    {
        try
        {
            return SqliteStore.Hold(directory);
        }
        catch (StoreException e)
        {
            throw new CommandException(
                $"a gateway has {Path.GetFullPath(directory)} open: stop it to move the store, or give --while-running for a backup", e);
        }
    }
}
