using System.CommandLine;
using MeteringGateway;
using MeteringGateway.Cluster.Commands;

var settings = args.Where(CommandLine.IsSetting).ToArray();
var root = new RootCommand(
    "One silo of a metering gateway that runs on several machines, over a Redis that they share.")
{
    ServeCommand.Make(settings),
    ExportCommand.Make(settings),
    ImportCommand.Make(settings),
    HealthCommand.Make(),
};
ServeCommand.AddTo(root, settings);
return await CommandLine.Run(root, args, TimeSpan.FromSeconds(40));
