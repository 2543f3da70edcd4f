using Confluent.Kafka;
using MeteringGateway.Api.Operations;
using Microsoft.Extensions.Hosting;

namespace MeteringGateway.Kafka;

/// <summary>
/// Looks whether there is all that is needed, before anything else starts; then, whenever no broker answered, whether
/// one does again.
/// </summary>
internal sealed class Start(Clients clients, KafkaSettings settings, KafkaHealth health, ILogger<Start> log)
    : BackgroundService
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    /// <exception cref="SettingsException">Topics are not there, or the client takes a setting for none.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        health.IsOn = true;
        try
        {
            await Task.Run(() => Look(settings.StartTimeout), cancellationToken);
        }
        catch (KafkaException failure)
        {
            health.Brokers = "no broker answers";
            log.LogWarning("Kafka at {Servers} does not answer ({Why}): it is waited for, and nothing is consumed",
                settings.BootstrapServers, failure.Error.Reason);
        }
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Again, stoppingToken);
            if (health.Brokers is null) continue;
            try
            {
                await Task.Run(() => Look(Again), stoppingToken);
                health.Brokers = null;
            }
            catch (SettingsException missing)
            {
                // It was started while none answered: it goes on without, and says so.
                health.Brokers = "topics are missing";
                log.LogError("{Findings}", missing.Message);
                await Task.Delay(Again * 10, stoppingToken);
            }
            catch (KafkaException)
            {
                // As before.
            }
        }
    }

    private void Look(TimeSpan patience)
    {
        using var admin = clients.Admin();
        if (Topics.Missing(admin.GetMetadata(patience), settings) is { } missing)
            throw new SettingsException([missing]);
    }
}
