using MeteringGateway.Api.Operations;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging.Console;

namespace MeteringGateway.Api;

/// <summary>
/// The host of every gateway, whatever its edition: where settings come from, where it listens and how it logs. The
/// edition is added to what <see cref="Builder"/> returns, and <see cref="MeteringApi.MapMeteringApi"/> ends it.
/// </summary>
public static class MeteringHost
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
        ["Logging:LogLevel:Orleans"] = "Warning",
        // It would advise the server's garbage collector, which a silo does without on purpose.
        ["Logging:LogLevel:Orleans.Runtime.Silo"] = "Error",
        // Its first look takes the time since the machine started for a delay.
        ["Logging:LogLevel:Orleans.Runtime.Watchdog"] = "Error",
        // Each silo that ends resets its connections; of one that is missed the probes tell.
        ["Logging:LogLevel:Orleans.Runtime.Messaging.Connection"] = "Error",
        // It tells of each attempt; whoever made the last one tells of the failure.
        ["Logging:LogLevel:Polly"] = "Critical",
        ["Logging:LogLevel:Microsoft.Orleans"] = "Warning",
        // Some lines for each call: whoever calls would fill the log.
        ["Logging:LogLevel:ModelContextProtocol"] = "Warning",
    };

    /// <summary>A host with the HTTP contract, and with no tenants yet.</summary>
    /// <param name="arguments">Settings as on the command line: <c>--Name=value</c>. They win over
    /// the environment, that over <c>appsettings.json</c> in the working directory, that over the one beside the
    /// program.</param>
    public static WebApplicationBuilder Builder(params string[] arguments)
    {
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { Args = [Unwatched, .. arguments] });
        builder.WebHost.UseKestrelHttpsConfiguration();
        var configuration = builder.Configuration;
        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Defaults });
        // The one that ships beside the program; that of the working directory comes after it, and wins.
        var shipped = new JsonConfigurationSource { Path = "appsettings.json", Optional = true,
            FileProvider = new PhysicalFileProvider(AppContext.BaseDirectory) };
        configuration.Sources.Insert(1, shipped);
        if (configuration["urls"] is null && !configuration.GetSection("Kestrel:Endpoints").Exists())
            builder.WebHost.UseUrls(DefaultUrl);
        builder.Logging.ClearProviders();
        builder.AddMeteringApi();
        return builder;
    }

    /// <summary>Completes when the gateway answers (true), has failed, or is about to stop.</summary>
    public static async Task<bool> Ready(WebApplication app, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            cancellation, app.Lifetime.ApplicationStopping);
        var readiness = app.Services.GetRequiredService<Readiness>();
        await readiness.Settled.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return readiness.Problem is null && !either.IsCancellationRequested;
    }

    /// <summary>Log events go to standard error, one a line: standard output is for the address and the key.</summary>
    public static WebApplicationBuilder LogToConsole(this WebApplicationBuilder builder)
    {
        builder.Logging.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            // The settings may name another one, such as json.
            console.FormatterName = builder.Configuration["Logging:Console:FormatterName"] ?? LogLine.FormatterName;
        });
        builder.Services.Configure<JsonConsoleFormatterOptions>(json =>
        {
            (json.UseUtcTimestamp, json.TimestampFormat) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
            builder.Configuration.GetSection("Logging:Console:FormatterOptions").Bind(json);
        });
        builder.Logging.AddConsoleFormatter<LogLine, ConsoleFormatterOptions>();
        return builder;
    }
}
