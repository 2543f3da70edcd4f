using System.CommandLine;

namespace MeteringGateway;

internal static class ServeCommand
{
    public static Command Make(string[] settings)
    {
        var command = new Command("serve",
            "Run a gateway until it is told to stop (SIGTERM or SIGINT): alone over a directory, or with --redis as "
                + "one silo of several. The default command. Settings come from appsettings.json, the environment "
                + "(METERING__NAME) and --Metering:NAME=VALUE.");
        AddTo(command, settings);
        return command;
    }

    /// <summary>Makes a command one that serves: `serve` itself, and the program without a command.</summary>
    public static void AddTo(Command command, string[] settings)
    {
        var urls = new Option<string?>(
            "--urls") { Description =
                "Addresses to listen on, separated by ; (default http://127.0.0.1:8080, or ASPNETCORE_URLS)" };
        command.Add(urls);
        command.Add(NoPort());
        var store = new StoreOption(command, settings);
        command.SetAction((parsed, cancellation) =>
            Gateway.Serve([.. store.Settings(parsed), .. Argument("urls", parsed.GetValue(urls))], cancellation));
    }

    /// <summary>What others call it.</summary>
    private static Option<string?> NoPort()
    {
        var port = new Option<string?>("--port", "-p") { Hidden = true };
        port.Validators.Add(result => result.AddError($"there is no {result.IdentifierToken?.Value ?? port.Name}: give "
            + $"--urls http://127.0.0.1:{(result.Tokens is [var one, ..] ? one.Value : "PORT")}"));
        return port;
    }

    private static string[] Argument(string name, string? value) => value is null ? [] : [$"--{name}={value}"];
}
