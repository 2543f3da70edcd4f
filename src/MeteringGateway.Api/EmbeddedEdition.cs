using Microsoft.Extensions.Hosting;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api;

/// <summary>Tenants in this process, over the journal in the data directory.</summary>
public static class EmbeddedEdition
{
    /// <summary>
    /// Opens the journal when the host starts and recovers beside it: the server answers at once, with 503 until all is
    /// back. If the store cannot be opened, or fails later, the process says so, stops, and ends with a code other than
    /// 0.
    /// </summary>
    /// <remarks>The settings are read now: whatever adds to them comes before.</remarks>
    /// <param name="showAdminKey">Told the key of the first administrator when one is made; it cannot be told
    /// again.</param>
    /// <exception cref="SettingsException">A setting cannot be.</exception>
    /// <exception cref="IOException">An address cannot be listened on.</exception>
    public static IHostApplicationBuilder AddEmbeddedTenants(this IHostApplicationBuilder builder,
        Action<string> showAdminKey)
    {
        var services = builder.Services;
        var settings = MeteringSettings.Read(builder.Configuration);
        Listening.Demand(builder.Configuration);
        SecretSeal.DemandUsable(settings.KeyDirectory);
        var keys = settings.KeyDirectory ?? SecretSeal.Beside(settings.DataDirectory);
        services.AddSingleton(settings);
        services.AddSingleton(new SecretSeal(keys));
        services.AddSingleton(new CertificateKeys(keys));
        services.AddSingleton(provider => new EndCustomers(settings.FirstContact == false ? null : keys,
            provider.GetRequiredService<ILogger<EndCustomers>>()));
        services.AddSingleton(new AdminKeyDisplay(showAdminKey));
        if (settings.Journal.SealAfter is not null) services.AddTransient<IDoneOnce, Sealing>();
        services.AddSingleton<Books>();
        services.AddSingleton<ITurns, LocalTurns>();
        services.AddSingleton<EmbeddedHost>();
        services.AddHostedService(provider => provider.GetRequiredService<EmbeddedHost>());
        // Made by the first request that is let through, which is after recovery.
        services.AddSingleton(provider => provider.GetRequiredService<EmbeddedHost>().Tenants);
        services.AddSingleton(provider => provider.GetRequiredService<EmbeddedHost>().Store);
        return builder;
    }
}

internal sealed record AdminKeyDisplay(Action<string> Show);
