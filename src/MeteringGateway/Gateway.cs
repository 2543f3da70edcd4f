using System.Runtime.CompilerServices;
using MeteringGateway.Api;
using MeteringGateway.Api.Operations;
using MeteringGateway.Cluster;
using MeteringGateway.ConsolePages;
using MeteringGateway.Engine;
using MeteringGateway.Kafka;
using MeteringGateway.Mcp;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeteringGateway;

/// <summary>
/// A gateway in this process: alone over its directory, or a silo over the Redis that the settings name. What is a
/// silo's stands in methods of its own, so that a gateway that is alone loads nothing of Orleans; and so does what is
/// Kafka's, of MCP, and of OpenTelemetry.
/// </summary>
internal static class Gateway
{
    /// <summary>The setting whose presence makes a gateway a silo.</summary>
    public const string Redis = "Metering:Cluster:Redis";

    /// <summary>The setting whose presence switches Kafka on.</summary>
    private const string Kafka = "Metering:Kafka:BootstrapServers";

    /// <summary>The setting that switches tools for language models on.</summary>
    private const string Mcp = "Metering:Mcp:Enabled";

    /// <summary>How long a stop may take beyond what its services are given.</summary>
    private static readonly TimeSpan AfterTimeout = TimeSpan.FromSeconds(5);

    public static bool IsSilo(IConfiguration configuration) => !string.IsNullOrWhiteSpace(configuration[Redis]);

    /// <summary>
    /// Listens; recovery goes on beside it, and <c>/health/ready</c> says when it is done. The caller disposes it.
    /// </summary>
    /// <param name="settings">As on the command line: <c>--Name=value</c>.</param>
    /// <param name="quiet">Logs nothing: somebody else tells the story.</param>
    /// <exception cref="CommandException">It could not start; the message says why, in a line for each setting that
    /// cannot be.</exception>
    public static async Task<WebApplication> Start(string[] settings, bool quiet, CancellationToken cancellation)
    {
        WebApplication? app = null;
        var isSilo = false;
        try
        {
            var builder = MeteringHost.Builder(settings);
            if (!quiet) builder.LogToConsole();
            if (Traces.AreOn(builder.Configuration)) AddTraces(builder);
            isSilo = IsSilo(builder.Configuration);
            if (isSilo) await AddSilo(builder);
            else
                builder.AddEmbeddedTenants(key =>
                    ShowAdminKey(key, app!.Services.GetRequiredService<MeteringSettings>().DataDirectory));
            if (!string.IsNullOrWhiteSpace(builder.Configuration[Kafka])) AddKafka(builder);
            builder.AddConsole();
            var hasMcp = builder.Configuration.GetValue(Mcp, false);
            if (hasMcp) AddMcp(builder);
            app = builder.Build();
            app.MapMeteringApi();
            app.MapConsole();
            if (hasMcp) MapMcp(app);
            await app.StartAsync(cancellation);
            return app;
        }
        catch (Exception e) when (ExplainsItself(e) || (isSilo && ExplainsSilo(e)))
        {
            if (app is not null) await Undo(app);
            throw new CommandException("metering could not start: " + CommandException.Words(e), e);
        }
    }

    /// <returns>The exit code: 0 after an orderly end, 1 when the store could not be opened or has failed.</returns>
    public static async Task<int> Serve(string[] settings, CancellationToken cancellation)
    {
        await using var app = await Start(settings, quiet: false, cancellation);
        app.Lifetime.ApplicationStopping.Register(() => _ = EndAnyhow(app));
        if (await MeteringHost.Ready(app, cancellation))
            foreach (var url in app.Urls) Console.WriteLine($"metering listens on {url}");
        await app.WaitForShutdownAsync(cancellation);
        return Environment.ExitCode;
    }

    /// <summary>
    /// A stop that hangs must not keep a supervisor waiting: what was answered is stored, so the process may end.
    /// </summary>
    private static async Task EndAnyhow(WebApplication app)
    {
        var patience = app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout + AfterTimeout;
        await Task.Delay(patience);
        await Console.Error.WriteLineAsync(
            $"metering did not stop within {patience.TotalSeconds:0} s and ends now; all that was answered is stored");
        Environment.Exit(1);
    }

    /// <summary>What had started ends in order: a silo that had joined says that it leaves.</summary>
    private static async Task Undo(WebApplication app)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await app.StopAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await app.DisposeAsync();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Task AddSilo(WebApplicationBuilder builder) => builder.AddClusterTenants();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddTraces(WebApplicationBuilder builder) => Traces.Add(builder);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddMcp(WebApplicationBuilder builder) => builder.AddMcp();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MapMcp(WebApplication app) => app.MapMcp();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddKafka(WebApplicationBuilder builder) => builder.AddKafka();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool ExplainsSilo(Exception failure) => ClusterEdition.ExplainsItself(failure);

    /// <summary>A host that cannot be built says so with one of the last two, too: an address, a certificate.</summary>
    private static bool ExplainsItself(Exception failure) =>
        CommandException.ExplainsItself(failure) || failure is FormatException or InvalidOperationException;

    /// <summary>
    /// To whoever sits before the terminal. What goes elsewhere may be kept (a service's journal, a file), so there
    /// it is told which file has the key, and that is its owner's alone.
    /// </summary>
    private static void ShowAdminKey(string key, string directory)
    {
        if (!Console.IsOutputRedirected)
        {
            Console.WriteLine($"The administrator's key, shown this once: {key}");
            return;
        }
        var path = Path.GetFullPath(Path.Combine(directory, "admin.key"));
        File.Delete(path); // one that was left here would keep its mode, or lead elsewhere
        using (var file = new StreamWriter(path, OwnerOnly.Options(FileMode.CreateNew, FileAccess.Write)))
            file.WriteLine(key);
        Console.WriteLine($"The administrator's key is in {path}: take it from there, and remove the file");
    }
}
