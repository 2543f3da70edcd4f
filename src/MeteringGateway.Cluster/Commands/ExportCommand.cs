using System.CommandLine;
using MeteringGateway.Engine;
using MeteringGateway.Transfer;

namespace MeteringGateway.Cluster.Commands;

internal static class ExportCommand
{
    public static Command Make(string[] settings)
    {
        var redis = RedisOption.Make();
        var to = new Option<string>(
            "--to") { Description =
                "File to make, readable by its owner alone, compressed if its name ends with .gz; - writes to standard output", Required = true };
        var command = new Command("export",
            "Write all that the silos keep into one file, secrets included: as a backup, or to move it. While silos run, each tenant is as of a moment of its own.") { redis, to };
        command.SetAction((parsed, cancellation) =>
            TransferRun.Guarded(() => RedisOption.WithStore(settings, parsed.GetValue(redis), async store =>
        {
            var options = new TransferOptions { WhileRunning = true, Progress = TransferRun.Tell };
            var summary = await TransferFile.Export(store, parsed.GetRequiredValue(to), options, cancellation);
            // Standard output may be the file.
            await Console.Error.WriteLineAsync($"{summary}: exported");
        })));
        return command;
    }
}
