using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using MeteringGateway.Api.Certificates;
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
    /// <param name="showAdminKey">Told the key of the first administrator when one is made; it cannot be told
    /// again.</param>
    public static IHostApplicationBuilder AddEmbeddedTenants(this IHostApplicationBuilder builder,
        Action<string> showAdminKey)
    {
        var services = builder.Services;
        services.AddOptions<EngineOptions>().Bind(builder.Configuration.GetSection("Metering"))
            .Validate(options => options.DataDirectory.Length > 0, "The setting Metering:DataDirectory is empty.")
            .ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<EngineOptions>>().Value);
        services.AddOptions<MeteringSettings>().Validate<EngineOptions>((settings, engine) =>
            settings.KeyDirectory is not { } keys || !SecretSeal.IsWithin(keys, engine.DataDirectory),
            "The setting Metering:KeyDirectory must not be in the data directory: who copies the one has the other.");
        services.AddSingleton(provider => new SecretSeal(provider.GetRequiredService<MeteringSettings>().KeyDirectory
            ?? SecretSeal.Beside(provider.GetRequiredService<EngineOptions>().DataDirectory)));
        services.AddSingleton(provider => new CertificateKeys(
            provider.GetRequiredService<MeteringSettings>().KeyDirectory
            ?? SecretSeal.Beside(provider.GetRequiredService<EngineOptions>().DataDirectory)));
        services.AddSingleton(new AdminKeyDisplay(showAdminKey));
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
