using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using MeteringGateway.Sdk;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The SDK in a host.</summary>
public static class MeteringServices
{
    private const string ClientName = "MeteringGateway";

    /// <summary>
    /// Adds <see cref="Metering"/>, and its <see cref="MeteringClient"/> and <see cref="Gate"/>, which start and stop
    /// with the host.
    /// </summary>
    /// <param name="services">The host's.</param>
    /// <param name="configure">Which gateway, as whom, for which tenants.</param>
    /// <returns>The HTTP client, for handlers of the caller's own.</returns>
    /// <exception cref="ArgumentException">Something is missing, or makes no sense.</exception>
    public static IHttpClientBuilder AddMeteringGateway(this IServiceCollection services,
        Action<MeteringOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new MeteringOptions();
        configure(options);
        options.Check();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider =>
        {
            var clock = provider.GetRequiredService<TimeProvider>();
            var logs = provider.GetRequiredService<ILoggerFactory>();
            var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient(ClientName);
            return new Metering(new MeteringClient(http, options, clock, logs.CreateLogger<MeteringClient>()), options,
                clock, logs);
        });
        services.AddSingleton(provider => provider.GetRequiredService<Metering>().Client);
        services.AddSingleton(provider => provider.GetRequiredService<Metering>().Gate);
        services.AddHostedService(provider => provider.GetRequiredService<Metering>());
        // Kept for as long as the host runs: its connections are renewed, and its handler is not.
        return services.AddHttpClient(ClientName, http => http.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() =>
                new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(10) })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan);
    }
}
