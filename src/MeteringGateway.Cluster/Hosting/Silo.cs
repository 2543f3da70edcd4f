using MeteringGateway.Api;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration.Memory;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>A silo in this process: the HTTP contract over the tenants of the whole cluster.</summary>
internal static class Silo
{
    /// <summary>
    /// The file of settings is read once: a watch on it would go through all that is below the working directory.
    /// </summary>
    private const string Unwatched = "--hostBuilder:reloadConfigOnChange=false";

    /// <summary>What the configuration may change.</summary>
    private static readonly Dictionary<string, string?> Defaults = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        // As long as this category is on, every request makes an activity and a log scope, whether anybody logs or
        // traces or not.
        ["Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "None",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "Critical",
        ["Logging:LogLevel:Orleans"] = "Warning",
        ["Logging:LogLevel:Microsoft.Orleans"] = "Warning",
        ["urls"] = "http://127.0.0.1:8080",
    };

    public static WebApplicationBuilder Builder(string[] arguments)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [Unwatched, .. arguments] });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Defaults });
        return builder;
    }

    /// <exception cref="InvalidOperationException">The settings are not possible.</exception>
    public static ClusterSettings Settings(IConfiguration configuration)
    {
        var settings = configuration.GetSection("Metering:Cluster").Get<ClusterSettings>() ?? new ClusterSettings();
        return settings.IsValid ? settings
            : throw new InvalidOperationException("The settings Metering:Cluster are not possible.");
    }

    public static WebApplication Build(WebApplicationBuilder builder, ClusterSettings settings,
        IConnectionMultiplexer redis)
    {
        builder.AddMeteringApi();
        builder.AddClusterTenants(settings, redis);
        var app = builder.Build();
        app.MapMeteringApi();
        return app;
    }

    /// <summary>Connects; a Redis that is not there yet is waited for by whoever asks it.</summary>
    public static async Task<IConnectionMultiplexer> Connect(ClusterSettings settings)
    {
        return await ConnectionMultiplexer.ConnectAsync(settings.RedisOptions());
    }
}
