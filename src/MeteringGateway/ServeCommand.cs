using System.CommandLine;

namespace MeteringGateway;

internal static class ServeCommand
{
    public static Command Make(string[] settings)
    {
        var command = new Command("serve",
            "Run the gateway until it is told to stop (SIGTERM or SIGINT). The default command. Settings come from appsettings.json, the environment (METERING__NAME) and --Metering:NAME=VALUE.");
        AddTo(command, settings);
        return command;
    }

    /// <summary>Makes a command one that serves: `serve` itself, and the program without a command.</summary>
    public static void AddTo(Command command, string[] settings)
    {
        var urls = new Option<string?>(
            "--urls") { Description =
                "Addresses to listen on, separated by ; (default http://127.0.0.1:8080, or ASPNETCORE_URLS)" };
        var data = new Option<string?>(
            "--data-directory") { Description =
                "Where the journal lives (default ./data, or the setting Metering:DataDirectory)" };
        command.Add(urls);
        command.Add(data);
        command.SetAction((parsed, cancellation) =>
            Gateway.Serve(new GatewayRequest(parsed.GetValue(urls), parsed.GetValue(data), AdminKey: null, Quiet: false,
                settings), cancellation));
    }
}
