using System.CommandLine;
using MeteringGateway.Engine;

namespace MeteringGateway.Transfer;

internal static class ExportCommand
{
    public static Command Make(string[] settings)
    {
        var to = new Option<string>(
            "--to") { Description =
                "File to make, readable by its owner alone, compressed if its name ends with .gz; - writes to "
                    + "standard output", Required = true };
        var running = new Option<bool>(
            "--while-running") { Description =
                "Export though a gateway has the directory open: a backup in which each tenant is as of a moment of "
                    + "its own, as it always is of a Redis" };
        var clear = new Option<bool>(
            "--with-secrets") { Description =
                "Write webhooks' secrets in the clear, for a store that has not this one's key directory; an import "
                    + "seals them with its own" };
        var command = new Command("export",
            "Write all that a store holds into one file, to move it to another store, or as a backup. Webhooks' "
                + "secrets are in it as they are stored: sealed with the keys in the key directory.")
                { to, running, clear };
        CommandLine.MayNotBeEmpty(to!);
        var store = new StoreOption(command, settings);
        command.SetAction((parsed, cancellation) =>
            Run(store.Choose(parsed), parsed.GetRequiredValue(to), parsed.GetValue(running),
                parsed.GetValue(clear), cancellation));
        return command;
    }

    private static Task Run(Store store, string to, bool whileRunning, bool clear,
        CancellationToken cancellation) =>
        store.Read(async (opened, _) =>
    {
        // Of a Redis nobody can say whether silos write to it.
        var running = whileRunning || store.IsShared;
        using var held = running ? null : Hold(store.Directory);
        var options = new TransferOptions { WhileRunning = running, Progress = TransferRun.Tell };
        if (clear) options = options with { Webhook = store.Seal.Clear };
        var summary = await TransferFile.Export(opened, to, options, cancellation);
        // Standard output may be the file.
        await Console.Error.WriteLineAsync($"{summary}: exported");
    }, cancellation);

    private static IDisposable Hold(string directory)
    {
        try
        {
            return SqliteStore.Hold(directory);
        }
        catch (StoreException e)
        {
            throw new CommandException(
                $"a gateway has {Path.GetFullPath(directory)} open: stop it to move the store, or give "
                    + "--while-running for a backup", e);
        }
    }
}
