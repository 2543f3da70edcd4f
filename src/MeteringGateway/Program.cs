using System.CommandLine;
using MeteringGateway;
using MeteringGateway.Demo;
using MeteringGateway.Journal;
using MeteringGateway.Replay;
using MeteringGateway.Transfer;
using MeteringGateway.Verify;

Console.SetError(new ErrorWriter(Console.Error));
var settings = args.Where(CommandLine.IsSetting).ToArray();
var root = new RootCommand("Counts what AI agents achieve, and says at once whether they may go on.")
{
    ServeCommand.Make(settings),
    DemoCommand.Make(),
    ReplayCommand.Make(),
    JournalCommand.Make(settings),
    SealCommand.Make(settings),
    VerifyCommand.Make(),
    KeysCommand.Make(settings),
    ExportCommand.Make(settings),
    ImportCommand.Make(settings),
    HealthCommand.Make(),
};
ServeCommand.AddTo(root, settings);
return await CommandLine.Run(root, args, TimeSpan.FromSeconds(40));
