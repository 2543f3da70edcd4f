using MeteringGateway.Api;
using MeteringGateway.Api.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace MeteringGateway;

/// <summary>A gateway in this process. Null members leave a setting as the configuration has it.</summary>
/// <param name="Quiet">Logs nothing: somebody else tells the story.</param>
/// <param name="Settings"><c>--Metering:Name=value</c>, as on the command line.</param>
internal sealed record GatewayRequest(string? Urls, string? DataDirectory, string? AdminKey, bool Quiet,
    string[] Settings);

internal static class Gateway
{
    /// <summary>
    /// The file of settings is read once: a watch on it would go through all that is below the working directory.
    /// </summary>
    private const string Unwatched = "--hostBuilder:reloadConfigOnChange=false";
    private const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>What the configuration may change.</summary>
    private static readonly Dictionary<string, string?> Defaults = new()
    {
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        // As long as this category is on, every request makes an activity and a log scope, whether anybody logs or
        // traces or not.
        ["Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "None",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
        // Why a start failed is said once, in one line, by whoever started it.
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "Critical",
    };

    private static WebApplication Build(GatewayRequest request)
    {
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = [Unwatched, .. request.Settings] });
        builder.WebHost.UseKestrelHttpsConfiguration();
        var configuration = builder.Configuration;
        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Defaults });
        if (request.DataDirectory is not null) configuration["Metering:DataDirectory"] = request.DataDirectory;
        if (request.AdminKey is not null) configuration["Metering:AdminKey"] = request.AdminKey;
        if (request.Urls is not null) builder.WebHost.UseUrls(request.Urls);
        else if (configuration["urls"] is null && !configuration.GetSection("Kestrel:Endpoints").Exists())
            builder.WebHost.UseUrls(DefaultUrl);
        builder.Logging.ClearProviders();
        if (!request.Quiet)
        {
            // Standard output is for the address and the key alone.
            builder.Logging.AddConsole(console =>
                (console.FormatterName, console.LogToStandardErrorThreshold) = (LogLine.FormatterName, LogLevel.Trace));
            builder.Logging.AddConsoleFormatter<LogLine, ConsoleFormatterOptions>();
        }
        builder.AddMeteringApi();
        builder.AddEmbeddedTenants(ShowAdminKey);
        var app = builder.Build();
        app.MapMeteringApi();
        return app;
    }

    /// <summary>
    /// Listens; recovery goes on beside it, and <c>/health/ready</c> says when it is done. The caller disposes it.
    /// </summary>
    /// <exception cref="CommandException">It could not start; the message says why in one line.</exception>
    public static async Task<WebApplication> Start(GatewayRequest request, CancellationToken cancellation)
    {
        WebApplication? app = null;
        try
        {
            app = Build(request);
            await app.StartAsync(cancellation);
            return app;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException
            or InvalidOperationException or OptionsValidationException
            or System.Net.Sockets.SocketException)
        {
            if (app is not null) await app.DisposeAsync();
            throw new CommandException("metering could not start: " + e.Message, e);
        }
    }

    /// <returns>The exit code: 0 after an orderly end, 1 when the store could not be opened or has failed.</returns>
    public static async Task<int> Serve(GatewayRequest request, CancellationToken cancellation)
    {
        await using var app = await Start(request, cancellation);
        foreach (var url in app.Urls) Console.WriteLine($"metering listens on {url}");
        await app.WaitForShutdownAsync(cancellation);
        return Environment.ExitCode;
    }

    private static void ShowAdminKey(string key) =>
        Console.WriteLine($"The administrator's key, shown this once: {key}");
}
