using System.CommandLine;
using System.CommandLine.Invocation;
using MeteringGateway;
using MeteringGateway.Demo;
using MeteringGateway.Journal;
using MeteringGateway.Replay;

// `--Metering:Name=value` is configuration, not an option of ours: the host reads it.
var settings = args.Where(IsSetting).ToArray();
var root = new RootCommand("Counts what AI agents achieve, and says at once whether they may go on.")
{
    ServeCommand.Make(settings),
    DemoCommand.Make(),
    ReplayCommand.Make(),
    JournalCommand.Make(),
};
ServeCommand.AddTo(root, settings);

// How long whatever runs may take to end when it is asked to; what is not done then is cut off.
var configuration = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30), EnableDefaultExceptionHandler = false };
try
{
    var parsed = root.Parse([.. args.Where(arg => !IsSetting(arg))]);
    // What is wrong is one line; `--help` has the rest.
    if (parsed.Action is ParseErrorAction error) error.ShowHelp = false;
    return await parsed.InvokeAsync(configuration);
}
catch (CommandException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("interrupted");
    return 1;
}

static bool IsSetting(string arg) => arg.StartsWith("--Metering:", StringComparison.OrdinalIgnoreCase) && arg.Contains('=', StringComparison.Ordinal);
