using MeteringGateway.Api.Operations;
using Microsoft.Extensions.Hosting;

namespace MeteringGateway.Kafka;

/// <summary>Events from a topic, and signals, outcomes and alerts to topics; beside whichever edition.</summary>
public static class KafkaEdition
{
    /// <summary>
    /// After the edition, whose tenants and store it uses. When the host starts, topics that are not there, or
    /// settings that the client does not take, keep it from starting; brokers that do not answer are waited for.
    /// </summary>
    /// <exception cref="SettingsException">A setting cannot be.</exception>
    public static IHostApplicationBuilder AddKafka(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(provider => provider.GetRequiredService<MeteringSettings>().Kafka);
        services.AddSingleton<Clients>();
        services.AddSingleton<Sender>();
        services.AddHostedService<Start>();
        services.AddSingleton<Decider>();
        services.AddSingleton<Intake>();
        services.AddHostedService(provider => provider.GetRequiredService<Intake>());
        services.AddTransient<IDoneOnce, Publisher>();
        return builder;
    }
}
