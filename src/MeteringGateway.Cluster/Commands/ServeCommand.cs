using System.CommandLine;
using MeteringGateway.Api.Operations;
using Microsoft.Extensions.Options;

namespace MeteringGateway.Cluster.Commands;

internal static class ServeCommand
{
    public static Command Make(string[] settings)
    {
        var command = new Command("serve",
            "Run a silo until it is told to stop (SIGTERM or SIGINT). The default command. Settings come from appsettings.json, the environment (METERING__NAME) and --Metering:NAME=VALUE.");
        AddTo(command, settings);
        return command;
    }

    /// <summary>Makes a command one that serves: `serve` itself, and the program without a command.</summary>
    public static void AddTo(Command command, string[] settings)
    {
        var urls = new Option<string?>(
            "--urls") { Description =
                "Addresses to listen on, separated by ; (default http://127.0.0.1:8080, or ASPNETCORE_URLS)" };
        var redis = RedisOption.Make();
        command.Add(urls);
        command.Add(redis);
        command.SetAction((parsed, cancellation) =>
            Serve([.. settings, .. Argument("urls", parsed.GetValue(urls)),
                .. RedisOption.Settings(parsed.GetValue(redis))], cancellation));
    }

    private static string[] Argument(string name, string? value) => value is null ? [] : [$"--{name}={value}"];

    /// <returns>The exit code: 0 after an orderly end, 1 when the store has failed.</returns>
    /// <exception cref="CommandException">It could not start; the message says why in one line.</exception>
    private static async Task<int> Serve(string[] settings, CancellationToken cancellation)
    {
        var builder = Silo.Builder(settings);
        builder.Logging.ClearProviders();
        // Standard output is for the address alone.
        builder.Logging.AddConsole(console =>
            (console.FormatterName, console.LogToStandardErrorThreshold) = (LogLine.FormatterName, LogLevel.Trace));
        builder.Logging.AddConsoleFormatter<LogLine, Microsoft.Extensions.Logging.Console.ConsoleFormatterOptions>();
        var cluster = RedisOption.Read(builder.Configuration);
        await using var redis = await Silo.Connect(cluster);
        try
        {
            await using var app = Silo.Build(builder, cluster, redis);
            await app.StartAsync(cancellation);
            foreach (var url in app.Urls) Console.WriteLine($"metering-silo listens on {url}");
            await app.WaitForShutdownAsync(cancellation);
            return Environment.ExitCode;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OptionsValidationException
            or Engine.StoreException or Engine.TransferException
            or System.Net.Sockets.SocketException or OrleansException)
        {
            throw new CommandException("metering-silo could not start: " + e.Message, e);
        }
    }
}
